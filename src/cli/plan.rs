//! `plan`: shows the order and touches nothing. Without `--live` it asks nobody, either.

use super::args::{ModeArg, PlanArgs, PlanOutput};
use super::context::Context;
use super::runs;
use crate::checks::patches;
use crate::checks::told::Told;
use crate::engine::decide::{self, Decision};
use crate::engine::stake::Stake;
use crate::model::{InUse, Mode, Problem, Provider};
use crate::plan::around::Living;
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
    preview.whole = context.verbose;
    if args.live {
        let stake = super::preflight::stake(context, &planned)?;
        preview.answered(super::preflight::ask(context, &planned, stake.as_ref())?);
        if let Some(stake) = stake {
            preview.living = Some(living(&stake));
            preview.looked(stake.told, stake.unknown);
        }
    }
    match args.output {
        PlanOutput::Text => context.print(&text::render(&preview, terminal::width(context.look)))?,
        PlanOutput::Json => context.printed(json::write(&preview, stdout().lock()))?,
        PlanOutput::Dot => context.print(&dot::render(&preview))?,
        PlanOutput::Svg => context.print(&svg::render(&preview))?,
    }
    Ok(0)
}

/// What was looked at, for people and machines.
fn living(stake: &Stake) -> Living {
    let session = match &stake.session {
        InUse::Yes(why) => format!("INSIDE what dies: {why}"),
        InUse::No(why) => format!("outside: {why}"),
        InUse::Unknown(why) => format!("not known: {why}"),
    };
    let mut dies = stake.blast.dies.clone();
    match (&stake.standing, stake.stands()) {
        (None, _) => dies.push(format!("whether cluster {} exists is not known", stake.name)),
        (Some(_), true) => dies.insert(0, format!("{} cluster {}, {}", stake.provider, stake.name, stake.whose.told())),
        (Some(_), false) => {}
    }
    Living { dies, stays: stake.blast.stays.clone(), in_use: stake.in_use.clone(), session }
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
