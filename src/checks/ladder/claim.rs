//! F04, F05, F06, F32, F95: a claim that is not bound. Which volume comes nearest, and what it lacks.

use super::cause::{Cause, Sight};
use super::edit::Edit;
use super::scene::Scene;
use super::way::Way;
use super::{leaving, misfit, missing};
use crate::checks::binder::{ClaimFacts, Miss, VolumeFacts, matches, nearest};
use crate::checks::live::{Event, Item};
use crate::manifests::Object;
use crate::model::{ObjectId, Stamp};
use std::sync::Arc;

/// A claim that somebody expects, whether or not a pod uses it.
pub fn stand<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    let used = scene.is_used(item);
    scene.once(&item.id, || judged(scene, item, used))
}

/// The claims that a pod uses, by name.
pub fn claims_of(pod: &Item) -> impl Iterator<Item = &str> {
    let volumes = pod.value["spec"]["volumes"].as_array().into_iter().flatten();
    volumes.filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str())
}

/// A claim that a pod waits for.
pub fn for_pod<'a>(scene: &Scene<'a>, pod: &'a Item, name: &str) -> Sight {
    let id = ObjectId::new("v1", "PersistentVolumeClaim", Some(pod.namespace()), name);
    let Some(item) = scene.live.get(&id) else {
        if !scene.live.is_listed("PersistentVolumeClaim") && !said_missing(pod, name) {
            return Sight::Ready("not looked at".into());
        }
        let cause = scene.once(&id, || match missing::object(scene, "F01", &id, pod.created()) {
            Some(cause) => cause.sight(),
            None => Sight::Waiting("it is there now".into()),
        });
        let way = Way::to(&["spec", "volumes"]);
        return match cause {
            Sight::Cause(cause) => cause.field_in_pod(scene, pod, &way).sight(),
            Sight::Ready(_) | Sight::Waiting(_) => cause,
        };
    };
    scene.once(&id, || judged(scene, item, true))
}

fn said_missing(pod: &Item, name: &str) -> bool {
    let said = pod.condition("PodScheduled").and_then(|condition| condition["message"].as_str());
    said.is_some_and(|said| said.contains(&format!("persistentvolumeclaim \"{name}\" not found")))
}

fn judged<'a>(scene: &Scene<'a>, item: &'a Item, used: bool) -> Sight {
    if item.is_deleted() {
        return leaving::stand(scene, item);
    }
    match item.value["status"]["phase"].as_str().unwrap_or("Pending") {
        "Bound" => {
            Sight::Ready(format!("bound to {}", item.value["spec"]["volumeName"].as_str().unwrap_or("a volume")))
        }
        "Lost" => lost(scene, item),
        _ => pending(scene, item, used),
    }
}

/// What was said about the claim, newest first, as a cause keeps it.
fn told<'a>(scene: &Scene<'a>, item: &'a Item) -> Vec<Event<'a>> {
    let mut events = scene.live.events_of(item);
    events.retain(|event| !event.reason.starts_with("WaitFor"));
    events.reverse();
    events
}

fn with_told(mut cause: Cause, told: &[Event<'_>]) -> Cause {
    for event in told.iter().take(3) {
        cause = cause.raw(event.whole);
    }
    cause
}

fn lost<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    let volume = item.value["spec"]["volumeName"].as_str().unwrap_or("its volume");
    let message = format!("{} is Lost: it was bound to {volume}, which is gone or bound to another", item.id);
    let fix = format!(
        "Lost never ends: kubectl delete pvc {} -n {}, apply the volume (without claimRef.uid), then the claim anew",
        item.name(),
        item.namespace()
    );
    let cause = with_told(Cause::new("F06", &item.id, message, fix), &told(scene, item));
    at(cause, scene, item, &["spec", "volumeName"]).sight()
}

/// The file of a claim: its own, or the StatefulSet whose template made it.
fn file_of<'a>(scene: &Scene<'a>, item: &Item) -> Option<(&'a Arc<Object>, Way)> {
    if let Some(paper) = scene.paper(&item.id) {
        return Some((paper, Way::default()));
    }
    scene.papers_of("StatefulSet").filter(|set| set.namespace() == item.id.namespace.as_deref()).find_map(|set| {
        let templates = set.root.walk(&["spec", "volumeClaimTemplates"])?.items();
        let made = |name: &str| {
            let number =
                item.name().strip_prefix(name)?.strip_prefix('-')?.strip_prefix(set.name())?.strip_prefix('-')?;
            number.parse::<u32>().ok()
        };
        let index =
            templates.iter().position(|template| template.text_at(&["metadata", "name"]).and_then(made).is_some())?;
        Some((set, Way::to(&["spec", "volumeClaimTemplates"]).at(index)))
    })
}

