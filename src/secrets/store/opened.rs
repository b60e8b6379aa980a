//! Files of the store opened: decrypted, read, and no Secret twice. Errors have places as in `secrets/tunnel.yaml.age:4`.

use super::{Store, StoreFile};
use crate::model::{Hidden, ObjectId, Problem};
use crate::secrets::Document;
use crate::secrets::document::{self, Fault};
use crate::sys::Look;
use crate::sys::age::{self, Identities, Trouble};
use std::collections::HashMap;
use std::sync::Arc;

/// One file with what it holds.
pub struct Opened<'s> {
    pub file: &'s StoreFile,
    pub plain: Hidden,
    pub documents: Vec<Document>,
}

impl Store {
    /// The Secrets of one file.
    pub fn read(&self, look: Look, file: &StoreFile, identities: &Identities) -> Result<Vec<Document>, Problem> {
        let plain = self.plain(look, file, identities)?;
        documents(&file.shown, &plain, file.is_json())
    }

    /// The plaintext of one file, whatever it is.
    pub fn plain(&self, _: Look, file: &StoreFile, identities: &Identities) -> Result<Hidden, Problem> {
        age::open(&file.cipher, identities).map_err(|trouble| self.unopened(file, identities, &trouble))
    }

    /// All files, in their order. The first that cannot be opened, or that holds what another holds, is the end of it.
    pub fn open_all(&self, look: Look, identities: &Identities) -> Result<Vec<Opened<'_>>, Problem> {
        let mut all = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let plain = self.plain(look, file, identities)?;
            let documents = documents(&file.shown, &plain, file.is_json())?;
            all.push(Opened { file, plain, documents });
        }
        let pairs = all.iter().map(|opened| (opened.file.shown.clone(), opened.documents.as_slice()));
        match twice(pairs) {
            Some(problem) => Err(problem),
            None => Ok(all),
        }
    }

    fn unopened(&self, file: &StoreFile, identities: &Identities, trouble: &Trouble) -> Problem {
        let problem = Problem::refused(format!("{}: {trouble}", file.shown));
        let known = self.ledger.files.get(&file.name);
        let ours = identities.recipients();
        let is_ours = |known: &super::ledger::File| {
            known.recipients.iter().any(|recipient| ours.iter().any(|our| our.as_str() == recipient))
        };
        match (trouble, known) {
            // A damaged head looks like one for somebody else; the ledger knows better.
            (Trouble::OtherIdentities, Some(known)) if known.sha256 != file.sha256 && is_ours(known) => problem
                .because("it was encrypted for this identity once, and is not the same file any more")
                .next("take it from git or from a copy again"),
            (Trouble::OtherIdentities, Some(known)) => {
                let whom = known.recipients.iter().map(|one| format!("it is for {one}"));
                let problem = whom.fold(problem, Problem::because);
                let mine = ours.iter().map(|one| format!("this identity is {one}"));
                mine.fold(problem, Problem::because).next("name the right identity with --identity FILE")
            }
            (Trouble::OtherIdentities, None) => problem.next("name the right identity with --identity FILE"),
            (Trouble::Passphrase, _) => problem.next(
                "files of a store are encrypted for recipients; only an identity may be protected by a passphrase",
            ),
            (_, _) => problem.next("take it from git or from a copy again"),
        }
    }
}

/// The Secrets of a plaintext, or every fault of it with its place.
pub fn documents(shown: &str, plain: &Hidden, is_json: bool) -> Result<Vec<Document>, Problem> {
    document::read(plain, is_json).map_err(|faults| unreadable(shown, &faults))
}

const SHOWN: usize = 20;

fn unreadable(shown: &str, faults: &[Fault]) -> Problem {
    let count = faults.len();
    let mistakes = if count == 1 { "1 mistake".to_owned() } else { format!("{count} mistakes") };
    let problem = Problem::refused(format!("{shown}: cannot be used: {mistakes}"));
    let told = faults.iter().take(SHOWN).map(|fault| format!("{shown}:{}: {}", fault.at.line, fault.text));
    let problem = told.fold(problem, Problem::because);
    match count.checked_sub(SHOWN) {
        Some(more) if more > 0 => problem.because(format!("and {more} more")),
        Some(_) | None => problem,
    }
}

/// The first Secret that stands in two places.
pub fn twice<'d>(all: impl Iterator<Item = (Arc<str>, &'d [Document])>) -> Option<Problem> {
    let mut seen: HashMap<&ObjectId, String> = HashMap::new();
    for (shown, documents) in all {
        for document in documents {
            let place = format!("{shown}:{}", document.at.line);
            if let Some(before) = seen.insert(&document.id, place.clone()) {
                let fact = format!("{place}: {} stands in {before} too", document.id);
                return Some(Problem::refused(fact).next("keep one of the two: blackstart secrets edit FILE"));
            }
        }
    }
    None
}
