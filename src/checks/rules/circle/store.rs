//! Stores of the External Secrets Operator: where they are, and whether what they hold lives there.

use crate::checks::rules::ground::Ground;
use crate::manifests::pods::each;
use crate::manifests::{Field, Object};
use std::sync::Arc;

/// Where a store says its address: the provider, the way to it, and whether its server only hands on what lies elsewhere.
const ADDRESSES: &[(&str, &[&str], bool)] = &[
    ("vault", &["server"], false),
    ("onepassword", &["connectHost"], true),
    ("gitlab", &["url"], false),
    ("infisical", &["hostAPI"], false),
    ("passbolt", &["host"], false),
    ("conjur", &["url"], false),
    ("webhook", &["url"], true),
    ("bitwardensecretsmanager", &["bitwardenServerSDKURL"], true),
];

/// The field with the address, and whether the server only hands on.
pub fn address(store: &Object) -> Option<(&Field, bool)> {
    let provider = store.root.walk(&["spec", "provider"])?;
    ADDRESSES.iter().find_map(|(name, way, hands_on)| {
        let (last, way) = way.split_last()?;
        Some((provider.get(name)?.walk(way)?.field(last)?, *hands_on))
    })
}

/// The store that an ExternalSecret asks.
pub fn of<'o>(ground: &Ground<'o>, secret: &Object) -> Option<&'o Arc<Object>> {
    let reference = secret.root.walk(&["spec", "secretStoreRef"])?;
    let name = reference.text_at(&["name"])?;
    match reference.text_at(&["kind"]).unwrap_or("SecretStore") {
        "ClusterSecretStore" => ground.find("external-secrets.io", "ClusterSecretStore", None, name),
        _ => ground.find("external-secrets.io", "SecretStore", secret.namespace(), name),
    }
}

/// The ExternalSecret that makes this Secret.
pub fn making<'o>(ground: &Ground<'o>, space: &str, name: &str) -> Option<&'o Arc<Object>> {
    let mut all = ground.of_kind("external-secrets.io", "ExternalSecret").iter().copied();
    all.find(|one| {
        let target = one.root.text_at(&["spec", "target", "name"]).unwrap_or(one.name());
        one.namespace().unwrap_or("default") == space && target == name
    })
}

/// How many ExternalSecrets ask this store.
pub fn askers(ground: &Ground<'_>, store: &Arc<Object>) -> usize {
    let all = ground.of_kind("external-secrets.io", "ExternalSecret").iter();
    let spec = |one: &Object| {
        one.root.get("spec").is_some_and(|spec| each(spec, "dataFrom").next().is_some() || spec.get("data").is_some())
    };
    all.filter(|one| spec(one) && of(ground, one).is_some_and(|found| Arc::ptr_eq(found, store))).count()
}
