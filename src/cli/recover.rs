//! `recover`: shows what it is about to do, asks once, and hands the work to a runner.

use super::args::RecoverArgs;
use super::context::{Context, quoted};
use super::{drill, runner, runs};
use crate::model::time::spoken;
use crate::model::{Finding, Mode, Problem};
use crate::plan::load::{Planned, load};
use crate::plan::preview::Past;
use crate::sys::{files, host, terminal};
use std::fmt::Write;
use std::time::Duration;

pub fn run(context: &Context, args: &RecoverArgs) -> Result<u8, Problem> {
    let path = context.plan_path(args.plan.as_deref())?;
    let planned = load(context.look, &path, Mode::Recover)?;
    let state = context.required_state_dir()?;
    let past = runs::past(context, planned.file.name.as_str());
    drill::refuse_errors(context, &planned)?;
    // Asked before anything else is: without the secrets there is nothing to go on to.
    let identities = super::vault::proved(context, &planned, &args.custody)?;
    let answers = super::preflight::before(context, &planned)?;
    answers.told.unknowns.iter().for_each(|unknown| {
        let place = format!("{}:{}", unknown.place.file, unknown.place.spot.line);
        context.note(&format!("{}  {place}  {}: {}", unknown.id, unknown.object, unknown.message));
        context.note(&format!("     missing: {}", unknown.missing));
    });
    let findings: Vec<Finding> = answers.told.faults.into_iter().map(|fault| fault.finding).collect();
    drill::refuse(context, &findings)?;
    confirm(context, &planned, &past, args.confirm.as_deref())?;
    let plan =
        files::absolute(context.look, &path).map_err(|error| Problem::usage(format!("{}: {error}", path.display())))?;
    let jobs = args.jobs.map_or_else(host::default_jobs, |jobs| usize::from(jobs.get()));
    let state = std::path::absolute(state).map_err(|error| Problem::usage(error.to_string()))?;
    let task = runner::Task { state, jobs, what: runner::What::Begin { plan, digest: planned.digest, standing: None } };
    runner::start(context, &task, identities.as_ref(), args.output)
}

/// The one question, or the name that was given instead of an answer.
fn confirm(context: &Context, planned: &Planned, past: &Past, given: Option<&str>) -> Result<(), Problem> {
    let name = planned.file.name.as_str();
    if let Some(given) = given {
        return match given == name {
            true => Ok(()),
            false => Err(Problem::refused(format!("--confirm says {given}, and this plan is called {name}"))
                .because("nothing was changed")
                .next(command(planned))),
        };
    }
    if !terminal::can_ask(context.look) {
        return Err(Problem::usage("there is no terminal to ask for the name of the plan").next(command(planned)));
    }
    let question = question(context, planned, past);
    let typed = terminal::ask(&question).map_err(|error| Problem::usage(format!("nothing can be asked: {error}")))?;
    match typed.as_deref() {
        Some(typed) if typed == name => Ok(()),
        Some("") | None => Err(Problem::refused("no name was typed; nothing was changed")),
        Some(typed) => Err(Problem::refused(format!("`{typed}` is not `{name}`; nothing was changed"))),
    }
}

fn command(planned: &Planned) -> String {
    format!("blackstart recover {} --confirm {}", quoted(&planned.file.shown), planned.file.name)
}

fn question(context: &Context, planned: &Planned, past: &Past) -> String {
    let steps = planned.file.steps.iter().filter(|step| step.absent_in(planned.mode).is_none()).count();
    let mut text =
        format!("This runs {steps} steps of {} on this host, graph {}.\n", planned.file.shown, planned.digest.short());
    text.push_str(match &planned.file.cluster {
        None => "The plan has no cluster: nothing is deleted.\n",
        Some(_) => "A sandbox is made beside whatever there is: nothing is deleted.\n",
    });
    match &past.last {
        Some(last) => {
            let took = Duration::try_from_secs_f64(last.seconds).unwrap_or_default();
            let _ = writeln!(text, "Last {} of it: {}, verified in {}.", last.mode, last.at.date(), spoken(took));
        }
        None => text.push_str("It has never been run to its end here.\n"),
    }
    if let Some(run) = &past.unfinished {
        let resume = context.copyable(&format!("blackstart resume {run}"));
        let _ = writeln!(text, "Run {run} has not come to its end; to go on with it instead: {resume}");
    }
    let attach = context.copyable("blackstart attach");
    let _ = writeln!(text, "The recovery goes on without this terminal; to see it again: {attach}");
    text.push_str("Type the name of the plan to go on: ");
    text
}
