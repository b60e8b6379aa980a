//! The cluster of a plan as a step: the first one, which every other follows unless it says otherwise.

use super::file::{CLUSTER, OnFailure, PlanFile, Step};
use crate::model::{Place, Problem, StepId};
use crate::steps::cluster::{self, Cluster};
use crate::sys::Look;

/// Puts the step of the cluster in front of the others, where the plan has a cluster.
pub fn join(look: Look, file: &mut PlanFile) -> Result<(), Problem> {
    let Some(of) = &file.cluster else { return Ok(()) };
    let folder = file.folder().to_owned();
    let config = of.config.as_ref().map(|(path, at)| cluster::config::read(look, &folder, &file.shown, path, *at));
    let config = config.transpose()?.unwrap_or_default();
    let nodes = config.names();
    let place = Place { file: file.shown.clone(), spot: of.at };
    let planned = config.planned(of.name.as_str(), place);
    let kind = Cluster::new(of.provider, of.name.clone(), config);
    let step = Step {
        id: StepId::new(cluster::NAME).map_err(Problem::usage)?,
        at: of.at,
        kind: Box::new(kind),
        needs: Vec::new(),
        provides: Vec::new(),
        requires: Vec::new(),
        before: None,
        only: None,
        timeout: None,
        retries: 0,
        on_failure: OnFailure::Stop,
    };
    file.steps.insert(CLUSTER, step);
    file.nodes = nodes;
    file.planned = Some(planned);
    Ok(())
}
