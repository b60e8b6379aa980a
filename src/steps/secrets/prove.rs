//! Whether a Secret is back: it is there, of its type, owned by who shall own it, with exactly our keys, and each value is
//! the one in the store. A condition that says so is told, and never enough.

use crate::secrets::Vault;
use crate::secrets::store::Held;
use crate::sys::kube::{Kube, LiveSecret, Trouble};
use serde_json::Value;

/// Annotations by which a Secret belongs to a SealedSecret that does not own it.
const MANAGED: [&str; 2] = ["sealedsecrets.bitnami.com/managed", "sealedsecrets.bitnami.com/patch"];
const ORPHANED: &str = "sealedsecrets.bitnami.com/skip-set-owner-references";

/// What was found of one Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    Proven,
    /// In words, by names.
    Not(String),
}

/// Looks at one Secret. `sealed` is the SealedSecret that it shall come from, where it does.
pub async fn prove(kube: &Kube, vault: &Vault, held: &Held, sealed: Option<&Value>) -> Result<Proof, Trouble> {
    Ok(match kube.secret(&held.namespace, &held.name).await? {
        None => Proof::Not("no Secret of this name is there".to_owned()),
        Some(live) => {
            match going(&live, sealed).or_else(|| owned(&live, sealed)).or_else(|| differs(&live, vault, held)) {
                None => Proof::Proven,
                Some(why) => Proof::Not(why),
            }
        }
    })
}

/// Whether it, or what it comes from, will be gone in a moment: what is there now is not back.
fn going(live: &LiveSecret, sealed: Option<&Value>) -> Option<String> {
    if live.metadata.deletion_timestamp.is_some() {
        return Some("the Secret is being deleted, and finalizers hold it".to_owned());
    }
    let sealed = sealed.filter(|sealed| sealed["metadata"]["deletionTimestamp"].is_string());
    sealed.map(|_| "its SealedSecret is being deleted, and the Secret goes with it".to_owned())
}

/// Why it is not the Secret of this SealedSecret.
fn owned(live: &LiveSecret, sealed: Option<&Value>) -> Option<String> {
    let sealed = sealed?;
    let about = &live.metadata;
    let yes = |name: &str| about.annotations.get(name).is_some_and(|text| text == "true");
    let uid = sealed["metadata"]["uid"].as_str().unwrap_or_default();
    if about.owner_references.iter().any(|owner| owner.uid == uid)
        || MANAGED.iter().any(|name| yes(name))
        || yes(ORPHANED)
    {
        return None;
    }
    Some(match about.owner_references.first() {
        None => "a Secret of this name exists and belongs to nobody".to_owned(),
        Some(owner) => format!("the Secret belongs to another {}, {}", owner.kind, owner.name),
    })
}

/// What is otherwise than in the store.
fn differs(live: &LiveSecret, vault: &Vault, held: &Held) -> Option<String> {
    if live.sort != held.sort {
        return Some(format!("is of type {}, not {}", live.sort, held.sort));
    }
    let Some(expected) = vault.expected(&held.namespace, &held.name) else {
        return Some("is not in the store that was opened".to_owned());
    };
    if let Some(key) = expected.keys.keys().find(|key| live.value(key).is_none()) {
        return Some(format!("key {key} is missing from the Secret"));
    }
    if let Some((key, _)) = live.values().find(|(key, _)| !expected.keys.contains_key(*key)) {
        return Some(format!("key {key} is in the Secret and not in the store"));
    }
    let wrong = live.values().find(|(key, value)| !vault.is(&held.namespace, &held.name, key, value));
    wrong.map(|(key, _)| format!("key {key} has another value than in the store"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_being_deleted_is_not_back() {
        let live = |going: Value| -> LiveSecret {
            serde_json::from_value(json!({"metadata": {"name": "a", "deletionTimestamp": going}})).unwrap()
        };
        let sealed = |going: Value| json!({"metadata": {"name": "a", "deletionTimestamp": going}});
        let at = || json!("2026-01-01T00:00:00Z");
        assert_eq!(going(&live(Value::Null), Some(&sealed(Value::Null))), None);
        assert_eq!(going(&live(Value::Null), None), None);
        assert!(going(&live(at()), None).unwrap().contains("the Secret is being deleted"));
        assert!(going(&live(Value::Null), Some(&sealed(at()))).unwrap().contains("its SealedSecret is being deleted"));
    }
}
