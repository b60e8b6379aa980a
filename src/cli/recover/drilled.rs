//! When this very plan was drilled last, and how that went: by the digest of its graph, which says that it is the same plan.

use crate::cli::context::Context;
use crate::cli::runs::{self, Run};
use crate::engine::stake::Drilled;
use crate::model::Mode;
use crate::plan::load::{Planned, load};
use crate::sys::clock;
use std::path::Path;
use std::time::Duration;

/// How many runs are looked through.
const MOST: usize = 50;

pub fn last(context: &Context, planned: &Planned, path: &Path) -> Drilled {
    // The digest covers the mode: that of a drill is another than that of the recovery.
    let digest = match load(context.look, path, Mode::Drill) {
        Ok(drill) => drill.digest,
        Err(problem) => return Drilled::Unknown(problem.fact),
    };
    let state = context.state_dir();
    let folders = state.and_then(|state| runs::folders(context, &state, planned.file.name.as_str()).ok());
    let mut other = None;
    for folder in folders.unwrap_or_default().iter().take(MOST) {
        let Ok(run) = Run::read(context.look, folder) else { continue };
        if run.mode() != Mode::Drill {
            continue;
        }
        if run.past.begin.digest == digest {
            return of(&run);
        }
        other = other.or_else(|| Some(run.at()));
    }
    other.map_or(Drilled::Never, |at| Drilled::Another { at })
}

fn of(run: &Run) -> Drilled {
    let at = run.at();
    match run.ending() {
        Some(ending) if ending.outcome.complete() => {
            let took = Duration::try_from_secs_f64(ending.seconds).unwrap_or_default();
            Drilled::Well { at, took, age: clock::now().since(at) }
        }
        Some(ending) => Drilled::Badly { at, how: format!("{} failed", ending.failed.max(1)) },
        None => Drilled::Badly { at, how: "it has not come to its end".to_owned() },
    }
}
