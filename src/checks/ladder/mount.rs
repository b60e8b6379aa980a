//! A pod that has a node and whose containers cannot be made yet: volumes that do not mount, a sandbox that does not come.

use super::cause::{Cause, Sight};
use super::pod::unknown;
use super::refs;
use super::refusal::{after, between};
use super::scene::Scene;
use super::way::Way;
use super::{claim, missing, redact};
use crate::checks::live::{Event, Item};
use crate::model::ObjectId;

/// Reasons of events that show that all volumes were there.
const BEYOND: &[&str] = &["Pulling", "Pulled", "Created", "Started"];
const REASONS: &[&str] =
    &["FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox", "NetworkNotReady"];

pub fn stand<'a>(scene: &Scene<'a>, pod: &'a Item) -> Option<Sight> {
    if pod.value["status"]["phase"] != "Pending" {
        return None;
    }
    let events = scene.live.events_of(pod);
    let beyond = events.iter().rposition(|event| BEYOND.contains(&event.reason));
    let late: Vec<&Event<'_>> =
        events.iter().skip(beyond.map_or(0, |at| at + 1)).filter(|event| REASONS.contains(&event.reason)).collect();
    let mut left: Option<Sight> = None;
    // The newest first; what only repeats that something did not mount comes last.
    let vague = |event: &&&Event<'_>| event.message.starts_with("Unable to attach or mount volumes");
    for event in late.iter().rev().filter(|event| !vague(event)).chain(late.iter().rev().filter(vague)) {
        match known(scene, pod, event) {
            Some(Sight::Ready(_)) | None => {}
            Some(sight @ Sight::Cause(_)) => return Some(sight),
            Some(sight @ Sight::Waiting(_)) => left = left.or(Some(sight)),
        }
    }
    if let Some(sight) = left.take() {
        return Some(sight);
    }
    if beyond.is_none()
        && let Some(cause) = not_there(scene, pod)
    {
        return Some(cause);
    }
    let last = late.last()?;
    let said = redact::shown(scene, pod, last.whole);
    Some(unknown(scene, pod, last.reason, &said, last.first).sight())
}

/// What the kubelet has yet to find out: something that the pod refers to is not in the cluster.
fn not_there<'a>(scene: &Scene<'a>, pod: &'a Item) -> Option<Sight> {
    let listed = |one: &refs::Ref| scene.live.is_listed(one.kind);
    let mut found = refs::all(&pod.value)
        .into_iter()
        .filter(listed)
        .filter_map(|one| missing::reference(scene, pod, (one.kind, &one.name, one.key.as_deref()), pod.created()));
    found.next().map(|cause| cause.seen_from(&pod.id, "its containers are not made").sight())
}

fn known<'a>(scene: &Scene<'a>, pod: &'a Item, event: &Event<'_>) -> Option<Sight> {
    let said = event.message;
    let whole = redact::shown(scene, pod, event.whole);
    let from = |cause: Cause| cause.raw(whole.clone()).seen_from(&pod.id, "a volume does not mount").sight();
    if let Some((kind, name, key)) = missing::told(pod, said) {
        return Some(match missing::reference(scene, pod, (kind, name, key), event.first) {
            Some(cause) => from(cause),
            None => Sight::Waiting(format!("{kind} {name} is there now: the kubelet tries again")),
        });
    }
    if said.contains("hostPath type check failed") {
        return Some(from(host_path(scene, pod, said)));
    }
    if said.contains("does not exist") && said.contains(" path \"") || said.contains("NewMounter initialization failed")
    {
        return local_path(scene, pod, said).map(from);
    }
    if said.contains("MountVolume.NodeAffinity check failed") {
        return pinned(scene, said).map(from);
    }
    if said.contains("failed to reserve sandbox name") {
        let origin = scene.origin(pod);
        let node = pod.value["spec"]["nodeName"].as_str().unwrap_or("its node");
        let message = format!("node {node} still holds the name of an older sandbox of the pods of {}", origin.item.id);
        let fix = format!(
            "on {node}: crictl pods --state NotReady -q | xargs -r crictl rmp -f; where that does not help, stop the runtime, clean up, start it"
        );
        return Some(
            Cause::new("F59", &origin.item.id, message, fix)
                .may_heal(60, event.first)
                .raw(whole)
                .seen_from(&pod.id, "its sandbox is not made")
                .sight(),
        );
    }
    None
}

fn host_path<'a>(scene: &Scene<'a>, pod: &'a Item, said: &str) -> Cause {
    let volume = between(said, "for volume \"", "\"").unwrap_or_default();
    let what = after(said, "hostPath type check failed: ").unwrap_or_default();
    let path = what.split(" is not ").next().unwrap_or(what);
    let node = pod.value["spec"]["nodeName"].as_str().unwrap_or("its node");
    // A volume of the cluster has the path in itself, one of the pod in its template.
    let named = ObjectId::new("v1", "PersistentVolume", None, volume);
    let message = format!("on node {node} {what}");
    let fix = format!(
        "make {path} on node {node}, with the owner that the pod runs as (and, with k3d, mount it into the node)"
    );
    match scene.live.get(&named) {
        Some(_) => {
            Cause::new("F31", &named, message, fix).field_of(scene, &named, &Way::to(&["spec", "hostPath", "path"]))
        }
        None => {
            let way = Way::to(&["spec", "volumes"]).named(volume).keys(&["hostPath", "path"]);
            Cause::new("F31", &scene.origin(pod).item.id, message, fix).field_in_pod(scene, pod, &way)
        }
    }
}

fn local_path<'a>(scene: &Scene<'a>, pod: &'a Item, said: &str) -> Option<Cause> {
    let volume = between(said, "for volume \"", "\"")?;
    let path = between(said, "path \"", "\"")?;
    let node = pod.value["spec"]["nodeName"].as_str().unwrap_or("its node");
    let id = ObjectId::new("v1", "PersistentVolume", None, volume);
    let message = format!("{path}, where {id} keeps its data, does not exist on node {node}");
    let fix = format!(
        "make {path} on node {node}, or mount the disk that holds it; an empty directory is right only where no data is to be kept"
    );
    Some(Cause::new("F31", &id, message, fix).field_of(scene, &id, &Way::to(&["spec", "local", "path"])))
}

fn pinned(scene: &Scene<'_>, said: &str) -> Option<Cause> {
    let volume = between(said, "for volume \"", "\"")?;
    let facts = scene.volumes().iter().find(|facts| *facts.name == *volume)?;
    Some(claim::pinned(scene, facts))
}
