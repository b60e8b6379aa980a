//! What one look at the cluster shares between all objects that are asked about.

use super::Standing;
use crate::checks::live::Live;
use crate::manifests::Papers;
use crate::model::{ObjectId, Stamp};
use std::time::Duration;

pub(super) struct Scene<'a> {
    pub live: &'a Live,
    pub now: Stamp,
    papers: &'a [&'a Papers],
}

impl<'a> Scene<'a> {
    pub fn new(live: &'a Live, papers: &'a [&'a Papers], now: Stamp) -> Self {
        Self { live, papers, now }
    }
    pub fn stand(&self, id: &ObjectId, usual: Option<Duration>) -> Standing {
        let _ = (self.live.get(id), self.now, self.papers.len(), usual);
        Standing::Waiting { why: format!("{id} is not there yet") }
    }
}
