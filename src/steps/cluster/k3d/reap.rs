//! Removes what a drill left in Docker, and its fence, by the marks of its run: for `drill --reap`, when nobody works in that run
//! any more.

use super::names::Names;
use super::{drill, undo};
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;

/// What is gone of this run's drill, in words; none where nothing of it was there.
pub async fn reap(scene: &Scene<'_>) -> Result<Option<String>, String> {
    // The config is written before anything is made, and goes when all of it is gone.
    let Some(name) = drill::name(scene.touch.look(), scene.run)? else { return Ok(None) };
    undo::undo(scene, &Names::of(&name), true).await.map_err(|mishap| match mishap {
        Mishap::Failed { reason, .. } | Mishap::Stopped { reason } => reason,
    })
}
