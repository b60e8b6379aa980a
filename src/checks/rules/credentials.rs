//! F10: Applications that read a private repository, where no file gives Argo CD the key to it.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::Object;
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F10"],
    pages: &[cause(
        "F10",
        "A Git source that cannot be read",
        "The key to the repository was once typed into the web page of Argo CD, or put there by a script, and is in no file. \
         The rebuilt Argo CD installs well and then brings nothing: authentication required, repository not found. A branch \
         that was never pushed looks the same.",
        "Keep the Secret with the label argocd.argoproj.io/secret-type: repository among the encrypted files, and apply it \
         before the first Application.",
    )],
    look,
};

const LABEL: &str = "argocd.argoproj.io/secret-type";

fn look(ground: &Ground<'_>, told: &mut Told) {
    let is_argo = |object: &Object| object.id.group() == "argoproj.io";
    if !ground.whole || ground.of_kind("argoproj.io", "Application").is_empty() || is_given(ground) {
        return;
    }
    let delivery = ground.delivery();
    let sources = delivery.bringers.iter().filter(|one| is_argo(one.object)).flat_map(|one| &one.sources);
    let private: Vec<_> = sources
        .filter(|source| source.url.starts_with("ssh://") || source.url.contains('@') && !source.url.contains("://"))
        .collect();
    let Some(first) = private.first() else { return };
    let host = first.host().unwrap_or_default();
    let more = if private.len() > 1 { format!("; so do {} sources more", private.len() - 1) } else { String::new() };
    let message = format!("reads from {host} with a key, and no file gives Argo CD one{more}");
    let fix = format!("add the Secret with the label {LABEL}: repository (or repo-creds) to the files, encrypted");
    told.say("F10", Severity::Warning, first.object, first.place(), message, fix);
}

/// Whether any Secret says that it is for a repository. Which one it is for is mostly encrypted.
fn is_given(ground: &Ground<'_>) -> bool {
    let ways: [(&str, &str, &[&str]); 3] = [
        ("", "Secret", &["metadata", "labels", LABEL]),
        ("bitnami.com", "SealedSecret", &["spec", "template", "metadata", "labels", LABEL]),
        ("external-secrets.io", "ExternalSecret", &["spec", "target", "template", "metadata", "labels", LABEL]),
    ];
    let is_key = |object: &Object, way: &[&str]| object.root.text_at(way).is_some_and(|kind| kind.starts_with("repo"));
    ways.iter().any(|(group, kind, way)| ground.of_kind(group, kind).iter().any(|object| is_key(object, way)))
}
