//! F61: an object that is being deleted and stays, because a finalizer waits for somebody.

use super::cause::{Cause, Sight};
use super::scene::Scene;
use super::way::Way;
use super::workload::count;
use crate::checks::live::Item;

/// Finalizers that Kubernetes itself takes away, and when.
const OWN: &[(&str, &str)] = &[
    ("kubernetes.io/pvc-protection", "it goes when no pod uses the claim"),
    ("kubernetes.io/pv-protection", "it goes when no claim is bound to the volume"),
    ("foregroundDeletion", "it goes when what the object owns is gone"),
    ("orphan", "it goes when what the object owns is let go"),
    ("batch.kubernetes.io/job-tracking", "the Job's controller takes it away when it has counted the pod"),
];

pub fn stand(scene: &Scene<'_>, item: &Item) -> Sight {
    let finalizers = item.finalizers();
    let long = item.value["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or(0);
    let held = match finalizers.as_slice() {
        [] => "and does not go".to_owned(),
        some => format!("and is kept by finalizer {}", some.join(", ")),
    };
    let (field, fix) = match finalizers.is_empty() {
        false => (Way::to(&["metadata", "finalizers"]), advice(scene, item)),
        true => (Way::to(&["metadata", "deletionTimestamp"]), stopped(scene, item)),
    };
    let cause = Cause::new("F61", &item.id, format!("{} is being deleted {held}", item.id), fix);
    cause.may_heal(long + 30, item.deleted()).field_of(scene, &item.id, &field).sight()
}

fn stopped(scene: &Scene<'_>, item: &Item) -> String {
    let node = item.value["spec"]["nodeName"].as_str().unwrap_or_default();
    let there = node.is_empty() || scene.live.find("", "Node", "", node).is_some_and(|node| node.is("Ready", "True"));
    match there {
        true => format!("look at the kubelet of node {node}: it has to stop the containers first"),
        false => format!("node {node} does not answer; when it is gone for good: kubectl delete node {node}"),
    }
}

/// Who should take the finalizer away, and what a person can do.
pub fn advice(scene: &Scene<'_>, item: &Item) -> String {
    let Some(first) = item.finalizers().first().copied() else { return stopped(scene, item) };
    if let Some((_, when)) = OWN.iter().find(|(name, _)| *name == first) {
        return format!("finalizer {first}: {when}");
    }
    let owner = match controller(scene, first) {
        Some(owner) => {
            let (wanted, ready) =
                (owner.value["spec"]["replicas"].as_u64().unwrap_or(1), count(&owner.value["status"]["readyReplicas"]));
            format!("its controller is likely {} ({ready} of {wanted} ready): bring that up", owner.id)
        }
        None => "no controller of it is to be seen here: bring back what put it there".to_owned(),
    };
    let space = if item.namespace().is_empty() { String::new() } else { format!(" -n {}", item.namespace()) };
    format!(
        "finalizer {first}: {owner}. Only when what it guards may be lost: kubectl patch {} {}{space} --type merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'",
        item.id.kind.to_lowercase(),
        item.name()
    )
}

/// A workload whose name has a word of the finalizer's domain.
fn controller<'a>(scene: &Scene<'a>, finalizer: &str) -> Option<&'a Item> {
    let domain = finalizer.split('/').next().unwrap_or_default();
    let common = ["kubernetes", "finalizer", "finalizers", "example", "resources", "cluster"];
    let words: Vec<&str> = domain.split(['.', '-']).filter(|word| word.len() > 3 && !common.contains(word)).collect();
    let workloads = ["Deployment", "StatefulSet"].into_iter().flat_map(|kind| scene.live.of_kind("apps", kind));
    let mut named =
        workloads.filter(|item| words.iter().any(|word| item.name().contains(word) || item.namespace() == *word));
    named.next()
}
