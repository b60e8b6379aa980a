//! Takes back the cluster of a drill: by the ids of what carries this drill's name, and with a look whether anything is left.

use super::names::Names;
use super::{behind, drill, remove, standing};
use crate::model::count::many;
use crate::steps::cluster::contract::{Part, Sort};
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::docker::Docker;
use crate::sys::files;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// `late`: long after its drill, when a fence that is gone says no more than that the machine was started anew.
pub async fn undo(scene: &Scene<'_>, names: &Names, late: bool) -> Result<Option<String>, Mishap> {
    let look = scene.touch.look();
    let unknown = |why: String| Mishap::failed(format!("cluster {} may live on: docker: {why}", names.cluster), true);
    let made_in = drill::daemon(look, scene.run).map_err(unknown)?;
    let found = standing::find(Docker::new(look, PATIENCE), names).await.map_err(unknown)?;
    if made_in.as_ref().is_some_and(|daemon| *daemon != found.daemon) {
        // Without its cluster gone the fence must not be.
        return Err(unknown(format!("it was made in daemon {}, and another one answers", made_in.unwrap_or_default())));
    }
    let parts = found.parts(names);
    // Asked while it stands. What it has to say is for the report; that it does not stand any more is a failure.
    let fence = behind::told(scene).await;
    let run = scene.run.file_name().unwrap_or_default().to_string_lossy();
    let (own, strange): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| part.run.as_deref() == Some(&*run));
    remove::remove(scene, &own, Some(&standing::keeper(&found.daemon))).await?;
    let left = standing::find(Docker::new(look, PATIENCE), names).await.map_err(unknown)?.parts(names);
    if !left.is_empty() {
        let why = if strange.is_empty() { "still there" } else { "not removed, as this drill did not make all of it" };
        let tail: Vec<String> = left.iter().map(Part::to_string).collect();
        return Err(Mishap::Failed { reason: format!("{why}: {}", tail.join(", ")), tail, began: true });
    }
    let networks: Vec<&str> =
        own.iter().filter(|part| part.sort == Sort::Network).map(|part| part.id.as_str()).collect();
    behind::lower(scene, &networks).await?;
    match fence {
        Ok(told) => told.into_iter().for_each(|line| (scene.say)(line)),
        Err(why) if late => (scene.say)(why),
        Err(why) => return Err(Mishap::failed(why, true)),
    }
    let folder = drill::folder(scene.run);
    files::remove_folder(scene.touch, &folder)
        .map_err(|error| Mishap::failed(format!("{} is left: {error}", folder.display()), true))?;
    let count = |sort: Sort| own.iter().filter(|part| part.sort == sort).count();
    Ok((!own.is_empty()).then(|| {
        format!(
            "{}, {}, {} of cluster {}",
            many(count(Sort::Container), "container"),
            many(count(Sort::Network), "network"),
            many(count(Sort::Volume), "volume"),
            names.cluster
        )
    }))
}
