//! What was read for one step: its objects, in the order of files and of documents within them.

use super::Object;
use crate::model::{ObjectId, Place};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct Papers {
    pub objects: Vec<Arc<Object>>,
    pub files: usize,
    /// Those of its files that speak to this program in a comment.
    pub marked: Vec<Arc<Marked>>,
    /// Those of the objects behind which there are others, all of which are here.
    pub opened: HashSet<ObjectId>,
    /// What a drill has changed in them.
    pub swapped: Vec<Swap>,
}

/// An object that is another in a drill than in its file, or is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    pub id: ObjectId,
    pub place: Place,
    /// What it is now, and what it would do otherwise.
    pub told: String,
}

impl fmt::Display for Swap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.told)
    }
}

/// A file with a comment for this program, whole: comments are in no tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// As people know it.
    pub file: Arc<str>,
    pub text: Box<str>,
}

/// What such a comment begins with.
pub const MARK: &str = "blackstart:";

impl Marked {
    pub fn of(file: &str, bytes: &[u8]) -> Option<Arc<Self>> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.contains(MARK))?;
        Some(Arc::new(Self { file: file.into(), text: text.into() }))
    }
}

impl Papers {
    /// Those of several steps as one.
    pub fn of_all(papers: &[Papers]) -> Papers {
        let objects = papers.iter().flat_map(|papers| papers.objects.iter().cloned()).collect();
        let marked = papers.iter().flat_map(|papers| papers.marked.iter().cloned()).collect();
        let opened = papers.iter().flat_map(|papers| papers.opened.iter().cloned()).collect();
        let swapped = papers.iter().flat_map(|papers| papers.swapped.iter().cloned()).collect();
        Papers { objects, files: papers.iter().map(|papers| papers.files).sum(), marked, opened, swapped }
    }
    /// The object of this name, whatever version of the API it is written in.
    pub fn find(&self, id: &ObjectId) -> Option<&Arc<Object>> {
        self.objects.iter().find(|object| {
            let other = &object.id;
            other.name == id.name
                && other.kind == id.kind
                && other.namespace == id.namespace
                && other.group() == id.group()
        })
    }
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
        self.objects.iter().filter(move |object| &*object.id.kind == kind)
    }
}
