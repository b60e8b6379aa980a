//! `drill`: the plan, in a cluster that is thrown away afterwards, in the foreground. With `--reap` it removes what earlier
//! drills left standing.

use super::args::{DrillArgs, RunOutput};
use super::context::Context;
use super::{attach, ping, runner, runs, vault};
use crate::engine::ending::Stopped;
use crate::engine::open::{self, Opened};
use crate::engine::run::{self, Ahead, Wishes};
use crate::model::{Accepted, Finding, Kind, Mode, Problem, Provider, Severity};
use crate::plan::file::CLUSTER;
use crate::plan::findings;
use crate::plan::load::{Planned, load_in};
use crate::secrets::Vault;
use crate::steps::target::FILE;
use crate::sys::sandbox::{self, About};
use crate::sys::signals::{self, Signals};
use crate::sys::watch::Runner;
use crate::sys::{Touch, fence, files, host, side};
use std::path::Path;

pub fn run(context: &Context, args: &DrillArgs) -> Result<u8, Problem> {
    if args.reap {
        return super::reap::run(context);
    }
    let url = ping::url(args.ping.as_deref())?;
    ping::tell(context, url.as_deref(), ping::Word::Start, "");
    let done = drill(context, args);
    let (code, told) = match &done {
        Ok(code) => (*code, format!("exit {code}")),
        Err(problem) => (problem.kind.exit(), problem.to_string()),
    };
    let word = if code == 0 { ping::Word::Success } else { ping::Word::Failure };
    ping::tell(context, url.as_deref(), word, &told);
    done
}

fn drill(context: &Context, args: &DrillArgs) -> Result<u8, Problem> {
    let path = context.plan_path(args.plan.as_deref())?;
    let planned = load_in(context.look, &path, Mode::Drill, args.within.map(Provider::from))?;
    let state = context.required_state_dir()?;
    refuse_errors(context, &planned)?;
    if planned.file.provider == Some(Provider::Sandbox) {
        sandbox::find(context.look).map_err(|why| Problem::refused("there is nothing to drill in").because(why))?;
    }
    if planned.file.provider == Some(Provider::K3d) {
        can_be_fenced(context)?;
    }
    let vault = vault::open(context, &planned, &args.custody)?;
    let jobs = args.jobs.map_or_else(host::default_jobs, |jobs| usize::from(jobs.get()));
    let state = std::path::absolute(state).map_err(|error| Problem::usage(error.to_string()))?;
    let touch = Touch::granted();
    let (head, ahead) = runner::ahead(context, &planned, jobs);
    let before = match args.again {
        true => Some(last(context, &state, &planned)?),
        false => None,
    };
    let opened = open::begin(&touch, &state, &planned, head)?;
    if let Some(about) = before {
        let text = serde_json::to_vec(&about).map_err(|error| Problem::failed(error.to_string()))?;
        let path = opened.run.join(FILE);
        files::replace(&touch, &path, &text)
            .map_err(|error| Problem::new(Kind::Journal, format!("{}: {error}", path.display())))?;
    }
    let wishes = Wishes { jobs, keep: args.keep || args.again, ..Wishes::default() };
    work(context, touch, Ready { planned, opened, ahead, wishes, vault }, args.output)
}

/// A drill with real containers and without a fence would be a second production.
fn can_be_fenced(context: &Context) -> Result<(), Problem> {
    let asked =
        side::block_on(fence::can(context.look)).map_err(|error| Problem::failed(format!("no event loop: {error}")))?;
    asked.map_err(|missing| {
        let problem = Problem::refused("no drill in k3d: the fence around it cannot be put up");
        missing.into_iter().fold(problem, Problem::because).next("blackstart drill --in sandbox")
    })
}

/// The cluster that the last drill of this plan left standing.
fn last(context: &Context, state: &Path, planned: &Planned) -> Result<About, Problem> {
    let folders = runs::folders(context, state, planned.file.name.as_str()).unwrap_or_default();
    let found = folders.iter().find_map(|folder| standing(context, folder));
    let (about, run) = found.ok_or_else(|| {
        Problem::refused(format!("no drill of {} has left a cluster standing", planned.file.name))
            .next("blackstart drill --keep")
    })?;
    // What it was made from tells the run that made it; where that cannot be known, it is not the one that is wanted.
    let step = planned.file.cluster.is_some().then(|| &planned.file.steps[CLUSTER]);
    let now = step.and_then(|step| step.kind.inputs(context.look, planned.file.folder()).ok());
    let then = step.and_then(|step| run.past.step(&step.id).inputs);
    match now.is_some() && now == then {
        true => Ok(about),
        false => Err(Problem::refused(format!("the cluster that run {} left is another than the plan's", run.id))
            .because("what the plan says about its cluster has changed since")
            .next("blackstart drill --reap   # removes it")
            .next("blackstart drill --keep   # makes one as the plan is now")),
    }
}

