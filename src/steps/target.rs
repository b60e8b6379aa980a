//! The cluster that a run builds, shared by its steps: made by one of them, used by the others, taken down at the end of a
//! drill. It is never a cluster that the run did not make.

use crate::sys::kube::Kube;
use crate::sys::sandbox::{About, Sandbox};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What the run folder calls the file that says where its cluster is, so that a later process finds it again.
pub const FILE: &str = "target.json";

/// And the way to a cluster that is none of its processes: on a host, or of containers.
pub const WAYS: [&str; 2] = [WAY, "kubeconfig"];
pub const WAY: &str = "kubeconfig.yaml";

/// What lies beneath the nodes of a cluster.
pub enum Ground {
    /// Child processes, with a host of their own in a folder.
    Sandbox(Box<About>),
    /// Containers: a path of a node is one of this host where it was mounted, and only there.
    Containers { mounts: Vec<Mount> },
    /// A host, this one or another.
    Host { other: Option<String> },
}

/// A folder of the host as the nodes have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    pub host: PathBuf,
    pub node: PathBuf,
}

/// A cluster that answers.
pub struct Up {
    pub kube: Kube,
    pub name: String,
    pub server: String,
    pub version: String,
    /// UID of the namespace kube-system: no other cluster has it.
    pub uid: String,
    pub kubeconfig: PathBuf,
    /// Nobody named its nodes.
    pub nameless: bool,
    pub ground: Ground,
}

impl Up {
    pub fn sandbox(kube: Kube, about: About, nameless: bool) -> Self {
        let About { name, server, version, uid, kubeconfig, .. } = about.clone();
        Self { kube, name, server, version, uid, kubeconfig, nameless, ground: Ground::Sandbox(Box::new(about)) }
    }
    pub fn as_sandbox(&self) -> Option<&About> {
        match &self.ground {
            Ground::Sandbox(about) => Some(about),
            Ground::Containers { .. } | Ground::Host { .. } => None,
        }
    }
    /// A path of a node as it is called on this machine; none where it does not lie on this machine.
    pub fn on_host(&self, path: &Path) -> Option<PathBuf> {
        match &self.ground {
            Ground::Sandbox(about) => Some(about.host_root.join(path.strip_prefix("/").unwrap_or(path))),
            Ground::Containers { mounts } => mounted(mounts, path),
            Ground::Host { other: None } => Some(path.to_owned()),
            Ground::Host { other: Some(_) } => None,
        }
    }
}

/// Where a path of a node lies on the host: by the innermost mount that holds it.
pub fn mounted(mounts: &[Mount], path: &Path) -> Option<PathBuf> {
    let around = mounts.iter().filter_map(|mount| Some((mount, path.strip_prefix(&mount.node).ok()?)));
    let (mount, rest) = around.max_by_key(|(mount, _)| mount.node.components().count())?;
    Some(if rest.as_os_str().is_empty() { mount.host.clone() } else { mount.host.join(rest) })
}

/// Where the cluster will be, once it is.
#[derive(Default)]
pub struct Target {
    up: RefCell<Option<Rc<Up>>>,
    /// Held while the cluster shall live, where it is a child of this process.
    sandbox: RefCell<Option<Sandbox>>,
}

impl Target {
    pub fn is(&self, up: Up, sandbox: Option<Sandbox>) {
        *self.up.borrow_mut() = Some(Rc::new(up));
        *self.sandbox.borrow_mut() = sandbox;
    }
    pub fn up(&self) -> Option<Rc<Up>> {
        self.up.borrow().clone()
    }
    /// The cluster as a step needs it, or the words for that there is none.
    pub fn required(&self) -> Result<Rc<Up>, String> {
        self.up().ok_or_else(|| "there is no cluster: its step has not been verified in this run".to_owned())
    }
    /// Names the one cluster that this is: another has another.
    pub fn uid(&self) -> Option<String> {
        self.up.borrow().as_ref().map(|up| up.uid.clone())
    }
    pub fn leave(&self) -> (Option<Rc<Up>>, Option<Sandbox>) {
        (self.up.borrow_mut().take(), self.sandbox.borrow_mut().take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_a_node_lies_where_its_innermost_mount_does_or_nowhere() {
        let mount = |host: &str, node: &str| Mount { host: host.into(), node: node.into() };
        let mounts = [mount("/srv", "/srv"), mount("/data/fast", "/srv/fast"), mount("/opt/x", "/one/file.yaml")];
        let on_host = |path: &str| mounted(&mounts, Path::new(path)).map(|path| path.display().to_string());
        assert_eq!(on_host("/srv/media/films").as_deref(), Some("/srv/media/films"));
        assert_eq!(on_host("/srv/fast/db").as_deref(), Some("/data/fast/db"));
        assert_eq!(on_host("/one/file.yaml").as_deref(), Some("/opt/x"));
        assert_eq!(on_host("/srvr/x"), None);
        assert_eq!(on_host("/var/lib/rancher/k3s/storage/pvc-1"), None);
    }
}
