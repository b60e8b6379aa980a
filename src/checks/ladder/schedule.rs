//! A pod that no node takes: what the scheduler said, reason by reason, held against the nodes as they are.

use super::cause::{Cause, Sight, UNKNOWN};
use super::scene::Scene;
use super::{claim, fit, node, taint};
use crate::checks::binder::VolumeFacts;
use crate::checks::live::{Item, moment};
use crate::model::Stamp;

/// One reason, and of how many nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason<'t> {
    pub nodes: u64,
    pub text: &'t str,
}

/// `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had …. preemption: …`
pub fn reasons(message: &str) -> Vec<Reason<'_>> {
    let Some((_, rest)) = message.split_once("nodes are available: ") else {
        return vec![Reason { nodes: 0, text: message }];
    };
    let rest = rest.split(" preemption: ").next().unwrap_or(rest);
    let rest = rest.split(". no new claims to deallocate").next().unwrap_or(rest).trim_end_matches(['.', ',', ' ']);
    let mut found = Vec::new();
    let mut from = 0;
    // A comma parts two reasons only where a number follows: a reason may hold commas of its own.
    for (at, _) in rest.match_indices(", ") {
        if rest[at + 2..].starts_with(|c: char| c.is_ascii_digit()) {
            found.push(&rest[from..at]);
            from = at + 2;
        }
    }
    found.push(&rest[from..]);
    let parse = |text: &'_ str| text.split_once(' ').and_then(|(number, _)| number.parse::<u64>().ok());
    found
        .into_iter()
        .map(|text| match parse(text) {
            Some(nodes) => Reason { nodes, text: text.split_once(' ').map_or(text, |(_, rest)| rest) },
            None => Reason { nodes: 0, text },
        })
        .collect()
}

/// What a reason is about, in the order in which people can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Volumes,
    Labels,
    Taint,
    Ports,
    Room,
    Cordon,
    Other,
}

fn sort(text: &str) -> Sort {
    let has = |mark: &str| text.contains(mark);
    if has("ersistent") || has("olume") && !has("max volume count") {
        Sort::Volumes
    } else if has("node affinity/selector") || has("node selector") || has("requested node name") {
        Sort::Labels
    } else if has("taint") {
        Sort::Taint
    } else if has("free ports") {
        Sort::Ports
    } else if has("Insufficient ") || has("Too many pods") {
        Sort::Room
    } else if has("were unschedulable") {
        Sort::Cordon
    } else {
        Sort::Other
    }
}

pub fn stand<'a>(scene: &Scene<'a>, pod: &'a Item) -> Sight {
    let mut worst = Sight::Ready(String::new());
    for name in claim::claims_of(pod) {
        worst = worst.or_worse(
            claim::for_pod(scene, pod, name).from(&pod.id, format!("waits for PersistentVolumeClaim {name}")),
        );
    }
    if matches!(worst, Sight::Cause(_)) {
        return worst;
    }
    let Some(state) = pod.condition("PodScheduled").filter(|state| state["status"] == "False") else {
        return Sight::Waiting("no node was chosen yet".into());
    };
    let said = state["message"].as_str().unwrap_or_default();
    let since = moment(&state["lastTransitionTime"]).or(pod.created());
    match state["reason"].as_str().unwrap_or_default() {
        "SchedulingGated" => return Sight::Waiting("it is held by its schedulingGates".into()),
        // Two writers met; the scheduler tries again at once.
        "SchedulerError" => return Sight::Waiting(said.to_owned()),
        _ => {}
    }
    if said.contains("no nodes available to schedule pods") || said.starts_with("0/0 nodes") {
        return no_nodes(scene, pod, said, since).seen_from(&pod.id, "no node takes it").sight();
    }
    let mut all = reasons(said);
    // The most nodes first, and among as many what can be mended most easily. Nodes of the control plane keep others out
    // on purpose: they are the reason only where there is no other.
    all.sort_by_key(|reason| (taint::is_usual(scene, reason), std::cmp::Reverse(reason.nodes), sort(reason.text)));
    let first = all.first().cloned().unwrap_or(Reason { nodes: 0, text: said });
    let cause = match sort(first.text) {
        Sort::Volumes => match volumes(scene, pod, first.text) {
            Some(cause) => Some(cause),
            None if matches!(worst, Sight::Waiting(_)) => return worst,
            None => None,
        },
        Sort::Labels => fit::labels_missing(scene, pod),
        Sort::Taint => taint::cause(scene, pod, first.text, since),
        Sort::Ports => fit::ports(scene, pod, since),
        Sort::Room => fit::room(scene, pod, first.text, since),
        Sort::Cordon => taint::cordoned(scene),
        Sort::Other => None,
    };
    let cause = cause.unwrap_or_else(|| unknown(scene, pod, since));
    cause.raw(said).seen_from(&pod.id, format!("no node takes it: {}", first.text)).sight()
}

