//! What a store holds, as the ledger says it: no identity is needed, and no value is known.

use super::{DIGEST_KEY, LEDGER, Store, ledger};
use crate::model::Spot;
use crate::secrets::key::is_loaded;
use crate::sys::crypto::hash::sha256;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// In the order of the files and of the Secrets in them. What is stale is not among them.
    pub held: Vec<Held>,
    pub stale: Vec<Stale>,
}

/// One Secret of a file that is the one the ledger knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub file: Arc<str>,
    pub namespace: String,
    pub name: String,
    /// Its `type`.
    pub sort: String,
    /// Where it begins in the plaintext.
    pub at: Spot,
    /// Where each key stands, and the keyed digest of its value.
    pub keys: BTreeMap<String, (Spot, String)>,
    /// The value of the label of the sealing keys, where it carries that.
    pub sealing_key: Option<String>,
}

impl Held {
    /// Whether the controller would load it as a sealing key.
    pub fn is_active_key(&self) -> bool {
        is_loaded(self.sealing_key.as_deref(), &self.sort, &self.name)
    }
}

/// A file of which nobody knows without an identity what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    pub file: Arc<str>,
    pub why: String,
}

impl Store {
    pub fn outline(&self) -> Outline {
        let mut outline = Outline::default();
        for file in &self.files {
            let why = match self.ledger.files.get(&file.name) {
                Some(known) if known.sha256 == file.sha256 => {
                    outline.held.extend(known.secrets.iter().map(|secret| held(&file.shown, secret)));
                    continue;
                }
                Some(_) => format!("is not the file that {LEDGER} knows: it was changed by something else"),
                None => match &self.no_ledger {
                    Some(why) => why.clone(),
                    None => format!("{LEDGER} does not know it: it was put here by something else"),
                },
            };
            outline.stale.push(Stale { file: file.shown.clone(), why });
        }
        outline.stale.extend(self.digest_key_is_stale());
        outline.stale.extend(self.gone());
        outline
    }

    fn digest_key_is_stale(&self) -> Option<Stale> {
        let why = match (&self.digest_key, &self.ledger.digest_key) {
            (Some(cipher), Some(known)) if sha256(cipher) == known.sha256 => return None,
            (None, None) if self.files.is_empty() => return None,
            (Some(_), None) if self.no_ledger.is_some() => return None,
            (Some(_), _) => format!("is not the key that {LEDGER} knows, so no digest can be compared"),
            (None, _) => "is not there, and digests cannot be made without it".to_owned(),
        };
        Some(Stale { file: self.place(DIGEST_KEY).into(), why })
    }

    /// What the ledger knows and the folder lacks. A pattern that takes only some of the files is no loss of the others.
    fn gone(&self) -> impl Iterator<Item = Stale> {
        let gone = self.ledger.files.keys().filter(|name| !self.there.contains(*name));
        let why = || format!("{LEDGER} knows it, and it is not there");
        gone.map(move |name| Stale { file: self.place(name).into(), why: why() })
    }
}

fn held(file: &Arc<str>, secret: &ledger::Secret) -> Held {
    let keys = secret.keys.iter();
    let keys =
        keys.map(|(key, value)| (key.clone(), (Spot { line: value.line, column: value.column }, value.digest.clone())));
    Held {
        file: file.clone(),
        namespace: secret.namespace.clone(),
        name: secret.name.clone(),
        sort: secret.r#type.clone(),
        at: Spot { line: secret.line, column: secret.column },
        keys: keys.collect(),
        sealing_key: secret.sealing_key.clone(),
    }
}
