//! F58: NFS that the kernel waits for without end, on a node that runs the control plane. Volumes of a CSI driver count where
//! that is the one for NFS.

use super::ground::{Ground, Workload};
use super::nodes::Nodes;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::pods::{Target, each, references};
use crate::manifests::{Node, Object};
use crate::model::Severity;
use std::collections::HashMap;

pub const RULE: Rule = Rule {
    ids: &["F58"],
    pages: &[cause(
        "F58",
        "A mount that the control plane hangs on",
        "An NFS mount is hard unless it says otherwise: when its server does not answer, the kernel waits, processes cannot \
         be killed, and the node cannot even be shut down. On the node of the control plane that takes the whole cluster \
         with it.",
        "Keep such pods off the servers by an affinity, or mount with soft, timeo and retrans where a failed write can be \
         borne.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    let nodes = ground.cluster.as_ref().map(Nodes::of);
    // Only where a node with the control plane is known to take the pods is it more than a habit.
    let severity = |workload: &Workload<'_>| match &nodes {
        Some(nodes) => nodes.open_to(workload).iter().any(|node| node.server).then_some(Severity::Warning),
        None => Some(Severity::Note),
    };
    let mut users: HashMap<(&str, &str), Vec<&Workload<'_>>> = HashMap::new();
    let volumes: Vec<_> = ground.of_kind("", "PersistentVolume").iter().filter(|volume| is_hard(volume)).collect();
    for workload in &ground.workloads {
        for volume in each(workload.spec, "volumes") {
            let Some(field) = volume.field("nfs").filter(|field| !is_of_cluster(field.node.text_at(&["server"])))
            else {
                continue;
            };
            let Some(severity) = severity(workload) else { continue };
            let server = field.node.text_at(&["server"]).unwrap_or_default();
            let message =
                format!("mounts {server} by NFS, hard: while that does not answer, the node hangs{}", on(severity));
            let fix = "put it into a PersistentVolume with mountOptions [soft, timeo=100, retrans=3], or keep the pods off the servers";
            told.say("F58", severity, workload.object, workload.object.place_at(field.at), message, fix);
        }
        if !volumes.is_empty() {
            let claims =
                references(workload.object).into_iter().filter(|one| one.target == Target::PersistentVolumeClaim);
            claims.for_each(|claim| users.entry((workload.namespace(), claim.name)).or_default().push(workload));
        }
    }
    for volume in volumes {
        let claim = claim_of(ground, volume);
        let by = claim.and_then(|claim| users.get(&claim)).map_or(&[][..], Vec::as_slice);
        // Of a volume whose pods are not known any may come.
        let worst = by.iter().filter_map(|workload| severity(workload)).find(|one| *one == Severity::Warning);
        let severity = match (worst, by.is_empty()) {
            (Some(worst), _) => worst,
            (None, true) => Severity::Note,
            (None, false) if nodes.is_none() => Severity::Note,
            (None, false) => continue,
        };
        let message =
            format!("is mounted by NFS, hard: while its server does not answer, the node hangs{}", on(severity));
        let fix = "mountOptions: [soft, timeo=100, retrans=3], or keep the pods that use it off the servers";
        let place =
            volume.place_of(&["spec", if volume.root.walk(&["spec", "nfs"]).is_some() { "nfs" } else { "csi" }]);
        told.say("F58", severity, volume, place, message, fix);
    }
}

fn on(severity: Severity) -> &'static str {
    if severity == Severity::Warning { ", and the control plane with it" } else { "" }
}

/// Whether it is NFS, and does not say that it gives up.
fn is_hard(volume: &Object) -> bool {
    let Some(spec) = volume.root.get("spec") else { return false };
    let server = match (spec.get("nfs"), spec.get("csi")) {
        (Some(nfs), _) => nfs.text_at(&["server"]),
        (None, Some(csi)) if csi.text_at(&["driver"]) == Some("nfs.csi.k8s.io") => {
            csi.text_at(&["volumeAttributes", "server"])
        }
        (None, _) => return false,
    };
    let mut options = each(spec, "mountOptions").filter_map(Node::text).flat_map(|text| text.split(','));
    !is_of_cluster(server) && !options.any(|option| matches!(option.trim(), "soft" | "softerr"))
}

/// A server in the cluster itself is another story.
fn is_of_cluster(server: Option<&str>) -> bool {
    server.is_some_and(|server| server.ends_with(".svc") || server.contains(".svc."))
}

/// Namespace and name of the claim that the volume is for.
fn claim_of<'g>(ground: &'g Ground<'_>, volume: &'g Object) -> Option<(&'g str, &'g str)> {
    if let Some(claim) = volume.root.walk(&["spec", "claimRef"]) {
        return Some((claim.text_at(&["namespace"])?, claim.text_at(&["name"])?));
    }
    let mut claims = ground.of_kind("", "PersistentVolumeClaim").iter();
    let claim = claims.find(|claim| claim.root.text_at(&["spec", "volumeName"]) == Some(volume.name()))?;
    Some((claim.namespace().unwrap_or("default"), claim.name()))
}
