//! `resume`: goes on with a run that has not come to its end.

use super::args::ResumeArgs;
use super::context::Context;
use super::{runner, runs};
use crate::engine::open;
use crate::engine::run::Wishes;
use crate::model::{Mode, Problem, StepId};
use crate::plan::load::{load, load_in};
use crate::sys::{Touch, files, host};
use std::path::Path;

pub fn run(context: &Context, args: &ResumeArgs) -> Result<u8, Problem> {
    let state = context.required_state_dir()?;
    let run = runs::find(context, args.run.as_deref(), true)?;
    if run.complete() {
        context
            .note(&format!("run {} has come to its end: everything was verified; there is nothing to resume", run.id));
        return Ok(0);
    }
    if let Some(holder) = run.holder(context.look) {
        return Err(Problem::refused(format!("run {} is going on", run.id))
            .because(holder)
            .next(format!("blackstart attach {}", run.id)));
    }
    let (redo, accept) = (ids(&run, "--redo", &args.redo)?, ids(&run, "--accept", &args.accept)?);
    if let Some(both) = redo.iter().find(|id| accept.contains(id)) {
        return Err(Problem::usage(format!("{both} is named by --redo and by --accept; it can be one of them")));
    }
    let folder = files::absolute(context.look, &run.folder).map_err(|error| Problem::usage(error.to_string()))?;
    let jobs = args.jobs.map_or_else(host::default_jobs, |jobs| usize::from(jobs.get()));
    let state = std::path::absolute(state).map_err(|error| Problem::usage(error.to_string()))?;
    if run.mode() == Mode::Drill {
        return drill(context, args, &folder, &state, Wishes { jobs, redo, accept, keep: false });
    }
    let task = runner::Task { state, jobs, what: runner::What::Resume { run: folder, redo, accept } };
    let planned = load(context.look, &run.past.begin.file, Mode::Recover)?;
    let identities = super::vault::proved(context, &planned, &args.custody)?;
    runner::start(context, &task, identities.as_ref(), args.output)
}

/// A drill goes on in the foreground, as it began.
fn drill(context: &Context, args: &ResumeArgs, run: &Path, state: &Path, wishes: Wishes) -> Result<u8, Problem> {
    let touch = Touch::granted();
    let left = open::left(&touch, run)?;
    let planned = load_in(context.look, &left.past.begin.file, Mode::Drill, left.past.begin.provider)?;
    let vault = super::vault::open(context, &planned, &args.custody)?;
    let (_, ahead) = runner::ahead(context, &planned, wishes.jobs);
    let opened = open::resume(&touch, run, state, &planned, &wishes)?;
    let ready = super::drill::Ready { planned, opened, ahead, wishes, vault };
    super::drill::work(context, touch, ready, args.output)
}

fn ids(run: &runs::Run, option: &str, words: &[String]) -> Result<Vec<StepId>, Problem> {
    let known = |id: &StepId| run.past.begin.steps.iter().any(|(step, _)| step == id);
    words
        .iter()
        .map(|word| match StepId::new(word) {
            Ok(id) if known(&id) => Ok(id),
            Ok(_) | Err(_) => Err(Problem::usage(format!("{option} {word}: run {} has no step called that", run.id))
                .next(format!("blackstart status {}", run.id))),
        })
        .collect()
}
