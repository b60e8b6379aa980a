//! Deployment, ReplicaSet, StatefulSet, DaemonSet: whether they are rolled out, as `kubectl rollout status` judges it, and where
//! to look when not.

use super::cause::Sight;
use super::scene::Scene;
use super::{pod, refusal};
use crate::checks::live::Item;
use serde_json::Value;

/// A number of the status or the spec.
pub fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// How many pods are asked for; one where nothing is said.
fn wanted(item: &Item) -> u64 {
    item.value["spec"]["replicas"].as_u64().unwrap_or(1)
}

/// The controller has seen the latest state of the object.
fn seen(item: &Item) -> bool {
    let generation = item.value["metadata"]["generation"].as_u64().unwrap_or(0);
    count(&item.value["status"]["observedGeneration"]) >= generation
}

/// A pod of it says that it was not started, whatever the counts are.
fn denied(scene: &Scene<'_>, maker: &Item) -> bool {
    scene.live.owned_by(maker, "Pod").any(|pod| !pod.is_deleted() && !pod.is_started())
}

const UNSEEN: &str = "its controller has not seen it yet";

pub fn deployment<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    if !seen(item) {
        return Sight::Waiting(UNSEEN.into());
    }
    let status = &item.value["status"];
    let (wanted, updated) = (wanted(item), count(&status["updatedReplicas"]));
    let (all, available) = (count(&status["replicas"]), count(&status["availableReplicas"]));
    let why = if updated < wanted {
        format!("{updated} of {wanted} pods are made")
    } else if all > updated {
        format!("{} old pods have not ended", all - updated)
    } else if available < updated {
        format!("{available} of {wanted} available")
    } else if newest(scene, item).is_some_and(|set| denied(scene, set)) {
        format!("{available} of {wanted} count as available, and a pod was not started")
    } else {
        return Sight::Ready(format!("{available} of {wanted} available"));
    };
    let paused = if item.value["spec"]["paused"] == true { ", and it is paused (kubectl rollout resume)" } else { "" };
    let why = format!("{why}{paused}");
    let below = match newest(scene, item) {
        Some(set) => replica_set(scene, set),
        None => made_nothing(scene, item),
    };
    not_yet(below, item, why)
}

/// A rung that is not ready, whatever is below it: a cause there, or just the wait.
fn not_yet(below: Sight, item: &Item, why: String) -> Sight {
    match below {
        Sight::Cause(_) => below.from(&item.id, why),
        Sight::Waiting(more) => Sight::Waiting(format!("{why}: {more}")),
        Sight::Ready(_) => Sight::Waiting(why),
    }
}

/// The ReplicaSet of the latest revision.
fn newest<'a>(scene: &Scene<'a>, item: &'a Item) -> Option<&'a Item> {
    let revision = |set: &Item| {
        let written = set.value["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str();
        written.and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
    };
    scene.live.owned_by(item, "ReplicaSet").max_by_key(|set| (revision(set), set.created()))
}

/// The object has no pods, or too few: what was said when they were to be made.
fn made_nothing<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    let condition = item.condition("ReplicaFailure").filter(|condition| condition["status"] == "True");
    let said = condition.and_then(|condition| condition["message"].as_str());
    let events = scene.live.events_of(item);
    let last = events.iter().rev().find(|event| event.reason.contains("Create"));
    let event = last.filter(|event| event.warning);
    let Some(message) = event.map(|event| event.message).or(said) else {
        return Sight::Waiting("no pod was made yet".into());
    };
    let since = event.and_then(|event| event.first).or(item.created());
    let (said, whole) = (message, event.map_or(message, |event| event.whole));
    refusal::while_making(scene, item, said, whole, since).from(&item.id, "no pod was created")
}

