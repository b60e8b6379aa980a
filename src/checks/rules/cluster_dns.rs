//! F40: a cluster whose names are all answered by one pod.

use super::ground::{Ground, Workload};
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::Node;
use crate::manifests::pods::each;
use crate::model::{Finding, Severity};

pub const RULE: Rule = Rule {
    ids: &["F40"],
    pages: &[cause(
        "F40",
        "One pod answers for all names",
        "CoreDNS runs once, or twice on the same node. When that node goes, no name is known in the whole cluster until its \
         pod runs elsewhere, and everything that looks up a name fails at once, with errors that do not speak of DNS.",
        "Run two CoreDNS pods, and keep them on different nodes (podAntiAffinity or topologySpreadConstraints).",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    let nodes = ground.cluster.as_ref().map(|cluster| cluster.nodes.len());
    let mut own = false;
    for workload in ground.workloads_in("kube-system").filter(|workload| is_dns(workload)) {
        own = true;
        let Some(pods) = workload.replicas().filter(|pods| *pods > 0) else { continue };
        let severity = if nodes.is_some_and(|nodes| nodes > 1) { Severity::Warning } else { Severity::Note };
        if pods == 1 {
            let message = "one pod answers for every name in the cluster";
            let place = workload.object.place_of(&["spec", "replicas"]);
            told.say(
                "F40",
                severity,
                workload.object,
                place,
                message,
                "replicas: 2, on different nodes where there are several",
            );
        } else if severity == Severity::Warning && !keeps_apart(workload) {
            let message = format!("nothing keeps its {pods} pods from one and the same node");
            let fix = "add a podAntiAffinity or a topologySpreadConstraint on kubernetes.io/hostname";
            told.say("F40", severity, workload.object, workload.place(&["affinity"]), message, fix);
        }
    }
    let Some(cluster) = ground.cluster.as_ref().filter(|cluster| !own && cluster.nodes.len() > 1) else { return };
    if cluster.brings("coredns") {
        told.add(Finding {
            id: "F40",
            severity: Severity::Note,
            place: cluster.place.clone(),
            object: format!("cluster {}", cluster.name),
            message: format!("k3s brings CoreDNS with one pod, for {} nodes", cluster.nodes.len()),
            fix: "a step that scales it: kubectl -n kube-system scale deployment coredns --replicas=2".to_owned(),
            patch: None,
        });
    }
}

fn is_dns(workload: &Workload<'_>) -> bool {
    workload.object.kind() == "Deployment"
        && (workload.object.name() == "coredns"
            || workload.labels().get("k8s-app").is_some_and(|app| &**app == "kube-dns"))
}

/// By a rule or by a wish.
fn keeps_apart(workload: &Workload<'_>) -> bool {
    let anti = workload.spec.walk(&["affinity", "podAntiAffinity"]);
    anti.is_some_and(|anti| anti.fields().iter().any(|field| !field.node.items().is_empty()))
        || each(workload.spec, "topologySpreadConstraints")
            .any(|one| one.get("topologyKey").and_then(Node::text) == Some("kubernetes.io/hostname"))
}