fn unknown<'a>(scene: &Scene<'a>, pod: &'a Item, since: Option<Stamp>) -> Cause {
    let origin = scene.origin(pod);
    let message = format!("no node takes the pods of {}, for a reason that is not known here", origin.item.id);
    let cause =
        Cause::new(UNKNOWN, &origin.item.id, message, "read what the scheduler says; nothing was matched to it");
    cause.may_heal(60, since).in_file_of(scene, &origin.item.id)
}

fn no_nodes<'a>(scene: &Scene<'a>, pod: &'a Item, said: &str, since: Option<Stamp>) -> Cause {
    let cause = node::requests(scene).unwrap_or_else(|| {
        let message = "there is no node that could take a pod".to_owned();
        Cause::new("F90", &scene.origin(pod).item.id, message, "kubectl get nodes; see why none has joined")
            .may_heal(60, since)
    });
    cause.raw(said)
}

/// The claims are bound, or one of them fits: it is the nodes that cannot reach the volume.
fn volumes<'a>(scene: &Scene<'a>, pod: &'a Item, text: &str) -> Option<Cause> {
    if !(text.contains("volume node affinity conflict")
        || text.contains("didn't match PersistentVolume's node affinity"))
    {
        return None;
    }
    let bound = |name: &str| {
        let claim = scene.live.find("", "PersistentVolumeClaim", pod.namespace(), name)?;
        let volume = claim.value["spec"]["volumeName"].as_str()?;
        scene.volumes().iter().find(|facts| *facts.name == *volume).map(|facts| (claim, facts))
    };
    let reaches = |facts: &VolumeFacts| scene.nodes().iter().any(|(_, labels)| facts.nodes.holds(labels));
    let (claim, facts) = claim::claims_of(pod).filter_map(bound).find(|(_, facts)| !reaches(facts))?;
    Some(claim::pinned(scene, facts).seen_from(&claim.id, format!("bound to {}", facts.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheduler_is_read_reason_by_reason_in_every_wording() {
        let read = |text| {
            reasons(text)
                .into_iter()
                .map(|reason| (reason.nodes, reason.text.to_owned(), sort(reason.text)))
                .collect::<Vec<_>>()
        };
        let one = |nodes, text: &str, sort| vec![(nodes, text.to_owned(), sort)];
        assert_eq!(
            read(
                "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
            ),
            one(1, "node(s) didn't match Pod's node affinity/selector", Sort::Labels)
        );
        assert_eq!(
            read("0/1 nodes are available: 1 node(s) had taint {a: b}, that the pod didn't tolerate."),
            one(1, "node(s) had taint {a: b}, that the pod didn't tolerate", Sort::Taint)
        );
        assert_eq!(
            read("0/1 nodes are available: persistentvolumeclaim \"data\" not found. not found"),
            one(0, "persistentvolumeclaim \"data\" not found. not found", Sort::Volumes)
        );
        assert_eq!(
            read(
                "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu, 2 Insufficient memory. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
            ),
            [
                (1, "node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }".to_owned(), Sort::Taint),
                (2, "Insufficient cpu".to_owned(), Sort::Room),
                (2, "Insufficient memory".to_owned(), Sort::Room),
            ]
        );
        assert_eq!(sort("node(s) exceed max volume count"), Sort::Other);
    }
}
