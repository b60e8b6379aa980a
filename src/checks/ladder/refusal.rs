//! What the API server said when it did not take an object: to a controller that wanted to make a pod, or to us.

use super::cause::{Cause, Sight, UNKNOWN};
use super::scene::Scene;
use super::way::Way;
use super::{missing, namespace, pod_security, webhook};
use crate::checks::live::Item;
use crate::model::{ObjectId, Stamp};

/// A controller could not make a pod (or a claim) for this object.
pub fn while_making<'a>(scene: &Scene<'a>, maker: &'a Item, said: &str, whole: &str, since: Option<Stamp>) -> Sight {
    if let Some(sight) = pod_security::cause(scene, maker, maker.namespace(), said, whole) {
        return sight;
    }
    let origin = &scene.origin(maker).item.id;
    if let Some(name) = after(said, "error looking up service account ").and_then(|rest| quoted(rest)) {
        let way = Way::to(&["spec", "serviceAccountName"]);
        let cause =
            missing::object(scene, "F01", &ObjectId::new("v1", "ServiceAccount", Some(maker.namespace()), name), since);
        return cause.map_or_else(
            || Sight::Waiting(format!("ServiceAccount {}/{name} is there now", maker.namespace())),
            |cause| cause.field_in_pod(scene, maker, &way).raw(whole).sight(),
        );
    }
    if let Some(name) = between(said, "no PriorityClass with name ", " was found") {
        let way = Way::to(&["spec", "priorityClassName"]);
        let cause =
            missing::object(scene, "F01", &ObjectId::new("scheduling.k8s.io/v1", "PriorityClass", None, name), since);
        return cause.map_or_else(
            || Sight::Waiting(format!("PriorityClass {name} is there now")),
            |cause| cause.field_in_pod(scene, maker, &way).raw(whole).sight(),
        );
    }
    common(scene, origin, maker.namespace(), said, whole, since)
}

/// The API server refused this object itself.
pub fn of_object(scene: &Scene<'_>, id: &ObjectId, said: &str) -> Sight {
    if let Some(rest) = after(said, "no matches for kind \"") {
        return before_crd(scene, id, rest, said);
    }
    if said.contains("Make sure the \"") && said.contains("CRD is installed on the destination cluster") {
        let rest = after(said, "Make sure the \"").unwrap_or_default();
        return before_crd(scene, id, rest, said);
    }
    let gone = between(said, "namespaces \"", "\" not found");
    if let Some(name) = gone {
        return namespace::missing(scene, id, name, said);
    }
    common(scene, id, id.namespace.as_deref().unwrap_or_default(), said, said, None)
}

fn before_crd(scene: &Scene<'_>, id: &ObjectId, rest: &str, said: &str) -> Sight {
    let kind = rest.split('"').next().unwrap_or_default();
    let group = id.group();
    let gives = |object: &&std::sync::Arc<crate::manifests::Object>| {
        object.root.text_at(&["spec", "names", "kind"]) == Some(kind)
            && (group.is_empty() || object.root.text_at(&["spec", "group"]) == Some(group))
    };
    let known = scene.live.of_kind("apiextensions.k8s.io", "CustomResourceDefinition").find(|item| {
        item.value["spec"]["names"]["kind"] == kind && (group.is_empty() || item.value["spec"]["group"] == group)
    });
    let (state, fix) = match (known, scene.papers_of("CustomResourceDefinition").find(gives)) {
        (Some(item), _) if !item.is("Established", "True") => (
            format!("its definition {} is there and not Established", item.name()),
            format!("kubectl describe crd {}", item.name()),
        ),
        (Some(item), _) => (
            format!("its definition {} came after it was asked for, or serves other versions", item.name()),
            "apply it again, and look at the version it is written in".to_owned(),
        ),
        (None, Some(paper)) => (
            format!("its definition stands in {} and was not applied before", paper.place()),
            "put the definition into an earlier step, or let the one that has it be needed".to_owned(),
        ),
        (None, None) => (
            "nothing here defines it".to_owned(),
            format!(
                "add what brings kind {kind} (a CustomResourceDefinition, or the chart that holds it) before this step"
            ),
        ),
    };
    let cause = Cause::new("F08", id, format!("the cluster knows no kind {kind}: {state}"), fix);
    let healing = known.is_some();
    let cause = cause.field_of(scene, id, &Way::to(&["kind"])).raw(said);
    if healing { cause.may_heal(30, known.and_then(Item::created)).sight() } else { cause.sight() }
}

