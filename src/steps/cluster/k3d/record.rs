//! What a run writes down of the cluster that it made, so that a later process finds this one and no other.

use super::standing::Found;
use crate::steps::target::Mount;
use crate::sys::docker::Container;
use crate::sys::{Look, Touch, files};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const FILE: &str = "cluster.json";
const KUBECONFIG: &str = "kubeconfig";
const LONGEST: u64 = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub name: String,
    /// Names the Docker daemon: another one knows nothing of this cluster, which says nothing about it.
    pub daemon: String,
    /// The ids of its containers.
    pub containers: Vec<String>,
    pub uid: String,
    pub version: String,
    pub server: String,
    pub mounts: Vec<Mount>,
}

impl Record {
    pub fn read(look: Look, run: &Path) -> Result<Option<Self>, String> {
        let path = run.join(FILE);
        match files::read(look, &path, LONGEST) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| format!("{}: {error}", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }
    pub fn write(&self, touch: &Touch, run: &Path) -> Result<(), String> {
        let path = run.join(FILE);
        let text = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        files::replace(touch, &path, &text).map_err(|error| format!("{}: {error}", path.display()))
    }
    /// The ids that are there of those that were made, as far as they are the same.
    pub fn is_of(&self, found: &Found) -> bool {
        let mut now: Vec<&str> =
            found.containers.iter().filter(|one| is_lasting(one)).map(|one| one.id.as_str()).collect();
        let mut then: Vec<&str> = self.containers.iter().map(String::as_str).collect();
        now.sort_unstable();
        then.sort_unstable();
        now == then
    }
}

/// Whether a container stays: the helper that k3d makes clusters with comes and goes.
pub fn is_lasting(one: &Container) -> bool {
    one.role != "noRole" && !one.name.ends_with("-tools")
}

pub fn kubeconfig(run: &Path) -> PathBuf {
    run.join(KUBECONFIG)
}

/// Folders of the host that every server and agent has.
pub fn mounts(found: &Found) -> Vec<Mount> {
    let mut nodes = found.containers.iter().filter(|one| matches!(one.role.as_str(), "server" | "agent"));
    let of = |one: &Container| -> Vec<Mount> {
        let binds = one.mounts.iter().flatten().filter(|mount| mount.sort == "bind");
        binds.map(|mount| Mount { host: mount.source.clone().into(), node: mount.destination.clone().into() }).collect()
    };
    let Some(mut common) = nodes.next().map(of) else { return Vec::new() };
    for node in nodes {
        let own = of(node);
        common.retain(|mount| own.contains(mount));
    }
    common
}
