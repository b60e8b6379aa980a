//! The cluster of a plan as steps: the first ones. Every other follows the one that makes it, unless it says otherwise.

use super::file::{CLUSTER, Cluster as Written, DELETE, OnFailure, PlanFile, SAVE, Step};
use crate::model::{Mode, Place, Problem, Provider, Spot, StepId};
use crate::steps::cluster::blueprint::{Blueprint, Given};
use crate::steps::cluster::delete::{self, Delete};
use crate::steps::cluster::save::{self, Save};
use crate::steps::cluster::{self, Cluster};
use crate::steps::contract::Kind;
use crate::sys::Look;
use std::sync::Arc;

/// Puts the steps of the cluster in front of the others, where the plan has a cluster. `within` is what somebody wants the
/// cluster of a drill to be made with.
pub fn join(look: Look, file: &mut PlanFile, mode: Mode, within: Option<Provider>) -> Result<(), Problem> {
    let Some(of) = &file.cluster else { return Ok(()) };
    let place = Place { file: file.shown.clone(), spot: of.at };
    let blueprint = Blueprint::read(look, file.folder(), &given(of), place)?;
    let provider = match mode {
        Mode::Recover => of.provider,
        Mode::Drill => within.or(file.drill.map(|(provider, _)| provider)).unwrap_or(Provider::Sandbox),
    };
    let at = of.at;
    let name = of.name.clone();
    file.nodes = blueprint.node_names();
    file.planned = Some(blueprint.planned().clone());
    file.provider = Some(provider);
    let of_registries = [&blueprint.config, &blueprint.registries].into_iter().flatten();
    file.registries = of_registries.map(|named| String::from_utf8_lossy(&named.bytes).into_owned()).collect();
    let maker = blueprint.maker(provider, mode)?;
    file.maker = Some(Arc::clone(&maker));
    // A sandbox has no token of its own.
    let token = of.token.as_ref().map(|(token, _)| token.clone()).filter(|_| provider == Provider::K3s);
    let deletes = mode == Mode::Recover && provider != Provider::Sandbox;
    let mut own: Vec<(usize, &str, Box<dyn Kind>)> =
        vec![(CLUSTER, cluster::NAME, Box::new(Cluster::new(name.clone(), Arc::clone(&maker), token)))];
    if deletes {
        own.push((SAVE, save::NAME, Box::new(Save::new(name.clone(), Arc::clone(&maker)))));
        own.push((DELETE, delete::NAME, Box::new(Delete::new(name, maker))));
    }
    file.implied = own.len();
    for (place, id, kind) in own {
        file.steps.insert(place, step(id, at, kind)?);
    }
    Ok(())
}

fn given(of: &Written) -> Given<'_> {
    Given {
        provider: of.provider,
        name: &of.name,
        config: of.config.as_ref(),
        registries: of.registries.as_ref(),
        host: of.host.as_ref(),
        install: of.install.as_ref(),
        snapshot: of.snapshot.as_ref(),
        token: of.token.as_ref(),
    }
}

fn step(id: &str, at: Spot, kind: Box<dyn Kind>) -> Result<Step, Problem> {
    Ok(Step {
        id: StepId::new(id).map_err(Problem::usage)?,
        at,
        kind,
        needs: Vec::new(),
        provides: Vec::new(),
        requires: Vec::new(),
        before: None,
        only: None,
        timeout: None,
        retries: 0,
        on_failure: OnFailure::Stop,
    })
}
