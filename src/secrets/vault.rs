//! A store that was opened: every file was read once and found to hold what the plan was made from. Values are read again
//! when they are wanted and not kept; what is kept of each is its keyed digest, and its forms for the redactor.

use super::store::{Digests, Held, Store};
use super::{Document, Key};
use crate::model::{EntryName, Hidden, ObjectId, Problem, Redactor};
use crate::sys::Look;
use crate::sys::age::{self, Identities};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub struct Vault {
    store: Store,
    identities: Identities,
    digests: Digests,
    redactor: Arc<Redactor>,
    expected: BTreeMap<(String, String), Expected>,
}

/// What a Secret must be like to be ours.
pub struct Expected {
    /// The keyed digest of each value.
    pub keys: BTreeMap<String, String>,
}

impl Vault {
    /// Opens every file; nothing is half opened.
    pub fn open(look: Look, store: Store, held: &[Held], identities: Identities) -> Result<Vault, Problem> {
        let digests = store.digests(look, &identities)?;
        let (mut redactor, mut expected) = (Redactor::default(), BTreeMap::new());
        // A password that is a name which everybody may read hides nothing, and would take that name out of all that is told.
        let names: BTreeSet<&[u8]> = held.iter().flat_map(public).map(str::as_bytes).collect();
        for file in &store.files {
            for document in store.read(look, file, &identities)? {
                let mut keys = BTreeMap::new();
                for (key, entry) in &document.entries {
                    if !names.contains(entry.value.reveal()) {
                        redactor.add(&entry.value);
                    }
                    keys.insert(key.clone(), digests.of(&document.id, key, &entry.value));
                }
                expected.insert((space(&document).to_owned(), document.id.name.to_string()), Expected { keys });
            }
        }
        let vault = Vault { store, identities, digests, redactor: Arc::new(redactor), expected };
        match vault.strange(held) {
            None => Ok(vault),
            Some(what) => Err(Problem::refused("the store holds something else than its recipients.lock says")
                .because(what)
                .next("blackstart secrets check   # tells all of it")),
        }
    }

    /// Where what was read and what the plan was made from are not the same.
    fn strange(&self, held: &[Held]) -> Option<String> {
        let told = |(namespace, name): &(String, String)| format!("{namespace}/{name}");
        let known = |id: &(String, String)| held.iter().find(|held| held.namespace == id.0 && held.name == id.1);
        let new = self.expected.keys().find(|id| known(id).is_none());
        let gone = held.iter().find(|held| self.expected(&held.namespace, &held.name).is_none());
        let other =
            self.expected.iter().find(|(id, now)| known(id).is_some_and(|held| !held.keys.keys().eq(now.keys.keys())));
        new.map(|id| format!("Secret {} is in its files and not in the lock", told(id)))
            .or_else(|| {
                gone.map(|held| format!("{}: Secret {}/{} is not in it any more", held.file, held.namespace, held.name))
            })
            .or_else(|| other.map(|(id, _)| format!("Secret {} has other keys", told(id))))
    }

    /// What takes its values out of texts.
    pub fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }
    pub fn expected(&self, namespace: &str, name: &str) -> Option<&Expected> {
        self.expected.get(&(namespace.to_owned(), name.to_owned()))
    }
    /// Whether this is the value that the store has under this name.
    pub fn is(&self, namespace: &str, name: &str, key: &str, value: &Hidden) -> bool {
        let id = ObjectId::new("v1", "Secret", Some(namespace), name);
        let known = self.expected(namespace, name).and_then(|expected| expected.keys.get(key));
        known.is_some_and(|known| *known == self.digests.of(&id, key, value))
    }

    /// Encrypts a text for those who can open the store.
    pub fn close(&self, plain: &Hidden) -> Result<Vec<u8>, String> {
        age::close(plain, &self.store.recipients, true).map_err(|trouble| trouble.to_string())
    }
    /// The folder of the store, as people know it.
    pub fn shown(&self) -> &str {
        &self.store.shown
    }

    /// One value.
    pub fn value(&self, look: Look, entry: &EntryName) -> Result<Hidden, Problem> {
        for file in &self.store.files {
            for document in self.store.read(look, file, &self.identities)? {
                if *document.id.name == *entry.name && space(&document) == entry.namespace {
                    let mut entries = document.entries;
                    let found = entries.remove(&entry.key).map(|found| found.value);
                    return found.ok_or_else(|| Problem::refused(format!("{entry} is not in the store")));
                }
            }
        }
        Err(Problem::refused(format!("{entry} is not in the store")))
    }

    /// The sealing keys among these. One that cannot be read opens nothing; the step that puts it in place tells so.
    pub fn sealing_keys(&self, look: Look, held: &[Held]) -> Result<Vec<Key>, Problem> {
        let wanted: Vec<&Held> = held.iter().filter(|held| held.sealing_key.is_some()).collect();
        let mut keys = Vec::new();
        self.each(look, &wanted, &mut |_, document| keys.extend(Key::read(&document)))?;
        Ok(keys)
    }

    /// Hands each of these Secrets over, with its values, and forgets it.
    pub fn each(&self, look: Look, wanted: &[&Held], work: &mut dyn FnMut(&Held, Document)) -> Result<(), Problem> {
        for file in &self.store.files {
            let of_file: Vec<&&Held> = wanted.iter().filter(|held| *held.file == *file.shown).collect();
            if of_file.is_empty() {
                continue;
            }
            for document in self.store.read(look, file, &self.identities)? {
                let held =
                    of_file.iter().find(|held| held.name == *document.id.name && held.namespace == space(&document));
                if let Some(held) = held {
                    work(held, document);
                }
            }
        }
        Ok(())
    }
}

/// What of a Secret stands in the lock for everybody to read.
fn public(held: &Held) -> impl Iterator<Item = &str> {
    let keys = held.keys.keys().map(String::as_str);
    [held.namespace.as_str(), held.name.as_str()].into_iter().chain(keys)
}

fn space(document: &Document) -> &str {
    document.id.namespace.as_deref().unwrap_or("default")
}
