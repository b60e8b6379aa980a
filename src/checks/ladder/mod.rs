//! The ladder: from a workload that does not become ready down to the first cause. Pure: what a cluster showed, what the files
//! say and what time it is are handed in.

mod cause;
mod claim;
mod container;
mod crash;
mod diff;
pub mod edit;
mod fit;
mod gather;
mod hunks;
mod image;
mod job;
mod joined;
mod leaving;
mod misfit;
mod missing;
mod mount;
mod namespace;
mod node;
mod other;
mod pod;
mod pod_security;
mod probe;
pub mod redact;
mod refs;
mod refusal;
mod scene;
mod schedule;
mod sheet;
mod stand;
mod taint;
mod trouble;
pub mod way;
mod webhook;
mod workload;

pub use cause::UNKNOWN;
pub use edit::Mend;
pub use gather::{Gathered, gather};
pub use joined::{Left, join};
pub use sheet::Sheet;
pub use trouble::{Apply, Heals, Hop, Patch, Standing, Trouble};

use super::live::Live;
use crate::manifests::Papers;
use crate::model::{ObjectId, Stamp};
use scene::Scene;
use std::time::Duration;

/// A workload, a claim or another object that should become ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub id: ObjectId,
}

/// How one object stands. `usual` is how long it took to become ready the last time.
pub fn climb(live: &Live, expected: &ObjectId, papers: &[&Papers], now: Stamp, usual: Option<Duration>) -> Standing {
    Scene::new(live, papers, now).stand(expected, usual)
}

/// How each of many objects stands. What they share is looked at once.
pub fn survey(
    live: &Live,
    expected: &[ObjectId],
    papers: &[&Papers],
    now: Stamp,
    usual: Option<Duration>,
) -> Vec<(ObjectId, Standing)> {
    let scene = Scene::new(live, papers, now);
    expected.iter().map(|id| (id.clone(), scene.stand(id, usual))).collect()
}

/// What it means that the API server did not take an object.
pub fn refused(live: &Live, object: &ObjectId, said: &str, papers: &[&Papers], now: Stamp) -> Standing {
    let scene = Scene::new(live, papers, now);
    scene.conclude(refusal::of_object(&scene, object, said), None, None)
}
