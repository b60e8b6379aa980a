//! Nodes that are not ready, or under pressure, and requests for certificates that nobody answers.

use super::cause::{Cause, Sight};
use super::scene::Scene;
use super::way::Way;
use crate::checks::live::{Item, moment};
use std::time::Duration;

pub fn stand(scene: &Scene<'_>, item: &Item) -> Sight {
    match not_ready(scene, item).or_else(|| pressure(scene, item)) {
        Some(cause) => cause.sight(),
        None if item.is("Ready", "True") => Sight::Ready("Ready".into()),
        None => Sight::Waiting("it has not said how it is".into()),
    }
}

/// None when the node is ready, or has not said so yet.
pub fn not_ready(scene: &Scene<'_>, item: &Item) -> Option<Cause> {
    let state = item.condition("Ready").filter(|state| state["status"] != "True")?;
    let said = state["message"].as_str().unwrap_or_default();
    let since = moment(&state["lastTransitionTime"]);
    if let Some(cause) = requests(scene) {
        return Some(cause.seen_from(&item.id, "is not Ready"));
    }
    let reason = state["reason"].as_str().unwrap_or("no reason given");
    let fix = match reason {
        "NodeStatusUnknown" => format!(
            "its kubelet is silent: see whether the host is up and reaches the API server; when it is gone for good: kubectl delete node {}",
            item.name()
        ),
        _ => format!("kubectl describe node {}; the log of its kubelet tells more", item.name()),
    };
    let cause = Cause::new("F90", &item.id, format!("{} is not Ready: {reason}", item.id), fix);
    Some(cause.may_heal(60, since).raw(said).field_of(scene, &item.id, &Way::to(&["status", "conditions"])))
}

/// F26, and its kin in memory and processes.
pub fn pressure(scene: &Scene<'_>, item: &Item) -> Option<Cause> {
    let kinds = ["DiskPressure", "MemoryPressure", "PIDPressure"];
    let (kind, state) = kinds
        .into_iter()
        .find_map(|kind| item.condition(kind).filter(|state| state["status"] == "True").map(|state| (kind, state)))?;
    let said = state["message"].as_str().unwrap_or_default();
    let since = moment(&state["lastTransitionTime"]);
    let cause = match kind {
        "DiskPressure" => disk(item),
        _ => Cause::new(
            "F90",
            &item.id,
            format!("{} is under {kind}", item.id),
            format!("kubectl describe node {}", item.name()),
        ),
    };
    Some(cause.may_heal(60, since).raw(said).field_of(scene, &item.id, &Way::to(&["status", "conditions"])))
}

pub fn disk(item: &Item) -> Cause {
    let message = format!("{} runs out of disk, so its kubelet takes no pods and throws some out", item.id);
    let fix = "free space where images and pods are kept (crictl rmi --prune, docker system prune, old logs), until more than 15 % are free; the kubelet takes the taint away by itself within minutes";
    Cause::new("F26", &item.id, message, fix)
}

/// A request for a certificate that nobody has answered: neither approved nor denied.
fn is_open(item: &Item) -> bool {
    item.conditions().next().is_none() && item.value["status"]["certificate"].is_null()
}

pub fn request(scene: &Scene<'_>, item: &Item) -> Sight {
    match (is_open(item), requests(scene)) {
        (false, _) => Sight::Ready("answered".into()),
        (true, Some(cause)) => cause.sight(),
        (true, None) => Sight::Waiting("it was asked for a moment ago".into()),
    }
}

/// F71: requests for certificates that nobody has answered for a minute.
pub fn requests(scene: &Scene<'_>) -> Option<Cause> {
    let all = scene.live.of_kind("certificates.k8s.io", "CertificateSigningRequest");
    let old = |item: &&Item| item.created().is_some_and(|at| scene.now.since(at) > Duration::from_secs(60));
    let open: Vec<&Item> = all.filter(|item| is_open(item)).filter(old).collect();
    let first = open.first()?;
    let who = first.value["spec"]["username"].as_str().unwrap_or("(nobody named)");
    let names: Vec<&str> = open.iter().map(|item| item.name()).collect();
    let message = format!("{} requests for certificates wait to be answered, the first by {who}", open.len());
    let fix = format!(
        "kubectl describe csr {}; where it is what you expect: kubectl certificate approve {}",
        first.name(),
        names.join(" ")
    );
    Some(Cause::new("F71", &first.id, message, fix).field_of(scene, &first.id, &Way::to(&["status", "conditions"])))
}
