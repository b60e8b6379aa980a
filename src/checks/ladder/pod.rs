//! A pod: deleted, ended, without a node, with containers that do not start, or started and not ready.

use super::cause::{Cause, Sight, UNKNOWN};
use super::scene::Scene;
use super::{container, leaving, mount, node, probe, redact, schedule};
use crate::checks::live::{Item, moment};
use crate::model::Stamp;

pub fn stand<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    let status = &item.value["status"];
    if item.is_deleted() {
        return leaving::stand(scene, item);
    }
    match status["phase"].as_str().unwrap_or("Pending") {
        "Succeeded" => return Sight::Ready("it has ended well".into()),
        "Failed" => return ended(scene, item),
        _ => {}
    }
    // A pod that says that it is ready, and of a container that it was not started, is not believed.
    if item.is("Ready", "True") && item.is_started() {
        return Sight::Ready("ready".into());
    }
    let Some(name) = item.value["spec"]["nodeName"].as_str().filter(|name| !name.is_empty()) else {
        return schedule::stand(scene, item);
    };
    if let Some(cause) = scene.live.find("", "Node", "", name).and_then(|node| node::not_ready(scene, node)) {
        return cause.seen_from(&item.id, format!("is on node {name}")).sight();
    }
    if let Some(sight) = container::worst(scene, item) {
        return sight;
    }
    if let Some(sight) = mount::stand(scene, item) {
        return sight;
    }
    if let Some(sight) = probe::stand(scene, item) {
        return sight;
    }
    Sight::Waiting(at_work(item))
}

/// What it is doing, by the state of its containers.
fn at_work(item: &Item) -> String {
    let states = item.value["status"]["containerStatuses"].as_array().into_iter().flatten();
    let waiting = states.filter_map(|state| state["state"]["waiting"]["reason"].as_str()).next();
    match waiting {
        Some("ContainerCreating" | "PodInitializing") => "its containers are being made".to_owned(),
        Some(reason) => reason.to_owned(),
        None if item.value["status"]["phase"] == "Running" => "it runs and is not ready yet".to_owned(),
        None => "it was given to its node".to_owned(),
    }
}

/// It ended and nobody starts it again.
fn ended<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    let status = &item.value["status"];
    let reason = status["reason"].as_str().unwrap_or_default();
    let said = redact::shown(scene, item, status["message"].as_str().unwrap_or_default());
    let since = last_end(item).or(item.created());
    let origin = scene.origin(item);
    match reason {
        "Evicted" => evicted(scene, item, &said, since).sight(),
        "" => container::ended(scene, item).unwrap_or_else(|| unknown(scene, item, "it Failed", &said, since).sight()),
        _ => {
            let message = format!("a pod of {} was not let run by its node: {reason}", origin.item.id);
            let cause =
                Cause::new(UNKNOWN, &origin.item.id, message, "read what the kubelet says; nothing was matched to it");
            cause.may_heal(60, since).raw(said).in_file_of(scene, &origin.item.id).seen_from(&item.id, reason).sight()
        }
    }
}

fn last_end(item: &Item) -> Option<Stamp> {
    let states = item.value["status"]["containerStatuses"].as_array().into_iter().flatten();
    states.filter_map(|state| moment(&state["state"]["terminated"]["finishedAt"])).max()
}

fn evicted<'a>(scene: &Scene<'a>, item: &'a Item, said: &str, since: Option<Stamp>) -> Cause {
    let name = item.value["spec"]["nodeName"].as_str().unwrap_or_default();
    let on = scene.live.find("", "Node", "", name);
    let low = said.split("low on resource: ").nth(1).map_or("", |rest| rest.split('.').next().unwrap_or(rest));
    let of_disk = matches!(low, "ephemeral-storage" | "inodes") || said.contains("DiskPressure");
    let cause = match on.filter(|_| of_disk) {
        Some(node) => node::disk(node),
        None => {
            let origin = scene.origin(item);
            let message = format!(
                "a pod of {} was thrown out by its node: {}",
                origin.item.id,
                if said.is_empty() { "no reason given" } else { said }
            );
            let fix = "give it the request (memory, ephemeral-storage) that it really needs, or a node that has it";
            Cause::new("F93", &origin.item.id, message, fix).in_file_of(scene, &origin.item.id)
        }
    };
    cause.may_heal(60, since).raw(said).seen_from(&item.id, "Evicted")
}

/// A symptom that nobody knows, whole.
pub fn unknown<'a>(scene: &Scene<'a>, item: &'a Item, what: &str, said: &str, since: Option<Stamp>) -> Cause {
    let origin = scene.origin(item);
    let message = format!("a pod of {} does not start, for a reason that is not known here: {what}", origin.item.id);
    let cause = Cause::new(UNKNOWN, &origin.item.id, message, "read what is said; nothing was matched to it");
    cause.may_heal(60, since).raw(said).in_file_of(scene, &origin.item.id).seen_from(&item.id, what)
}
