//! Opening: a SealedSecret becomes a Secret again, whole or not at all.

use super::document::{Document, Entry};
use super::key::Key;
use super::sealed::{Sealed, Text};
use crate::model::{Hidden, ObjectId, Spot};
use crate::sys::base64;
use crate::sys::crypto::{Session, session};
use std::collections::BTreeMap;

/// A value that stays shut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shut {
    pub at: Spot,
    /// Its key in the Secret.
    pub key: String,
    pub why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    NotBase64,
    /// It is shorter than what it says of itself, or than anything sealed.
    TooShort,
    /// A key opens its head, but what follows is not what was sealed.
    Damaged,
    /// None of the keys opens it as what it is applied as.
    NoKey,
}

/// The Secret, or every value that no key opens.
pub fn open(sealed: &Sealed, keys: &[&Key]) -> Result<Document, Vec<Shut>> {
    let label = sealed.scope.label(sealed.id.namespace.as_deref().unwrap_or_default(), &sealed.id.name);
    let (mut entries, mut shut) = (BTreeMap::new(), Vec::new());
    // The key that opened one value opens most likely the next.
    let mut first = 0;
    for (key, text) in &sealed.values {
        match one(text, keys, &label, &mut first) {
            Ok(value) => drop(entries.insert(key.clone(), Entry { at: text.at, value })),
            Err(why) => shut.push(Shut { at: text.at, key: key.clone(), why }),
        }
    }
    if !shut.is_empty() {
        return Err(shut);
    }
    for (key, (at, text)) in &sealed.plain {
        match text {
            None => drop(entries.remove(key)),
            // What is sealed wins over what stands in the clear.
            Some(text) => {
                let entry = || Entry { at: *at, value: Hidden::new(text.as_bytes().to_vec()) };
                entries.entry(key.clone()).or_insert_with(entry);
            }
        }
    }
    Ok(Document {
        id: ObjectId::new("v1", "Secret", sealed.id.namespace.as_deref(), &sealed.id.name),
        at: sealed.at,
        sort: sealed.sort.clone(),
        labels: sealed.labels.clone(),
        annotations: sealed.annotations.clone(),
        immutable: sealed.immutable,
        entries,
    })
}

fn one(text: &Text, keys: &[&Key], label: &[u8], first: &mut usize) -> Result<Hidden, Why> {
    let parts = Parts::of(&text.text)?;
    for turn in 0..keys.len() {
        let at = (*first + turn) % keys.len();
        match parts.open(keys[at], label) {
            Tried::Opened(value) => {
                *first = at;
                return Ok(value);
            }
            Tried::Damaged => return Err(Why::Damaged),
            Tried::Shut => {}
        }
    }
    Err(Why::NoKey)
}

/// A sealed value taken apart.
pub struct Parts {
    bytes: Hidden,
    head: usize,
}

/// What came of one key with one label.
pub enum Tried {
    Opened(Hidden),
    Damaged,
    Shut,
}

impl Parts {
    pub fn of(text: &str) -> Result<Self, Why> {
        let bytes = base64::decode(text).ok_or(Why::NotBase64)?;
        let [first, second, rest @ ..] = bytes.reveal() else { return Err(Why::TooShort) };
        let head = usize::from(u16::from_be_bytes([*first, *second]));
        if rest.len() < head + session::TAG { Err(Why::TooShort) } else { Ok(Self { bytes, head }) }
    }
    /// How many bits the key has that it was sealed for.
    pub fn bits(&self) -> usize {
        self.head * 8
    }
    pub fn open(&self, key: &Key, label: &[u8]) -> Tried {
        let (head, body) = self.bytes.reveal()[2..].split_at(self.head);
        let Some(session) = key.private.open(head, label) else { return Tried::Shut };
        // With another key or label, OAEP gives nothing at all: what opened was meant for these.
        match Session::of(session).and_then(|session| session.open(body)) {
            Some(value) => Tried::Opened(value),
            None => Tried::Damaged,
        }
    }
}
