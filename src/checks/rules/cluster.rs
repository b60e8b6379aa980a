//! The cluster that the objects of the files will live in, as far as files say: its nodes, and what it is made without.

use crate::checks::quantity::Quantity;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object, Value};
use crate::model::Place;
use std::collections::BTreeMap;

/// What makes the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    K3d,
    K3s,
    Sandbox,
}

#[derive(Clone, Debug)]
pub struct Cluster {
    pub maker: Maker,
    pub name: String,
    /// Where its file says so.
    pub place: Place,
    pub nodes: Vec<Planned>,
    /// What k3s brings by itself and is told to leave out: `servicelb`, `traefik`, `local-storage`, `coredns`.
    pub disabled: BTreeMap<String, Place>,
    /// What the file says of registries, as text.
    pub registries: String,
    /// The other flags that k3s gets, by name.
    pub flags: BTreeMap<String, (String, Place)>,
    /// Ports and folders of the host that k3d gives to its nodes, as its file writes them.
    pub ports: Vec<(String, Place)>,
    pub volumes: Vec<(String, Place)>,
}

/// A node that will be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub name: String,
    /// Runs the control plane.
    pub server: bool,
    pub labels: BTreeMap<String, String>,
    /// Each as `key=value:Effect`.
    pub taints: Vec<String>,
    /// What it has to give, where its file says so.
    pub cpu: Option<Quantity>,
    pub memory: Option<Quantity>,
}

impl Planned {
    pub fn new(name: String, server: bool) -> Self {
        let labels = [
            ("kubernetes.io/hostname", name.as_str()),
            ("kubernetes.io/os", "linux"),
            ("beta.kubernetes.io/os", "linux"),
        ];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Self { name, server, labels, taints: Vec::new(), cpu: None, memory: None }
    }
    pub fn architecture(&self) -> Option<&str> {
        self.labels.get("kubernetes.io/arch").map(String::as_str)
    }
}

impl Cluster {
    pub fn of_nodes(maker: Maker, name: &str, place: Place, nodes: Vec<Planned>) -> Self {
        Self {
            maker,
            name: name.to_owned(),
            place,
            nodes,
            disabled: BTreeMap::new(),
            registries: String::new(),
            flags: BTreeMap::new(),
            ports: Vec::new(),
            volumes: Vec::new(),
        }
    }
    /// Whether these are all of its nodes. Others may join a k3s of which one file tells.
    pub fn is_whole(&self) -> bool {
        matches!(self.maker, Maker::K3d | Maker::Sandbox)
    }
    /// Whether the cluster brings this part of k3s.
    pub fn brings(&self, part: &str) -> bool {
        matches!(self.maker, Maker::K3d | Maker::K3s) && !self.disabled.contains_key(part)
    }

