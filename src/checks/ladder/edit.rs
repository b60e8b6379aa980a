//! A change that mends something: as an object that `kubectl apply --server-side` merges into the one there is, and as lines
//! of the file it came from.

use super::joined;
use super::sheet::Sheet;
use super::trouble::{Apply, Patch};
use super::way::Way;
use crate::manifests::Object;
use crate::manifests::write as yaml;
use crate::model::ObjectId;
use serde_json::{Value, json};
use std::sync::Arc;

/// A field and what it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    pub way: Way,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub struct Edit {
    pub id: ObjectId,
    pub sets: Vec<Set>,
    /// What the reader of the patch has to know: each a line.
    pub notes: Vec<String>,
}

impl Edit {
    pub fn of(id: &ObjectId) -> Self {
        Self { id: id.clone(), sets: Vec::new(), notes: Vec::new() }
    }
    #[must_use]
    pub fn set(mut self, way: Way, value: impl Into<Value>) -> Self {
        self.sets.push(Set { way, value: value.into() });
        self
    }
    #[must_use]
    pub fn note(mut self, line: impl Into<String>) -> Self {
        self.notes.push(line.into());
        self
    }
    /// Only what is to be changed, with the names that say of what.
    pub fn patch(&self, name: &str) -> Patch {
        let mut object = json!({
            "apiVersion": &*self.id.api_version,
            "kind": &*self.id.kind,
            "metadata": {"name": &*self.id.name},
        });
        if let Some(namespace) = &self.id.namespace {
            object["metadata"]["namespace"] = json!(namespace);
        }
        for set in &self.sets {
            set.way.set(&mut object, set.value.clone());
        }
        let notes: String = self.notes.iter().map(|note| format!("# {note}\n")).collect();
        Patch { name: format!("{name}.yaml"), text: format!("{notes}{}", yaml::write(&object)), how: Apply::Kubectl }
    }
}

/// The same change to the file that the object came from.
#[derive(Clone, Debug)]
pub struct Mend {
    pub(super) object: Arc<Object>,
    pub(super) sets: Vec<Set>,
    name: String,
    /// What its reader has to know before it is applied: each a line.
    pub notes: Vec<String>,
}

impl Mend {
    pub fn new(object: &Arc<Object>, sets: Vec<Set>, name: &str) -> Self {
        Self { object: Arc::clone(object), sets, name: name.to_owned(), notes: Vec::new() }
    }
    #[must_use]
    pub fn noting(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }
    /// The file whose text `diff` wants.
    pub fn file(&self) -> &str {
        &self.object.file
    }
    /// The change as `git apply` takes it. `path` is the file as seen from the root of its repository, `text` what stands in
    /// it now. None where the file is written in a way that cannot be changed line by line with certainty.
    pub fn diff(&self, path: &str, text: &str) -> Option<Patch> {
        Some(self.named(joined::join(&[self], &Sheet::of(text)?).patch(path)?))
    }
    /// The same, of a file of which many changes are asked.
    pub fn diff_on(&self, path: &str, sheet: &Sheet) -> Option<Patch> {
        Some(self.named(joined::single(self, sheet).patch(path)?))
    }
    fn named(&self, text: String) -> Patch {
        Patch { name: format!("{}.patch", self.name), text, how: Apply::Git }
    }
}
