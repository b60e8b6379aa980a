//! What has to be so before a cluster is made, and before the old one is deleted to make room for it: tools that fit, and files
//! that are still what the plan was read with.

use super::{mirrors, versions};
use crate::model::Severity;
use crate::steps::cluster::blueprint::Blueprint;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
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

/// Whether the registries that nodes will pull from still answer: the new cluster would be made and run nothing.
pub async fn answered(scene: &Scene<'_>, blueprint: &Blueprint) -> Result<(), Mishap> {
    let told = mirrors::ask(scene.touch.look(), blueprint).await;
    told.unknowns.iter().for_each(|one| (scene.say)(format!("{}: {}", one.object, one.message)));
    let errors = told.faults.iter().map(|fault| &fault.finding).filter(|one| one.severity == Severity::Error);
    let tail: Vec<String> = errors
        .map(|one| format!("{}:{}: {}: {}", one.place.file, one.place.spot.line, one.object, one.message))
        .collect();
    match tail.is_empty() {
        true => Ok(()),
        false => {
            let reason = "nothing was deleted: a registry that nodes will pull from does not answer as it should";
            Err(Mishap::Failed { reason: reason.to_owned(), tail, began: false })
        }
    }
}

/// The files of a plan, and the words they were read with.
pub fn of(blueprint: &Blueprint) -> Vec<(&Path, &[u8])> {
    let both = [&blueprint.config, &blueprint.registries].into_iter().flatten();
    both.map(|file| (file.path.as_path(), file.bytes.as_slice())).collect()
}
