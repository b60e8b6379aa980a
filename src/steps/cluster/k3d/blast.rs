//! What dies with a cluster of k3d, what stays, and which data lies nowhere but in what dies.

use super::guests::{self, Guest};
use super::names::Names;
use super::remove::is_nameless;
use super::standing::{self, Found};
use super::{record, way};
use crate::model::count::many;
use crate::steps::cluster::contract::{Blast, Standing};
use crate::steps::target::{Mount, mounted};
use crate::sys::Look;
use crate::sys::clock;
use crate::sys::docker::Docker;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(25);
/// Where a registry keeps what it was given.
const IMAGES: &str = "/var/lib/registry";
const API: Duration = Duration::from_secs(8);
/// Where k3s's own provisioner keeps what claims keep.
const STORAGE: &str = "/var/lib/rancher/k3s/storage";

pub async fn of(look: Look, names: &Names, standing: &Standing) -> Blast {
    let mut blast = Blast::default();
    if standing.parts.is_empty() {
        return blast;
    }
    let docker = Docker::new(look, PATIENCE);
    let found = match standing::find(docker, names).await {
        Ok(found) => found,
        Err(why) => {
            blast.unknown.push(format!("what of cluster {} holds data: docker: {why}", names.cluster));
            return blast;
        }
    };
    let nodes = found.containers.iter().filter(|one| matches!(one.role.as_str(), "server" | "agent")).count();
    blast.dies.push(format!("cluster {} and its {}", names.cluster, many(nodes, "node")));
    let mounts = record::mounts(&found);
    volumes(&found, names, &mut blast);
    registries(&found, &mut blast);
    held(&found, &mut blast);
    blast.stays.extend(found.shared.iter().map(|name| format!("network {name} (others are on it)")));
    blast.stays.extend(mounts.iter().map(|mount| format!("{} (a folder of this host)", mount.host.display())));
    match live(look, docker, &found).await {
        Ok((pods, stores)) => {
            blast.dies.push(format!("{}, alive now", many(pods, "pod")));
            blast.lost.extend(lost(&stores, &mounts));
        }
        Err(why) => {
            blast.unknown.push(format!("which pods live in it, and where its volumes lie: {why}"));
            // Whoever cannot see the volumes must not take them for none.
            if mounted(&mounts, Path::new(STORAGE)).is_none() {
                let what = "what claims keep there, if anything: its API server was not heard";
                blast.lost.push((STORAGE.to_owned(), what.to_owned()));
            }
        }
    }
    blast
}

fn volumes(found: &Found, names: &Names, blast: &mut Blast) {
    for volume in &found.volumes {
        blast.dies.push(format!("volume {}", volume.name));
        if volume.name != names.images() {
            blast
                .lost
                .push((volume.name.clone(), format!("a volume of Docker's that is of cluster {}", names.cluster)));
        }
    }
    let mounts =
        || found.containers.iter().flat_map(|one| one.mounts.iter().flatten()).filter(|one| one.sort == "volume");
    let nameless = mounts().filter(|mount| is_nameless(&mount.name)).count();
    if nameless > 0 {
        blast.dies.push(many(nameless, "nameless volume"));
    }
    let mut kept: Vec<&str> = mounts().map(|mount| mount.name.as_str()).filter(|name| !is_nameless(name)).collect();
    kept.retain(|name| !found.volumes.iter().any(|volume| volume.name == *name));
    kept.sort_unstable();
    kept.dedup();
    blast.stays.extend(kept.into_iter().map(|name| format!("volume {name} (not of this cluster)")));
}

/// Registries that k3d made with the cluster go with it, and with them every image that was pushed and lies nowhere else. One with
/// a life of its own only changes its network.
fn registries(found: &Found, blast: &mut Blast) {
    for one in found.containers.iter().filter(|one| one.role == "registry") {
        blast.dies.push(format!("registry {} and the images in it", one.name));
        let images = one.mounts.iter().flatten().find(|mount| mount.destination == IMAGES);
        let kept = images.is_some_and(|mount| {
            let own = is_nameless(&mount.name) || found.volumes.iter().any(|volume| volume.name == mount.name);
            mount.sort == "bind" || (mount.sort == "volume" && !own)
        });
        if !kept {
            blast.lost.push((one.name.clone(), "images that were pushed to this registry of the cluster".to_owned()));
        }
    }
    for guest in found.guests.iter().filter(|guest| guest.registry) {
        blast.stays.push(format!("registry {} (is taken off the network that dies)", guest.name));
    }
}

