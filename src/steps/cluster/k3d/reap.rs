//! Removes what a drill left in Docker, and its fence, by the mark of its run: for `drill --reap`, when nobody works in that run any
//! more.

use super::names::Names;
use super::undo;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::docker::Docker;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(40);

/// What is gone of this run's drill, in words; none where nothing of it was there.
pub async fn reap(scene: &Scene<'_>) -> Result<Option<String>, String> {
    let docker = Docker::new(scene.touch.look(), PATIENCE);
    let run = scene.run.file_name().unwrap_or_default().to_string_lossy();
    let ids: Vec<String> = docker.volumes().await?.into_iter().map(|one| one.id).collect();
    let volumes = docker.inspect_volumes(&ids).await?;
    // The volume with the mark is made before everything else, and goes last but for the network.
    let Some(mark) = volumes.into_iter().find(|one| *one.drill == *run && !one.cluster.is_empty()) else {
        return Ok(None);
    };
    undo::undo(scene, &Names::of(&mark.cluster), true).await.map_err(|mishap| match mishap {
        Mishap::Failed { reason, .. } | Mishap::Stopped { reason } => reason,
    })
}
