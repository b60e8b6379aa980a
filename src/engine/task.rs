//! Does one step, or looks at it, and says how that went. It has not heard of the graph, the journal or other steps.

use crate::model::{Cause, Mode};
use crate::plan::Step;
use crate::secrets::Vault;
use crate::steps::contract::{Mishap, Seen};
use crate::steps::scene::{Part, Scene};
use crate::steps::target::Target;
use crate::sys::Touch;
use crate::sys::pace::{BrokenOff, Pace};
use crate::sys::process::Stranger;
use crate::sys::procfs::Process;
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Duration;

/// What the loop wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Look,
    Do,
}

/// A program of this step that outlived the process which had started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survivor {
    pub process: Process,
    /// Ended at once; else waited for, because half of what it does may be done.
    pub end: bool,
}

/// What the loop is told on the way.
#[derive(Debug)]
pub enum Word {
    Started(Process, Part),
    Said(String),
    Found(Cause),
    Touched,
    Over(Over),
}

/// How it went.
#[derive(Debug, PartialEq, Eq)]
pub enum Over {
    Looked(Seen),
    Proved(String),
    Failed { reason: String, tail: Vec<String>, began: bool },
    Stopped(String),
}

/// What a task is given.
pub struct Around<'a> {
    pub touch: &'a Touch,
    pub folder: &'a Path,
    pub run: &'a Path,
    pub mode: Mode,
    pub pace: Pace,
    pub target: &'a Target,
    pub usual: Option<Duration>,
    pub vault: Option<&'a Vault>,
}

impl<'a> Around<'a> {
    /// What this step has around it.
    pub fn scene(
        self,
        step: &'a Step,
        started: &'a dyn Fn(Process, Part),
        say: &'a dyn Fn(String),
        found: &'a dyn Fn(Cause),
    ) -> Scene<'a> {
        let Around { touch, folder, run, mode, pace, target, usual, vault } = self;
        Scene {
            touch,
            folder,
            run,
            step: step.id.as_str(),
            mode,
            pace,
            target,
            usual,
            vault,
            log: RefCell::new(None),
            unchanged: Cell::new(false),
            started,
            say,
            found,
        }
    }
}

pub async fn work(step: &Step, job: Job, survivor: Option<Survivor>, around: Around<'_>, tell: &dyn Fn(Word)) {
    let started = |process, part| tell(Word::Started(process, part));
    let say = |text| tell(Word::Said(text));
    let found = |cause| tell(Word::Found(cause));
    if let Some(survivor) = survivor
        && let Err(over) = outlive(survivor, job, &around).await
    {
        return tell(Word::Over(over));
    }
    let scene = around.scene(step, &started, &say, &found);
    let over = match job {
        Job::Look => Over::Looked(step.kind.look(&scene).await),
        Job::Do => act(step, &scene, tell).await,
    };
    tell(Word::Over(over));
}

async fn act(step: &Step, scene: &Scene<'_>, tell: &dyn Fn(Word)) -> Over {
    match step.kind.touch(scene).await {
        Ok(()) => tell(Word::Touched),
        Err(Mishap::Failed { reason, tail, began }) => return Over::Failed { reason, tail, began },
        Err(Mishap::Stopped { reason }) => return Over::Stopped(reason),
    }
    // A touch that returned is not yet a step that is done: only its verify says so.
    match step.kind.verify(scene).await {
        Seen::Present(saw) => Over::Proved(saw),
        Seen::Absent(saw) => {
            // What has more to say than one line says it below.
            let mut lines = saw.lines();
            let reason = format!("its verify says no: {}", lines.next().unwrap_or_default());
            Over::Failed { reason, tail: lines.map(str::to_owned).collect(), began: true }
        }
        Seen::Unknown(saw) => {
            Over::Failed { reason: format!("its verify gave no answer: {saw}"), tail: Vec::new(), began: true }
        }
        Seen::BrokenOff(saw) => Over::Stopped(saw),
    }
}

/// Nothing is looked at while an earlier program may still be changing it.
async fn outlive(survivor: Survivor, job: Job, around: &Around<'_>) -> Result<(), Over> {
    let pid = survivor.process.pid;
    let Some(stranger) = Stranger::find(around.touch.look(), survivor.process) else { return Ok(()) };
    let ended = match survivor.end {
        true => Ok(stranger.end(around.touch).await),
        false => around.pace.keep(stranger.ended()).await,
    };
    let trouble = match ended {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(BrokenOff::Deadline(_)) => "it did not end in the time that the step has".to_owned(),
        Err(BrokenOff::Brake) => {
            let why = format!("its program of before, process {pid}, still runs");
            return Err(match job {
                Job::Look => Over::Looked(Seen::BrokenOff(why)),
                Job::Do => Over::Stopped(why),
            });
        }
    };
    let why = format!("its program of before, process {pid}, still runs: {trouble}");
    Err(match job {
        Job::Look => Over::Looked(Seen::Unknown(why)),
        Job::Do => Over::Failed { reason: why, tail: Vec::new(), began: true },
    })
}
