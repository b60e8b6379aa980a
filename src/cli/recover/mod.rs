//! `recover`: looks at everything that can be known before anything is deleted, tells all of it, asks once, and hands the work
//! to a runner. After that nothing asks anybody.

mod ahead;
mod confirm;
mod drilled;

use super::args::RecoverArgs;
use super::context::Context;
use super::{runner, runs};
use crate::model::{Mode, Problem, Provider};
use crate::plan::load::load;
use crate::sys::{files, host};

pub fn run(context: &Context, args: &RecoverArgs) -> Result<u8, Problem> {
    let path = context.plan_path(args.plan.as_deref())?;
    let planned = load(context.look, &path, Mode::Recover)?;
    let state = context.required_state_dir()?;
    let past = runs::past(context, planned.file.name.as_str());
    let ahead = ahead::look(context, &planned, &args.custody, &state)?;
    let shown = confirm::Shown { planned: &planned, past: &past, ahead: &ahead, path: &path };
    confirm::confirm(context, &shown, args.confirm.as_deref())?;
    let plan =
        files::absolute(context.look, &path).map_err(|error| Problem::usage(format!("{}: {error}", path.display())))?;
    let jobs = args.jobs.map_or_else(host::default_jobs, |jobs| usize::from(jobs.get()));
    let state = std::path::absolute(state).map_err(|error| Problem::usage(error.to_string()))?;
    // What was shown goes with the task: the runner deletes that, or nothing.
    let takes_place = planned.file.provider.is_some_and(|provider| provider != Provider::Sandbox);
    let stake = ahead.stake.filter(|_| takes_place);
    let (standing, blast) = stake.map(|stake| (stake.standing, stake.blast)).unzip();
    let what = runner::What::Begin { plan, digest: planned.digest, standing: standing.flatten(), blast };
    let task = runner::Task { state, jobs, what };
    runner::start(context, &task, ahead.identities.as_ref(), args.output)
}