/// The cause with its field in the claim, or in what made the claim.
pub fn at(mut cause: Cause, scene: &Scene<'_>, item: &Item, field: &[&str]) -> Cause {
    let (paper, way) = match file_of(scene, item) {
        Some((paper, way)) => (Some(paper), way.keys(field)),
        None => (None, Way::to(field)),
    };
    cause.trouble.place = paper.map(|paper| way.place(paper));
    cause.trouble.field = Some(way.to_string());
    cause
}

fn pending<'a>(scene: &Scene<'a>, item: &'a Item, used: bool) -> Sight {
    let Some(facts) = ClaimFacts::of(&item.value) else {
        return Sight::Waiting("its size cannot be read".into());
    };
    let told = told(scene, item);
    if let Some(sight) = asked_by_name(scene, item, &facts, &told) {
        return sight;
    }
    let volumes = scene.volumes();
    let fits: Vec<&VolumeFacts> = volumes.iter().filter(|volume| matches(&facts, volume).is_ok()).collect();
    let class_name = facts.class.as_deref().unwrap_or_default();
    let class = scene.live.find("storage.k8s.io", "StorageClass", "", class_name);
    let waits = class.is_some_and(|class| class.value["volumeBindingMode"] == "WaitForFirstConsumer");
    if !fits.is_empty() {
        if let Some(cause) = out_of_reach(scene, item, &fits) {
            return with_told(cause, &told).sight();
        }
        return match (waits, used) {
            (true, false) => Sight::Ready("not bound: it waits for the first pod that uses it".into()),
            _ => Sight::Waiting(format!("{} fits and is not bound yet", fits[0].name)),
        };
    }
    let provisioner = class.and_then(|class| class.value["provisioner"].as_str()).unwrap_or_default();
    let dynamic = !provisioner.is_empty() && provisioner != "kubernetes.io/no-provisioner";
    if dynamic {
        return provisioned(scene, item, &facts, provisioner, (waits, used), &told);
    }
    if !class_name.is_empty() && class.is_none() && !volumes.iter().any(|volume| *volume.class == *class_name) {
        let id = ObjectId::new("storage.k8s.io/v1", "StorageClass", None, class_name);
        if let Some(cause) = missing::object(scene, "F01", &id, item.created()) {
            return at(with_told(cause, &told), scene, item, &["spec", "storageClassName"]).sight();
        }
    }
    no_volume(scene, item, &facts, &told)
}

/// The claim names its volume.
fn asked_by_name<'a>(scene: &Scene<'a>, item: &'a Item, facts: &ClaimFacts, told: &[Event<'_>]) -> Option<Sight> {
    let name = facts.volume.as_deref()?;
    let Some(volume) = scene.volumes().iter().find(|volume| *volume.name == *name) else {
        let id = ObjectId::new("v1", "PersistentVolume", None, name);
        let cause = missing::object(scene, "F06", &id, item.created())?;
        return Some(at(with_told(cause, told), scene, item, &["spec", "volumeName"]).sight());
    };
    let misses = match matches(facts, volume) {
        Ok(()) => return Some(Sight::Waiting(format!("{name} fits and is not bound yet"))),
        Err(misses) => misses,
    };
    let message = format!("{} names {}, which {}", item.id, name, misfit::listed(&misses));
    let cause = Cause::new("F06", &item.id, message, misfit::fix(item, volume, &misses));
    Some(misfit::mended(with_told(cause, told), scene, item, facts, volume, &misses).sight())
}

/// F32: a volume fits, but no node can reach it.
fn out_of_reach(scene: &Scene<'_>, item: &Item, fits: &[&VolumeFacts]) -> Option<Cause> {
    let nodes = scene.nodes();
    let reached = |volume: &&VolumeFacts| nodes.iter().any(|(_, labels)| volume.nodes.holds(labels));
    if nodes.is_empty() || fits.iter().any(reached) {
        return None;
    }
    let volume = fits.first()?;
    Some(pinned(scene, volume).seen_from(&item.id, format!("only {} fits", volume.name)))
}

/// A volume that only a node can reach that is not there.
pub fn pinned(scene: &Scene<'_>, volume: &VolumeFacts) -> Cause {
    let id = ObjectId::new("v1", "PersistentVolume", None, &volume.name);
    let message =
        format!("{id} can be reached from a node with {} only; the nodes are {}", volume.nodes, scene.node_names());
    let fix = "write the name (or the label) of a node of this cluster into its nodeAffinity; of a volume that exists it cannot be changed: kubectl delete pv (its data stays), then apply it anew";
    Cause::new("F32", &id, message, fix).field_of(
        scene,
        &id,
        &Way::to(&["spec", "nodeAffinity", "required", "nodeSelectorTerms"]),
    )
}

