//! F01 and its kin: something that a pod cannot do without is not there. Who should have made it, and may it still come?

use super::cause::{Cause, UNKNOWN};
use super::refs;
use super::scene::Scene;
use super::way::Way;
use crate::checks::live::Item;
use crate::model::{ObjectId, Stamp};

/// How long something that a file has may take to be applied; and something that no file has, to come from elsewhere.
const FROM_FILE: u64 = 120;
const FROM_NOWHERE: u64 = 20;

/// An object that is asked for by name. None when it is there now.
pub fn object(scene: &Scene<'_>, cause: &'static str, id: &ObjectId, since: Option<Stamp>) -> Option<Cause> {
    if scene.live.get(id).is_some_and(|item| !item.is_deleted()) {
        return None;
    }
    let (origin, fix, grace) = match scene.paper(id) {
        Some(paper) => {
            let place = paper.place();
            (format!(" though {place} has it"), format!("see why {place} was not applied"), FROM_FILE)
        }
        None if scene.has_papers() => {
            (", and no file of the plan makes it".into(), format!("add {id} to the files of the plan"), FROM_NOWHERE)
        }
        None => (String::new(), format!("create {id}"), FROM_NOWHERE),
    };
    // The ServiceAccount that each namespace gets comes a moment after the namespace.
    let grace = if &*id.kind == "ServiceAccount" && &*id.name == "default" { 60 } else { grace };
    Some(Cause::new(cause, id, format!("{id} is not there{origin}"), fix).may_heal(grace, since))
}

/// A Secret or ConfigMap, or a key of it, that this pod refers to. None when it is there now.
pub fn reference<'a>(
    scene: &Scene<'a>,
    pod: &'a Item,
    (kind, name, key): (&str, &str, Option<&str>),
    since: Option<Stamp>,
) -> Option<Cause> {
    let id = ObjectId::new("v1", kind, Some(pod.namespace()), name);
    let found = scene.live.get(&id).filter(|item| !item.is_deleted());
    let cause = match (found, key) {
        (Some(item), Some(key)) => lacks_key(scene, item, key, since)?,
        (Some(_), None) => return None,
        (None, _) => match made_by(scene, &id) {
            Some(cause) => cause,
            None => elsewhere(scene, object(scene, "F01", &id, since)?, &id),
        },
    };
    let way = refs::find(&pod.value, kind, name, key).unwrap_or_else(|| Way::to(&["spec"]));
    // What made it has a field of its own where the cause is known to lie there.
    let cause = if cause.trouble.field.is_some() { cause } else { cause.field_in_pod(scene, pod, &way) };
    Some(cause)
}

pub fn has_key(item: &Item, key: &str) -> bool {
    ["data", "stringData", "binaryData"].iter().any(|part| item.value[part].get(key).is_some())
}

fn lacks_key(scene: &Scene<'_>, item: &Item, key: &str, since: Option<Stamp>) -> Option<Cause> {
    if has_key(item, key) {
        return None;
    }
    let parts = ["data", "stringData", "binaryData"].into_iter().filter_map(|part| item.value[part].as_object());
    let keys: Vec<&str> = parts.flat_map(|part| part.keys()).map(String::as_str).collect();
    let has = if keys.is_empty() { "it has none".to_owned() } else { format!("it has {}", keys.join(", ")) };
    let in_file = scene.paper(&item.id).map(|paper| format!(" in {}", paper.place())).unwrap_or_default();
    let fix = format!("add key {key} to {}{in_file}", item.id);
    Some(Cause::new("F01", &item.id, format!("{} has no key {key}; {has}", item.id), fix).may_heal(FROM_NOWHERE, since))
}

/// The same name in another namespace is a hint worth a line.
fn elsewhere(scene: &Scene<'_>, mut cause: Cause, id: &ObjectId) -> Cause {
    let other = scene.live.of_kind("", if &*id.kind == "Secret" { "Secret" } else { "ConfigMap" });
    let mut other = other.filter(|item| item.name() == &*id.name && item.id.namespace != id.namespace);
    if let Some(item) = other.next() {
        cause.trouble.message.push_str(&format!("; namespace {} has one of this name", item.namespace()));
    }
    cause
}

