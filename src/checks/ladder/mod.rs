//! The ladder: from a workload that does not become ready down to the first cause. Pure: what a cluster showed, what the files
//! say and what time it is are handed in.

mod scene;
mod trouble;

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
pub fn survey(live: &Live, expected: &[ObjectId], papers: &[&Papers], now: Stamp) -> Vec<(ObjectId, Standing)> {
    let scene = Scene::new(live, papers, now);
    expected.iter().map(|id| (id.clone(), scene.stand(id, None))).collect()
}
