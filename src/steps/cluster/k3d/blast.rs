//! What dies with a cluster of k3d, what stays, and which data lies nowhere but in what dies.

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
