//! F86: pods that have to keep apart and have no room for it: required anti-affinity and strict topology spread.

use super::ground::{Ground, Workload};
use super::nodes::{Nodes, is_put_on};
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::checks::selector::Selector;
use crate::manifests::Node;
use crate::manifests::pods::each;
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F86"],
    pages: &[cause(
        "F86",
        "Pods that must keep apart, on too few nodes",
        "Required anti-affinity, or a strict topology spread, keeps the pods of a workload on different nodes. The cluster \
         that is made anew has fewer nodes than the one before, or none with the label that the spread goes by. Those that \
         find no node stay Pending, and whoever waits for all of them waits for ever.",
        "Run as many pods as there are nodes, or make the rule a wish: preferredDuringScheduling…, ScheduleAnyway.",
    )],
    look,
};

const HOST: &str = "kubernetes.io/hostname";

fn look(ground: &Ground<'_>, told: &mut Told) {
    let Some(cluster) = ground.cluster.as_ref().filter(|cluster| !cluster.nodes.is_empty()) else { return };
    let nodes = Nodes::of(cluster);
    let severity = if cluster.is_whole() { Severity::Error } else { Severity::Warning };
    for workload in ground.workloads.iter().filter(|workload| workload.serves()) {
        let Some(pods) = workload.replicas().filter(|pods| *pods > 0) else { continue };
        let apart = pods > 1 && keeps_apart(workload);
        let spreads: Vec<&Node> = each(workload.spec, "topologySpreadConstraints")
            .filter(|one| one.text_at(&["whenUnsatisfiable"]) != Some("ScheduleAnyway"))
            .collect();
        if !apart && spreads.is_empty() {
            continue;
        }
        let open = nodes.open_to(workload);
        let Ok(room) = i64::try_from(open.len()) else { continue };
        // Where no node takes them at all, that is the finding.
        if room == 0 {
            continue;
        }
        let have = if room == 1 {
            "one planned node takes them".to_owned()
        } else {
            format!("{room} planned nodes take them")
        };
        if apart && pods > room {
            let message = format!("wants {pods} pods on different nodes, and {have} ({})", cluster.place);
            let fix =
                format!("replicas: {room}, or a wish in its place: preferredDuringSchedulingIgnoredDuringExecution");
            let place =
                workload.place(&["affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]);
            told.say("F86", severity, workload.object, place, message, fix);
        }
        for spread in spreads {
            let key = spread.text_at(&["topologyKey"]).unwrap_or_default();
            let place = workload.object.place_at(spread.nearest(&["topologyKey"]));
            if !open.iter().any(|node| node.labels.contains_key(key)) {
                let severity = if is_put_on(key) { Severity::Warning } else { severity };
                let message =
                    format!("spreads its pods by {key}, which no planned node has ({}): none is placed", cluster.place);
                let fix = "write the label where the nodes are made, or whenUnsatisfiable: ScheduleAnyway";
                told.say("F86", severity, workload.object, place, message, fix);
                continue;
            }
            let number = |name: &str| spread.get(name).and_then(Node::whole).unwrap_or(1);
            let (skew, least) = (number("maxSkew"), number("minDomains"));
            // With fewer domains than asked for, each takes no more than the skew.
            if key == HOST && selects_own(workload, spread) && least > room && pods > room.saturating_mul(skew) {
                let message = format!(
                    "wants its pods on {least} nodes, and {have} ({}): no more than {} of its {pods} pods find a place",
                    cluster.place,
                    room.saturating_mul(skew)
                );
                told.say(
                    "F86",
                    severity,
                    workload.object,
                    place,
                    message,
                    format!("minDomains: {room}, or fewer replicas"),
                );
            }
        }
    }
}

/// Whether each of its pods keeps all others from its node.
fn keeps_apart(workload: &Workload<'_>) -> bool {
    let way = ["affinity", "podAntiAffinity"];
    let Some(anti) = workload.spec.walk(&way) else { return false };
    each(anti, "requiredDuringSchedulingIgnoredDuringExecution").any(|term| {
        let own = workload.namespace();
        let mut named = each(term, "namespaces").peekable();
        let all = term.get("namespaceSelector").is_some_and(|selector| selector.fields().is_empty());
        let here = (named.peek().is_none() && term.get("namespaceSelector").is_none())
            || named.any(|one| one.text() == Some(own))
            || all;
        let other_version = term.get("mismatchLabelKeys").is_some();
        here && !other_version && term.text_at(&["topologyKey"]) == Some(HOST) && selects_own(workload, term)
    })
}

fn selects_own(workload: &Workload<'_>, term: &Node) -> bool {
    // Without a selector no pod is meant.
    term.get("labelSelector").is_some_and(|selector| Selector::of_labels(&selector.json()).holds(&workload.labels()))
}
