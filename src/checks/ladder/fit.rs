//! Why a pod does not fit on the nodes: labels that no node has (F79, F43), ports in use (F49), no room (F51).

use super::cause::Cause;
use super::edit::Edit;
use super::scene::Scene;
use super::way::Way;
use crate::checks::live::Item;
use crate::checks::quantity::Quantity;
use crate::checks::selector::{NodeChoice, Selector, Want};
use crate::model::Stamp;
use serde_json::{Value, json};

const ARCH: &str = "kubernetes.io/arch";

pub fn labels_missing<'a>(scene: &Scene<'a>, pod: &'a Item) -> Option<Cause> {
    let spec = &pod.value["spec"];
    let plain = Selector::of_map(&spec["nodeSelector"]);
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let choice = NodeChoice::read(required);
    let nodes = scene.nodes();
    let nobody = |want: &&Want| !nodes.iter().any(|(_, labels)| want.met(labels));
    let in_map = plain.wants.iter().find(nobody);
    let terms =
        ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    let (want, way) = match (in_map, choice.wants().find(nobody)) {
        (Some(want), _) => (Some(want), Way::to(&["spec", "nodeSelector"]).key(&want.key)),
        (None, Some(want)) => (Some(want), Way::to(&terms)),
        (None, None) if plain.wants.is_empty() => (None, Way::to(&terms)),
        (None, None) => (None, Way::to(&["spec", "nodeSelector"])),
    };
    let origin = scene.origin(pod);
    let names: Vec<&str> = nodes.iter().map(|(node, _)| node.name()).collect();
    if let Some(want) = want.filter(|want| &*want.key == ARCH) {
        let has: Vec<&str> = nodes.iter().filter_map(|(_, labels)| labels.get(ARCH).map(|arch| &**arch)).collect();
        let message = format!("{} runs on {want} only, and the nodes have {}", origin.item.id, has.join(", "));
        let fix = "use an image for the architecture of the nodes and ask for that, or add such a node";
        return Some(Cause::new("F43", &origin.item.id, message, fix).field_in_pod(scene, pod, &way));
    }
    let message = match want {
        Some(want) => {
            format!("{} runs only where a node has label {want}, and none of {} has", origin.item.id, names.join(", "))
        }
        None => {
            let mut all: Vec<String> = plain.wants.iter().map(Want::to_string).collect();
            all.extend((!choice.is_free()).then(|| choice.to_string()));
            format!(
                "{} asks for a node with {}, and none of {} has all of that",
                origin.item.id,
                all.join(" and "),
                names.join(", ")
            )
        }
    };
    let label = want
        .and_then(|want| want.value().map(|value| format!("{}={value}", want.key)))
        .unwrap_or_else(|| "LABEL=VALUE".to_owned());
    let node = names.first().copied().unwrap_or("NODE");
    let fix = format!(
        "labels of nodes die with the cluster: write them where the nodes are made, or now: kubectl label node {node} {label}"
    );
    Some(Cause::new("F79", &origin.item.id, message, fix).field_in_pod(scene, pod, &way))
}

