//! F26: whether a run can be written down at all: its folder takes files, and there is room for a journal and logs.

use super::{Answers, Asked};
use crate::checks::rules::cluster::Maker;
use crate::model::Severity;
use crate::sys::files;

/// A long run with much to say stays far below.
const LEAST: u64 = 64 << 20;

pub fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    // Where nothing is deleted, a run that cannot be written down says so itself, and nothing is lost.
    let deletes = asked.scene.ground.cluster.as_ref().is_some_and(|one| matches!(one.maker, Maker::K3d | Maker::K3s));
    let Some(state) = asked.scene.state.as_ref().filter(|_| deletes) else { return answers };
    let look = asked.look;
    // What is not there yet is made in the folder above it.
    let Some(there) = state.ancestors().find(|path| files::exists(look, path)) else { return answers };
    let object = format!("folder {}", state.display());
    let mut say = |message: String, fix: &str| {
        answers.say("F26", Severity::Error, asked.scene.place(), &object, message, fix);
    };
    if let Err(error) = files::may_write(look, there) {
        say(format!("no run can be written down in {}: {error}", there.display()), "name another with --state-dir DIR");
    }
    match files::room(look, there) {
        Ok(free) if free < LEAST => {
            let message = format!("has no room for a run: {} KiB free", free >> 10);
            say(message, "free some, or name another with --state-dir DIR: what cannot be written down is not done");
        }
        Ok(_) => {}
        Err(error) => {
            let message = format!("how much room it has is not known: {error}");
            answers.unknown("F26", asked.scene.place(), object, message, "an answer of its file system");
        }
    }
    answers
}
