//! The runner: a process of its own that does the work, started by `recover` and `resume`, never by hand. It is told what
//! to do through its input, answers with one line, and then belongs to nobody's terminal.

use super::context::Context;
use super::{plan, runs};
use crate::engine::ending::Stopped;
use crate::engine::open::{self, Head, Opened};
use crate::engine::run::{self, Ahead, Wishes};
use crate::model::outcome::exit;
use crate::model::{Digest, Hidden, Kind, Mode, Problem, RunId, StepId};
use crate::plan::load::{Planned, load};
use crate::plan::preview::Preview;
use crate::secrets::Vault;
use crate::steps::cluster::contract::{Blast, Standing};
use crate::steps::cluster::save;
use crate::sys::age::Identities;
use crate::sys::procfs::Process;
use crate::sys::signals::Signals;
use crate::sys::watch::Runner;
use crate::sys::{Touch, detach, files, signals};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a runner is told.
#[derive(Serialize, Deserialize)]
pub struct Task {
    pub state: PathBuf,
    pub jobs: usize,
    pub what: What,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    Begin {
        plan: PathBuf,
        digest: Digest,
        /// What was shown and confirmed to be deleted, where the plan has a cluster to take the place of.
        standing: Option<Standing>,
        /// And what was told of what dies and stays.
        #[serde(default)]
        blast: Option<Blast>,
    },
    Resume {
        run: PathBuf,
        redo: Vec<StepId>,
        accept: Vec<StepId>,
    },
}

/// A task as it goes through the pipe: JSON and, behind it, the identities. They are in no type that could show them.
fn payload(task: &Task, identities: Option<&Identities>) -> Result<Hidden, Problem> {
    let mut bytes = serde_json::to_vec(task).map_err(|error| Problem::failed(error.to_string()))?;
    if let Some(identities) = identities {
        let text = identities.text();
        bytes.reserve_exact(text.len() + 1);
        bytes.push(0);
        bytes.extend_from_slice(text.reveal());
    }
    Ok(Hidden::new(bytes))
}

/// And back.
fn unpacked(payload: &Hidden) -> Result<(Task, Option<Identities>), Problem> {
    let mut parts = payload.reveal().splitn(2, |byte| *byte == 0);
    let task = serde_json::from_slice(parts.next().unwrap_or_default())
        .map_err(|error| Problem::usage(format!("a runner is started by recover and resume, not by hand ({error})")))?;
    let identities = parts.next().map(|text| Identities::read(&Hidden::new(text.to_vec())));
    let identities = identities.transpose().map_err(|trouble| Problem::usage(format!("the identity: {trouble}")))?;
    Ok((task, identities))
}

/// What a runner answers before it begins.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    Begun { run: PathBuf, pid: i32, started: u64 },
    Refused { exit: u8, fact: String, causes: Vec<String>, next: Vec<String> },
}

/// Starts a runner and shows what it does, to the end.
pub fn start(
    context: &Context,
    task: &Task,
    identities: Option<&Identities>,
    output: super::args::RunOutput,
) -> Result<u8, Problem> {
    let touch = Touch::granted();
    let payload = Arc::new(payload(task, identities)?);
    let arguments = ["runner".to_owned()];
    signals::block_on(async {
        let broken = |error: std::io::Error| Problem::failed(format!("the runner cannot be started: {error}"));
        // Heard from here on: an early Ctrl-C must reach the runner, not end us and leave it at work unseen.
        let mut signals = Signals::new().map_err(broken)?;
        let heard = signals::heard_during(&mut signals, detach::start(&touch, &arguments, &payload)).await;
        let Some((started, wished)) = heard else {
            let fact = "the runner was being started and has not answered; it may be at work";
            return Err(Problem::new(Kind::Interrupted, fact).next("blackstart status"));
        };
        let started = started.map_err(broken)?;
        if let Some(notice) = started.notice.as_ref().filter(|_| context.verbose) {
            context.note(notice);
        }
        let answer: Answer = serde_json::from_str(&started.answer)
            .map_err(|error| Problem::failed(format!("the runner's answer cannot be read: {error}")))?;
        match answer {
            Answer::Refused { exit, fact, causes, next } => {
                // It holds its locks until it is gone, and would be in the way of who follows the advice at once.
                let mut child = started.child;
                drop(child.wait().await);
                Err(Problem { kind: kind(exit), fact, causes, next })
            }
            Answer::Begun { run, pid, started: tick } => {
                let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let watched = super::attach::Watched {
                    id: RunId::new(&name).map_err(Problem::failed)?,
                    folder: run,
                    runner: Runner::Ours(Box::new(started.child)),
                    process: Some(Process { pid, started: tick }),
                    signals,
                    wished,
                };
                super::attach::watch(context, &touch, watched, output).await
            }
        }
    })
    .map_err(|error| Problem::failed(format!("no event loop: {error}")))?
}

fn kind(code: u8) -> Kind {
    match code {
        exit::USAGE => Kind::Usage,
        exit::REFUSED => Kind::Refused,
        exit::INTERRUPTED => Kind::Interrupted,
        exit::JOURNAL => Kind::Journal,
        _ => Kind::Failed,
    }
}

