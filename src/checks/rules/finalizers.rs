//! F88: objects that are written with a finalizer, and no file brings what would take it away.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::Node;
use crate::manifests::pods::each;
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F88"],
    pages: &[cause(
        "F88",
        "A finalizer that nobody takes away",
        "A finalizer keeps a deleted object until its controller has cleaned up and says so. It came into the file with an \
         export from the old cluster, and no file brings the controller: once the object is deleted it stays, and with \
         it its namespace.",
        "Take the finalizer out of the file, or bring its controller before it.",
    )],
    look,
};

/// Of Kubernetes itself, and of what applies files.
const KNOWN: [&str; 8] = [
    "foregroundDeletion",
    "orphan",
    "kubernetes.io/",
    "kubernetes",
    "argoproj.io",
    "finalizers.fluxcd.io",
    "cattle.io",
    "k8s.io/",
];

fn look(ground: &Ground<'_>, told: &mut Told) {
    // Behind these there are controllers that no file shows.
    let hides = [
        ("helm.cattle.io", "HelmChart"),
        ("helm.toolkit.fluxcd.io", "HelmRelease"),
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("argoproj.io", "Application"),
        ("argoproj.io", "ApplicationSet"),
    ];
    if !ground.whole || hides.into_iter().any(|(group, kind)| !ground.of_kind(group, kind).is_empty()) {
        return;
    }
    for object in &ground.objects {
        let Some(meta) = object.root.get("metadata") else { continue };
        for finalizer in each(meta, "finalizers") {
            let Some(name) = finalizer.text().filter(|name| !is_known(name)) else { continue };
            let Some(product) = product(name) else { continue };
            if !brought(ground, &product) {
                let message =
                    format!("is written with the finalizer {name}, and no file brings what would take it away");
                let fix = "take the finalizer out of the file, or bring its controller";
                told.say("F88", Severity::Warning, object, object.place_at(finalizer.at), message, fix);
            }
        }
    }
}

fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|known| match known.ends_with('/') {
        true => name.contains(known),
        false => name == *known || name.contains(&format!("{known}/")) || name.ends_with(&format!(".{known}")),
    }) || name.contains("${")
}

/// What the makers of a finalizer are called: the name before the last part of its domain.
fn product(finalizer: &str) -> Option<String> {
    let domain = finalizer.split('/').next()?;
    let parts: Vec<&str> = domain.split('.').collect();
    let at = parts.len().checked_sub(2)?;
    // Under these there are many makers.
    let shared = matches!(parts[at], "x-k8s" | "github" | "co" | "com" | "example" | "toolkit");
    let name = if shared { parts.get(at.checked_sub(1)?)? } else { parts.get(at)? };
    (name.len() > 2).then(|| name.to_lowercase())
}

/// Whether some workload has this in the name of itself, its namespace or its images.
fn brought(ground: &Ground<'_>, product: &str) -> bool {
    ground.workloads.iter().any(|workload| {
        let images = || workload.containers().filter_map(|(_, container)| container.get("image").and_then(Node::text));
        workload.object.name().contains(product)
            || workload.namespace().contains(product)
            || images().any(|image| image.contains(product))
    })
}