/// It has been given to a node and has not ended.
pub fn is_on_node(pod: &Item) -> bool {
    let ended = matches!(pod.value["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    pod.value["spec"]["nodeName"].is_string() && !ended
}

/// The ports of the host that a pod takes.
pub fn host_ports(pod: &Item) -> impl Iterator<Item = (u64, &str)> {
    let spec = &pod.value["spec"];
    let containers = ["containers", "initContainers"].into_iter().filter_map(|list| spec[list].as_array()).flatten();
    let ports = containers.filter_map(|container| container["ports"].as_array()).flatten();
    ports.filter_map(|port| {
        let of_node = if spec["hostNetwork"] == true { &port["containerPort"] } else { &Value::Null };
        let number = port["hostPort"].as_u64().or(of_node.as_u64())?;
        Some((number, port["protocol"].as_str().unwrap_or("TCP")))
    })
}

pub fn ports<'a>(scene: &Scene<'a>, pod: &'a Item, since: Option<Stamp>) -> Option<Cause> {
    let (holder, port, protocol) = host_ports(pod).find_map(|(port, protocol)| {
        let held = scene.holders(port).iter().find(|(other, by)| *by == protocol && other.id != pod.id);
        held.map(|(other, _)| (*other, port, protocol))
    })?;
    let origin = scene.origin(pod);
    let way = Way::to(&["spec", "containers"]);
    let own = scene.origin(holder).item.id == origin.item.id;
    let held = format!("port {port}/{protocol} of the node is held by {}", scene.origin(holder).item.id);
    let same = |one: &Item, other: &Item| one.owners().map(|owner| owner.uid).eq(other.owners().map(|owner| owner.uid));
    if own && same(holder, pod) {
        let message =
            format!("{}: port {port}/{protocol} of the node is held by another pod of its own", origin.item.id);
        let fix = "a port of the host can be had once a node: fewer replicas, a DaemonSet, or no hostPort";
        return Some(Cause::new("F49", &origin.item.id, message, fix).field_in_pod(scene, pod, &way));
    }
    if own && &*origin.item.id.kind == "Deployment" {
        let message = format!("{}: {held}, its own older pod, which stays until the new one runs", origin.item.id);
        let fix = "let the old pod go first: maxSurge 0 and maxUnavailable 1 (or strategy Recreate)";
        let rolling = Way::to(&["spec", "strategy", "rollingUpdate"]);
        let edit = Edit::of(&origin.item.id)
            .set(rolling.clone().key("maxSurge"), json!(0))
            .set(rolling.key("maxUnavailable"), json!(1));
        let cause = Cause::new("F49", &origin.item.id, message, fix).field_in_pod(scene, pod, &way);
        return Some(cause.may_heal(20, since).never_heals_if(!holder.is_deleted()).mended_by(scene, edit));
    }
    let message = format!("{}: {held}", origin.item.id);
    let fix = "give one of the two another host port, or put them on different nodes";
    let cause = Cause::new("F49", &origin.item.id, message, fix).field_in_pod(scene, pod, &way);
    Some(cause.may_heal(30, since).never_heals_if(!holder.is_deleted()))
}

/// What a pod asks for: its containers together, or the largest init container where that is more.
pub fn asked(pod: &Item, resource: &str) -> Quantity {
    if resource == "pods" {
        return Quantity::one();
    }
    let of = |container: &Value| {
        let asks = &container["resources"];
        let said = Quantity::of(&asks["requests"][resource]).or_else(|| Quantity::of(&asks["limits"][resource]));
        said.unwrap_or_else(Quantity::zero)
    };
    let list = |name: &str| pod.value["spec"][name].as_array().map_or(&[][..], Vec::as_slice);
    let together = list("containers").iter().map(of).fold(Quantity::zero(), |sum, one| sum.plus(&one));
    list("initContainers").iter().map(of).fold(together, Quantity::max)
}

pub fn room<'a>(scene: &Scene<'a>, pod: &'a Item, text: &str, since: Option<Stamp>) -> Option<Cause> {
    let asks_for = text.split("Insufficient ").nth(1);
    let resource = asks_for.map_or("pods", |rest| rest.split([',', ' ', '.']).next().unwrap_or(rest));
    let origin = scene.origin(pod);
    let mut free: Vec<(Quantity, Quantity, &Item)> = Vec::new();
    for (node, _) in scene.nodes() {
        let there = Quantity::of(&node.value["status"]["allocatable"][resource]).unwrap_or_else(Quantity::zero);
        free.push((there.minus(&scene.asked_of(node.name(), resource)), there, node));
    }
    let ask = asked(pod, resource);
    let way = Way::to(&["spec", "containers"]);
    let best = free.iter().max_by(|one, other| one.0.cmp(&other.0));
    let largest = free.iter().map(|(_, there, _)| there).max();
    let too_large = largest.is_some_and(|largest| *largest < ask);
    let state = match (best, largest) {
        (Some(_), Some(largest)) if too_large => format!("no node has more than {largest} in all"),
        (Some((left, there, node)), _) => format!("{} has {left} of {there} left", node.id),
        (None, _) => "no node has as much left".to_owned(),
    };
    let message = format!("{} asks for {resource} {ask} a pod: {state}", origin.item.id);
    let fix = match resource {
        "pods" => "the node takes no more pods (its maxPods): raise that, or add a node".to_owned(),
        _ => "ask for less (resources.requests), stop something else, or add a node".to_owned(),
    };
    let cause = Cause::new("F51", &origin.item.id, message, fix).field_in_pod(scene, pod, &way);
    Some(cause.may_heal(60, since).never_heals_if(too_large))
}
