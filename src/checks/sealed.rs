//! F02: SealedSecrets in files, opened with the keys that the store will bring: what stays shut now stays shut on the day. It
//! knows no cluster; where a controller has keys of its own that no store has, it cannot be asked.

use crate::manifests::{Object, Papers};
use crate::model::{Finding, Place, Severity};
use crate::secrets::guess::{Around, guess};
use crate::secrets::sealed::{self, is_one};
use crate::secrets::store::Held;
use crate::secrets::{Fault, Key, Vault, open};
use std::collections::HashSet;
use std::path::Path;

/// One text with many causes, which are told apart.
pub const SHUT: &str = "F02";
/// A Secret that two places give.
pub const TWICE: &str = "F01";

/// The sealing keys that a plan has at hand.
pub struct Keys {
    /// Those that the controller will load.
    pub installed: Vec<Key>,
    pub left: Vec<Key>,
}

impl Keys {
    /// Those of the store: of its keys the controller loads the active.
    pub fn of(all: Vec<Key>) -> Self {
        let (installed, left) = all.into_iter().partition(|key| key.active);
        Self { installed, left }
    }
}

/// What stands in files, and was not made from the store by the plan itself.
fn in_files<'p>(papers: &'p [Papers], held: &'p [Held]) -> impl Iterator<Item = &'p Object> {
    let stores: HashSet<&str> = held.iter().map(|held| &*held.file).collect();
    let objects = papers.iter().flat_map(|papers| &papers.objects).map(|object| -> &Object { object });
    objects.filter(move |object| !stores.contains(&*object.file))
}

/// SealedSecrets of these papers that stand in files.
pub fn all<'p>(papers: &'p [Papers], held: &'p [Held]) -> impl Iterator<Item = &'p Object> {
    in_files(papers, held).filter(|object| is_one(object))
}

/// Opens every SealedSecret with the keys that will be installed, and compares with the store what both have.
pub fn check(papers: &[Papers], held: &[Held], vault: &Vault, keys: &Keys) -> Vec<Finding> {
    let (installed, left): (Vec<&Key>, Vec<&Key>) = (keys.installed.iter().collect(), keys.left.iter().collect());
    let around = around(papers, held);
    let (mut findings, mut seen) = (Vec::new(), HashSet::new());
    for object in all(papers, held).filter(|object| seen.insert((&*object.file, object.at))) {
        let mut add = |fault: Fault, fix: String| {
            let place = Place { file: object.file.to_string(), spot: fault.at };
            let object = object.id.to_string();
            findings.push(Finding {
                id: SHUT,
                severity: Severity::Error,
                place,
                object,
                message: fault.text,
                fix,
                patch: None,
            });
        };
        match sealed::read(object).map(|sealed| (open(&sealed, &installed), sealed)) {
            Err(faults) => faults.into_iter().for_each(|fault| add(fault, "seal it anew".to_owned())),
            Ok((Err(shut), sealed)) => {
                let ours = held.iter().any(|held| is_it(held, object));
                for guess in guess(&sealed, &shut, &installed, &left, &around) {
                    let (fault, fix) = guess.told(&sealed);
                    add(fault, if ours { anew(object) } else { fix });
                }
            }
            Ok((Ok(document), sealed)) => {
                let Some(known) = held.iter().find(|held| is_it(held, object)) else { continue };
                let (space, name) = (&known.namespace, &known.name);
                let other = document.entries.iter().find(|(key, entry)| !vault.is(space, name, key, &entry.value));
                let gone = known.keys.keys().find(|key| !document.entries.contains_key(*key));
                let text = match (other, gone) {
                    (Some((key, _)), _) if !known.keys.contains_key(key) => {
                        format!("has the key {key}, which {}:{} has not", known.file, known.at.line)
                    }
                    (Some((key, entry)), _) => {
                        let text = format!("{key} has another value than in {}: what comes last wins", known.file);
                        add(Fault { at: entry.at, text }, anew(object));
                        continue;
                    }
                    (None, Some(key)) => format!("lacks the key {key}, which {}:{} has", known.file, known.at.line),
                    (None, None) => continue,
                };
                add(Fault { at: sealed.at, text }, anew(object));
            }
        }
    }
    findings
}

/// Secrets in the clear that the store has as well.
pub fn twice(papers: &[Papers], held: &[Held]) -> Vec<Finding> {
    let plain = in_files(papers, held).filter(|object| object.kind() == "Secret" && object.id.group().is_empty());
    let both = plain.filter_map(|object| Some((object, held.iter().find(|held| is_it(held, object))?)));
    both.map(|(object, held)| Finding {
        id: TWICE,
        severity: Severity::Warning,
        place: object.place(),
        object: object.id.to_string(),
        message: format!(
            "is in {}:{} as well: which of the two is there in the end is left to chance",
            held.file, held.at.line
        ),
        fix: "take it out of the manifests, where everybody can read it".to_owned(),
        patch: None,
    })
    .collect()
}

fn is_it(held: &Held, object: &Object) -> bool {
    held.name == object.name() && held.namespace == object.namespace().unwrap_or("default")
}

fn anew(object: &Object) -> String {
    let folder = Path::new(&*object.file).parent().filter(|folder| !folder.as_os_str().is_empty());
    format!("blackstart secrets write-back {}", folder.unwrap_or(Path::new(".")).display())
}

/// Names that a SealedSecret may have been sealed for.
fn around(papers: &[Papers], held: &[Held]) -> Around {
    let mut around = Around::default();
    for object in all(papers, held) {
        around.names.insert(object.name().to_owned());
        around.namespaces.extend(object.namespace().map(str::to_owned));
    }
    for held in held.iter().filter(|held| held.sealing_key.is_none()) {
        around.names.insert(held.name.clone());
        around.namespaces.insert(held.namespace.clone());
    }
    around
}