/// What may be said to anybody.
fn common(scene: &Scene<'_>, id: &ObjectId, space: &str, said: &str, whole: &str, since: Option<Stamp>) -> Sight {
    if said.contains("failed calling webhook \"") {
        return webhook::cause(scene, said, whole, since);
    }
    if said.contains("because it is being terminated") {
        let name = between(said, "in namespace ", " because").unwrap_or(space);
        return namespace::terminating(scene, name).map_or_else(
            || Sight::Waiting(format!("namespace {name} was being deleted; it is there anew")),
            |cause| cause.raw(whole).sight(),
        );
    }
    if let Some(rest) = after(said, "is attempting to grant RBAC permissions not currently held") {
        return rights(scene, id, said, rest, whole);
    }
    if let Some(cause) = quota(scene, id, space, said, since) {
        return cause.raw(whole).sight();
    }
    let message = format!("{id} is not taken by the API server, for a reason that is not known here");
    let fix = "read what it says; nothing was matched to it";
    Cause::new(UNKNOWN, id, message, fix).may_heal(60, since).raw(whole).in_file_of(scene, id).sight()
}

fn rights(scene: &Scene<'_>, id: &ObjectId, said: &str, rest: &str, whole: &str) -> Sight {
    let user = between(said, "user \"", "\"").unwrap_or("(not named)");
    let lacks: Vec<&str> =
        rest.lines().map(|line| line.trim_start_matches(':').trim()).filter(|line| line.starts_with('{')).collect();
    let lacks = if lacks.is_empty() { rest.trim_start_matches(':').trim().to_owned() } else { lacks.join(" ") };
    let role = between(said, "rbac.authorization.k8s.io \"", "\"").unwrap_or(&id.name);
    let message = format!("{user} may not escalate: it would grant in {role} what it does not hold itself: {lacks}");
    let fix = format!(
        "give {user} these rights first, or the verb \"escalate\" (for bindings: \"bind\") on that role, or apply the role as an administrator"
    );
    Cause::new("F39", id, message, fix).field_of(scene, id, &Way::to(&["rules"])).raw(whole).sight()
}

fn quota(scene: &Scene<'_>, id: &ObjectId, space: &str, said: &str, since: Option<Stamp>) -> Option<Cause> {
    let quota = |name: &str| ObjectId::new("v1", "ResourceQuota", Some(space), name);
    if let Some(rest) = after(said, "exceeded quota: ") {
        let name = rest.split(',').next().unwrap_or_default();
        let object = quota(name);
        let figures = rest.get(name.len() + 2..).unwrap_or_default().trim_end();
        let first = figures.strip_prefix("requested: ").and_then(|rest| rest.split('=').next()).unwrap_or("pods");
        let message = format!("ResourceQuota {space}/{name} is full: {figures}");
        let fix = format!("raise spec.hard of ResourceQuota {space}/{name}, or ask for less in namespace {space}");
        let cause = Cause::new("F51", &object, message, fix).may_heal(30, since);
        return Some(cause.field_of(scene, &object, &Way::to(&["spec", "hard"]).key(first)));
    }
    let rest = after(said, "failed quota: ")?;
    let name = rest.split(':').next().unwrap_or_default();
    let object = quota(name);
    let message = format!("ResourceQuota {space}/{name} {}", rest.get(name.len() + 2..).unwrap_or_default());
    let fix = format!(
        "say in the pod template of {id} what the quota asks for, or give namespace {space} a LimitRange with defaults"
    );
    Some(Cause::new("F51", &object, message, fix).field_of(scene, &object, &Way::to(&["spec", "hard"])))
}

pub fn after<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    text.find(mark).map(|at| &text[at + mark.len()..])
}

pub fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    let rest = after(text, from)?;
    rest.find(to).map(|end| &rest[..end])
}

/// The first text in quotes.
pub fn quoted(text: &str) -> Option<&str> {
    between(text, "\"", "\"")
}
