//! Facts: what a step needs or gives. A fact is a kind and a name, `capability/dns`, `git/git.example.org`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The kinds of facts a person may write into a plan. Those about Kubernetes objects mostly come from manifests; they are
/// written for what no manifest shows, as a Secret that a program makes.
pub const WRITTEN: &[(&str, &str)] = &[
    ("access", "a way in, as named under `access`"),
    ("capability", "something that a step makes possible"),
    ("configmap", "a ConfigMap, by namespace/name"),
    ("crd", "a kind of objects, as SealedSecret.bitnami.com"),
    ("git", "a git server"),
    ("host", "a program, device or service of this machine"),
    ("namespace", "a Namespace"),
    ("pv", "a PersistentVolume"),
    ("registry", "an image registry"),
    ("secret", "a Secret, by namespace/name"),
    ("service", "a Service, by namespace/name"),
    ("serviceaccount", "a ServiceAccount, by namespace/name"),
    ("storageclass", "a StorageClass"),
];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fact(Box<str>);

impl Fact {
    /// Reads `kind/name`, or says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let Some((kind, name)) = text.split_once('/') else {
            return Err(format!("is not a fact: write kind/name, as capability/{text}"));
        };
        if !WRITTEN.iter().any(|(known, _)| *known == kind) {
            let known: Vec<&str> = WRITTEN.iter().map(|(known, _)| *known).collect();
            return Err(format!("has no known kind of fact before the /; known are {}", known.join(", ")));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:/".contains(c);
        if name.is_empty() || name.len() > 200 || !name.chars().all(plain) {
            return Err("needs a name after the / of a-z, A-Z, 0-9 and - . _ : /".to_owned());
        }
        Ok(Self(text.into()))
    }
    /// The way in that `access:` names.
    pub fn access(name: &str) -> Self {
        Self(format!("access/{name}").into())
    }
    /// A fact about Kubernetes, `kind/name`: made from manifests, never written by people.
    pub fn of(kind: &str, name: &str) -> Self {
        Self(format!("{kind}/{name}").into())
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_needs_a_known_kind_and_a_plain_name() {
        for bad in ["dns", "/x", "capability/", "weather/rain", "capability/a b", "capability/ä"] {
            assert!(Fact::read(bad).is_err(), "{bad:?} was taken");
        }
        assert!(Fact::read("git/git.example.org").is_ok());
    }
}