pub fn replica_set<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    let wanted = wanted(item);
    let pods: Vec<&Item> = scene.live.owned_by(item, "Pod").filter(|pod| !pod.is_deleted()).collect();
    let available = count(&item.value["status"]["availableReplicas"]);
    let made = u64::try_from(pods.len()).unwrap_or(u64::MAX);
    if seen(item) && made >= wanted && available >= wanted && !pods.iter().any(|pod| !pod.is_started()) {
        return Sight::Ready(format!("{available} of {wanted} available"));
    }
    let mut below = Sight::Ready(String::new());
    if made < wanted {
        below = made_nothing(scene, item);
    }
    // A pod that was never made has no status: what its maker was told comes first.
    if !matches!(below, Sight::Cause(_)) {
        below = below.or_worse(pods_of(scene, item, &pods));
    }
    match below {
        Sight::Ready(_) => Sight::Waiting(format!("{available} of {wanted} available")),
        Sight::Cause(_) | Sight::Waiting(_) => below,
    }
}

/// The pod that is worst off.
pub fn pods_of<'a>(scene: &Scene<'a>, maker: &Item, pods: &[&'a Item]) -> Sight {
    let mut worst = Sight::Ready("all pods are ready".into());
    for pod in pods {
        let sight = pod::stand(scene, pod);
        let never = sight.never_heals();
        worst = worst.or_worse(sight);
        if never {
            break;
        }
    }
    if pods.len() > 1 { worst.from(&maker.id, format!("{} pods", pods.len())) } else { worst }
}

pub fn stateful_set<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    let (spec, status) = (&item.value["spec"], &item.value["status"]);
    if !seen(item) || status["observedGeneration"].is_null() {
        return Sight::Waiting(UNSEEN.into());
    }
    let (wanted, ready) = (wanted(item), count(&status["readyReplicas"]));
    let by_hand = spec["updateStrategy"]["type"] == "OnDelete";
    let partition = count(&spec["updateStrategy"]["rollingUpdate"]["partition"]);
    let updated = count(&status["updatedReplicas"]);
    let old = !by_hand && partition == 0 && status["updateRevision"] != status["currentRevision"];
    let why = if ready < wanted {
        format!("{ready} of {wanted} ready")
    } else if !by_hand && partition > 0 && updated < wanted.saturating_sub(partition) {
        format!("{updated} of {} pods are of the new revision", wanted.saturating_sub(partition))
    } else if old && updated < wanted {
        format!("{updated} of {wanted} pods are of the new revision")
    } else if denied(scene, item) {
        format!("{ready} of {wanted} count as ready, and a pod was not started")
    } else {
        return Sight::Ready(format!("{ready} of {wanted} ready"));
    };
    let mut pods: Vec<&Item> = scene.live.owned_by(item, "Pod").collect();
    // By ordinal: each is made when the one before it is ready.
    pods.sort_by_key(|pod| pod.name().rsplit('-').next().and_then(|number| number.parse::<u64>().ok()));
    let mut below = pods_of(scene, item, &pods);
    let made = u64::try_from(pods.len()).unwrap_or(u64::MAX);
    if made < wanted && !matches!(below, Sight::Cause(_)) {
        below = below.or_worse(made_nothing(scene, item));
    }
    not_yet(below, item, why)
}

pub fn daemon_set<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    let (spec, status) = (&item.value["spec"], &item.value["status"]);
    if !seen(item) {
        return Sight::Waiting(UNSEEN.into());
    }
    let wanted = count(&status["desiredNumberScheduled"]);
    let (updated, available) = (count(&status["updatedNumberScheduled"]), count(&status["numberAvailable"]));
    let by_hand = spec["updateStrategy"]["type"] == "OnDelete";
    let why = if !by_hand && updated < wanted {
        format!("{updated} of {wanted} pods are made")
    } else if available < wanted {
        format!("{available} of {wanted} available")
    } else if denied(scene, item) {
        format!("{available} of {wanted} count as available, and a pod was not started")
    } else {
        let none = if wanted == 0 { "no node is asked for: " } else { "" };
        return Sight::Ready(format!("{none}{available} of {wanted} available"));
    };
    let pods: Vec<&Item> = scene.live.owned_by(item, "Pod").filter(|pod| !pod.is_deleted()).collect();
    let mut below = Sight::Ready(String::new());
    if u64::try_from(pods.len()).unwrap_or(u64::MAX) < wanted {
        below = made_nothing(scene, item);
    }
    if !matches!(below, Sight::Cause(_)) {
        below = below.or_worse(pods_of(scene, item, &pods));
    }
    not_yet(below, item, why)
}
