//! The store: a folder of age files, each one or more Secrets. What is in it is known without an identity, from
//! `recipients.lock`: names, keys and keyed digests. Values are known to who can open the files.

mod change;
mod digests;
mod ledger;
mod opened;
mod outline;
mod pattern;
mod write;

pub use super::key::LABEL as SEALING_KEY;
pub use digests::Digests;
pub use opened::Opened;
pub use outline::{Held, Outline, Stale};
pub use pattern::folder;
pub use write::{Changing, Put};

use crate::model::{Hidden, Problem};
use crate::sys::Look;
use crate::sys::age::{self, Recipient};
use crate::sys::crypto::hash::sha256;
use crate::sys::files::{self, Sort};
use ledger::Ledger;
use pattern::Pattern;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whom files are encrypted for, by hand.
pub const RECIPIENTS: &str = "recipients.txt";
/// What was encrypted for whom, by us.
pub const LEDGER: &str = "recipients.lock";
/// The key of the keyed digests, encrypted like everything else.
pub const DIGEST_KEY: &str = "digest-key.age";

/// No file of a store is larger.
const LARGEST: u64 = 32 << 20;

/// A store as it was at one moment.
pub struct Store {
    pub folder: PathBuf,
    /// The folder as people know it.
    pub shown: String,
    pub files: Vec<StoreFile>,
    pub recipients: Vec<Recipient>,
    ledger: Ledger,
    /// Why there is no ledger to go by.
    no_ledger: Option<String>,
    digest_key: Option<Vec<u8>>,
    /// Every name in the folder.
    there: BTreeSet<String>,
}

/// One age file, as it lay there.
pub struct StoreFile {
    pub name: String,
    /// As people know it: `secrets/tunnel.yaml.age`.
    pub shown: Arc<str>,
    cipher: Vec<u8>,
    sha256: String,
}

impl StoreFile {
    fn new(shown: &str, name: String, cipher: Vec<u8>) -> Self {
        let shown = pattern::within(shown, &name).into();
        let sha256 = sha256(&cipher);
        Self { name, shown, cipher, sha256 }
    }
    pub fn is_json(&self) -> bool {
        self.name.ends_with(".json.age")
    }
    pub fn is_armored(&self) -> bool {
        age::is_armored(&self.cipher)
    }
}

impl Store {
    /// The store that a pattern leads to: a folder, or a folder with a pattern of names behind it. Needs no identity and
    /// changes nothing. What another command is just putting there is seen whole or not at all.
    pub fn find(look: Look, base: &Path, pattern: &str, shown: &str) -> Result<Store, Problem> {
        Self::at(look, &Pattern::new(look, base, pattern, shown))
    }

