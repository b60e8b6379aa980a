//! The cluster of a plan: what a file of k3d or k3s makes, else a sandbox with the nodes that volumes and pods name, as far as one
//! file can say them.

use super::found::Found;
use super::real::Real;
use super::tree::{relative, shown};
use super::{Sketch, questions};
use crate::manifests::pods::each;
use crate::manifests::write::flow;
use crate::manifests::{Node, Object};
use crate::model::{Place, PlanName, Provider, Spot};
use crate::steps::cluster::sandbox_config as config;
use crate::sys::Look;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What the objects ask of nodes: their names and labels, each with the first place that says so.
#[derive(Default)]
struct Pins {
    hosts: BTreeMap<String, Place>,
    labels: BTreeMap<(String, String), Place>,
}

/// Labels that every node has, by what it is.
const USUAL: [&str; 5] = [
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "node.kubernetes.io/instance-type",
];
const HOSTNAME: &str = "kubernetes.io/hostname";

impl Pins {
    fn of(objects: &[Arc<Object>]) -> Self {
        let mut pins = Self::default();
        for object in objects {
            if object.kind() == "PersistentVolume" {
                pins.terms(object, object.root.walk(&["spec", "nodeAffinity", "required"]));
            }
            let Some(spec) = object.pod_template().and_then(|(template, _)| template.get("spec")) else { continue };
            for field in spec.get("nodeSelector").map_or(&[][..], Node::fields) {
                pins.add(object, &field.name, field.node.text().unwrap_or_default(), field.at);
            }
            let required = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
            pins.terms(object, spec.walk(&required));
        }
        pins
    }
    fn terms(&mut self, object: &Object, required: Option<&Node>) {
        let terms = required.into_iter().flat_map(|required| each(required, "nodeSelectorTerms"));
        for expression in terms.flat_map(|term| each(term, "matchExpressions")) {
            let (Some(key), Some(operator)) = (expression.text_at(&["key"]), expression.text_at(&["operator"])) else {
                continue;
            };
            let mut values = each(expression, "values").filter_map(|value| Some((value.text()?, value.at)));
            match operator {
                "In" if key == HOSTNAME => values.for_each(|(value, at)| self.add(object, key, value, at)),
                "In" => values.next().into_iter().for_each(|(value, at)| self.add(object, key, value, at)),
                "Exists" => self.add(object, key, "true", expression.at),
                _ => {}
            }
        }
    }
    fn add(&mut self, object: &Object, key: &str, value: &str, at: Spot) {
        let place = object.place_at(at);
        if key == HOSTNAME {
            self.hosts.entry(value.to_owned()).or_insert(place);
        } else if !USUAL.contains(&key) && !key.starts_with("node-role.kubernetes.io/") {
            self.labels.entry((key.to_owned(), value.to_owned())).or_insert(place);
        }
    }
}

/// The cluster that a file of k3d or k3s makes. A drill makes a sandbox like it.
fn of_real(found: &Found, home: &Path, pins: &Pins, first: &Real, others: &[Real], sketch: &mut Sketch) {
    let way = |real: &Real| shown(&relative(home, &real.file));
    let about = &mut sketch.about_cluster;
    about.extend(others.iter().map(|other| {
        let (other, own) = (way(other), way(first));
        format!("{other} makes a cluster too: is it that of another plan, or is this one not made by {own}?")
    }));
    about.extend(found.sandboxes.iter().map(|path| {
        let other = shown(&relative(home, path));
        format!("{other} describes a sandbox, and a drill makes one like the cluster of {}: is it needed?", way(first))
    }));
    // The node of a k3s that its file does not name is called as its host is.
    let host = match pins.hosts.keys().collect::<Vec<_>>().as_slice() {
        [host] if first.nameless && PlanName::new(host).is_ok() => Some((*host).clone()),
        _ => None,
    };
    let name = match first.provider {
        Provider::K3d => Some(first.cluster.name.as_str()),
        Provider::K3s | Provider::Sandbox => host.as_deref(),
    };
    sketch.cluster = first.value(found, home, name);
    if first.provider == Provider::K3s {
        about.push(
            "host: root@NAME   does k3s live on the host where this plan is run? Else this says where; `install` names \
             its program for a host that has none"
                .to_owned(),
        );
    }
    let mut nodes: Vec<&str> = first.cluster.nodes.iter().map(|node| node.name.as_str()).collect();
    if first.nameless {
        nodes = vec![name.unwrap_or(&found.name)];
    }
    let lacking = |what: &str, place: &Place| format!("{what} ({place})");
    let hosts = pins.hosts.iter().filter(|(host, _)| !nodes.contains(&host.as_str()));
    let mut asked: Vec<String> = hosts.map(|(host, place)| lacking(&format!("node {host}"), place)).collect();
    let has = |key: &String, value: &String| first.cluster.nodes.iter().any(|node| node.labels.get(key) == Some(value));
    let labels = pins.labels.iter().filter(|((key, value), _)| !has(key, value));
    asked.extend(labels.map(|((key, value), place)| lacking(&format!("label {key}={value}"), place)));
    if !asked.is_empty() {
        about.push(format!(
            "{} makes {}, and these ask for others: {}. What gives them?",
            way(first),
            nodes.join(", "),
            questions::some(&asked)
        ));
    }
}

