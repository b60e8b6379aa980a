//! Everything that is looked at before a recovery, all of it told at once: what files say, what stands under the cluster's name
//! and whose it is, what this host and the world outside answer, whether the identity opens the secrets, who else is at it.

use crate::checks::told::Told;
use crate::cli::args::Custody;
use crate::cli::context::Context;
use crate::cli::{drill, preflight, vault};
use crate::engine::open;
use crate::engine::stake::Stake;
use crate::model::{Accepted, Problem, Severity, Unknown, alike};
use crate::plan::findings;
use crate::plan::load::Planned;
use crate::sys::age::Identities;
use std::path::Path;

/// What was looked at, when nothing stands in the way.
pub struct Ahead {
    pub stake: Option<Stake>,
    pub identities: Option<Identities>,
    /// What is accepted, each in one line.
    pub accepted: Vec<String>,
}

/// Looks at all of it, and refuses when anything of it must not be.
pub fn look(context: &Context, planned: &Planned, custody: &Custody, state: &Path) -> Result<Ahead, Problem> {
    // What files say is known at once, and told at once: the world outside may take its time to answer.
    let files = findings::of(context.look, planned);
    tell(context, &files);
    if let Some(told) = refused_already(&files) {
        context.note(&told);
    }
    let mut troubles: Vec<Problem> = Vec::new();
    // Asked while a person is still there: without the secrets there is nothing to go on to.
    let identities = vault::proved(context, planned, custody).unwrap_or_else(|problem| {
        troubles.push(problem);
        None
    });
    let mut stake = preflight::stake(context, planned)?;
    troubles.extend(stake.as_ref().and_then(Stake::refusal));
    let answers = preflight::before(context, planned, stake.as_ref())?;
    let mut all = answers.told;
    if let Some(stake) = &mut stake {
        all.take(std::mem::take(&mut stake.told));
    }
    troubles.extend(open::busy(context.look, planned, state));
    all.sort();
    tell(context, &all);
    all.take(files);
    troubles.extend(match errors(&all) {
        0 => None,
        1 => Some(Problem::refused("an error was found before anything was begun").next("mend it first")),
        n => Some(Problem::refused(format!("{n} errors were found before anything was begun")).next("mend them first")),
    });
    match troubles.len() {
        0 => Ok(Ahead { stake, identities, accepted: until(&all.accepted) }),
        1 => Err(troubles.remove(0)),
        n => {
            troubles.iter().for_each(|problem| context.complain(problem));
            Err(Problem::refused(format!("{n} things stand in the way, and nothing was begun"))
                .next("see to each of them, then the same command"))
        }
    }
}

fn errors(told: &Told) -> usize {
    told.faults.iter().filter(|fault| fault.finding.severity == Severity::Error).count()
}

/// Nobody who waits for the rest shall wait for this.
fn refused_already(files: &Told) -> Option<String> {
    let found = match errors(files) {
        0 => return None,
        1 => "an error".to_owned(),
        n => format!("{n} errors"),
    };
    Some(format!(
        "REFUSED  for {found} in files; what else stands in the way is looked at, so that all of it is told at once"
    ))
}

fn until(accepted: &[Accepted]) -> Vec<String> {
    accepted.iter().map(|one| format!("{} {} until {}", one.finding.id, one.finding.object, one.until)).collect()
}

/// Tells everything that was found, the worst first.
fn tell(context: &Context, all: &Told) {
    drill::accepted(&all.accepted).iter().for_each(|line| context.note(line));
    all.unknowns.iter().for_each(|unknown| {
        let Unknown { id, place, object, message, missing } = unknown;
        context.note(&format!("{id}  {}:{}  {object}: {message}", place.file, place.spot.line));
        context.note(&format!("     missing: {missing}"));
    });
    for group in alike(all.faults.iter().map(|fault| &fault.finding)) {
        let (shown, folded) = group.shown(context.verbose);
        for one in shown {
            let (place, object) = (&one.place, &one.object);
            context.note(&format!("{}  {}:{}  {object}: {}", one.id, place.file, place.spot.line, one.message));
        }
        if folded > 0 {
            context.note(&format!("     and {folded} more: -v"));
        }
        if !group.fix().is_empty() {
            context.note(&format!("     {}", group.fix()));
        }
    }
}
