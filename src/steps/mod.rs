//! VERBS: what a step can be. This file is the table of contents; each kind is one file that answers `contract::Kind`.

pub mod apply;
pub mod argocd;
pub mod cluster;
pub mod command;
pub mod contract;
pub mod fields;
pub mod keys;
pub mod manifests;
pub mod papers;
pub mod probe;
pub mod scene;
pub mod sealing;
pub mod secrets;
pub mod storage;
pub mod survey;
pub mod target;
pub mod trouble;
pub mod tunnel;
pub mod workloads;

use contract::Kind;
use fields::Fields;
use keys::Key;

/// A kind as it stands in a plan: its name, what it is for, its own keys, and how it is read.
pub struct Entry {
    pub name: &'static str,
    pub doc: &'static str,
    pub keys: &'static [Key],
    pub read: fn(&mut Fields<'_, '_>) -> Option<Box<dyn Kind>>,
}

/// Every kind there is. A new kind is one file and one line here.
pub const KINDS: &[Entry] = &[
    Entry { name: command::NAME, doc: command::DOC, keys: command::KEYS, read: command::read },
    Entry { name: manifests::NAME, doc: manifests::DOC, keys: manifests::KEYS, read: manifests::read },
    Entry { name: storage::NAME, doc: storage::DOC, keys: storage::KEYS, read: storage::read },
    Entry { name: sealing::NAME, doc: sealing::DOC, keys: sealing::KEYS, read: sealing::read },
    Entry { name: secrets::NAME, doc: secrets::DOC, keys: secrets::KEYS, read: secrets::read },
    Entry { name: argocd::NAME, doc: argocd::DOC, keys: argocd::KEYS, read: argocd::read },
    Entry { name: tunnel::NAME, doc: tunnel::DOC, keys: tunnel::KEYS, read: tunnel::read },
    Entry { name: workloads::NAME, doc: workloads::DOC, keys: workloads::KEYS, read: workloads::read },
    Entry { name: probe::NAME, doc: probe::DOC, keys: probe::KEYS, read: probe::read },
];