/// What others hold of it, and what of it others use.
fn held(found: &Found, blast: &mut Blast) {
    let on = |name: &str| -> Vec<&Guest> {
        found.guests.iter().filter(|guest| guest.on == name && !guest.registry).collect()
    };
    for network in &found.networks {
        let guests = on(&network.id);
        if !guests.is_empty() {
            blast.held.push((format!("network {}", network.name), guests::told(&guests, Some(&network.name))));
        }
    }
    for volume in &found.volumes {
        let guests = on(&volume.name);
        if !guests.is_empty() {
            blast.held.push((format!("volume {}", volume.name), guests::told(&guests, None)));
        }
    }
    for one in &found.containers {
        let networks = guests::elsewhere(one, &found.networks);
        if let Some(first) = networks.first() {
            let free = format!("docker network disconnect {first} {}", one.name);
            let why = format!("it is on network {} too, and others may pull from it: {free}", networks.join(", "));
            blast.held.push((format!("registry {}", one.name), why));
        }
    }
}

/// How many pods there are, and the path of each volume that lies on a node, with what it belongs to.
async fn live(look: Look, docker: Docker, found: &Found) -> Result<(usize, Vec<(String, String)>), String> {
    let way = way::to(look, docker, &found.containers).await?;
    let asked = async {
        let pods = way.kube.list("v1", "Pod", None).await?;
        Ok::<_, crate::sys::kube::Trouble>((pods, way.kube.list("v1", "PersistentVolume", None).await?))
    };
    let (pods, volumes) = match clock::within(API, asked).await {
        Some(answer) => answer.map_err(|trouble| format!("{}: {trouble}", way.server))?,
        None => return Err(format!("{}: no answer within {} s", way.server, API.as_secs())),
    };
    let over = |pod: &&Value| !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    Ok((pods.iter().filter(over).count(), volumes.iter().filter_map(on_a_node).collect()))
}

/// The path of a volume that lies on a node, and what it belongs to.
fn on_a_node(volume: &Value) -> Option<(String, String)> {
    let spec = &volume["spec"];
    let path = spec["hostPath"]["path"].as_str().or_else(|| spec["local"]["path"].as_str())?;
    let name = volume["metadata"]["name"].as_str().unwrap_or_default();
    let claim = &spec["claimRef"];
    let of = match (claim["namespace"].as_str(), claim["name"].as_str()) {
        (Some(namespace), Some(claim)) => format!("claim {namespace}/{claim}, volume {name}"),
        _ => format!("volume {name}"),
    };
    Some((path.to_owned(), of))
}

/// Those that no folder of the host lies behind.
fn lost(stores: &[(String, String)], mounts: &[Mount]) -> Vec<(String, String)> {
    stores.iter().filter(|(path, _)| mounted(mounts, Path::new(path)).is_none()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn data_without_a_folder_of_the_host_behind_it_is_lost() {
        let mounts = [Mount { host: "/srv/data".into(), node: "/data".into() }];
        let of = |kind: &str, path: &str| json!({"metadata": {"name": "v"}, "spec": {kind: {"path": path}, "claimRef": {"namespace": "apps", "name": "c"}}});
        let volumes = [of("hostPath", "/data/a"), of("local", "/database"), of("hostPath", &format!("{STORAGE}/x"))];
        let stores: Vec<_> = volumes.iter().filter_map(on_a_node).collect();
        let paths: Vec<_> = lost(&stores, &mounts).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["/database".to_owned(), format!("{STORAGE}/x")]);
        assert_eq!(stores[0].1, "claim apps/c, volume v");
        assert_eq!(on_a_node(&json!({"spec": {"nfs": {"path": "/a"}}})), None);
    }
}
