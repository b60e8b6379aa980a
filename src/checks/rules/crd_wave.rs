//! F08: objects that Argo CD applies in an earlier wave than the definition of their kind. That a definition is in no file at
//! all is found elsewhere.

use super::delivery::folder;
use super::ground::Ground;
use super::parents::{is_healed, wave};
use super::{Rule, Told};
use crate::manifests::Object;
use crate::manifests::kinds::{Builtin, Scopes, builtin};
use crate::model::Severity;
use std::collections::HashSet;
use std::sync::Arc;

pub const RULE: Rule = Rule { ids: &["F08"], pages: &[], look };

fn look(ground: &Ground<'_>, told: &mut Told) {
    if ground.of_kind("argoproj.io", "Application").is_empty() {
        return;
    }
    let scopes = Scopes::of(ground.objects.iter().map(|object| -> &Object { object }));
    let mut seen: HashSet<(*const Object, *const Object)> = HashSet::new();
    for object in ground.objects.iter().filter(|one| builtin(one.id.group(), &one.id.kind) == Builtin::Foreign) {
        let Some(definition) = scopes.get(&object.id).map(|defined| defined.object) else { continue };
        if is_lenient(object) {
            continue;
        }
        let of = |file: &str| {
            ground.delivery().of_file(file).find(|one| one.object.kind() == "Application").map(|one| one.object)
        };
        let (mine, other) = (of(&object.file), of(&definition.file));
        let together = match (mine, other) {
            (Some(mine), Some(other)) => Arc::ptr_eq(mine, other),
            (None, None) => folder(&object.file) == folder(&definition.file),
            (Some(_), None) | (None, Some(_)) => false,
        };
        if together && wave(object) < wave(definition) {
            let message = within(object, definition);
            let fix = format!("give its definition a wave before {}, or this a later one", wave(object));
            told.say("F08", Severity::Error, object, object.place(), message, fix);
        }
        if let (Some(mine), Some(other)) = (mine, other)
            && !Arc::ptr_eq(mine, other)
            && wave(mine) < wave(other)
            && folder(&mine.file) == folder(&other.file)
            && seen.insert((Arc::as_ptr(mine), Arc::as_ptr(other)))
        {
            // Where the parent waits for the health of each wave, the wave with the definition never begins.
            let severity = match is_healed(ground) {
                Some(true) => Severity::Error,
                Some(false) | None => Severity::Warning,
            };
            let message = format!(
                "is in wave {} and brings {} ({}:{}), whose definition comes with {} in wave {} ({}:{})",
                wave(mine),
                object.id,
                object.file,
                object.at.line,
                other.id,
                wave(other),
                other.file,
                other.at.line,
            );
            let fix = format!("give it a wave after {}", wave(other));
            let place = mine.place_of(&["metadata", "annotations", "argocd.argoproj.io/sync-wave"]);
            told.say("F08", severity, mine, place, message, fix);
        }
    }
}

fn within(object: &Object, definition: &Object) -> String {
    format!(
        "is applied in wave {}, and the definition of its kind only in wave {} ({}:{})",
        wave(object),
        wave(definition),
        definition.file,
        definition.at.line,
    )
}

/// Whether somebody says that the definition comes from elsewhere in good time.
fn is_lenient(object: &Object) -> bool {
    let options = object.root.text_at(&["metadata", "annotations", "argocd.argoproj.io/sync-options"]);
    options.is_some_and(|options| options.contains("SkipDryRunOnMissingResource=true"))
}
