//! Removes parts of a cluster from Docker: these, by their ids, and nothing that merely has their names. k3d is not asked to: it
//! deletes by name, and says that it has deleted what lives on.

use crate::steps::cluster::contract::{Part, Sort};
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::docker::{self, Docker};
use crate::sys::process::Given;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long the questions before and between the removals may take, all together.
const PATIENCE: Duration = Duration::from_secs(120);
/// A name that Docker gave a volume that nobody named.
const NAMELESS: usize = 64;

/// Removes them: containers, then volumes, then networks. What cannot be removed is a failure that names it; the rest is removed
/// all the same.
pub async fn remove(scene: &Scene<'_>, parts: &[Part]) -> Result<(), Mishap> {
    let asked = Docker::new(scene.touch.look(), PATIENCE);
    let ids =
        |sort: Sort| parts.iter().filter(|part| part.sort == sort).map(|part| part.id.clone()).collect::<Vec<_>>();
    let unasked = |why: String| Mishap::failed(format!("nothing was removed: {why}"), false);
    let there: BTreeSet<String> = asked.containers().await.map_err(unasked)?.into_iter().map(|one| one.id).collect();
    let containers: Vec<String> = ids(Sort::Container).into_iter().filter(|id| there.contains(id)).collect();
    let nameless = nameless(asked, &containers).await.map_err(unasked)?;
    let mut failures = Vec::new();
    for id in &containers {
        one(scene, docker::remove_container(id), &mut failures).await?;
    }
    let late = |why: String| Mishap::failed(why, true);
    let named = ids(Sort::Volume);
    for volume in asked.volumes().await.map_err(late)? {
        // Those without a name went with their containers, or should have.
        if named.contains(&volume.name) || nameless.contains(&volume.name) {
            one(scene, docker::remove_volume(&volume.name), &mut failures).await?;
        }
    }
    let networks = ids(Sort::Network);
    for network in asked.networks().await.map_err(late)?.into_iter().filter(|one| networks.contains(&one.id)) {
        let others: Vec<String> =
            asked.on_network(&network.id).await.map_err(late)?.into_iter().map(|one| one.name).collect();
        match others.is_empty() {
            true => one(scene, docker::remove_network(&network.id), &mut failures).await?,
            false => failures.push(format!(
                "network {} is kept: {} is on it and is no part of this cluster; docker network disconnect {} {}",
                network.name,
                others.join(", "),
                network.name,
                others.first().map_or("", String::as_str)
            )),
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        false => {
            Err(Mishap::Failed { reason: "not everything could be removed".to_owned(), tail: failures, began: true })
        }
    }
}

/// Volumes without a name that these containers hold.
async fn nameless(asked: Docker, containers: &[String]) -> Result<BTreeSet<String>, String> {
    let containers = asked.inspect_containers(containers).await?;
    let mounts = containers.into_iter().flat_map(|one| one.mounts.unwrap_or_default());
    Ok(mounts.filter(|mount| mount.sort == "volume" && is_nameless(&mount.name)).map(|mount| mount.name).collect())
}

pub fn is_nameless(volume: &str) -> bool {
    volume.len() == NAMELESS && volume.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Removes one thing. A person who breaks it off ends all of it.
async fn one(scene: &Scene<'_>, argv: Vec<String>, failures: &mut Vec<String>) -> Result<(), Mishap> {
    match scene.act(&argv, &docker::ways(), Given::default()).await {
        Ok(()) => Ok(()),
        Err(Mishap::Stopped { reason }) => Err(Mishap::Stopped { reason }),
        Err(Mishap::Failed { reason, tail, .. }) => {
            failures.push(if tail.is_empty() { reason } else { format!("{reason}: {}", tail.join(" | ")) });
            Ok(())
        }
    }
}