pub fn cluster(look: Look, found: &Found, home: &Path, objects: &[Arc<Object>], sketch: &mut Sketch) {
    let pins = Pins::of(objects);
    if let Some((first, others)) = found.real.split_first() {
        return of_real(found, home, &pins, first, others, sketch);
    }
    let about = &mut sketch.about_cluster;
    let spot = Spot { line: 1, column: 1 };
    let described = found.sandboxes.iter().filter_map(|path| {
        let way = shown(&relative(home, path));
        let config = config::read(look, home, "", &way, spot).ok()?;
        Some((way, config.names()))
    });
    let (fitting, others): (Vec<_>, Vec<_>) =
        described.partition(|(_, names)| !names.is_empty() && pins.hosts.keys().all(|host| names.contains(host)));
    let mut fitting = fitting.into_iter();
    if let Some((way, _)) = fitting.next() {
        about.extend(
            fitting
                .chain(others.iter().cloned())
                .map(|(other, _)| format!("{other} describes a sandbox too: which of them is like the real cluster?")),
        );
        sketch.cluster = format!("{{provider: sandbox, config: {}}}", flow(&Value::from(way)));
        return;
    }
    about.extend(others.iter().map(|(other, names)| {
        let lacks: Vec<&String> = pins.hosts.keys().filter(|host| !names.contains(host)).collect();
        let lacks = lacks.first().map_or("any node", |host| host.as_str());
        format!("{other} describes a sandbox without {lacks}, which objects name: is it that of another plan?")
    }));
    let alone = match pins.hosts.keys().collect::<Vec<_>>().as_slice() {
        [host] if PlanName::new(host).is_ok() => Some((*host).clone()),
        _ => None,
    };
    sketch.cluster = match &alone {
        Some(host) => format!("{{provider: sandbox, name: {}}}", flow(&Value::from(host.as_str()))),
        None => "{provider: sandbox}".to_owned(),
    };
    let wants = |what: String, place: &Place| format!("{what} ({place})");
    let mut asked: Vec<String> = Vec::new();
    if alone.is_none() {
        asked.extend(pins.hosts.iter().map(|(host, place)| wants(format!("node {host}"), place)));
    }
    asked.extend(pins.labels.iter().map(|((key, value), place)| wants(format!("label {key}={value}"), place)));
    if asked.is_empty() {
        return;
    }
    let labels: serde_json::Map<String, Value> =
        pins.labels.keys().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    let hosts: Vec<String> = match pins.hosts.is_empty() {
        true => vec![found.name.clone()],
        false => pins.hosts.keys().cloned().collect(),
    };
    let labels = if labels.is_empty() { String::new() } else { format!(", labels: {}", flow(&Value::Object(labels))) };
    let node = |host: &String| format!("{{name: {}{labels}}}", flow(&Value::from(host.as_str())));
    let file = format!("nodes: [{}]", hosts.iter().map(node).collect::<Vec<_>>().join(", "));
    about.push(format!(
        "the sandbox has one node, and these ask for others: {}. How is that in the real \
         cluster? Write it into a file, as {file}, and name the file here as `config`",
        questions::some(&asked)
    ));
}
