//! The questions to the world outside that come before a recovery, and with `plan --live`: asked, bounded, told.

use super::context::Context;
use crate::checks::accept;
use crate::checks::before::{self, Answers, Scene};
use crate::checks::rules::Ground;
use crate::checks::rules::cluster::Maker;
use crate::model::Problem;
use crate::plan::load::Planned;
use crate::sys::{clock, side};
use std::time::Duration;

/// Who waits longer is told what for.
const SILENT: Duration = Duration::from_secs(1);

/// Before a recovery: what it will fetch, and what it will find on this host.
pub fn before(context: &Context, planned: &Planned) -> Result<Answers, Problem> {
    let sandbox = planned.file.planned.as_ref().is_some_and(|cluster| cluster.maker == Maker::Sandbox);
    asked(context, planned, !sandbox)
}

/// Everything, for who wants to know.
pub fn ask(context: &Context, planned: &Planned) -> Result<Answers, Problem> {
    asked(context, planned, true)
}

fn asked(context: &Context, planned: &Planned, outside: bool) -> Result<Answers, Problem> {
    let ground = Ground::of(&planned.papers, planned.file.planned.clone(), &|_| false);
    let scene = Scene::new(&ground, &planned.file.shown, context.state_dir(), outside);
    let tell = || {
        if !context.quiet {
            context.note("asking registries, repositories and this host what is there (10 s at most)");
        }
    };
    let asked = side::block_on(side::telling(before::ask(context.look, &scene), SILENT, tell));
    let mut answers = asked.map_err(|error| Problem::failed(format!("no event loop: {error}")))?;
    // What is accepted may stand here as well. That an acceptance is about nothing is for those to say who see everything.
    let accepted = planned.file.accept.iter().map(|accept| accept.acceptance(&planned.file.shown)).collect();
    accept::settle_all(&mut answers.told, std::iter::empty(), accepted, clock::now().day(), false);
    if context.verbose {
        answers.unasked.iter().for_each(|what| context.note(&format!("not asked: {what}")));
    }
    Ok(answers)
}
