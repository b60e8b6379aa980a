//! The store of secrets of a plan, opened before anything of a run is begun: what cannot be opened now would not be later.

use super::args::Custody;
use super::context::Context;
use super::identity;
use crate::checks::sealed::{self, Keys};
use crate::model::{Finding, Problem};
use crate::plan::load::{Planned, store};
use crate::secrets::Vault;
use crate::steps::contract::Opened;
use crate::steps::sealing;
use crate::sys::age::Identities;

/// Opened with what the command line, the plan or the environment names.
pub fn open(context: &Context, planned: &Planned, custody: &Custody) -> Result<Option<Vault>, Problem> {
    match wanted(planned) {
        true => of(context, planned, Some(identities(context, planned, custody)?)),
        false => Ok(None),
    }
}

/// The identities, once they were seen to open everything: what is handed to a runner, which opens it for itself.
pub fn proved(context: &Context, planned: &Planned, custody: &Custody) -> Result<Option<Identities>, Problem> {
    if !wanted(planned) {
        return Ok(None);
    }
    let identities = identities(context, planned, custody)?;
    let copy = Identities::read(&identities.text()).map_err(|trouble| Problem::failed(trouble.to_string()))?;
    of(context, planned, Some(copy))?;
    Ok(Some(identities))
}

/// Opened with these, where the plan has steps that want it.
pub fn of(context: &Context, planned: &Planned, identities: Option<Identities>) -> Result<Option<Vault>, Problem> {
    if !wanted(planned) {
        return Ok(None);
    }
    if !planned.stale.is_empty() {
        let problem = Problem::refused("it is not known what the store of secrets holds: the order may be wrong");
        let problem = planned
            .stale
            .iter()
            .fold(problem, |problem, stale| problem.because(format!("{}: {}", stale.file, stale.why)));
        return Err(problem.next("blackstart secrets rotate   # opens them all and writes down what they hold"));
    }
    let identities =
        identities.ok_or_else(|| Problem::refused("no identity was handed over that opens the secrets"))?;
    let Some(store) = store(context.look, &planned.file)? else { return Ok(None) };
    let vault = Vault::open(context.look, store, &planned.held, identities)?;
    super::drill::refuse(context, &found(context, planned, &vault)?)?;
    Ok(Some(vault))
}

/// What only who can open the store can know: what steps say of it, and whether its keys open what is sealed in the files.
pub fn found(context: &Context, planned: &Planned, vault: &Vault) -> Result<Vec<Finding>, Problem> {
    let brings = |step: &crate::plan::file::Step| step.kind.name() == sealing::NAME && step.kind.wants_store();
    let opened = Opened { vault, held: &planned.held, papers: &planned.papers, mode: planned.mode };
    let mut found = Vec::new();
    for step in planned.file.steps.iter().filter(|step| step.absent_in(planned.mode).is_none()) {
        let told = step.kind.opened(context.look, &opened);
        found.extend(told.map_err(|why| Problem::refused(format!("step {}: {why}", step.id)))?);
    }
    if planned.file.steps.iter().any(brings) && sealed::all(&planned.papers, &planned.held).next().is_some() {
        let keys = Keys::of(vault.sealing_keys(context.look, &planned.held)?);
        found.extend(sealed::check(&planned.papers, &planned.held, vault, &keys));
    }
    Ok(found)
}

/// Whether a step that takes part works on the store.
fn wanted(planned: &Planned) -> bool {
    planned.file.steps.iter().any(|step| step.kind.wants_store() && step.absent_in(planned.mode).is_none())
}

fn identities(context: &Context, planned: &Planned, custody: &Custody) -> Result<Identities, Problem> {
    let named = identity::of_plan(context.look, &planned.file);
    identity::resolve(context, custody.identity.as_deref(), named.as_deref(), custody.passphrase_fd)
}
