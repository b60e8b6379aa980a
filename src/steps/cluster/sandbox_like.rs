//! A sandbox in the place of a cluster of k3d or k3s: the nodes that it would have, what k3s brings by itself and was not told
//! to leave out, and the folders of the host that its nodes would see. How large the nodes are says this machine, where the
//! cluster would stand on it.

use super::sandbox_config::{Config, Node};
use crate::checks::rules::cluster::{Cluster, Maker, Planned};
use crate::model::digest::Digester;
use std::path::{Path, PathBuf};

/// What k3s brings, as both its flags and the companion program call it.
const LEFT_OUT: [&str; 3] = ["local-storage", "servicelb", "traefik"];
const HELM: &str = "helm-controller";
/// The kinds of k3s itself: nothing takes them out.
const ALWAYS: &str = "k3s";

/// What is k3s's and not Kubernetes' own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Likeness {
    /// The parts of k3s that are stood in for; none for a sandbox of its own.
    pub brings: Vec<&'static str>,
    /// Where k3s would lay the volumes of local-path.
    pub storage: Option<String>,
    /// Folders and files of the host as the nodes have them.
    pub mounts: Vec<Mounted>,
    /// The nodes are as large as this machine, but for what is written of them.
    pub of_this_machine: bool,
}

/// A volume of k3d.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// None for a volume that docker keeps.
    pub host: Option<PathBuf>,
    /// Below the root of a node.
    pub node: PathBuf,
}

impl Likeness {
    fn of(ahead: &Cluster, of_this_machine: bool) -> Self {
        if ahead.maker == Maker::Sandbox {
            return Self::default();
        }
        let mut brings = vec![ALWAYS];
        let without_helm = ahead.flags.get("disable-helm-controller").is_some_and(|(value, _)| value == "true");
        brings.extend((!without_helm).then_some(HELM));
        brings.extend(LEFT_OUT.into_iter().filter(|part| ahead.brings(part)));
        // Traefik is a chart, which the Helm controller puts there.
        brings.retain(|part| *part != "traefik" || !without_helm);
        let storage = ahead.flags.get("default-local-storage-path").map(|(path, _)| path.clone());
        let mounts = ahead.volumes.iter().filter_map(|(text, _)| Mounted::read(text)).collect();
        Self { brings, storage: storage.filter(|path| path.starts_with('/')), mounts, of_this_machine }
    }

    pub fn add_to(&self, digest: &mut Digester) {
        self.brings.iter().for_each(|part| digest.add(part.as_bytes()));
        self.storage.iter().for_each(|path| digest.add(path.as_bytes()));
        self.mounts.iter().for_each(|mount| digest.add(mount.node.as_os_str().as_encoded_bytes()));
    }

    /// What a drill in it does not show, for the report.
    pub fn unproven(&self) -> Vec<String> {
        let mut told = Vec::new();
        if !self.brings.is_empty() {
            told.push(format!(
                "what k3s brings by itself was stood in for ({}): no chart was unpacked, no request routed",
                self.brings.join(", ")
            ));
        }
        if self.of_this_machine {
            told.push("the nodes had the processors and the memory of the machine that drilled".to_owned());
        }
        told
    }
}

impl Mounted {
    /// As k3d takes it: `[HOST:]NODE[:OPTIONS][@FILTER…]`.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (first, second) = (parts.next()?, parts.next());
        let (host, node) = match second {
            Some(node) if !first.contains('@') => (Some(first), node),
            Some(_) | None => (None, first),
        };
        let node = Path::new(node.split('@').next()?);
        let host = host.map(PathBuf::from).filter(|path| path.is_absolute());
        // Nothing may lead out of the folder that stands for the root.
        let plain = node.components().all(|part| !matches!(part, std::path::Component::ParentDir));
        let below = node.strip_prefix("/").ok().filter(|below| plain && below.components().next().is_some())?;
        Some(Self { host, node: below.to_owned() })
    }
}

impl Config {
    /// With nodes like those of another cluster, and with what that would bring.
    pub fn like(ahead: &Cluster, on_this_machine: bool) -> Self {
        let node = |node: &Planned| Node {
            // Those of the host and the system are its own.
            labels: node
                .labels
                .iter()
                .filter(|(key, _)| !key.starts_with("kubernetes.io/"))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            taints: node.taints.clone(),
            memory: node.memory.as_ref().map(ToString::to_string),
            ..Node::of_architecture(&node.name, node.architecture())
        };
        let nodes = ahead.nodes.iter().map(node).collect();
        Self { nodes, likeness: Likeness::of(ahead, on_this_machine), ..Self::default() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::checks::rules::cluster::Cluster;
    use crate::manifests::nodes_of;

    fn k3s(text: &str) -> Config {
        let (nodes, _) = nodes_of(text.as_bytes());
        Config::like(&Cluster::of_k3s(&nodes[0], "rack", "config.yaml"), true)
    }

    #[test]
    fn what_k3s_is_told_to_leave_out_is_not_stood_in_for() {
        let brings = |text: &str| k3s(text).likeness.brings.join(" ");
        assert_eq!(brings("node-name: rack"), "k3s helm-controller local-storage servicelb traefik");
        assert_eq!(brings("disable: [traefik, local-storage]"), "k3s helm-controller servicelb");
        assert_eq!(brings("disable-helm-controller: true"), "k3s local-storage servicelb");
        assert_eq!(
            brings("disable-helm-controller: false\ndisable: traefik,servicelb"),
            "k3s helm-controller local-storage"
        );
        assert_eq!(k3s("default-local-storage-path: /data").likeness.storage.as_deref(), Some("/data"));
    }

    #[test]
    fn a_volume_of_k3d_is_a_folder_of_the_node_and_never_leads_out_of_its_root() {
        let read = |text: &str| Mounted::read(text).map(|one| (one.host, one.node.display().to_string()));
        let host = |host: &str, node: &str| Some((Some(PathBuf::from(host)), node.to_owned()));
        assert_eq!(read("/srv/data:/data"), host("/srv/data", "data"));
        assert_eq!(read("/srv/data:/data:ro@server:0"), host("/srv/data", "data"));
        assert_eq!(read("/srv/data:/data@agent:*"), host("/srv/data", "data"));
        assert_eq!(read("kept:/data"), Some((None, "data".to_owned())));
        assert_eq!(read("/data"), Some((None, "data".to_owned())));
        assert_eq!(read("/data@server:0"), Some((None, "data".to_owned())));
        for out in ["/srv:/data/../../etc", "/srv:/", "/srv:data", ""] {
            assert_eq!(read(out), None, "{out}");
        }
    }
}