    /// The cluster of a k3d config file.
    pub fn of_k3d(object: &Object) -> Option<Self> {
        if object.id.group() != "k3d.io" || object.kind() != "Simple" {
            return None;
        }
        let count = |key: &str, or: i64| object.root.get(key).and_then(Node::whole).unwrap_or(or).clamp(0, 100);
        let name = object.name();
        let of_role = |role: &'static str, count: i64| {
            (0..count).map(move |at| {
                let mut node = Planned::new(format!("k3d-{name}-{role}-{at}"), role == "server");
                node.labels.insert("node.kubernetes.io/instance-type".to_owned(), "k3s".to_owned());
                if role == "server" {
                    node.labels.insert("node-role.kubernetes.io/control-plane".to_owned(), "true".to_owned());
                }
                node
            })
        };
        let mut nodes: Vec<Planned> = of_role("server", count("servers", 1)).collect();
        nodes.extend(of_role("agent", count("agents", 0)));
        for (role, is_server) in [("serversMemory", true), ("agentsMemory", false)] {
            let memory = object.root.text_at(&["options", "runtime", role]).and_then(of_docker);
            nodes.iter_mut().filter(|node| node.server == is_server).for_each(|node| node.memory.clone_from(&memory));
        }
        let mut cluster = Self::of_nodes(Maker::K3d, name, object.place(), nodes);
        cluster.registries = object.root.get("registries").map_or_else(String::new, |node| node.json().to_string());
        for volume in each(&object.root, "volumes").filter_map(|volume| volume.text_at(&["volume"])) {
            if volume.contains("/registries.yaml") {
                cluster.registries.push_str(volume);
            }
        }
        let of_host = |list: &str, key: &str| -> Vec<(String, Place)> {
            let fields = each(&object.root, list).filter_map(|one| one.field(key));
            fields.filter_map(|field| Some((field.node.text()?.to_owned(), object.place_at(field.at)))).collect()
        };
        cluster.ports = of_host("ports", "port");
        cluster.volumes = of_host("volumes", "volume");
        if let Some(port) = object.root.walk(&["kubeAPI", "hostPort"]) {
            let text = port.text().map(str::to_owned).or_else(|| port.whole().map(|port| port.to_string()));
            cluster.ports.extend(text.map(|text| (format!("{text}:6443"), object.place_at(port.at))));
        }
        let Some(k3s) = object.root.walk(&["options", "k3s"]) else { return Some(cluster) };
        for label in each(k3s, "nodeLabels") {
            let text = label.text_at(&["label"]).unwrap_or_default();
            let (key, value) = text.split_once('=').unwrap_or((text, ""));
            let filters = filters(label);
            chosen(&mut cluster.nodes, &filters).for_each(|node| {
                node.labels.insert(key.to_owned(), value.to_owned());
            });
        }
        for extra in each(k3s, "extraArgs") {
            let Some(field) = extra.field("arg") else { continue };
            let place = object.place_at(field.at);
            cluster.argument(field.node.text().unwrap_or_default(), &place, &filters(extra));
        }
        Some(cluster)
    }

    /// The cluster of a config file of k3s, which has neither kind nor name.
    pub fn of_k3s(root: &Node, name: &str, file: &str) -> Self {
        let mut node = Planned::new(root.text_at(&["node-name"]).unwrap_or(name).to_owned(), true);
        node.labels.insert("node-role.kubernetes.io/control-plane".to_owned(), "true".to_owned());
        node.labels.insert("node.kubernetes.io/instance-type".to_owned(), "k3s".to_owned());
        let place = Place { file: file.to_owned(), spot: root.at };
        let mut cluster = Self::of_nodes(Maker::K3s, name, place, vec![node]);
        for field in root.fields() {
            let place = Place { file: file.to_owned(), spot: field.at };
            let flag = |value: &str| format!("--{}={value}", field.name);
            let node = &field.node;
            let values = node.items().iter().chain(node.items().is_empty().then_some(node));
            let said = |node: &Node| match &node.value {
                Value::Text(text) => Some(text.to_string()),
                Value::Flag(is_on) => Some(is_on.to_string()),
                Value::Nothing | Value::Whole(_) | Value::Real(_) | Value::List(_) | Value::Map(_) => None,
            };
            values.filter_map(said).for_each(|value| cluster.argument(&flag(&value), &place, &[]));
        }
        cluster
    }

    /// One argument of k3s.
    fn argument(&mut self, argument: &str, place: &Place, filters: &[&str]) {
        let bare = argument.trim_start_matches('-');
        // A flag alone is switched on.
        let (flag, value) = bare.split_once('=').unwrap_or((bare, "true"));
        match flag {
            "disable" => {
                for part in value.split(',') {
                    self.disabled.insert(part.trim().to_owned(), place.clone());
                }
            }
            "node-label" => {
                let (key, value) = value.split_once('=').unwrap_or((value, ""));
                chosen(&mut self.nodes, filters).for_each(|node| {
                    node.labels.insert(key.to_owned(), value.to_owned());
                });
            }
            "node-taint" => chosen(&mut self.nodes, filters).for_each(|node| node.taints.push(value.to_owned())),
            _ => drop(self.flags.insert(flag.to_owned(), (value.to_owned(), place.clone()))),
        }
    }
}

/// An amount of memory as Docker writes it: `2g`, `512m`.
fn of_docker(text: &str) -> Option<Quantity> {
    let low = text.to_ascii_lowercase();
    let (number, unit) = low.split_at(low.trim_end_matches(char::is_alphabetic).len());
    let unit = match unit {
        "" | "b" => "",
        "k" | "kb" => "Ki",
        "m" | "mb" => "Mi",
        "g" | "gb" => "Gi",
        _ => return None,
    };
    Quantity::read(&format!("{number}{unit}"))
}

fn filters(node: &Node) -> Vec<&str> {
    each(node, "nodeFilters").filter_map(Node::text).collect()
}

/// The nodes that k3d's filters name: `server:*`, `agent:0`, `all`.
fn chosen<'n>(nodes: &'n mut [Planned], filters: &[&str]) -> impl Iterator<Item = &'n mut Planned> {
    let named = |node: &Planned, filter: &str| {
        let (role, which) = filter.split_once(':').unwrap_or((filter, "*"));
        let role = role.trim_end_matches('s');
        let own = if node.server { "server" } else { "agent" };
        let number = node.name.rsplit('-').next().unwrap_or_default();
        role == "all" || (role == own && (which == "*" || which.split([';', ',']).any(|one| one == number)))
    };
    let filters: Vec<String> = filters.iter().map(|filter| (*filter).to_owned()).collect();
    nodes.iter_mut().filter(move |node| filters.is_empty() || filters.iter().any(|filter| named(node, filter)))
}
