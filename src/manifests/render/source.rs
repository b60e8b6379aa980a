//! Where a rendered object was written: the document it came from, and in it the field. What stands in no file as it was
//! rendered is shown at the nearest that does.

use crate::manifests::budget::{Budget, LARGEST_FILE};
use crate::manifests::{Node, Object, Value, documents};
use crate::model::Spot;
use crate::sys::{Look, files};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub const START: Spot = Spot { line: 1, column: 1 };
const ORIGIN: &str = "config.kubernetes.io/origin";

/// The documents of files, each read once.
#[derive(Default)]
pub struct Sources {
    read: Mutex<HashMap<PathBuf, std::sync::Arc<Vec<Node>>>>,
}

impl Sources {
    fn documents(&self, look: Look, path: &Path) -> std::sync::Arc<Vec<Node>> {
        let known = |all: &HashMap<PathBuf, std::sync::Arc<Vec<Node>>>| all.get(path).cloned();
        if let Some(documents) = self.read.lock().ok().and_then(|all| known(&all)) {
            return documents;
        }
        let bytes = files::read(look, path, LARGEST_FILE).unwrap_or_default();
        let documents = std::sync::Arc::new(documents::read(&bytes, false, &Budget::default()).0);
        if let Ok(mut all) = self.read.lock() {
            all.insert(path.to_owned(), documents.clone());
        }
        documents
    }

    /// Gives an object, and every field of it, the places of the document in this file that it was made of.
    pub fn place(&self, look: Look, path: &Path, object: &mut Object) {
        let documents = self.documents(look, path);
        let listed = documents.iter().flat_map(|node| match node.get("items") {
            Some(items) if node.text_at(&["kind"]).is_some_and(|kind| kind.ends_with("List")) => items.items(),
            Some(_) | None => std::slice::from_ref(node),
        });
        let group = |version: &str| version.split_once('/').map_or("", |(group, _)| group).to_owned();
        let same = listed.filter(|node| {
            node.text_at(&["kind"]) == Some(object.kind())
                && node.text_at(&["apiVersion"]).is_some_and(|version| group(version) == object.id.group())
        });
        let own = object.name();
        // A prefix or a suffix may have been put to the name.
        let likeness = |node: &&Node| match node.text_at(&["metadata", "name"]) {
            Some(name) if name == own => usize::MAX,
            Some(name) if own.contains(name) => name.len(),
            Some(_) | None => 0,
        };
        match same.max_by_key(likeness) {
            Some(source) => {
                copy(&mut object.root, source);
                object.at = source.at;
            }
            None => all_at(&mut object.root, START, &mut object.at),
        }
    }
}

/// Takes the places over from what was written. `to` is what came of it.
fn copy(to: &mut Node, from: &Node) {
    to.at = from.at;
    match (&mut to.value, &from.value) {
        (Value::Map(fields), Value::Map(written)) => {
            for field in fields {
                match written.iter().find(|one| one.name == field.name) {
                    Some(one) => {
                        field.at = one.at;
                        copy(&mut field.node, &one.node);
                    }
                    None => all_at(&mut field.node, from.at, &mut field.at),
                }
            }
        }
        (Value::List(items), Value::List(written)) => {
            for (index, item) in items.iter_mut().enumerate() {
                let name = item.text_at(&["name"]).map(str::to_owned);
                let named = |one: &&Node| name.is_some() && one.text_at(&["name"]) == name.as_deref();
                match written.iter().find(named).or_else(|| written.get(index).filter(|_| name.is_none())) {
                    Some(one) => copy(item, one),
                    None => all_at(item, from.at, &mut START.clone()),
                }
            }
        }
        (value, _) => spread(value, from.at),
    }
}

fn spread(value: &mut Value, spot: Spot) {
    match value {
        Value::Map(fields) => fields.iter_mut().for_each(|field| all_at(&mut field.node, spot, &mut field.at)),
        Value::List(items) => items.iter_mut().for_each(|item| all_at(item, spot, &mut START.clone())),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) => {}
    }
}

/// One place for all of it.
pub fn all_at(node: &mut Node, spot: Spot, around: &mut Spot) {
    *around = spot;
    node.at = spot;
    spread(&mut node.value, spot);
}

/// Takes away what kustomize wrote about where an object comes from, and gives that path: the file of a resource, or the
/// kustomization whose generator made it.
pub fn origin(object: &mut Object) -> Option<String> {
    let Value::Map(fields) = &mut object.root.value else { return None };
    let metadata = fields.iter_mut().find(|field| &*field.name == "metadata")?;
    let Value::Map(about) = &mut metadata.node.value else { return None };
    let at = about.iter().position(|field| &*field.name == "annotations")?;
    let Value::Map(notes) = &mut about[at].node.value else { return None };
    let note = notes.iter().position(|field| &*field.name == ORIGIN)?;
    let text = notes.remove(note).node.text()?.to_owned();
    if notes.is_empty() {
        about.remove(at);
    }
    let line = |name: &str| text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()));
    line("path:").or_else(|| line("configuredIn:"))
}

/// Which template each part of what helm printed comes from: the line from which on, and the path of the template.
pub fn templates(text: &str) -> Vec<(u32, &str)> {
    let lines = text.lines().zip(1..);
    lines.filter_map(|(line, number)| Some((number, line.strip_prefix("# Source: ")?.trim()))).collect()
}

/// The line of a template in which an object of this kind begins.
pub fn kind_line(look: Look, path: &Path, kind: &str) -> Spot {
    let bytes = files::read(look, path, LARGEST_FILE).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let is_it = |line: &str| line.strip_prefix("kind:").is_some_and(|rest| rest.trim().trim_matches('"') == kind);
    let line = text.lines().position(is_it).map_or(1, |at| u32::try_from(at + 1).unwrap_or(1));
    Spot { line, column: 1 }
}
