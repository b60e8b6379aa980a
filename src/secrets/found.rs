//! Secrets as a cluster has them: which of them somebody has to keep, and why the others need no keeping.

use super::store::SEALING_KEY;
use crate::model::Hidden;
use crate::sys::base64;
use serde_json::Value;
use std::collections::BTreeMap;

/// One that has to be kept.
pub struct Found {
    pub namespace: String,
    pub name: String,
    pub sort: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub immutable: bool,
    pub entries: BTreeMap<String, Hidden>,
}

/// Annotations that hold values, or what the cluster says of itself.
const LEFT_OUT: &[&str] = &[
    "kubectl.kubernetes.io/",
    "deployment.kubernetes.io/",
    "objectset.rio.cattle.io/",
    "argocd.argoproj.io/tracking-id",
];

impl Found {
    pub fn is_sealing_key(&self) -> bool {
        self.labels.contains_key(SEALING_KEY)
    }
    /// None for what is no Secret, or has a value that is no base64.
    pub fn read(object: &Value) -> Option<Self> {
        let about = &object["metadata"];
        let texts = |name: &str| -> BTreeMap<String, String> {
            let map = about[name].as_object().into_iter().flatten();
            map.filter_map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned()))).collect()
        };
        let mut entries = BTreeMap::new();
        for (key, text) in object["data"].as_object().into_iter().flatten() {
            entries.insert(key.clone(), base64::decode(text.as_str()?)?);
        }
        let mut annotations = texts("annotations");
        annotations.retain(|key, _| !LEFT_OUT.iter().any(|begin| key.starts_with(begin)));
        Some(Self {
            namespace: about["namespace"].as_str()?.to_owned(),
            name: about["name"].as_str()?.to_owned(),
            sort: object["type"].as_str().unwrap_or(super::document::OPAQUE).to_owned(),
            labels: texts("labels"),
            annotations,
            immutable: object["immutable"].as_bool().unwrap_or(false),
            entries,
        })
    }
}

/// Who makes this Secret again by themselves, where somebody does. Sealing keys are never left to anybody.
pub fn made_by(object: &Value) -> Option<String> {
    let about = &object["metadata"];
    if about["labels"].get(SEALING_KEY).is_some() {
        return None;
    }
    if let Some(owner) = about["ownerReferences"].as_array().and_then(|owners| owners.first()) {
        let text = |name: &str| owner[name].as_str().unwrap_or("?").to_owned();
        return Some(format!("made from {} {}", text("kind"), text("name")));
    }
    let name = about["name"].as_str().unwrap_or_default();
    let annotated = |key: &str| about["annotations"].get(key).and_then(Value::as_str);
    match object["type"].as_str().unwrap_or_default() {
        "kubernetes.io/service-account-token" => return Some("a token of a service account".to_owned()),
        "bootstrap.kubernetes.io/token" => return Some("a token to join the cluster".to_owned()),
        "helm.sh/release.v1" => return Some("the memory of a Helm release".to_owned()),
        sort if sort.starts_with("helm.cattle.io/") || sort.starts_with("objectset.rio.cattle.io/") => {
            return Some("made by k3s".to_owned());
        }
        _ => {}
    }
    if let Some(certificate) = annotated("cert-manager.io/certificate-name") {
        return Some(format!("issued for Certificate {certificate}"));
    }
    let k3s = about["namespace"] == "kube-system" && (name == "k3s-serving" || name.ends_with(".node-password.k3s"));
    k3s.then(|| "made by k3s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_makes_itself_again_is_left_and_sealing_keys_never_are() {
        let of = |sort: &str, about: Value| made_by(&json!({"type": sort, "metadata": about}));
        let owner = json!({"name": "a", "ownerReferences": [{"kind": "SealedSecret", "name": "b"}]});
        assert_eq!(of("Opaque", owner), Some("made from SealedSecret b".to_owned()));
        assert!(of("helm.sh/release.v1", json!({"name": "sh.helm.release.v1.x.v1"})).is_some());
        assert!(of("kubernetes.io/service-account-token", json!({"name": "x"})).is_some());
        assert!(of("bootstrap.kubernetes.io/token", json!({"name": "x"})).is_some());
        assert!(of("Opaque", json!({"name": "node.node-password.k3s", "namespace": "kube-system"})).is_some());
        assert!(
            of("kubernetes.io/tls", json!({"name": "x", "annotations": {"cert-manager.io/certificate-name": "c"}}))
                .is_some()
        );
        assert_eq!(of("Opaque", json!({"name": "mine"})), None);
        let key = json!({"name": "k", "labels": {SEALING_KEY: "compromised"}, "ownerReferences": [{"kind": "X", "name": "y"}]});
        assert_eq!(of("kubernetes.io/tls", key), None);
    }

    #[test]
    fn values_are_read_and_the_annotation_that_repeats_them_is_not() {
        let object = json!({"metadata": {"name": "a", "namespace": "b", "labels": {"x": "y"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "canary", "keep": "me"}},
            "data": {"one": "AAEC"}, "type": "t", "immutable": true});
        let Some(found) = Found::read(&object) else { unreachable!("it is a Secret") };
        assert_eq!(found.annotations, BTreeMap::from([("keep".to_owned(), "me".to_owned())]));
        assert!(found.entries["one"].reveal() == [0, 1, 2] && found.immutable && !found.is_sealing_key());
        assert!(Found::read(&json!({"metadata": {"name": "a", "namespace": "b"}, "data": {"one": "!"}})).is_none());
    }
}
