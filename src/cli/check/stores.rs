//! What stores of secrets that lie among the files hold: names and keys, for which no identity is needed.

use crate::manifests::Papers;
use crate::model::{Place, Spot, Unknown};
use crate::secrets::papers::{As, papers};
use crate::secrets::store::{Held, Store};
use crate::sys::Look;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Default)]
pub struct Stored {
    /// As the Secrets that a plan would make of them.
    pub papers: Papers,
    pub unknowns: Vec<Unknown>,
    /// Whether a key of SealedSecrets is among them, or may be.
    pub keeps_keys: bool,
}

pub fn read(look: Look, folders: &BTreeSet<PathBuf>) -> Stored {
    let mut stored = Stored::default();
    let mut all: Vec<Held> = Vec::new();
    for folder in folders {
        let shown = folder.display().to_string();
        let mut unknown = |file: &str, message: String| {
            stored.unknowns.push(Unknown {
                id: "F01",
                place: Place { file: file.to_owned(), spot: Spot { line: 1, column: 1 } },
                object: "the store of secrets".to_owned(),
                message,
                missing: "an identity: blackstart secrets rotate writes down what it holds".to_owned(),
            });
            stored.keeps_keys = true;
        };
        match Store::find(look, Path::new(""), &shown, "") {
            Ok(store) => {
                let outline = store.outline();
                outline.stale.into_iter().for_each(|stale| unknown(&stale.file, stale.why));
                all.extend(outline.held);
            }
            Err(problem) => unknown(&shown, problem.fact),
        }
    }
    stored.keeps_keys |= all.iter().any(|held| held.sealing_key.is_some());
    stored.papers = papers(all.iter(), As::Plain);
    stored
}