/// Tells what is wrong; with an error among it nothing is begun.
pub fn refuse_errors(context: &Context, planned: &Planned) -> Result<(), Problem> {
    let told = findings::of(context.look, planned);
    for line in accepted(&told.accepted) {
        context.note(&line);
    }
    let findings: Vec<Finding> = told.faults.into_iter().map(|fault| fault.finding).collect();
    refuse(context, &findings)
}

/// What somebody has accepted, each in one line.
pub fn accepted(all: &[Accepted]) -> Vec<String> {
    let line = |one: &Accepted| {
        let Accepted { finding, until, reason, .. } = one;
        format!("accepted until {until}: {}  {}: {} ({reason})", finding.id, finding.object, finding.message)
    };
    all.iter().map(line).collect()
}

/// Tells these; with an error among them nothing is begun.
pub fn refuse(context: &Context, findings: &[Finding]) -> Result<(), Problem> {
    for finding in findings {
        let place = format!("{}:{}", finding.place.file, finding.place.spot.line);
        context.note(&format!("{}  {place}  {}: {}", finding.id, finding.object, finding.message));
        if !finding.fix.is_empty() {
            context.note(&format!("     {}", finding.fix));
        }
    }
    match findings.iter().filter(|finding| finding.severity == Severity::Error).count() {
        0 => Ok(()),
        1 => Err(Problem::refused("an error was found before anything was begun").next("mend it first")),
        n => Err(Problem::refused(format!("{n} errors were found before anything was begun")).next("mend them first")),
    }
}

/// Everything that a drill needs.
pub struct Ready {
    pub planned: Planned,
    pub opened: Opened,
    pub ahead: Ahead,
    pub wishes: Wishes,
    pub vault: Option<Vault>,
}

/// Does the work in this very process and shows it: when this process dies, so does the cluster.
pub fn work(context: &Context, touch: Touch, ready: Ready, output: RunOutput) -> Result<u8, Problem> {
    let Ready { planned, opened, ahead, wishes, vault } = ready;
    let (id, folder) = (opened.id.clone(), opened.run.clone());
    let shown = Touch::granted();
    let both = signals::block_on(async {
        let mut signals =
            Signals::new().map_err(|error| Problem::failed(format!("signals cannot be heard: {error}")))?;
        let (end, ended) = Runner::here();
        let work = async {
            let done = run::run(touch, planned, opened, wishes, ahead, vault, &mut signals).await;
            drop(end);
            done
        };
        let signals = Signals::none();
        let watched = attach::Watched {
            folder: folder.clone(),
            id: id.clone(),
            runner: ended,
            process: None,
            signals,
            wished: None,
        };
        Ok(signals::both(work, attach::watch(context, &shown, watched, output)).await)
    });
    let ((ending, stopped), watched) = both.map_err(|error| Problem::failed(format!("no event loop: {error}")))??;
    if let Stopped::Journal(why) = &stopped {
        return Err(Problem::new(Kind::Journal, format!("run {id}: the journal cannot be written: {why}")));
    }
    runner::report(&folder);
    // What cannot be shown was done all the same: the outcome is that of the work.
    if let Err(problem) = watched {
        context.complain(&problem);
    }
    Ok(ending.outcome.exit())
}

/// The cluster that this run left and nobody works in.
pub fn standing(context: &Context, folder: &Path) -> Option<(About, runs::Run)> {
    let text = files::read(context.look, &folder.join(FILE), 64 << 10).ok()?;
    let about: About = serde_json::from_slice(&text).ok()?;
    let living = sandbox::living(context.look, &about.dir).filter(|living| living.uid == about.uid)?;
    let run = runs::Run::read(context.look, folder).ok()?;
    run.holder(context.look).is_none().then_some((living, run))
}
