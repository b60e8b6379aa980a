//! `plan`: shows the order and touches nothing.

use super::args::{ModeArg, PlanArgs, PlanOutput};
use super::context::Context;
use super::runs;
use crate::checks::{programs, references, volumes};
use crate::engine::decide::{self, Decision};
use crate::model::{Fact, Finding, Mode, Place, Problem, Severity, Spot, Unknown};
use crate::plan::load::{Planned, load};
use crate::plan::preview::{self, Past, Preview};
use crate::plan::{dot, json, sealing, svg, text};
use crate::sys::{Look, terminal};
use std::collections::HashSet;
use std::io::stdout;

pub fn run(context: &Context, args: &PlanArgs) -> Result<u8, Problem> {
    let path = context.plan_path(args.plan.as_deref())?;
    let mode = match args.mode {
        ModeArg::Recover => Mode::Recover,
        ModeArg::Drill => Mode::Drill,
    };
    let planned = load(context.look, &path, mode)?;
    let past = runs::past(context, planned.file.name.as_str());
    let preview = preview(context.look, &planned, &past);
    match args.output {
        PlanOutput::Text => context.print(&text::render(&preview, terminal::width(context.look)))?,
        PlanOutput::Json => context.printed(json::write(&preview, stdout().lock()))?,
        PlanOutput::Dot => context.print(&dot::render(&preview))?,
        PlanOutput::Svg => context.print(&svg::render(&preview))?,
    }
    Ok(0)
}

pub fn preview<'p>(look: Look, planned: &'p Planned, past: &'p Past) -> Preview<'p> {
    let decide = |step| match decide::fresh(step, planned.mode) {
        Decision::Skip(why) => (preview::Decision::Skip, why),
        Decision::Do(why) | Decision::Look { why, .. } | Decision::Ask(why) => (preview::Decision::Run, why),
    };
    let decisions = planned.file.steps.iter().map(decide).collect();
    let (findings, unknowns) = found(look, planned);
    Preview::new(planned, past, decisions, findings, unknowns)
}

/// What can be known to be wrong before anything is begun, and what cannot be known.
pub fn found(look: Look, planned: &Planned) -> (Vec<Finding>, Vec<Unknown>) {
    let file = &planned.file;
    let taking_part = file.steps.iter().filter(|step| step.absent_in(planned.mode).is_none());
    let asked = taking_part.flat_map(|step| {
        step.kind.programs(planned.mode).into_iter().map(|program| (program, step.id.as_str(), step.at))
    });
    let mut findings = programs::check(look, file.folder(), &file.shown, asked);
    let named: Vec<_> =
        file.steps.iter().zip(&planned.papers).map(|(step, papers)| (step.id.as_str(), papers)).collect();
    let provided = file.steps.iter().flat_map(|step| &step.provides).chain(&file.outside);
    let elsewhere: HashSet<&Fact> = provided.map(|(fact, _)| fact).collect();
    findings.extend(references::check(&named, &|fact| elsewhere.contains(fact)));
    findings.extend(file.steps.iter().flat_map(|step| step.kind.findings(&file.nodes)));
    findings.extend(sealing::findings(file, &planned.papers, &planned.held));
    let volumes = volumes::check(&planned.papers);
    findings.extend(volumes.findings);
    // The worst first; of equal ones what stands first in the files.
    findings.sort_by_key(|finding| match finding.severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Note => 2,
    });
    let mut unknowns = volumes.unknowns;
    unknowns.extend(planned.stale.iter().map(|stale| Unknown {
        id: "F01",
        place: Place { file: stale.file.to_string(), spot: Spot { line: 1, column: 1 } },
        object: "the store of secrets".to_owned(),
        message: stale.why.clone(),
        missing: "an identity: blackstart secrets rotate writes down what it holds".to_owned(),
    }));
    (findings, unknowns)
}
