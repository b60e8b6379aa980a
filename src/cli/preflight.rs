//! The questions to the world outside that come before a recovery, and with `plan --live`: asked, bounded, told.

use super::context::Context;
use super::runs;
use crate::checks::accept;
use crate::checks::before::{self, Answers, Scene};
use crate::checks::rules::Ground;
use crate::checks::rules::cluster::Maker;
use crate::checks::told::Told;
use crate::engine::stake::{self, Stake, Wanted};
use crate::model::Problem;
use crate::plan::load::Planned;
use crate::sys::{access, clock, side};
use std::time::Duration;

/// Who waits longer is told what for.
const SILENT: Duration = Duration::from_secs(1);

/// Before a recovery: what it will fetch, and what it will find on this host.
pub fn before(context: &Context, planned: &Planned, stake: Option<&Stake>) -> Result<Answers, Problem> {
    let sandbox = planned.file.planned.as_ref().is_some_and(|cluster| cluster.maker == Maker::Sandbox);
    asked(context, planned, !sandbox, stake)
}

/// Everything, for who wants to know.
pub fn ask(context: &Context, planned: &Planned, stake: Option<&Stake>) -> Result<Answers, Problem> {
    asked(context, planned, true, stake)
}

fn asked(context: &Context, planned: &Planned, outside: bool, stake: Option<&Stake>) -> Result<Answers, Problem> {
    let ground = Ground::of(&planned.papers, planned.file.planned.clone(), &|_| false);
    let mut scene = Scene::new(&ground, &planned.file.shown, context.state_dir(), outside);
    // Nothing is said to die where nobody can say what stands there.
    scene.dying = stake.filter(|stake| stake.standing.is_some()).map(|stake| &stake.dying);
    scene.host = planned.file.cluster.as_ref().and_then(|cluster| cluster.host.as_ref()).map(|(host, _)| host.as_str());
    scene.installs = planned.file.cluster.as_ref().is_some_and(|cluster| cluster.install.is_some());
    let tell = || {
        if !context.quiet {
            context.note("asking registries, repositories and this host what is there (10 s at most)");
        }
    };
    let asked = side::block_on(side::telling(before::ask(context.look, &scene), SILENT, tell));
    let mut answers = asked.map_err(|error| Problem::failed(format!("no event loop: {error}")))?;
    // What is accepted may stand here as well. That an acceptance is about nothing is for those to say who see everything.
    settle(planned, &mut answers.told);
    if context.verbose {
        answers.unasked.iter().for_each(|what| context.note(&format!("not asked: {what}")));
    }
    Ok(answers)
}

/// Takes out what the plan accepts.
fn settle(planned: &Planned, told: &mut Told) {
    let accepted = planned.file.accept.iter().map(|accept| accept.acceptance(&planned.file.shown)).collect();
    accept::settle_all(told, std::iter::empty(), accepted, clock::now().day(), false);
}

/// What is at stake: what stands under the name of the cluster, whose it is, and whether we come through it. Nothing, where the
/// plan takes the place of no cluster.
pub fn stake(context: &Context, planned: &Planned) -> Result<Option<Stake>, Problem> {
    let Some(wanted) = Wanted::of(planned) else { return Ok(None) };
    let folders = context.state_dir().map(|state| runs::folders(context, &state, planned.file.name.as_str()));
    // Where no folder is, no run has made anything.
    let folders = folders.and_then(Result::ok).unwrap_or_default();
    let memory = stake::memory::read(context.look, &folders, wanted.name);
    let session = access::of(context.look, i32::try_from(std::process::id()).unwrap_or(0));
    let looked = side::block_on(stake::look(context.look, wanted, &memory, &session));
    let mut stake = looked.map_err(|error| Problem::failed(format!("no event loop: {error}")))?;
    settle(planned, &mut stake.told);
    Ok(Some(stake))
}
