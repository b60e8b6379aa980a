//! A sealing key: a private key with its certificate, as the controller keeps it in a Secret. It knows the label that the
//! controller looks for, and no cluster.

use super::document::{Document, Entry, Fault};
use crate::model::{Hidden, ObjectId, Spot, Stamp};
use crate::sys::crypto::{Broken, Certificate, PrivateKey, issue};
use std::collections::BTreeMap;

/// What marks the Secret of a key.
pub const LABEL: &str = "sealedsecrets.bitnami.com/sealed-secrets-key";
/// The only value of the label with which the controller loads a key.
pub const ACTIVE: &str = "active";
/// A Secret of this name is loaded without a label, from the time before labels.
const LEGACY: &str = "sealed-secrets-key";
pub const TLS: &str = "kubernetes.io/tls";
pub const TLS_KEY: &str = "tls.key";
pub const TLS_CRT: &str = "tls.crt";
/// What the controller gives its own certificates.
const YEARS: u32 = 10;

pub struct Key {
    /// How people know it: its Secret as `namespace/name`, or a file.
    pub name: String,
    /// The value of the label that marks it; None where it has none.
    pub mark: Option<String>,
    /// True where the controller, once started, would load it.
    pub active: bool,
    pub private: PrivateKey,
    /// None of a key that came alone, from a file.
    pub certificate: Option<Certificate>,
}

impl Key {
    /// Whether a Secret is meant to be one.
    pub fn is_one(document: &Document) -> bool {
        document.labels.contains_key(LABEL) || (document.sort == TLS && &*document.id.name == LEGACY)
    }

    /// From its Secret. A controller that meets one whose parts cannot be read does not start, so all of it is read here.
    pub fn read(document: &Document) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        if document.sort != TLS {
            let text = format!("a sealing key is a Secret of type {TLS}, and this one is of another");
            faults.push(Fault { at: document.at, text });
        }
        let private = part(document, TLS_KEY, PrivateKey::from_pem, &mut faults);
        let certificate = part(document, TLS_CRT, Certificate::from_pem, &mut faults);
        let (Some((_, private)), Some((at, certificate)), true) = (private, certificate, faults.is_empty()) else {
            return Err(faults);
        };
        if certificate.public.as_ref() != Some(private.public()) {
            let text = format!(
                "{TLS_CRT}: this certificate belongs to another key than {TLS_KEY}: what is sealed for it, this key does not open"
            );
            return Err(vec![Fault { at, text }]);
        }
        let mark = document.labels.get(LABEL).cloned();
        let active = is_loaded(mark.as_deref(), &document.sort, &document.id.name);
        let name = format!("{}/{}", document.id.namespace.as_deref().unwrap_or_default(), document.id.name);
        Ok(Self { name, mark, active, private, certificate: Some(certificate) })
    }

    /// The private keys that lie alone in a file.
    pub fn alone(name: &str, text: &Hidden) -> Result<Vec<Self>, &'static str> {
        let all = PrivateKey::all_from_pem(text.reveal())?;
        let one = |private| Self { name: name.to_owned(), mark: None, active: true, private, certificate: None };
        Ok(all.into_iter().map(one).collect())
    }

    /// A new key with a certificate of its own, and the Secret that the controller will know it by.
    pub fn generate(namespace: &str, name: &str, now: Stamp) -> Result<(Self, Document), Broken> {
        const NOWHERE: Spot = Spot { line: 1, column: 1 };
        let private = PrivateKey::generate()?;
        let certificate = issue::certificate(&private, now, YEARS)?;
        let parts = [(TLS_CRT, certificate.pem()), (TLS_KEY, private.pem())];
        let entries = parts.map(|(part, value)| (part.to_owned(), Entry { at: NOWHERE, value }));
        let document = Document {
            id: ObjectId::new("v1", "Secret", Some(namespace), name),
            at: NOWHERE,
            sort: TLS.to_owned(),
            labels: BTreeMap::from([(LABEL.to_owned(), ACTIVE.to_owned())]),
            annotations: BTreeMap::new(),
            immutable: false,
            entries: entries.into(),
        };
        let name = format!("{namespace}/{name}");
        let key = Self { name, mark: Some(ACTIVE.to_owned()), active: true, private, certificate: Some(certificate) };
        Ok((key, document))
    }
}

/// Whether the controller, once started, loads a Secret of this label, type and name as a key.
pub fn is_loaded(mark: Option<&str>, sort: &str, name: &str) -> bool {
    mark == Some(ACTIVE) || (sort == TLS && name == LEGACY)
}

fn part<T>(
    document: &Document,
    name: &str,
    read: fn(&[u8]) -> Result<T, &'static str>,
    faults: &mut Vec<Fault>,
) -> Option<(Spot, T)> {
    let Some(entry) = document.entries.get(name) else {
        faults.push(Fault { at: document.at, text: format!("a sealing key needs {name}, which is not there") });
        return None;
    };
    match read(entry.value.reveal()) {
        Ok(read) => Some((entry.at, read)),
        Err(why) => {
            faults.push(Fault { at: entry.at, text: format!("{name}: {why}") });
            None
        }
    }
}
