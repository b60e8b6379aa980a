//! `plan`: shows the order and touches nothing. Without `--live` it asks nobody, either.

use super::args::{ModeArg, PlanArgs, PlanOutput};
use super::context::Context;
use super::runs;
use crate::checks::patches;
use crate::checks::told::Told;
use crate::engine::decide::{self, Decision};
use crate::model::{Mode, Problem, Provider};
use crate::plan::load::{Planned, load_in};
use crate::plan::preview::{self, Past, Preview};
use crate::plan::{dot, findings, json, svg, text};
use crate::sys::{Look, terminal};
use std::io::stdout;

pub fn run(context: &Context, args: &PlanArgs) -> Result<u8, Problem> {
    let path = context.plan_path(args.plan.as_deref())?;
    let mode = match args.mode {
        ModeArg::Recover => Mode::Recover,
        ModeArg::Drill => Mode::Drill,
    };
    if args.within.is_some() && mode == Mode::Recover {
        return Err(Problem::usage("--in says what a drill makes its cluster with; a recovery makes the plan's own")
            .next("blackstart plan --mode drill --in sandbox"));
    }
    let planned = load_in(context.look, &path, mode, args.within.map(Provider::from))?;
    let past = runs::past(context, planned.file.name.as_str());
    if args.live && matches!(args.output, PlanOutput::Dot | PlanOutput::Svg) {
        return Err(Problem::usage("--live goes with text and JSON: a picture shows no answers")
            .next("leave one of the two out"));
    }
    let mut told = findings::of(context.look, &planned);
    patches::fill(context.look, &mut told);
    let mut preview = with(&planned, &past, told);
    if args.live {
        preview.answered(super::preflight::ask(context, &planned)?);
    }
    match args.output {
        PlanOutput::Text => context.print(&text::render(&preview, terminal::width(context.look)))?,
        PlanOutput::Json => context.printed(json::write(&preview, stdout().lock()))?,
        PlanOutput::Dot => context.print(&dot::render(&preview))?,
        PlanOutput::Svg => context.print(&svg::render(&preview))?,
    }
    Ok(0)
}

pub fn preview<'p>(look: Look, planned: &'p Planned, past: &'p Past) -> Preview<'p> {
    with(planned, past, findings::of(look, planned))
}

fn with<'p>(planned: &'p Planned, past: &'p Past, told: Told) -> Preview<'p> {
    let decide = |step| match decide::fresh(step, planned.mode) {
        Decision::Skip(why) => (preview::Decision::Skip, why),
        Decision::Do(why) | Decision::Look { why, .. } | Decision::Ask(why) => (preview::Decision::Run, why),
    };
    let decisions = planned.file.steps.iter().map(decide).collect();
    Preview::new(planned, past, decisions, told)
}
