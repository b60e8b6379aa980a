//! F13: waves between Applications that do not order anything, since Argo CD takes no notice of the health of an Application.

use super::delivery::folder;
use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::{Node, Object};
use crate::model::Severity;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    ids: &["F13"],
    pages: &[cause(
        "F13",
        "A parent that is green over children that are not",
        "Applications that make Applications are ordered by waves. But Argo CD does not ask how a child is: since 1.8 an \
         Application has no health of its own unless argocd-cm says how to read it. All waves are applied at once, and the \
         parent is Healthy while its children fail.",
        "Give argocd-cm a health check for argoproj.io/Application that returns obj.status.health.",
    )],
    look,
};

/// The wave of Argo CD that an object is in.
pub fn wave(object: &Object) -> i64 {
    let note = object.root.text_at(&["metadata", "annotations", "argocd.argoproj.io/sync-wave"]);
    note.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// Whether the health of Applications is read: None where no file configures Argo CD.
pub fn is_healed(ground: &Ground<'_>) -> Option<bool> {
    let mut all = ground.of_kind("", "ConfigMap").iter().filter(|map| map.name() == "argocd-cm").peekable();
    all.peek()?;
    Some(all.any(|map| {
        let fields = map.root.get("data").map_or(&[][..], Node::fields);
        fields.iter().any(|field| match &*field.name {
            "resource.customizations.health.argoproj.io_Application" => true,
            "resource.customizations" => field.node.text().is_some_and(|text| text.contains("argoproj.io/Application")),
            _ => false,
        })
    }))
}

fn look(ground: &Ground<'_>, told: &mut Told) {
    if is_healed(ground) != Some(false) {
        return;
    }
    let mut folders: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    for child in ground.of_kind("argoproj.io", "Application") {
        folders.entry(folder(&child.file)).or_default().push(child);
    }
    let waved = folders.values().find_map(|children| {
        let first = children.iter().min_by_key(|child| wave(child))?;
        let last = children.iter().max_by_key(|child| wave(child))?;
        (wave(first) < wave(last)).then_some((*first, *last))
    });
    let map = ground.of_kind("", "ConfigMap").iter().find(|map| map.name() == "argocd-cm");
    if let (Some((first, last)), Some(map)) = (waved, map) {
        let message = format!(
            "does not say how to read the health of an Application, so {} (wave {}, {}:{}) does not wait for {} (wave {})",
            last.id,
            wave(last),
            last.file,
            last.at.line,
            first.id,
            wave(first),
        );
        let fix = "add the key resource.customizations.health.argoproj.io_Application, a script that returns obj.status.health";
        told.say("F13", Severity::Warning, map, map.place_of(&["data"]), message, fix);
    }
}
