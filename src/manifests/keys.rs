//! The keys of the Secrets and ConfigMaps that files give. Knows names of keys and never a value.

use super::givers::{fact, gives, home};
use super::{Node, Object};
use crate::model::Fact;
use std::collections::{BTreeSet, HashMap};

/// By fact; None where a controller fills it, so that the files do not tell its keys.
#[derive(Debug, Default)]
pub struct Keys(HashMap<Fact, Option<BTreeSet<Box<str>>>>);

/// Notes on a Secret or ConfigMap that somebody will fill it.
const FILLED: &[&str] = &[
    "reflector.v1.k8s.emberstack.com/reflects",
    "secret-generator.v1.mittwald.de/autogenerate",
    "replicator.v1.mittwald.de/replicate-from",
    "kubernetes.io/service-account.name",
    "cert-manager.io/allow-direct-injection",
];

impl Keys {
    pub fn of<'o>(objects: impl Iterator<Item = &'o Object>) -> Self {
        let mut keys = Self::default();
        for object in objects {
            match (object.id.group(), object.kind()) {
                ("", "Secret") => keys.add(fact("secret", home(object), object.name()), written(object, "stringData")),
                ("", "ConfigMap") => {
                    keys.add(fact("configmap", home(object), object.name()), written(object, "binaryData"));
                }
                ("bitnami.com", "SealedSecret") => {
                    keys.add(fact("secret", home(object), object.name()), sealed(object));
                }
                _ => {
                    for given in gives(object).into_iter().filter(|given| given.generated) {
                        keys.add(given.fact, None);
                    }
                }
            }
        }
        keys
    }

    /// What several give has the keys of all of them.
    fn add(&mut self, fact: Fact, keys: Option<BTreeSet<Box<str>>>) {
        let known = self.0.entry(fact).or_insert_with(|| Some(BTreeSet::new()));
        *known = match (known.take(), keys) {
            (Some(mut known), Some(keys)) => {
                known.extend(keys);
                Some(known)
            }
            (_, None) | (None, _) => None,
        };
    }

    /// The keys of this Secret or ConfigMap, when files give it and tell them.
    pub fn get(&self, fact: &Fact) -> Option<&BTreeSet<Box<str>>> {
        self.0.get(fact)?.as_ref()
    }
}

fn names<'o>(object: &'o Object, path: &[&str]) -> impl Iterator<Item = Box<str>> + use<'o> {
    object.root.walk(path).map_or(&[][..], Node::fields).iter().map(|field| field.name.clone())
}

fn written(object: &Object, beside: &str) -> Option<BTreeSet<Box<str>>> {
    let filled = names(object, &["metadata", "annotations"]).any(|note| FILLED.contains(&&*note));
    (!filled).then(|| names(object, &["data"]).chain(names(object, &[beside])).collect())
}

fn sealed(object: &Object) -> Option<BTreeSet<Box<str>>> {
    // The oldest form is one text in which keys are not to be seen.
    if object.root.walk(&["spec", "data"]).is_some() {
        return None;
    }
    Some(names(object, &["spec", "encryptedData"]).chain(names(object, &["spec", "template", "data"])).collect())
}
