//! F49: ports of the host, which a node has once. What else on the host holds them, and what k3s' load balancer takes, is
//! not known here.

use super::ground::{Ground, Workload};
use super::nodes::{Demand, Nodes};
use super::{Rule, Told};
use crate::manifests::pods::each;
use crate::manifests::{Node, Value};
use crate::model::{Place, Severity};
use std::collections::HashMap;

pub const RULE: Rule = Rule { ids: &["F49"], pages: &[], look };

struct Port<'o> {
    number: i64,
    protocol: &'o str,
    address: &'o str,
    place: Place,
}

fn look(ground: &Ground<'_>, told: &mut Told) {
    let nodes = ground.cluster.as_ref().map(Nodes::of);
    // Who was first to take a port of the one node that there is.
    let mut taken: HashMap<(&str, i64, &str), Vec<(&Workload<'_>, Port<'_>)>> = HashMap::new();
    for workload in ground.workloads.iter().filter(|workload| workload.serves() && workload.replicas() != Some(0)) {
        let ports = ports(workload);
        let Some(first) = ports.first() else { continue };
        let open = nodes.as_ref().map(|nodes| nodes.open_to(workload));
        let whole = ground.cluster.as_ref().is_some_and(|cluster| cluster.is_whole());
        let pinned = Demand::of(workload.spec).is_of_one_node();
        let count = match &open {
            Some(open) if whole || pinned => open.len(),
            Some(_) | None if pinned => 1,
            Some(_) | None => continue,
        };
        if let (Some(pods), true) = (workload.replicas(), count > 0) {
            rollout(workload, first, pods, count, told);
        }
        let only = match open.as_deref() {
            Some([only]) if whole => only.name.as_str(),
            Some(_) | None => continue,
        };
        for port in ports {
            let held = taken.entry((only, port.number, port.protocol)).or_default();
            let any = |address: &str| matches!(address, "" | "0.0.0.0" | "::");
            let other = held.iter().find(|(other, held)| {
                let same = std::ptr::eq(other.object, workload.object);
                !same && (any(held.address) || any(port.address) || held.address == port.address)
            });
            match other {
                Some((other, held)) => {
                    let message = format!(
                        "wants port {} of the host, which {} takes too ({}); {only} is the only node for both",
                        port.number, other.object.id, held.place
                    );
                    let fix = "give one of them another port, or a Service in place of a port of the host";
                    told.say("F49", Severity::Error, workload.object, port.place, message, fix);
                }
                None => held.push((workload, port)),
            }
        }
    }
}

/// The ports of the host that one pod takes. In the network of the host every port of a container is one.
fn ports<'o>(workload: &Workload<'o>) -> Vec<Port<'o>> {
    let shared = workload.spec.get("hostNetwork").and_then(Node::flag) == Some(true);
    // A container that ends before the others start holds no port against them.
    let stays = |(list, container): &(&str, &Node)| {
        *list == "containers" || container.text_at(&["restartPolicy"]) == Some("Always")
    };
    let of_one = |container: &'o Node| {
        each(container, "ports").filter_map(move |port| {
            let field = port.field("hostPort").or_else(|| port.field("containerPort").filter(|_| shared))?;
            Some(Port {
                number: field.node.whole().filter(|number| *number > 0)?,
                protocol: port.text_at(&["protocol"]).unwrap_or("TCP"),
                address: port.text_at(&["hostIP"]).unwrap_or_default(),
                place: workload.object.place_at(field.at),
            })
        })
    };
    workload.containers().filter(stays).flat_map(|(_, container)| of_one(container)).collect()
}

fn rollout(workload: &Workload<'_>, port: &Port<'_>, pods: i64, nodes: usize, told: &mut Told) {
    let room = i64::try_from(nodes).unwrap_or(i64::MAX);
    let nodes = if nodes == 1 { "one node".to_owned() } else { format!("{nodes} nodes") };
    if pods > room {
        let message = format!("wants {pods} pods with port {} of the host, and has {nodes} for them", port.number);
        let fix = "a DaemonSet, as many replicas as there are nodes, or no port of the host";
        told.say("F49", Severity::Error, workload.object, port.place.clone(), message, fix);
        return;
    }
    let Some((surge, unavailable)) = steps(workload, pods) else { return };
    if surge > 0 && unavailable == 0 && pods == room {
        let strategy = workload.object.place_of(&["spec", "strategy"]);
        let message = format!(
            "a new version waits for ever: its pod wants port {} of the host ({}), the old one keeps it, and there is {nodes}",
            port.number, port.place
        );
        let fix = "strategy: {type: Recreate}, or rollingUpdate: {maxSurge: 0, maxUnavailable: 1}";
        told.say("F49", Severity::Warning, workload.object, strategy, message, fix);
    }
}

/// How many pods more, and how many fewer, a rolling update may have at a time: shares are rounded up and down. Only a
/// Deployment starts new pods before old ones are gone.
fn steps(workload: &Workload<'_>, pods: i64) -> Option<(i64, i64)> {
    let root = &workload.object.root;
    if workload.object.kind() != "Deployment" || root.text_at(&["spec", "strategy", "type"]) == Some("Recreate") {
        return None;
    }
    let share = |name: &str, round: i64| {
        let Some(node) = root.walk(&["spec", "strategy", "rollingUpdate", name]) else {
            return Some((25 * pods + round) / 100);
        };
        match &node.value {
            Value::Whole(number) => Some(*number),
            Value::Text(text) => {
                Some(text.strip_suffix('%')?.parse::<i64>().ok()?.checked_mul(pods)?.checked_add(round)? / 100)
            }
            Value::Nothing => Some((25 * pods + round) / 100),
            Value::Flag(_) | Value::Real(_) | Value::List(_) | Value::Map(_) => None,
        }
    };
    let (surge, unavailable) = (share("maxSurge", 99)?, share("maxUnavailable", 0)?);
    // Where both come to nothing, Kubernetes lets one go.
    Some(if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) })
}
