//! The store changed: files put, everything encrypted anew. Whoever changes it has it alone, and each change is one.

use super::ledger::{self, Ledger};
use super::pattern::Pattern;
use super::{DIGEST_KEY, Digests, LEDGER, Opened, RECIPIENTS, Store, change, new_digest_key, opened, recipients_text};
use crate::model::{Hidden, Problem};
use crate::secrets::Document;
use crate::sys::age::{self, Identities, Recipient};
use crate::sys::crypto::hash::sha256;
use crate::sys::lock::Lock;
use crate::sys::{Touch, files};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// A store that nobody else changes meanwhile.
pub struct Changing {
    /// With all of its files, whichever were meant.
    pub store: Store,
    meant: Pattern,
    _lock: Lock,
}

/// A file as it shall be.
pub struct Put {
    pub name: String,
    pub plain: Hidden,
    pub armor: bool,
}

type Files = Vec<(String, Vec<u8>)>;

impl Changing {
    /// Puts an earlier change in place that was broken off, then finds the store.
    pub fn begin(touch: &Touch, base: &Path, pattern: &str, shown: &str) -> Result<Self, Problem> {
        let look = touch.look();
        let meant = Pattern::new(look, base, pattern, shown).whole();
        if !files::exists(look, &meant.folder) {
            // Told as who only reads is told.
            Store::at(look, &meant)?;
        }
        let lock = change::hold(touch, &meant.folder, &meant.shown)?;
        Ok(Self { store: Store::at(look, &meant)?, meant, _lock: lock })
    }

    /// None where this file is one of those that were meant, else the pattern that leaves it out.
    pub fn left_out_by(&self, name: &str) -> Option<String> {
        if self.meant.means(name) { None } else { Some(self.meant.text()) }
    }

    /// A store in a folder that has none: whom for, the digest key, a ledger, and these files.
    pub fn init(&self, touch: &Touch, recipients: &[Recipient], puts: &[Put]) -> Result<(), Problem> {
        let mut out = Files::new();
        let (ledger_key, digests) = self.new_key(recipients, &mut out)?;
        let mut ledger = Ledger { digest_key: Some(ledger_key), ..Ledger::default() };
        self.close_all(puts, recipients, &digests, &mut ledger, &mut out)?;
        self.make(touch, out, recipients, &ledger)
    }

    /// Puts these files, the others staying as they are.
    pub fn put(&self, touch: &Touch, identities: &Identities, puts: &[Put]) -> Result<(), Problem> {
        let store = &self.store;
        if let Some(why) = &store.no_ledger {
            let fact = format!("{}: {why}", store.shown);
            return Err(Problem::refused(fact).next("blackstart secrets rotate   # writes it anew, from the files"));
        }
        let digests = store.digests(touch.look(), identities)?;
        let recipients = self.recipients()?;
        let (mut ledger, mut out) = (store.ledger.clone(), Files::new());
        self.close_all(puts, recipients, &digests, &mut ledger, &mut out)?;
        self.make(touch, out, recipients, &ledger)
    }

    fn close_all(
        &self,
        puts: &[Put],
        recipients: &[Recipient],
        digests: &Digests,
        ledger: &mut Ledger,
        out: &mut Files,
    ) -> Result<(), Problem> {
        for put in puts {
            let shown = self.store.place(&put.name);
            let documents = opened::documents(&shown, &put.plain, put.name.ends_with(".json.age"))?;
            self.never_twice(&shown, &documents, puts)?;
            let cipher = close(&shown, &put.plain, recipients, put.armor)?;
            ledger.files.insert(put.name.clone(), entry(&cipher, recipients, &documents, digests));
            out.push((put.name.clone(), cipher));
        }
        Ok(())
    }

    /// Encrypts everything anew for these, and writes the ledger from what is there. With a new digest key no digest that
    /// was known before can be compared any more.
    pub fn rotate(
        &self,
        touch: &Touch,
        identities: &Identities,
        recipients: &[Recipient],
        new_key: bool,
    ) -> Result<usize, Problem> {
        if recipients.is_empty() {
            return Err(Problem::refused("without a recipient nobody could open the store any more"));
        }
        let (store, mut out) = (&self.store, Files::new());
        let all: Vec<Opened<'_>> = store.open_all(touch.look(), identities)?;
        let (ledger_key, digests) = match new_key {
            true => self.new_key(recipients, &mut out)?,
            false => {
                let key = store.open_digest_key(identities)?;
                self.same_key(&key, recipients, &mut out)?
            }
        };
        let mut ledger = Ledger { digest_key: Some(ledger_key), ..Ledger::default() };
        for Opened { file, plain, documents } in &all {
            let cipher = close(&file.shown, plain, recipients, file.is_armored())?;
            ledger.files.insert(file.name.clone(), entry(&cipher, recipients, documents, &digests));
            out.push((file.name.clone(), cipher));
        }
        self.make(touch, out, recipients, &ledger)?;
        Ok(all.len())
    }

