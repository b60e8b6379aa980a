//! A namespace that is not there, or that is being deleted and does not end.

use super::cause::{Cause, Sight};
use super::leaving;
use super::scene::Scene;
use super::way::Way;
use crate::checks::live::Item;
use crate::model::ObjectId;

fn id_of(name: &str) -> ObjectId {
    ObjectId::new("v1", "Namespace", None, name)
}

pub fn stand(scene: &Scene<'_>, item: &Item) -> Sight {
    match terminating(scene, item.name()) {
        Some(cause) => cause.sight(),
        None if item.value["status"]["phase"] == "Active" => Sight::Ready("Active".into()),
        None => Sight::Waiting("not Active yet".into()),
    }
}

/// An object cannot be there because its namespace is not. None of the plan's own words: the API server's.
pub fn missing(scene: &Scene<'_>, object: &ObjectId, name: &str, said: &str) -> Sight {
    let id = id_of(name);
    if scene.live.get(&id).is_some_and(|item| !item.is_deleted()) {
        return Sight::Waiting(format!("Namespace {name} is there now"));
    }
    let fix = match scene.paper(&id) {
        Some(paper) => {
            format!("apply {} first: the step that has it must come before the one that has {object}", paper.place())
        }
        None => format!("add a manifest of Namespace {name} to an earlier step"),
    };
    let message = format!("there is no namespace {name}, so nothing can be put into it");
    let way = Way::to(&["metadata", "namespace"]);
    let mut cause = Cause::new("F08", &id, message, fix).may_heal(30, None).raw(said);
    cause.trouble.field = Some(way.to_string());
    cause.trouble.place = scene.paper(object).map(|paper| way.place(paper));
    cause.seen_from(object, "is not taken").sight()
}

/// Why the deletion of a namespace does not end. None when it is not being deleted.
pub fn terminating(scene: &Scene<'_>, name: &str) -> Option<Cause> {
    match scene.once(&id_of(name), || ending(scene, name).map_or_else(|| Sight::Ready("there".into()), Cause::sight)) {
        Sight::Cause(cause) => Some(*cause),
        Sight::Ready(_) | Sight::Waiting(_) => None,
    }
}

fn ending(scene: &Scene<'_>, name: &str) -> Option<Cause> {
    let id = id_of(name);
    let item =
        scene.live.get(&id).filter(|item| item.is_deleted() || item.value["status"]["phase"] == "Terminating")?;
    let told = item.conditions().filter(|condition| {
        let kind = condition["type"].as_str().unwrap_or_default();
        kind.starts_with("Namespace") && condition["status"] == "True"
    });
    let told: Vec<&str> = told.filter_map(|condition| condition["message"].as_str()).collect();
    let stays = if told.is_empty() { "nothing is said about what is left".to_owned() } else { told.join("; ") };
    let held = scene
        .live
        .all()
        .find(|other| other.namespace() == name && other.is_deleted() && !other.finalizers().is_empty());
    let dead =
        scene.live.of_kind("apiregistration.k8s.io", "APIService").find(|service| service.is("Available", "False"));
    let fix = match (held, dead) {
        (Some(held), _) => leaving::advice(scene, held),
        (None, Some(dead)) => format!(
            "{} does not answer, so nobody can tell what is left: bring its service up, or kubectl delete apiservice {}",
            dead.id,
            dead.name()
        ),
        (None, None) => format!(
            "kubectl get namespace {name} -o yaml tells what is left; remove that, never the finalizer of the namespace"
        ),
    };
    let mut cause = Cause::new("F25", &id, format!("Namespace {name} is being deleted and does not end: {stays}"), fix);
    cause = cause.may_heal(60, item.deleted()).field_of(scene, &id, &Way::to(&["metadata", "deletionTimestamp"]));
    cause.trouble.place = None;
    if let Some(held) = held {
        cause = cause.seen_from(&held.id, format!("is kept by finalizer {}", held.finalizers().join(", ")));
    }
    if let Some(dead) = dead {
        let said =
            dead.condition("Available").and_then(|condition| condition["message"].as_str()).unwrap_or("not Available");
        cause = cause.seen_from(&dead.id, said);
    }
    for said in told {
        cause = cause.raw(said);
    }
    Some(cause)
}
