//! A run that is watched while it goes on, and killed on purpose: its runner, its programs, or both.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::common::{Lab, Told};
use blackstart::journal::{Past, Story, Teller, frame, read};
use blackstart::model::event::How;
use blackstart::model::{Event, RunId, StepId, What};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use std::process::Child;

/// A command of the binary that goes on while the test looks at the world.
pub struct Going {
    child: Child,
}

impl Going {
    pub fn end(self) -> Told {
        Told::of(self.child.wait_with_output().unwrap())
    }
}

/// A script that stops before its effect and after it, until it is let go. `$1` is the step. The effect is one line in
/// `world/effects`; `world/STEP` says that it is done.
pub const GATED: &str = "\
gate() { [ -e world/go-$1 ] || { : > world/at-$1; while [ ! -e world/go-$1 ]; do sleep 0.01; [ -d world ] || exit 9; done; }; }
gate before-$1
echo $1 >> world/effects
echo done > world/$1
gate after-$1
";

pub fn go(lab: &Lab, words: &[&str]) -> Going {
    Going { child: lab.command(words).spawn().unwrap() }
}
pub fn go_recover(lab: &Lab) -> Going {
    go(lab, &["recover", "plan.yaml", "--confirm", &lab.name])
}

/// Lets a gated script go on.
pub fn open(lab: &Lab, gate: &str) {
    lab.write(&format!("world/go-{gate}"), "");
}
pub fn wait_at(lab: &Lab, gate: &str) {
    lab.wait_for(gate, || lab.exists(&format!("world/at-{gate}")));
    // A program may be quicker at its gate than the runner at writing down that it started it.
    let step = gate.split_once('-').unwrap().1;
    wait_past(lab, gate, |past| past.step(&id(step)).child.is_some());
}

pub fn status(lab: &Lab) -> serde_json::Value {
    serde_json::from_str(&lab.run(&["status", "--output", "json"]).out).unwrap()
}

/// Kills the runner as nothing can prevent, and waits until who watched it has told so.
pub fn kill_runner(lab: &Lab, going: Going) {
    let pid = status(lab)["pid"].as_i64().expect("no runner is alive");
    kill(i32::try_from(pid).unwrap());
    going.end().code(5).says("gone without a last word");
}
pub fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    gone(pid);
}
/// Kills a step's program with everything that it started.
pub fn kill_program(lab: &Lab, step: &str) {
    let pid = program(lab, step);
    kill_process_group(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    gone(pid);
}

/// Waits until a process is no more.
#[track_caller]
pub fn gone(pid: i32) {
    let began = std::time::Instant::now();
    while lives(pid) {
        assert!(began.elapsed().as_secs() < 20, "process {pid} does not go away");
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
}
/// A process that ended and was not waited for does not count: in a container there may be nobody who does.
pub fn lives(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    test_kill_process(Pid::from_raw(pid).unwrap()).is_ok() && !matches!(state, None | Some('Z' | 'X'))
}

/// The last program that the journal knows of this step.
pub fn program(lab: &Lab, step: &str) -> i32 {
    past(lab).step(&id(step)).child.expect("no program of it is in the journal").0.pid
}

pub fn id(step: &str) -> StepId {
    StepId::new(step).unwrap()
}
pub fn bytes(lab: &Lab) -> Vec<u8> {
    std::fs::read(lab.journal()).unwrap()
}
pub fn story(lab: &Lab) -> Story {
    read(&bytes(lab)).unwrap()
}
pub fn past(lab: &Lab) -> Past {
    Past::of(&story(lab)).unwrap()
}
/// Waits for something in a journal that is being written, or is not there yet.
pub fn wait_past(lab: &Lab, what: &str, ready: impl Fn(&Past) -> bool) {
    lab.wait_for(what, || {
        let journal = lab.runs().last().map(|run| run.join("journal"));
        let bytes = journal.and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        read(&bytes).ok().and_then(|story| Past::of(&story).ok()).is_some_and(|past| ready(&past))
    });
}
pub fn events(lab: &Lab) -> Vec<Event> {
    Teller::all(RunId::new("2026-11-03T02-11-07").unwrap(), &story(lab).records)
}
/// The last that was told about how a step came to be done, or that it did not.
pub fn how(lab: &Lab, step: &str) -> &'static str {
    let of = |what: &What| match what {
        What::StepVerified { how: How::Ran, .. } => Some("ran"),
        What::StepVerified { how: How::Kept, .. } => Some("kept"),
        What::StepVerified { how: How::Adopted, .. } => Some("adopted"),
        What::StepVerified { how: How::Accepted, .. } => Some("accepted"),
        What::StepFailed { lapse, .. } => Some(lapse.as_str()),
        What::StepSkipped { .. } => Some("skipped"),
        What::StepNotRun { .. } => Some("not run"),
        What::RunStarted { .. }
        | What::StepStarted { .. }
        | What::StepProgress { .. }
        | What::Finding { .. }
        | What::StepWaiting { .. }
        | What::Notice { .. }
        | What::RunFinished { .. } => None,
    };
    let told = events(lab).into_iter().rev().map(|event| event.what);
    told.filter(|what| what.step().is_some_and(|of| of.as_str() == step))
        .find_map(|what| of(&what))
        .unwrap_or("nothing")
}
/// How often the effect of a step happened.
pub fn effects(lab: &Lab, step: &str) -> usize {
    lab.read("world/effects").lines().filter(|line| *line == step).count()
}

/// Cuts the journal before the last record of which this is true.
pub fn cut_before(lab: &Lab, is: impl Fn(&blackstart::journal::Record) -> bool) {
    let (whole, story) = (bytes(lab), story(lab));
    let at = story.records.iter().rposition(is).expect("there is no such record");
    let start = if at == 0 { frame::MAGIC.len() } else { frame::take(&whole).unwrap().ends[at - 1] };
    std::fs::write(lab.journal(), &whole[..start]).unwrap();
}
