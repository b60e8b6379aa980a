//! What can be wrong with a store, each with its place and what to do about it. No value is quoted.

use super::document::Document;
use super::placeholder;
use super::store::{DIGEST_KEY, Digests, Held, LEDGER, Store, StoreFile};
use crate::model::Problem;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub file: String,
    pub line: Option<u32>,
    /// `Secret ns/name`.
    pub object: Option<String>,
    pub text: String,
    pub fix: String,
}

impl Wrong {
    pub fn of_file(file: &str, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, object: None, text: text.into(), fix: fix.into() }
    }
    pub fn of_problem(file: &str, problem: &Problem) -> Vec<Self> {
        let fact = problem.fact.strip_prefix(file).map_or(problem.fact.as_str(), |rest| rest.trim_start_matches(": "));
        let causes = std::iter::once(fact).chain(problem.causes.iter().map(String::as_str));
        vec![Self::of_file(file, causes.collect::<Vec<_>>().join("; "), problem.next.join(" "))]
    }
}

/// What the Secrets of one file are, one by one. Without a plan nothing is known of namespaces.
pub fn of_documents(shown: &str, documents: &[Document], namespaces: Option<&BTreeSet<String>>) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for document in documents {
        let mut add = |line: u32, text: String, fix: String| {
            let object = Some(document.id.to_string());
            wrong.push(Wrong { file: shown.to_owned(), line: Some(line), object, text, fix });
        };
        let namespace = document.id.namespace.as_deref().unwrap_or_default();
        let name = format!("{namespace}/{}", document.id.name);
        if namespaces.is_some_and(|known| !known.contains(namespace)) {
            let fix = "name a namespace of the plan, or let a manifest of the plan make this one";
            add(document.at.line, format!("its namespace {namespace} is in no manifest of the plan"), fix.to_owned());
        }
        if document.entries.is_empty() {
            add(document.at.line, "has no key".to_owned(), format!("blackstart secrets add {name} KEY"));
        }
        for (key, entry) in &document.entries {
            let why = match entry.value.is_empty() {
                true => Some("is empty"),
                false => placeholder::sort(&entry.value),
            };
            if let Some(why) = why {
                add(entry.at.line, format!("{key}: {why}"), format!("blackstart secrets add {name} {key}"));
            }
        }
    }
    wrong
}

/// Whether what the ledger says of a file is what the file holds.
pub fn of_ledger(file: &StoreFile, documents: &[Document], held: &[Held], digests: Option<&Digests>) -> Vec<Wrong> {
    let held: Vec<&Held> = held.iter().filter(|held| held.file == file.shown).collect();
    let mut wrong = Vec::new();
    let mut add = |line: u32, object: String, text: String| {
        let (file, fix) = (file.shown.to_string(), format!("{ROTATE}   # writes {LEDGER} anew"));
        wrong.push(Wrong { file, line: Some(line), object: Some(object), text, fix });
    };
    for document in documents {
        let namespace = document.id.namespace.as_deref().unwrap_or_default();
        let object = document.id.to_string();
        let known = held.iter().find(|held| held.namespace == namespace && held.name == *document.id.name);
        let Some(known) = known else {
            add(document.at.line, object, format!("{LEDGER} does not know it"));
            continue;
        };
        let ours: BTreeSet<&String> = document.entries.keys().collect();
        if ours != known.keys.keys().collect() || document.sort != known.sort {
            add(document.at.line, object, format!("{LEDGER} says other keys of it, or another type"));
            continue;
        }
        for (key, entry) in &document.entries {
            let same = |digests: &Digests| known.keys[key].1 == digests.of(&document.id, key, &entry.value);
            if digests.is_some_and(|digests| !same(digests)) {
                add(entry.at.line, object.clone(), format!("{key}: {LEDGER} has the digest of another value"));
            }
        }
    }
    if held.len() > documents.len() {
        add(1, file.name.clone(), format!("{LEDGER} says that it holds more Secrets than it does"));
    }
    wrong
}

const ROTATE: &str = "blackstart secrets rotate";

/// Whom files are for, against whom they shall be for; and what the ledger does not know.
pub fn of_store(store: &Store) -> Vec<Wrong> {
    let wanted: Vec<&str> = store.recipients.iter().map(|one| one.as_str()).collect();
    let mut wrong = Vec::new();
    if wanted.is_empty() {
        let fix = format!("{ROTATE} --add AGE1…");
        wrong.push(Wrong::of_file(&store.place(super::store::RECIPIENTS), "names no recipient", fix));
    }
    let stale = store.outline().stale;
    let is_stale = |place: &str| stale.iter().any(|stale| &*stale.file == place);
    let mut compare = |place: &str, has: &[String]| {
        let lacks = wanted.iter().filter(|one| !has.iter().any(|other| other == *one));
        let more = has.iter().filter(|one| !wanted.contains(&one.as_str()));
        let lacks = lacks.map(|one| format!("is not encrypted for {one}, who is in recipients.txt"));
        let told = lacks.chain(more.map(|one| format!("is encrypted for {one}, who is not in recipients.txt")));
        wrong.extend(told.map(|text| Wrong::of_file(place, text, ROTATE)));
    };
    for file in store.files.iter().filter(|file| !is_stale(&file.shown)) {
        compare(&file.shown, store.recipients_of(&file.name));
    }
    let key = store.place(DIGEST_KEY);
    if !is_stale(&key) && store.has_digest_key() {
        compare(&key, store.recipients_of_digest_key());
    }
    let told = |stale: &super::store::Stale| {
        let fix = format!("{ROTATE}   # takes what is there, once you know who changed it");
        Wrong::of_file(&stale.file, stale.why.clone(), fix)
    };
    wrong.extend(stale.iter().map(told));
    wrong
}
