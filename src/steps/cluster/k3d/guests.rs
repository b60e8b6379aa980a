//! Who else holds what is of a cluster: containers on its networks, and those that have its volumes. A network with somebody on
//! it cannot be removed, and neither can a volume that somebody has, so this is asked before anything is.

use crate::sys::docker::{Container, Docker, Listed, Network, Volume};
use std::collections::BTreeSet;

/// Networks that every container may be on.
const EVERYBODYS: &[&str] = &["bridge", "host", "none"];

/// A container that is no part of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    pub id: String,
    pub name: String,
    /// What it holds: the id of a network, or the name of a volume.
    pub on: String,
    /// A registry of k3d's with a life of its own. It is taken off the network, and k3d puts it on the new one.
    pub registry: bool,
}

pub async fn of(
    docker: Docker,
    own: &[Container],
    networks: &[Network],
    volumes: &[Volume],
) -> Result<Vec<Guest>, String> {
    let mut found: Vec<(String, Listed)> = Vec::new();
    for network in networks {
        found.extend(
            docker.on_network(&network.id, &network.name).await?.into_iter().map(|one| (network.id.clone(), one)),
        );
    }
    for volume in volumes {
        found.extend(docker.with_volume(&volume.name).await?.into_iter().map(|one| (volume.name.clone(), one)));
    }
    found.retain(|(_, one)| !own.iter().any(|own| own.id == one.id));
    let ids: BTreeSet<String> = found.iter().map(|(_, one)| one.id.clone()).collect();
    let registries: BTreeSet<String> = docker
        .inspect_containers(&ids.into_iter().collect::<Vec<_>>())
        .await?
        .into_iter()
        .filter(|one| one.role == "registry" && one.cluster.is_empty())
        .map(|one| one.id)
        .collect();
    let is_network = |on: &str| networks.iter().any(|network| network.id == on);
    let guest = |(on, one): (String, Listed)| Guest {
        registry: registries.contains(&one.id) && is_network(&on),
        id: one.id,
        name: one.name,
        on,
    };
    Ok(found.into_iter().map(guest).collect())
}

/// Networks of others that a registry is on which k3d made with this cluster: others pull from it.
pub fn elsewhere<'c>(one: &'c Container, networks: &[Network]) -> Vec<&'c str> {
    let joined = one.networks.iter().flatten().filter(|_| one.role == "registry");
    // One that never ran knows no ids.
    let is_own = |name: &str, id: &str| networks.iter().any(|own| own.id == id || (id.is_empty() && own.name == name));
    joined
        .filter(|(name, joined)| !EVERYBODYS.contains(&name.as_str()) && !is_own(name, &joined.id))
        .map(|(name, _)| name.as_str())
        .collect()
}

/// In words, with what frees it.
pub fn told(guests: &[&Guest], network: Option<&str>) -> String {
    let names: Vec<&str> = guests.iter().map(|guest| guest.name.as_str()).collect();
    let (holds, first) = (if names.len() == 1 { "holds" } else { "hold" }, names.first().copied().unwrap_or_default());
    let free = match network {
        Some(network) => format!("docker network disconnect {network} {first}"),
        None => format!("docker rm {first}"),
    };
    format!("{} {holds} it and is no part of this cluster: {free}", names.join(", "))
}
