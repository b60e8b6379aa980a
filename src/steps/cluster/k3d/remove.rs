//! Removes parts of a cluster from Docker: these, by their ids, and nothing that merely has their names. k3d is not asked to: it
//! deletes by name, and says that it has deleted what lives on.

use super::guests::{self, Guest};
use super::standing::{self, volume_id};
use crate::steps::cluster::contract::{Part, Sort};
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::docker::{self, Container, Docker, Network, Volume};
use crate::sys::process::Given;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long the questions before a removal may take. Removals take their own time.
const PATIENCE: Duration = Duration::from_secs(60);
/// A name that Docker gave a volume that nobody named.
const NAMELESS: usize = 64;

/// Removes them: containers, then volumes, then networks. What cannot be removed is a failure that names it; the rest is removed
/// all the same. Nothing is where another daemon answers than the one that keeps them, or where somebody else holds any of it.
pub async fn remove(scene: &Scene<'_>, parts: &[Part], keeper: Option<&str>) -> Result<(), Mishap> {
    let asked = || Docker::new(scene.touch.look(), PATIENCE);
    let ids =
        |sort: Sort| parts.iter().filter(|part| part.sort == sort).map(|part| part.id.clone()).collect::<Vec<_>>();
    let unasked = |why: String| Mishap::failed(format!("nothing was removed: {why}"), false);
    is_kept(asked(), keeper).await.map_err(unasked)?;
    let there: BTreeSet<String> = asked().containers().await.map_err(unasked)?.into_iter().map(|one| one.id).collect();
    let containers: Vec<String> = ids(Sort::Container).into_iter().filter(|id| there.contains(id)).collect();
    let nameless = nameless(asked(), &containers).await.map_err(unasked)?;
    let (guests, held) = held(asked(), parts).await.map_err(unasked)?;
    if !held.is_empty() {
        let reason = "nothing was removed: somebody else holds a part of it".to_owned();
        return Err(Mishap::Failed { reason, tail: held, began: false });
    }
    let mut failures = Vec::new();
    for id in &containers {
        one(scene, docker::remove_container(id), &mut failures).await?;
    }
    let late = |why: String| Mishap::failed(why, true);
    // Containers have ids that no other daemon knows. A name is anybody's.
    is_kept(asked(), keeper).await.map_err(late)?;
    let mut named = of_these(asked(), &ids(Sort::Volume)).await.map_err(late)?;
    let all = asked().volumes().await.map_err(late)?.into_iter();
    // Those without a name went with their containers, or should have.
    named.extend(all.map(|one| one.name).filter(|name| nameless.contains(name)));
    for volume in named {
        one(scene, docker::remove_volume(&volume), &mut failures).await?;
    }
    let networks = ids(Sort::Network);
    for network in asked().networks().await.map_err(late)?.into_iter().filter(|one| networks.contains(&one.id)) {
        for guest in guests.iter().filter(|guest| guest.on == network.id && guest.registry) {
            one(scene, docker::disconnect(&network.id, &guest.id), &mut failures).await?;
        }
        let others: Vec<String> = asked()
            .on_network(&network.id, &network.name)
            .await
            .map_err(late)?
            .into_iter()
            .map(|one| one.name)
            .collect();
        match others.is_empty() {
            true => one(scene, docker::remove_network(&network.id), &mut failures).await?,
            false => failures.push(format!("network {} is kept: {} came onto it", network.name, others.join(", "))),
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        false => {
            Err(Mishap::Failed { reason: "not everything could be removed".to_owned(), tail: failures, began: true })
        }
    }
}

async fn is_kept(asked: Docker, keeper: Option<&str>) -> Result<(), String> {
    let Some(keeper) = keeper else { return Ok(()) };
    let now = standing::keeper(&asked.daemon().await?);
    match now == keeper {
        true => Ok(()),
        false => Err(format!("{now} answers, and all of this is of {keeper}")),
    }
}

/// Who holds what of these parts, and what of it keeps them from being removed.
async fn held(asked: Docker, parts: &[Part]) -> Result<(Vec<Guest>, Vec<String>), String> {
    let of = |sort: Sort| parts.iter().filter(move |part| part.sort == sort);
    let known: BTreeSet<String> = asked.networks().await?.into_iter().map(|one| one.id).collect();
    let networks: Vec<Network> = of(Sort::Network)
        .filter(|part| known.contains(&part.id))
        .map(|part| Network { id: part.id.clone(), name: part.name.clone(), ..Network::default() })
        .collect();
    let volumes: Vec<Volume> =
        of(Sort::Volume).map(|part| Volume { name: part.name.clone(), ..Volume::default() }).collect();
    let own: Vec<Container> =
        of(Sort::Container).map(|part| Container { id: part.id.clone(), ..Container::default() }).collect();
    let guests = guests::of(asked, &own, &networks, &volumes).await?;
    let mut held = Vec::new();
    let on = |id: &str| -> Vec<&Guest> { guests.iter().filter(|guest| guest.on == id && !guest.registry).collect() };
    for network in &networks {
        let others = on(&network.id);
        if !others.is_empty() {
            held.push(format!("network {}: {}", network.name, guests::told(&others, Some(&network.name))));
        }
    }
    for volume in &volumes {
        let others = on(&volume.name);
        if !others.is_empty() {
            held.push(format!("volume {}: {}", volume.name, guests::told(&others, None)));
        }
    }
    Ok((guests, held))
}

/// The names of those volumes that are still these very ones, and not others that were made with their names.
async fn of_these(asked: Docker, ids: &[String]) -> Result<Vec<String>, String> {
    let all: Vec<String> = asked.volumes().await?.into_iter().map(|one| one.name).collect();
    let named: Vec<String> =
        all.into_iter().filter(|name| ids.iter().any(|id| id.starts_with(&format!("{name}@")))).collect();
    let found = asked.inspect_volumes(&named).await?;
    Ok(found.into_iter().filter(|one| ids.contains(&volume_id(one))).map(|one| one.name).collect())
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