/// A claim whose class makes volumes.
fn provisioned<'a>(
    scene: &Scene<'a>,
    item: &'a Item,
    facts: &ClaimFacts,
    provisioner: &str,
    (waits, used): (bool, bool),
    told: &[Event<'_>],
) -> Sight {
    let refused = told.iter().any(|event| event.message.contains("elector is not supported"));
    if facts.selector.is_some() && (refused || provisioner == "rancher.io/local-path") {
        let class = facts.class.as_deref().unwrap_or_default();
        let message = format!(
            "{} has a selector, and its storageClassName {class} ({provisioner}) serves claims without one only",
            item.id
        );
        let fix = "for a volume that is there already write storageClassName: \"\" on claim and volume; for a new one take the selector away";
        let edit = Edit::of(&item.id).set(Way::to(&["spec", "storageClassName"]), "");
        let cause = with_told(Cause::new("F05", &item.id, message, fix), told);
        return at(cause, scene, item, &["spec", "selector"]).mended_by(scene, edit).sight();
    }
    let last = told.first();
    if let Some(event) = last.filter(|event| event.warning) {
        let message = format!("{provisioner} makes no volume for {}", item.id);
        let cause = Cause::new("F95", &item.id, message, "read what it says; look at the log of the provisioner");
        return at(with_told(cause, told), scene, item, &["spec", "storageClassName"])
            .may_heal(60, event.first)
            .sight();
    }
    if waits && !used {
        return Sight::Ready("not bound: it waits for the first pod that uses it".into());
    }
    match last.filter(|event| event.reason == "ExternalProvisioning") {
        Some(event) => silent(scene, item, provisioner, event.first, told),
        None => Sight::Waiting("no volume was made for it yet".into()),
    }
}

fn silent(scene: &Scene<'_>, item: &Item, provisioner: &str, since: Option<Stamp>, told: &[Event<'_>]) -> Sight {
    let message = format!("{} waits for {provisioner} to make a volume, which says nothing", item.id);
    let cause =
        Cause::new("F95", &item.id, message, format!("see whether the pod of {provisioner} runs, and read its log"));
    at(with_told(cause, told), scene, item, &["spec", "storageClassName"]).may_heal(60, since).sight()
}

/// F04, or F06 where the volume was another claim's: none of the volumes fits.
fn no_volume<'a>(scene: &Scene<'a>, item: &'a Item, facts: &ClaimFacts, told: &[Event<'_>]) -> Sight {
    let volumes = scene.volumes();
    // To apply a file again helps where the volume is not there, or lacks what the file has; it takes no volume from another.
    let helps = |name: &str| match volumes.iter().find(|volume| *volume.name == *name) {
        Some(volume) => matches(facts, volume).is_err_and(|misses| misses.iter().all(misfit::is_written)),
        None => true,
    };
    let fits = |paper: &&Arc<Object>| VolumeFacts::of_file(paper).is_some_and(|volume| matches(facts, &volume).is_ok());
    let in_file = scene.papers_of("PersistentVolume").filter(|paper| helps(paper.name())).find(fits);
    let applied = |cause: Cause| match in_file {
        // The file is right and the cluster is not: it is yet to be applied, or was changed by hand.
        Some(paper) => {
            let mut cause = cause.may_heal(60, item.created());
            cause.trouble.fix = format!(
                "{} in {} would fit as it stands there: apply it; or {}",
                paper.id,
                paper.place(),
                cause.trouble.fix
            );
            cause
        }
        None => cause,
    };
    let Some((volume, misses)) = nearest(facts, volumes) else {
        let message = format!("{} has no volume to be bound to: there is no PersistentVolume at all", item.id);
        let cause =
            Cause::new("F04", &item.id, message, "apply the volumes, or give the claim a class that makes them");
        return applied(at(with_told(cause, told), scene, item, &["spec"])).sight();
    };
    if misses.iter().any(misfit::is_stale) {
        return with_told(misfit::stale(scene, volume), told)
            .seen_from(&item.id, format!("only {} comes near", volume.name))
            .sight();
    }
    let only_labels = misses.iter().all(|miss| matches!(miss, Miss::Label { .. }));
    let message = format!(
        "{} fits none of {} volumes; the nearest, {}, {}",
        item.id,
        volumes.len(),
        volume.name,
        misfit::listed(&misses)
    );
    let id = if only_labels { "F04" } else { "F06" };
    let cause = Cause::new(id, &item.id, message, misfit::fix(item, volume, &misses));
    applied(misfit::mended(with_told(cause, told), scene, item, facts, volume, &misses)).sight()
}

/// A volume that somebody expects.
pub fn volume(scene: &Scene<'_>, item: &Item) -> Sight {
    if item.is_deleted() {
        return leaving::stand(scene, item);
    }
    let phase = item.value["status"]["phase"].as_str().unwrap_or("Pending");
    let said = item.value["status"]["message"].as_str().unwrap_or_default();
    match phase {
        "Bound" | "Available" => Sight::Ready(phase.to_owned()),
        "Released" | "Failed" => match VolumeFacts::of(&item.value) {
            Some(volume) => misfit::stale(scene, &volume).raw(said).sight(),
            None => Sight::Waiting(phase.to_owned()),
        },
        other => Sight::Waiting(other.to_owned()),
    }
}