    /// Whether there is a store already, not only a folder.
    pub fn is_one(&self) -> bool {
        self.store.there.contains(LEDGER)
    }

    /// Those of `recipients.txt`.
    pub fn recipients(&self) -> Result<&[Recipient], Problem> {
        match self.store.recipients.as_slice() {
            [] => Err(Problem::refused(format!("{}: names no recipient", self.store.place(RECIPIENTS)))
                .next("blackstart secrets rotate --add AGE1…   # names one and encrypts everything for it")),
            recipients => Ok(recipients),
        }
    }

    fn new_key(&self, recipients: &[Recipient], out: &mut Files) -> Result<(ledger::Key, Digests), Problem> {
        self.same_key(&new_digest_key()?, recipients, out)
    }

    fn same_key(
        &self,
        key: &Hidden,
        recipients: &[Recipient],
        out: &mut Files,
    ) -> Result<(ledger::Key, Digests), Problem> {
        let place = self.store.place(DIGEST_KEY);
        let digests = Digests::new(key)
            .ok_or_else(|| Problem::refused(format!("{place}: is no key of digests")).next(super::digests::RENEW))?;
        let cipher = close(&place, key, recipients, true)?;
        let entry = ledger::Key { sha256: sha256(&cipher), recipients: names(recipients) };
        out.push((DIGEST_KEY.to_owned(), cipher));
        Ok((entry, digests))
    }

    fn never_twice(&self, shown: &str, documents: &[Document], puts: &[Put]) -> Result<(), Problem> {
        if let Some(problem) = opened::twice(std::iter::once((Arc::from(shown), documents))) {
            return Err(problem);
        }
        let changed: BTreeSet<&str> = puts.iter().map(|put| put.name.as_str()).collect();
        for document in documents {
            let namespace = document.id.namespace.as_deref().unwrap_or_default();
            let holder = self.store.holder(namespace, &document.id.name);
            if let Some(other) = holder.filter(|other| !changed.contains(other) && self.store.there.contains(*other)) {
                let fact = format!("{shown}:{}: {} stands in {other} too", document.at.line, document.id);
                return Err(Problem::refused(fact).next("keep one of the two: blackstart secrets edit FILE"));
            }
        }
        Ok(())
    }

    fn make(&self, touch: &Touch, mut out: Files, recipients: &[Recipient], ledger: &Ledger) -> Result<(), Problem> {
        let text = ledger.text().map_err(|error| Problem::failed(format!("{LEDGER}: cannot be written: {error}")))?;
        out.push((LEDGER.to_owned(), text));
        if self.store.recipients != recipients || !self.store.there.contains(RECIPIENTS) {
            out.push((RECIPIENTS.to_owned(), recipients_text(recipients)));
        }
        change::make(touch, &self.store.folder, &self.store.shown, &out)
    }
}

fn names(recipients: &[Recipient]) -> Vec<String> {
    recipients.iter().map(ToString::to_string).collect()
}

fn close(shown: &str, plain: &Hidden, recipients: &[Recipient], armor: bool) -> Result<Vec<u8>, Problem> {
    age::close(plain, recipients, armor).map_err(|trouble| Problem::failed(format!("{shown}: {trouble}")))
}

fn entry(cipher: &[u8], recipients: &[Recipient], documents: &[Document], digests: &Digests) -> ledger::File {
    let secret = |document: &Document| ledger::Secret {
        namespace: document.id.namespace.as_deref().unwrap_or_default().to_owned(),
        name: document.id.name.to_string(),
        r#type: document.sort.clone(),
        line: document.at.line,
        column: document.at.column,
        sealing_key: document.labels.get(super::SEALING_KEY).cloned(),
        keys: keys(document, digests).collect(),
    };
    let secrets = documents.iter().map(secret).collect();
    ledger::File { sha256: sha256(cipher), recipients: names(recipients), secrets }
}

fn keys<'d>(document: &'d Document, digests: &'d Digests) -> impl Iterator<Item = (String, ledger::Value)> {
    document.entries.iter().map(|(key, entry)| {
        let digest = digests.of(&document.id, key, &entry.value);
        (key.clone(), ledger::Value { line: entry.at.line, column: entry.at.column, digest })
    })
}
