//! F65, F79: pods that no planned node takes, for want of a label or for a taint.

use super::ground::{Ground, Workload};
use super::nodes::{Demand, Fit, Nodes, is_put_on, keeps_out};
use super::{Rule, Told};
use crate::checks::ladder::Mend;
use crate::checks::ladder::edit::Set;
use crate::checks::ladder::way::Way;
use crate::checks::names::listed;
use crate::manifests::Node;
use crate::model::Severity;
use serde_json::{Value, json};

pub const RULE: Rule = Rule { ids: &["F65", "F79"], pages: &[], look };

fn look(ground: &Ground<'_>, told: &mut Told) {
    let Some(cluster) = ground.cluster.as_ref().filter(|cluster| !cluster.nodes.is_empty()) else { return };
    let nodes = Nodes::of(cluster);
    // Another node may join, and a DaemonSet on no node is as its author may have wanted it.
    let severity = |workload: &Workload<'_>| match cluster.is_whole() && workload.object.kind() != "DaemonSet" {
        true => Severity::Error,
        false => Severity::Warning,
    };
    let at = &cluster.place;
    for workload in &ground.workloads {
        if workload.replicas() == Some(0) || workload.spec.get("nodeName").is_some() {
            continue;
        }
        let demand = Demand::of(workload.spec);
        let fit: Vec<_> = nodes.fit(&demand).collect();
        if fit.is_empty() {
            let message = format!("asks for a node with {demand}, and no planned node has that ({at})");
            let fix = "write the label where the nodes are made, or ask for what they have";
            told.say("F79", severity(workload), workload.object, place_of(workload), message, fix);
            continue;
        }
        if fit.iter().all(|(_, fit)| *fit == Fit::Perhaps) && workload.object.kind() != "DaemonSet" {
            let keys: Vec<&str> = demand.wants().map(|want| &*want.key).filter(|key| is_put_on(key)).collect();
            let message = format!("asks for a node with {demand}");
            let missing = format!("who puts {} on the planned nodes ({at})", listed(&keys, 3));
            told.unknown("F79", workload.object, place_of(workload), message, missing);
        }
        let kept: Option<Vec<_>> =
            fit.iter().map(|(node, _)| keeps_out(node, workload).map(|taint| (node, taint))).collect();
        let Some(kept) = kept else { continue };
        let Some((node, taint)) = kept.first() else { continue };
        let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
        let shown = format!("{}{value}:{}", taint.key, taint.effect);
        let others = match kept.len() {
            1 => format!("of node {}", node.name),
            count => format!("of node {} and what the {} others have", node.name, count - 1),
        };
        let message = format!("does not tolerate taint {shown} {others} ({at}): no planned node takes its pods");
        let fix = format!("add a toleration of {}, or take the taint out of the plan of the nodes", taint.key);
        let place = workload.place(&["tolerations"]);
        let mend = told.say("F65", severity(workload), workload.object, place, message, fix);
        if kept.len() == 1 {
            let mut toleration = json!({"key": taint.key, "operator": "Exists", "effect": taint.effect});
            if !taint.value.is_empty() {
                toleration["operator"] = json!("Equal");
                toleration["value"] = json!(taint.value);
            }
            // The list is replaced as a whole: what stood in it stays in it.
            let mut all: Vec<Value> =
                workload.spec.get("tolerations").map_or(&[][..], Node::items).iter().map(Node::json).collect();
            all.push(toleration);
            let way = Way::to(workload.way).keys(&["spec", "tolerations"]);
            *mend = Some(Mend::new(workload.object, vec![Set { way, value: Value::Array(all) }], "toleration"));
        }
    }
}

fn place_of(workload: &Workload<'_>) -> crate::model::Place {
    match workload.spec.get("nodeSelector") {
        Some(_) => workload.place(&["nodeSelector"]),
        None => workload.place(&["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]),
    }
}
