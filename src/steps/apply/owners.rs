//! Who else keeps an object as a repository says: two who do that to the same object undo each other for ever.

use serde_json::Value;

/// The names under which Argo CD and Flux own fields.
const MANAGERS: &[&str] = &[
    "argocd-controller",
    "argocd-application-controller",
    "kustomize-controller",
    "helm-controller",
    "flux",
    "flux-client-side-apply",
];

/// The marks that they put on what they keep.
const MARKS: &[(&str, &str, &str)] = &[
    ("annotations", "argocd.argoproj.io/tracking-id", "Argo CD"),
    ("labels", "kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("labels", "helm.toolkit.fluxcd.io/name", "Flux"),
];

pub fn is_gitops(manager: &str) -> bool {
    MANAGERS.contains(&manager)
}

/// Who keeps this live object, if it is one of them. A mark that we send ourselves tells nothing.
pub fn keeper(live: &Value, ours: &Value) -> Option<String> {
    let marked = MARKS.iter().find(|(part, name, _)| {
        let has = |object: &Value| object["metadata"][part].get(name).is_some();
        has(live) && !has(ours)
    });
    if let Some((_, _, who)) = marked {
        return Some((*who).to_owned());
    }
    let entries = live["metadata"]["managedFields"].as_array()?;
    let keeps = entries.iter().find(|entry| {
        let name = entry["manager"].as_str().unwrap_or_default();
        is_gitops(name) && entry["subresource"].is_null() && has_content(&entry["fieldsV1"])
    })?;
    Some(keeps["manager"].as_str()?.to_owned())
}

/// True when something of what an object is to be is owned. Controllers also write how far they are, and on their own
/// objects what they are doing; that is no claim to the rest.
fn has_content(owned: &Value) -> bool {
    let notes = ["f:status", "f:operation", "f:metadata"];
    owned.as_object().is_some_and(|fields| fields.keys().any(|name| !notes.contains(&name.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn owned_by(manager: &str, fields: &Value) -> Value {
        json!({"metadata": {"managedFields": [{"manager": manager, "operation": "Apply", "fieldsV1": fields}]}})
    }

    #[test]
    fn who_owns_content_keeps_the_object_and_who_only_notes_does_not() {
        let ours = json!({"metadata": {}});
        let spec = json!({"f:spec": {"f:replicas": {}}});
        for manager in MANAGERS {
            assert_eq!(keeper(&owned_by(manager, &spec), &ours).as_deref(), Some(*manager));
        }
        assert_eq!(keeper(&owned_by("kubectl", &spec), &ours), None);
        assert_eq!(keeper(&owned_by("kube-controller-manager", &spec), &ours), None);
        let notes = json!({"f:status": {}, "f:operation": {}, "f:metadata": {"f:annotations": {}}});
        assert_eq!(keeper(&owned_by("argocd-application-controller", &notes), &ours), None);
    }

    #[test]
    fn a_mark_counts_unless_it_is_our_own() {
        let live = json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}});
        assert_eq!(keeper(&live, &json!({"metadata": {}})).as_deref(), Some("Flux"));
        assert_eq!(keeper(&live, &live), None);
    }
}
