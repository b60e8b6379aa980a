//! The file that makes the real cluster, where one lies in the repository: of k3d by its kind, of k3s by its keys and by a path that
//! says k3s.

use super::found::Found;
use super::tree::{relative, shown};
use crate::checks::rules::cluster::Cluster;
use crate::manifests::repository::{Repository, Sorted};
use crate::manifests::write::flow;
use crate::manifests::{nodes_of, objects_of};
use crate::model::{PlanName, Provider};
use crate::sys::Look;
use crate::sys::files;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Such a file is short.
const LARGEST: u64 = 64 << 10;

/// Flags of a server of k3s that people write into its config file. One that nobody knows means that the file is another
/// program's.
const FLAGS: [&str; 64] = [
    "advertise-address",
    "advertise-port",
    "bind-address",
    "cluster-cidr",
    "cluster-dns",
    "cluster-domain",
    "cluster-init",
    "config",
    "container-runtime-endpoint",
    "data-dir",
    "datastore-endpoint",
    "debug",
    "default-local-storage-path",
    "default-runtime",
    "disable",
    "disable-apiserver",
    "disable-cloud-controller",
    "disable-controller-manager",
    "disable-default-registry-endpoint",
    "disable-etcd",
    "disable-helm-controller",
    "disable-kube-proxy",
    "disable-network-policy",
    "disable-scheduler",
    "docker",
    "egress-selector-mode",
    "embedded-registry",
    "enable-pprof",
    "etcd-arg",
    "etcd-expose-metrics",
    "etcd-snapshot-compress",
    "etcd-snapshot-dir",
    "etcd-snapshot-name",
    "etcd-snapshot-retention",
    "etcd-snapshot-schedule-cron",
    "flannel-backend",
    "flannel-external-ip",
    "flannel-iface",
    "https-listen-port",
    "kube-apiserver-arg",
    "kube-cloud-controller-manager-arg",
    "kube-controller-manager-arg",
    "kube-proxy-arg",
    "kube-scheduler-arg",
    "kubelet-arg",
    "log",
    "node-external-ip",
    "node-ip",
    "node-label",
    "node-name",
    "node-taint",
    "pause-image",
    "prefer-bundled-bin",
    "private-registry",
    "protect-kernel-defaults",
    "resolv-conf",
    "secrets-encryption",
    "selinux",
    "service-cidr",
    "service-node-port-range",
    "snapshotter",
    "tls-san",
    "token-file",
    "write-kubeconfig-mode",
];
/// More of them, of which some hold a secret.
const OTHERS: [&str; 6] =
    ["token", "agent-token", "write-kubeconfig", "write-kubeconfig-group", "with-node-id", "vpn-auth"];

/// What a file makes.
pub struct Real {
    pub provider: Provider,
    pub file: PathBuf,
    pub cluster: Cluster,
    /// The registries.yaml beside it, where it does not name registries itself.
    registries: Option<PathBuf>,
    /// The node has no name of its own in the file: it is called as its host is.
    pub nameless: bool,
}

impl Real {
    /// The files of k3d that a plan can name, then those of k3s.
    pub fn all(look: Look, repository: &Repository, k3s: &[PathBuf]) -> Vec<Self> {
        let beside = |file: &Path| {
            let registries = repository.beside.iter().filter(|beside| beside.sort == Sorted::Registries);
            registries.map(|beside| PathBuf::from(&beside.file)).find(|path| path.parent() == file.parent())
        };
        let of_k3d = repository.tools.iter().filter_map(|object| {
            let cluster = Cluster::of_k3d(object)?;
            let file = PathBuf::from(&cluster.place.file);
            // k3d reads one document, and a plan has names that Kubernetes would take too.
            let bytes = files::read(look, &file, LARGEST).ok()?;
            let alone = objects_of(&bytes, false, &cluster.place.file).0.len() == 1;
            let registries = beside(&file).filter(|_| cluster.registries.is_empty());
            let usable = alone && PlanName::new(&cluster.name).is_ok();
            usable.then_some(Self { provider: Provider::K3d, file, cluster, registries, nameless: false })
        });
        let of_k3s = k3s.iter().filter_map(|file| {
            let root = nodes_of(&files::read(look, file, LARGEST).ok()?).0.into_iter().next()?;
            let nameless = root.get("node-name").is_none();
            let cluster = Cluster::of_k3s(&root, "", &file.display().to_string());
            Some(Self { provider: Provider::K3s, file: file.clone(), cluster, registries: beside(file), nameless })
        });
        of_k3d.chain(of_k3s).collect()
    }

    /// The value of `cluster` in a plan that lies in this folder; `name` is what it says where the plan's own would not do.
    pub fn value(&self, found: &Found, home: &Path, name: Option<&str>) -> String {
        let word = |text: &str| flow(&Value::from(text));
        let mut value = format!("{{provider: {}", self.provider);
        if let Some(name) = name.filter(|name| *name != found.name) {
            value.push_str(&format!(", name: {}", word(name)));
        }
        value.push_str(&format!(", config: {}", word(&shown(&relative(home, &self.file)))));
        if let Some(registries) = &self.registries {
            value.push_str(&format!(", registries: {}", word(&shown(&relative(home, registries)))));
        }
        value + "}"
    }
}

/// Whether a file is one by which a server of k3s is made: its path says k3s, and each of its keys is a flag of it. One that joins
/// another server makes no cluster.
pub fn is_k3s(look: Look, top: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(top).unwrap_or(path);
    let says = below.components().any(|part| part.as_os_str().to_string_lossy().to_lowercase().contains("k3s"));
    if !says {
        return false;
    }
    let Ok(bytes) = files::read(look, path, LARGEST) else { return false };
    let (nodes, broken) = nodes_of(&bytes);
    let [root] = nodes.as_slice() else { return false };
    let known = |name: &str| {
        let name = name.trim_end_matches('+');
        FLAGS.contains(&name) || OTHERS.contains(&name)
    };
    let fields = root.fields();
    broken.is_empty() && !fields.is_empty() && fields.iter().all(|field| known(&field.name))
}
