//! What becomes of the data: volumes that Kubernetes would answer by deleting it, that no node reaches, and claims whose volume
//! is made anew and empty.

use super::classes::Classes;
use super::demand::Claim;
use super::{Volume, is_filled_later};
use crate::checks::binder::VolumeFacts;
use crate::checks::rules::Ground;
use crate::checks::rules::cluster::{Maker, Planned};
use crate::checks::selector::{How, Labels};
use crate::checks::told::Told;
use crate::model::Severity;
use std::fmt::Write as _;

/// The uid of the claim that a volume was kept for. In a file it can only be that of an older claim.
pub fn stale(facts: &VolumeFacts) -> Option<Box<str>> {
    facts.claim.as_ref()?.uid.clone()
}

pub fn fresh(mut facts: VolumeFacts) -> VolumeFacts {
    if let Some(claim) = &mut facts.claim {
        claim.uid = None;
    }
    facts
}

/// A volume with `Delete` that is kept for a claim which is another by now is answered by deleting what is on it; one with
/// `Retain` is given to nobody.
pub fn dangerous(volumes: &[Volume<'_>], told: &mut Told) {
    for Volume { facts, object, .. } in volumes.iter().filter(|volume| volume.stale.is_some()) {
        let Some(claim) = &facts.claim else { continue };
        if &*facts.policy == "Retain" {
            let place = object.place_of(&["spec", "claimRef", "uid"]);
            let message = format!(
                "its claimRef holds the uid of an older claim {claim}: applied as it is, it is given to no other; a \
                 storage step of a plan leaves the uid out"
            );
            let fix = "take uid and resourceVersion out of the claimRef";
            told.say("F06", Severity::Warning, object, place, message, fix);
            continue;
        }
        let place = object.place_of(&["spec", "persistentVolumeReclaimPolicy"]);
        let message = format!(
            "policy {} and a claimRef to an older claim {claim}: Kubernetes would answer by deleting its data",
            facts.policy
        );
        let fix = "set persistentVolumeReclaimPolicy: Retain, and take uid and resourceVersion out of the claimRef";
        // Lines have to be taken out as well, which a patch of this program never does.
        told.say("F06", Severity::Error, object, place, message, fix);
    }
}

/// What selectors of nodes see of a planned one; its name stands beside its labels.
pub fn labels(node: &Planned) -> Labels {
    let own = node.labels.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
    own.chain([("metadata.name".into(), node.name.as_str().into())]).collect()
}

/// A volume that can be reached from no node that there will be. Only k3d says how all of its nodes will be called: elsewhere
/// more of them may join, and a plan's own step fits its volumes to its nodes and says so.
pub fn pinned(ground: &Ground<'_>, volumes: &[Volume<'_>], told: &mut Told) {
    let Some(cluster) = ground.cluster.as_ref().filter(|cluster| cluster.maker == Maker::K3d) else { return };
    let nodes: Vec<Labels> = cluster.nodes.iter().map(labels).collect();
    for Volume { facts, object, .. } in volumes {
        if facts.nodes.is_free() || nodes.iter().any(|node| facts.nodes.holds(node)) {
            continue;
        }
        let asks = facts.nodes.to_string();
        if is_filled_later(&asks) {
            continue;
        }
        // A label may still be put on by somebody; a node gets its name once.
        let by_name = facts.nodes.wants().all(|want| {
            let name = matches!(&*want.key, "kubernetes.io/hostname" | "metadata.name");
            name && matches!(want.how, How::In(_))
        });
        let names: Vec<&str> = cluster.nodes.iter().map(|node| node.name.as_str()).collect();
        let place = object.place_of(&["spec", "nodeAffinity", "required", "nodeSelectorTerms"]);
        let at = format!("{}:{}", cluster.place.file, cluster.place.spot.line);
        let message = format!("can be reached from a node with {asks} only; the nodes are {} ({at})", names.join(", "));
        let (severity, fix) = match by_name {
            true => (Severity::Error, format!("write the name of the node that has the data: {}", names.join(" or "))),
            false => {
                (Severity::Warning, format!("write the label where the nodes are made, in {}", cluster.place.file))
            }
        };
        told.say("F32", severity, object, place, message, fix);
    }
}

/// So many claims are named; the others are counted.
const NAMED: usize = 6;

/// F21, once for all: what was on these volumes is not on those that will be made.
pub fn not_kept(made: &[&Claim<'_>], classes: &Classes<'_>, told: &mut Told) {
    let class = |claim: &Claim<'_>| claim.facts.class.as_deref().or(classes.default()).map(str::to_owned);
    let forgotten = made.iter().filter(|claim| class(claim).is_some_and(|class| classes.forgets(&class)));
    let forgotten: Vec<&&Claim<'_>> = forgotten.collect();
    let Some(first) = forgotten.first() else { return };
    let mut names: Vec<String> = forgotten.iter().take(NAMED).map(|claim| claim.name()).collect();
    if forgotten.len() > NAMED {
        names.push(format!("{} more", forgotten.len() - NAMED));
    }
    let mut message = String::from("local-path makes a new, empty folder for each new claim; not kept: ");
    let _ = write!(message, "{}", names.join(", "));
    let fix =
        "for what must outlive the cluster write a volume with a path of its own and claimRef, or restore a backup";
    told.say("F21", Severity::Note, first.object, first.at.clone(), message, fix);
}