/// The runner itself.
pub fn run(context: &Context) -> Result<u8, Problem> {
    let touch = Touch::granted();
    detach::leave_session(&touch);
    let payload = detach::payload(context.look).map_err(|error| Problem::usage(format!("no task: {error}")))?;
    let (task, identities) = unpacked(&payload)?;
    drop(payload);
    let context = context.with_state(&task.state);
    match prepare(&context, &touch, &task, identities) {
        Err(problem) => {
            let Problem { kind, fact, causes, next } = problem.clone();
            let answer = Answer::Refused { exit: kind.exit(), fact, causes, next };
            let line = serde_json::to_string(&answer).map_err(|error| Problem::failed(error.to_string()))?;
            detach::answer(&touch, &line, None).map_err(|error| Problem::failed(error.to_string()))?;
            Ok(kind.exit())
        }
        Ok(prepared) => work(touch, prepared),
    }
}

struct Prepared {
    planned: Planned,
    opened: Opened,
    ahead: Ahead,
    wishes: Wishes,
    vault: Option<Vault>,
}

fn prepare(context: &Context, touch: &Touch, task: &Task, identities: Option<Identities>) -> Result<Prepared, Problem> {
    match &task.what {
        What::Begin { plan, digest, standing, blast } => {
            let planned = load(context.look, plan, Mode::Recover)?;
            if planned.digest != *digest {
                let fact = format!("{}: the plan has changed since it was shown", plan.display());
                return Err(Problem::refused(fact).next("look at it again and repeat the command"));
            }
            let vault = super::vault::of(context, &planned, identities)?;
            let (head, ahead) = ahead(context, &planned, task.jobs);
            let opened = open::begin(touch, &task.state, &planned, head)?;
            if let Some(standing) = standing {
                let blast = blast.as_ref().map_or(Ok(()), |blast| save::shown(touch, &opened.run, blast));
                blast
                    .and_then(|()| save::confirmed(touch, &opened.run, standing))
                    .map_err(|error| Problem::new(Kind::Journal, format!("{}: {error}", opened.run.display())))?;
            }
            let wishes = Wishes { jobs: task.jobs, ..Wishes::default() };
            Ok(Prepared { planned, opened, ahead, wishes, vault })
        }
        What::Resume { run, redo, accept } => {
            let left = open::left(touch, run)?;
            let planned = load(context.look, &left.past.begin.file, left.past.begin.mode)?;
            let wishes = Wishes { jobs: task.jobs, redo: redo.clone(), accept: accept.clone(), keep: false };
            let vault = super::vault::of(context, &planned, identities)?;
            let (_, ahead) = ahead(context, &planned, task.jobs);
            let opened = open::resume(touch, run, &task.state, &planned, &wishes)?;
            Ok(Prepared { planned, opened, ahead, wishes, vault })
        }
    }
}

/// How long the ways ahead are, from the times of earlier runs where there are any.
pub fn ahead(context: &Context, planned: &Planned, jobs: usize) -> (Head, Ahead) {
    let past = runs::past(context, planned.file.name.as_str());
    let preview: Preview<'_> = plan::preview(context.look, planned, &past);
    let notices = super::drill::accepted(&preview.accepted);
    let head = Head {
        notices,
        jobs,
        expected_seconds: preview.expected_total().map(|total| total.as_secs_f64()),
        longest: preview.longest.iter().map(|step| preview.id(*step).clone()).collect(),
    };
    let cost = |step: usize| match preview.timed {
        true => preview.expected(step).unwrap_or(0.0),
        false => 1.0,
    };
    let took = |step| preview.expected(step).and_then(|took| Duration::try_from_secs_f64(took).ok());
    let usual = (0..planned.file.steps.len()).map(took).collect();
    (head, Ahead { ways: planned.graph.longest(&planned.order, cost), usual })
}

fn work(touch: Touch, prepared: Prepared) -> Result<u8, Problem> {
    let Prepared { planned, opened, ahead, wishes, vault } = prepared;
    let (id, folder) = (opened.id.clone(), opened.run.clone());
    let pid = i32::try_from(std::process::id()).unwrap_or(0);
    let started = crate::sys::procfs::identify(touch.look(), pid).map_or(0, |process| process.started);
    let answer = Answer::Begun { run: folder.clone(), pid, started };
    let line = serde_json::to_string(&answer).map_err(|error| Problem::failed(error.to_string()))?;
    let ran = signals::block_on(async {
        // Heard before anybody knows us: a signal that answers our answer must not end us unheard.
        let mut signals =
            Signals::deaf_to_hangup().map_err(|error| Problem::failed(format!("signals cannot be heard: {error}")))?;
        detach::answer(&touch, &line, Some(&folder.join("runner.log")))
            .map_err(|error| Problem::new(Kind::Journal, format!("{}: {error}", folder.display())))?;
        Ok(run::run(touch, planned, opened, wishes, ahead, vault, &mut signals).await)
    });
    let (ending, stopped) = ran.map_err(|error| Problem::failed(format!("no event loop: {error}")))??;
    if let Stopped::Journal(why) = &stopped {
        return Err(Problem::new(Kind::Journal, format!("run {id}: the journal cannot be written: {why}")));
    }
    report(&folder);
    Ok(ending.outcome.exit())
}

/// Writes the reports beside the journal. They are made from it, so a failure here loses nothing and is only told.
pub fn report(folder: &Path) {
    let touch = Touch::granted();
    let written = super::report::render_all(touch.look(), folder).and_then(|reports| {
        reports.into_iter().try_for_each(|(name, text)| {
            let path = folder.join(name);
            files::replace(&touch, &path, text.as_bytes())
                .map_err(|error| Problem::failed(format!("{}: {error}", path.display())))
        })
    });
    if let Err(problem) = written {
        // This goes into runner.log.
        let text = format!("the report was not written: {problem}\n");
        let _ = crate::sys::terminal::write(crate::sys::terminal::Stream::Err, &text);
    }
}
