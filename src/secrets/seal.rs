//! Sealing: a Secret becomes a SealedSecret that may be seen by everybody. Each value has a session key of its own, which is
//! sealed for the certificate; the values are nowhere else in what comes out.

use super::certificate::Certificate;
use super::document::{Document, Fault, LAST_APPLIED};
use super::scope::Scope;
use crate::model::Hidden;
use crate::sys::base64;
use crate::sys::crypto::{Broken, Session};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub const API_VERSION: &str = "bitnami.com/v1alpha1";
pub const KIND: &str = "SealedSecret";

/// The SealedSecret, as the API takes it. Its scope is the one that the Secret's annotations say.
pub fn seal(document: &Document, certificate: &Certificate) -> Result<Value, Fault> {
    let scope = Scope::of(&document.annotations);
    let (name, namespace) = (&*document.id.name, document.id.namespace.as_deref().unwrap_or("default"));
    let label = scope.label(namespace, name);
    if document.entries.is_empty() {
        return Err(Fault { at: document.at, text: "has no key, so there is nothing to seal".to_owned() });
    }
    let mut sealed = Map::new();
    for (key, entry) in &document.entries {
        let failed = |broken: Broken| Fault { at: entry.at, text: format!("{key}: cannot be sealed: {broken}") };
        sealed.insert(key.clone(), value(&entry.value, certificate, &label).map_err(failed)?.into());
    }
    let mut annotations = document.annotations.clone();
    annotations.retain(|name, _| !LAST_APPLIED.contains(&name.as_str()));
    scope.mark(&mut annotations);
    let mut own = BTreeMap::new();
    scope.mark(&mut own);
    let mut template =
        json!({"type": document.sort, "metadata": about(name, namespace, &document.labels, &annotations)});
    if document.immutable {
        template["immutable"] = true.into();
    }
    Ok(json!({
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": about(name, namespace, &BTreeMap::new(), &own),
        "spec": {"encryptedData": sealed, "template": template},
    }))
}

/// Length of what RSA made, what RSA made, what AES made: as base64.
fn value(value: &Hidden, certificate: &Certificate, label: &[u8]) -> Result<String, Broken> {
    let session = Session::random()?;
    let mut sealed = vec![0; 2];
    let length = certificate.public().seal(session.bytes(), label, &mut sealed)?;
    let length = u16::try_from(length).map_err(|_| Broken)?;
    sealed[..2].copy_from_slice(&length.to_be_bytes());
    session.seal(value, &mut sealed)?;
    Ok(base64::encode(&sealed))
}

fn about(
    name: &str,
    namespace: &str,
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
) -> Value {
    let mut about = json!({"name": name, "namespace": namespace});
    for (field, texts) in [("labels", labels), ("annotations", annotations)] {
        if !texts.is_empty() {
            about[field] = json!(texts);
        }
    }
    about
}