    fn at(look: Look, pattern: &Pattern) -> Result<Store, Problem> {
        if !files::exists(look, &pattern.folder) {
            let fact = format!("{}: there is no store", pattern.shown);
            return Err(Problem::usage(fact).next("blackstart secrets init   # makes one"));
        }
        let unread = |error: std::io::Error| Problem::usage(format!("{}: cannot be read: {error}", pattern.shown));
        // A change moves several files one after the other. It is seen by its last word, the ledger.
        for _ in 0..50 {
            let before = change::moment(look, &pattern.folder);
            let found = Self::read_all(look, pattern);
            let moved = found.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
            if !moved && change::moment(look, &pattern.folder) == before {
                return found.map_err(unread)?;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Err(Problem::refused(format!("{}: changes faster than it can be read", pattern.shown))
            .next("wait for the command that is at work in it, then try again"))
    }

    fn read_all(look: Look, pattern: &Pattern) -> std::io::Result<Result<Store, Problem>> {
        let folder = &pattern.folder;
        let there: BTreeMap<String, PathBuf> = change::paths(look, folder)?;
        let bytes = |name: &str| match there.get(name) {
            // What is moved to its place meanwhile is not found, and looked for again; a link that leads nowhere stays.
            Some(path) if files::sort_at(look, path)? == Sort::Nothing && files::is_link(look, path) => {
                Err(std::io::Error::other(format!("{name}: is a link that leads nowhere")))
            }
            Some(path) => match files::read(look, path, LARGEST) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) => Err(std::io::Error::new(error.kind(), format!("{name}: {error}"))),
            },
            None => Ok(None),
        };
        let mut found = Vec::new();
        for name in there.keys().filter(|name| pattern.takes(name)) {
            let cipher = bytes(name)?.unwrap_or_default();
            found.push(StoreFile::new(&pattern.shown, name.clone(), cipher));
        }
        let recipients = match Self::listed(&pattern.shown, bytes(RECIPIENTS)?) {
            Ok(recipients) => recipients,
            Err(problem) => return Ok(Err(problem)),
        };
        let (ledger, no_ledger) = match bytes(LEDGER)?.map(|bytes| Ledger::read(&bytes)) {
            Some(Ok(ledger)) => (ledger, None),
            Some(Err(why)) => (Ledger::default(), Some(format!("{LEDGER} {why}"))),
            None => (Ledger::default(), Some(format!("there is no {LEDGER}"))),
        };
        let digest_key = bytes(DIGEST_KEY)?;
        let (folder, shown) = (folder.clone(), pattern.shown.clone());
        Ok(Ok(Store {
            folder,
            shown,
            files: found,
            recipients,
            ledger,
            no_ledger,
            digest_key,
            there: there.into_keys().collect(),
        }))
    }

    fn listed(shown: &str, bytes: Option<Vec<u8>>) -> Result<Vec<Recipient>, Problem> {
        let text = String::from_utf8(bytes.unwrap_or_default())
            .map_err(|_| Problem::usage(format!("{}: is not text", pattern::within(shown, RECIPIENTS))))?;
        let mut list = Recipient::list(&text)
            .map_err(|trouble| Problem::usage(format!("{}: {trouble}", pattern::within(shown, RECIPIENTS))))?;
        list.sort();
        list.dedup();
        Ok(list)
    }

    /// The place of a name in this store, as people know it.
    pub fn place(&self, name: &str) -> String {
        pattern::within(&self.shown, name)
    }

    pub fn file(&self, name: &str) -> Option<&StoreFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The name of the file that holds this Secret, by the ledger.
    pub fn holder(&self, namespace: &str, name: &str) -> Option<&str> {
        let holds = |file: &ledger::File| file.secrets.iter().any(|one| one.namespace == namespace && one.name == name);
        self.ledger.files.iter().find(|(_, file)| holds(file)).map(|(name, _)| name.as_str())
    }

    /// Whom this file was encrypted for, by the ledger.
    pub fn recipients_of(&self, name: &str) -> &[String] {
        self.ledger.files.get(name).map_or(&[], |file| &file.recipients)
    }

    /// Whom the digest key was encrypted for, by the ledger.
    pub fn recipients_of_digest_key(&self) -> &[String] {
        self.ledger.digest_key.as_ref().map_or(&[], |key| &key.recipients)
    }

    pub fn has_digest_key(&self) -> bool {
        self.digest_key.is_some()
    }
}

/// The text of a list of recipients.
fn recipients_text(recipients: &[Recipient]) -> Vec<u8> {
    let head = "# Whom the files of this folder are encrypted for, one recipient a line. After a change here:\n\
                #   blackstart secrets rotate\n";
    let lines = recipients.iter().map(|recipient| format!("{recipient}\n"));
    std::iter::once(head.to_owned()).chain(lines).collect::<String>().into_bytes()
}

/// A digest key, of which there is one in a store.
fn new_digest_key() -> Result<Hidden, Problem> {
    crate::sys::crypto::hash::random(32).ok_or_else(|| Problem::failed("this system gives no random bytes"))
}