/// What should make a Secret, and says that it cannot.
fn made_by(scene: &Scene<'_>, id: &ObjectId) -> Option<Cause> {
    if &*id.kind != "Secret" {
        return None;
    }
    let space = id.namespace.as_deref().unwrap_or_default();
    let makers = [
        ("bitnami.com", "SealedSecret", "/metadata/name", "Synced", "F02"),
        ("external-secrets.io", "ExternalSecret", "/spec/target/name", "Ready", "F54"),
        ("cert-manager.io", "Certificate", "/spec/secretName", "Ready", UNKNOWN),
    ];
    for (group, kind, target, condition, cause) in makers {
        let named = |item: &&Item| match item.value.pointer(target).and_then(serde_json::Value::as_str) {
            Some(name) => name == &*id.name,
            None => item.name() == &*id.name,
        };
        let Some(maker) = scene.live.of_kind_in(group, kind, space).find(named) else { continue };
        let state = maker.condition(condition).filter(|state| state["status"] == "False");
        let said = state.and_then(|state| state["message"].as_str()).unwrap_or_default();
        let since =
            state.and_then(|state| crate::checks::live::moment(&state["lastTransitionTime"])).or(maker.created());
        let (message, fix, grace) = match state {
            Some(_) => (
                format!("{} does not make its Secret: {said}", maker.id),
                match cause {
                    "F02" => "seal it again, for this name, this namespace and the certificate of the controller that runs now".to_owned(),
                    _ => format!("kubectl describe {} {} -n {space}", kind.to_lowercase(), maker.name()),
                },
                15,
            ),
            None => (format!("{} has not made its Secret yet", maker.id), format!("see whether the controller of {kind} runs"), 120),
        };
        let cause = Cause::new(cause, &maker.id, message, fix).may_heal(grace, since).raw(said);
        return Some(cause.field_of(scene, &maker.id, &Way::to(&["spec"])).seen_from(id, "is not there"));
    }
    None
}

/// What a kubelet says when one of them is missing: kind, name and key.
pub fn told<'t>(pod: &'t Item, said: &'t str) -> Option<(&'static str, &'t str, Option<&'t str>)> {
    use super::refusal::{after, between};
    for (mark, kind) in [("secret \"", "Secret"), ("configmap \"", "ConfigMap")] {
        let named = said.match_indices(mark).find_map(|(at, _)| {
            let (name, rest) = said[at + mark.len()..].split_once('"')?;
            rest.starts_with(" not found").then_some(name)
        });
        if let Some(name) = named {
            return Some((kind, name, None));
        }
    }
    for (mark, kind) in [(" in Secret ", "Secret"), (" in ConfigMap ", "ConfigMap")] {
        if let Some(key) = between(said, "couldn't find key ", mark) {
            let whole = after(said, mark)?.split([' ', ',']).next()?;
            return Some((kind, whole.split_once('/').map_or(whole, |(_, name)| name), Some(key)));
        }
    }
    for (mark, kind) in
        [("references non-existent secret key: ", "Secret"), ("references non-existent config key: ", "ConfigMap")]
    {
        if let Some(rest) = after(said, mark) {
            let key = rest.split([' ', ',', ']', ';']).next()?;
            let volume = between(said, "for volume \"", "\"")?;
            let at = Way::to(&["spec", "volumes"]).named(volume);
            let within = at.to_string();
            let refs = refs::all(&pod.value);
            let found = refs.into_iter().find(|one| {
                one.kind == kind && one.key.as_deref() == Some(key) && one.way.to_string().starts_with(&within)
            })?;
            let name = pod_name_of(pod, &found)?;
            return Some((kind, name, Some(key)));
        }
    }
    None
}

/// The name as it stands in the pod itself.
fn pod_name_of<'t>(pod: &'t Item, found: &refs::Ref) -> Option<&'t str> {
    let volumes = pod.value["spec"]["volumes"].as_array()?;
    let sources = volumes.iter().flat_map(|volume| {
        let projected = volume["projected"]["sources"].as_array().into_iter().flatten();
        std::iter::once(volume).chain(projected)
    });
    let names = sources
        .flat_map(|source| [&source["secret"]["secretName"], &source["secret"]["name"], &source["configMap"]["name"]]);
    names.filter_map(|name| name.as_str()).find(|name| **name == *found.name)
}
