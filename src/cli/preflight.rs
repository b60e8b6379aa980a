//! The questions to the world outside that come before a recovery, and with `plan --live`: asked, bounded, told.

use super::context::Context;
use crate::checks::before::{self, Answers, Scene};
use crate::checks::rules::Ground;
use crate::model::Problem;
use crate::plan::load::Planned;
use crate::sys::side;
use std::time::Duration;

/// Who waits longer is told what for.
const SILENT: Duration = Duration::from_secs(1);

pub fn ask(context: &Context, planned: &Planned) -> Result<Answers, Problem> {
    let ground = Ground::of(&planned.papers, planned.file.planned.clone(), &|_| false);
    let scene = Scene { ground: &ground, plan: &planned.file.shown, state: context.state_dir() };
    let tell = || {
        if !context.quiet {
            context.note("asking registries, repositories and this host what is there (10 s at most)");
        }
    };
    let asked = side::block_on(side::telling(before::ask(context.look, &scene), SILENT, tell));
    let answers = asked.map_err(|error| Problem::failed(format!("no event loop: {error}")))?;
    if context.verbose {
        answers.unasked.iter().for_each(|what| context.note(&format!("not asked: {what}")));
    }
    Ok(answers)
}
