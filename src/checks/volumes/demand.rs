//! The claims of the files: those that stand there, and those that StatefulSets will make of their templates.

use super::is_filled_later;
use crate::checks::binder::ClaimFacts;
use crate::checks::ladder::way::Way;
use crate::checks::rules::Ground;
use crate::checks::told::Told;
use crate::manifests::{Node, Object};
use crate::model::{Place, Severity};
use std::collections::HashSet;
use std::sync::Arc;

pub struct Claim<'o> {
    pub facts: ClaimFacts,
    /// Where its demands stand: the claim itself, or the template of a StatefulSet.
    pub at: Place,
    pub object: &'o Arc<Object>,
    /// The names that lead to it in its object.
    pub way: Way,
}

impl Claim<'_> {
    pub fn shown(&self) -> String {
        format!("PersistentVolumeClaim {}", self.name())
    }
    pub fn name(&self) -> String {
        format!("{}/{}", self.facts.namespace, self.facts.name)
    }
}

/// Every claim once: one that stands in a file is taken by the StatefulSet that would make it, and overlays of one repository
/// have the same claim several times.
pub fn claims<'o>(ground: &Ground<'o>, told: &mut Told) -> Vec<Claim<'o>> {
    let mut seen: HashSet<(Box<str>, Box<str>)> = HashSet::new();
    let mut claims = Vec::new();
    let plain = ground.of_kind("", "PersistentVolumeClaim").iter().map(|object| (*object, of_file(object)));
    let sets = ground.of_kind("apps", "StatefulSet").iter();
    let all = plain.map(|(object, claim)| (object, vec![claim])).chain(sets.map(|object| (*object, of_set(object))));
    for (object, made) in all {
        for claim in made {
            match claim {
                Made::Claim(claim) => {
                    if seen.insert((claim.facts.namespace.clone(), claim.facts.name.clone())) {
                        claims.push(*claim);
                    }
                }
                Made::Unread(at) => unread_at(object, object.place_at(at), told),
                Made::Later => {}
            }
        }
    }
    claims
}

enum Made<'o> {
    Claim(Box<Claim<'o>>),
    /// Its size is no amount.
    Unread(crate::model::Spot),
    /// A program has yet to put in what it asks for; or it is none.
    Later,
}

const SIZE: [&str; 4] = ["spec", "resources", "requests", "storage"];

fn read<'o>(object: &'o Arc<Object>, node: &Node, name: &str, at: Place, way: Way) -> Made<'o> {
    let mut value = node.json();
    // What is no claim at all is for the server to say.
    let Some(fields) = value.as_object_mut() else { return Made::Later };
    let meta = fields.entry("metadata").or_insert_with(|| serde_json::json!({}));
    if !meta.is_object() {
        *meta = serde_json::json!({});
    }
    value["metadata"]["name"] = name.into();
    value["metadata"]["namespace"] = object.namespace().unwrap_or("default").into();
    let texts = [&SIZE[..], &["spec", "storageClassName"], &["spec", "volumeName"]];
    let later = |way: &[&str]| node.text_at(way).is_some_and(is_filled_later);
    if is_filled_later(name) || texts.into_iter().any(later) {
        return Made::Later;
    }
    match ClaimFacts::of(&value) {
        Some(facts) => Made::Claim(Box::new(Claim { facts, at, object, way })),
        None => Made::Unread(node.nearest(&SIZE)),
    }
}

fn of_file(object: &Arc<Object>) -> Made<'_> {
    read(object, &object.root, object.name(), object.place_of(&["spec"]), Way::default())
}

fn of_set(object: &Arc<Object>) -> Vec<Made<'_>> {
    let Some(spec) = object.root.get("spec") else { return Vec::new() };
    let templates = spec.get("volumeClaimTemplates").map_or(&[][..], Node::items);
    let replicas = spec.get("replicas").and_then(Node::whole).unwrap_or(1).clamp(0, 1000);
    let first = spec.walk(&["ordinals", "start"]).and_then(Node::whole).unwrap_or(0).max(0);
    let each = templates.iter().enumerate().flat_map(|(index, template)| {
        let name = template.text_at(&["metadata", "name"]).unwrap_or_default();
        (first..first.saturating_add(replicas)).map(move |ordinal| {
            let name = format!("{name}-{}-{ordinal}", object.name());
            let way = Way::to(&["spec", "volumeClaimTemplates"]).at(index);
            read(object, template, &name, object.place_at(template.at), way)
        })
    });
    each.collect()
}

/// An amount that Kubernetes does not take.
pub fn unread(object: &Arc<Object>, way: &[&str], told: &mut Told) {
    if object.root.text_at(way).is_none_or(|text| !is_filled_later(text)) {
        unread_at(object, object.place_of(way), told);
    }
}

fn unread_at(object: &Object, place: Place, told: &mut Told) {
    let message = "its size is no amount: Kubernetes refuses it";
    told.say("F06", Severity::Error, object, place, message, "write a number and a unit, as in 10Gi");
}
