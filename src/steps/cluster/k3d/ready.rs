//! What has to be so before a cluster is made, and before the old one is deleted to make room for it: tools that fit, and files
//! that are still what the plan was read with.

use super::versions;
use crate::steps::cluster::blueprint::Blueprint;
use crate::steps::contract::Mishap;
use crate::sys::docker::Docker;
use crate::sys::{Look, files};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const LARGEST: u64 = 1 << 20;

/// What names the daemon, or everything that is in the way. `what`: as `nothing was made`.
pub async fn ready(look: Look, what: &str, given: &[(&Path, &[u8])]) -> Result<String, Mishap> {
    let daemon = versions::check(look, Docker::new(look, PATIENCE)).await.map_err(|tail| Mishap::Failed {
        reason: format!("{what}: the tools do not fit"),
        tail,
        began: false,
    })?;
    for (path, bytes) in given {
        if files::read(look, path, LARGEST).ok().as_deref() != Some(*bytes) {
            let why = format!("{what}: {} has changed since the plan was read", path.display());
            return Err(Mishap::failed(why, false));
        }
    }
    Ok(daemon)
}

/// The files of a plan, and the words they were read with.
pub fn of(blueprint: &Blueprint) -> Vec<(&Path, &[u8])> {
    let both = [&blueprint.config, &blueprint.registries].into_iter().flatten();
    both.map(|file| (file.path.as_path(), file.bytes.as_slice())).collect()
}
