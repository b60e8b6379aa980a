//! `attach`: shows a run as it goes on, and forwards signals to it. `recover` and `resume` end up here too: what they
//! started goes on without them.

use super::args::{AttachArgs, RunOutput};
use super::context::Context;
use super::face::Face;
use super::follow::Follow;
use super::runs;
use crate::model::{Ending, Event, Kind, Problem, RunId, StepId, What};
use crate::sys::log::last_lines;
use crate::sys::process::{Exit, forward};
use crate::sys::procfs::Process;
use crate::sys::signals::{self, Signals, Wish};
use crate::sys::watch::{Growth, Runner, Watch, Woke};
use crate::sys::{Look, Touch, clock, files};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the clock is looked at while nothing happens.
const TICK: Duration = Duration::from_secs(1);
/// With less room than this a journal that cannot be written is no riddle.
const LITTLE: u64 = 64 << 10;

pub fn run(context: &Context, args: &AttachArgs) -> Result<u8, Problem> {
    let run = runs::find(context, args.run.as_deref(), false)?;
    let process = run.holder(context.look).map(|holder| holder.process);
    let touch = Touch::granted();
    signals::block_on(async {
        let runner = Runner::of(context.look, process);
        let signals = Signals::new().map_err(broken)?;
        let (folder, id) = (run.folder.clone(), run.id.clone());
        let watched = Watched { folder, id, runner, process, signals, wished: None };
        watch(context, &touch, watched, args.output).await
    })
    .map_err(|error| Problem::failed(format!("no event loop: {error}")))?
}

/// Who works on the run that is watched.
pub struct Watched {
    pub folder: PathBuf,
    pub id: RunId,
    pub runner: Runner,
    /// Whom signals are forwarded to.
    pub process: Option<Process>,
    pub signals: Signals,
    /// What was wished before there was anybody to forward it to.
    pub wished: Option<Wish>,
}

fn broken(error: std::io::Error) -> Problem {
    Problem::failed(format!("the run cannot be watched: {error}"))
}

fn hand_on(context: &Context, touch: &Touch, process: Option<Process>, wish: Wish) {
    if let Some(Err(error)) = process.map(|process| forward(touch, process, wish)) {
        context.note(&format!("{} could not be forwarded: {error}", wish.as_str()));
    }
}

/// Shows a run until its process ends. Returns the exit code of the run.
pub async fn watch(context: &Context, touch: &Touch, watched: Watched, output: RunOutput) -> Result<u8, Problem> {
    let Watched { folder, id, runner, process, signals, wished } = watched;
    let mut follow = Follow::new(&folder, id.clone());
    let mut gone = matches!(runner, Runner::Gone).then_some(None);
    let growth = Growth::of(context.look, follow.path()).map_err(broken)?;
    let mut watch = Watch { growth, runner, signals };
    let mut face = Face::new(context, output, &folder);
    let mut ending: Option<Ending> = None;
    let mut last: Option<Event> = None;
    // What each step said last of itself, for those that start no program which prints.
    let mut said: HashMap<StepId, String> = HashMap::new();
    let mut events = follow.present(context.look)?;
    if let Some(wish) = wished {
        hand_on(context, touch, process, wish);
    }
    loop {
        for mut event in events {
            ending = match &mut event.what {
                What::RunFinished { ending, .. } => {
                    ending.next.iter_mut().for_each(|next| *next = context.copyable(next));
                    Some(ending.clone())
                }
                What::RunStarted { .. } => None,
                What::StepStarted { .. }
                | What::StepProgress { .. }
                | What::Finding { .. }
                | What::StepWaiting { .. }
                | What::StepVerified { .. }
                | What::StepFailed { .. }
                | What::StepSkipped { .. }
                | What::StepNotRun { .. }
                | What::Notice { .. } => ending,
            };
            if let What::StepProgress { step, message } = &event.what {
                said.insert(step.clone(), message.clone());
            }
            face.show(context.look, &event, clock::now());
            last = Some(event);
        }
        if let Some(exit) = gone {
            face.leave();
            return finish(context.look, &folder, &id, ending.as_ref(), exit);
        }
        match watch.next(TICK).await.map_err(broken)? {
            Woke::Grown => {}
            Woke::Ended(exit) => gone = Some(exit),
            Woke::Wish(wish) => hand_on(context, touch, process, wish),
            Woke::Tick => {
                if let Some(last) = &last {
                    let told = |step: &StepId| match said.get(step) {
                        Some(said) => said.clone(),
                        None => last_line(context, &folder, step),
                    };
                    face.quiet_for(TICK.as_secs_f64(), last, told);
                }
            }
        }
        events = follow.more(context.look)?;
    }
}

fn last_line(context: &Context, folder: &Path, step: &StepId) -> String {
    let log = folder.join("log").join(format!("{step}.log"));
    let bytes = files::read_tail(context.look, &log, 0, 4096).unwrap_or_default();
    last_lines(&String::from_utf8_lossy(&bytes), 1).pop().unwrap_or_default()
}

/// The run's own last word decides; without one, how its process ended.
fn finish(look: Look, folder: &Path, id: &RunId, ending: Option<&Ending>, exit: Option<Exit>) -> Result<u8, Problem> {
    if let Some(ending) = ending {
        return Ok(ending.outcome.exit());
    }
    let next = format!("blackstart resume {id}");
    if exit == Some(Exit::Code(i32::from(Kind::Journal.exit()))) {
        let fact = format!("run {id}: the journal cannot be written, so nothing more was begun");
        let mut problem = Problem::new(Kind::Journal, fact);
        // Its own words went into a log on the same disk, and may have found no room either.
        if let Some(free) = files::room(look, folder).ok().filter(|free| *free < LITTLE) {
            let shown = folder.display();
            problem =
                problem.because(format!("No space left on device: {} KiB are free where {shown} lies", free >> 10));
        }
        return Err(problem.next("give it room, then:").next(next));
    }
    let how = exit.map_or(String::new(), |exit| format!(" ({exit})"));
    Err(Problem::new(Kind::Interrupted, format!("run {id}: its process is gone without a last word{how}")).next(next))
}
