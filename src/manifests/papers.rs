//! What was read for one step: its objects, in the order of files and of documents within them.

use super::Object;
use crate::model::ObjectId;
use std::collections::HashSet;
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct Papers {
    pub objects: Vec<Arc<Object>>,
    pub files: usize,
    /// Those of the objects behind which there are others, all of which are here.
    pub opened: HashSet<ObjectId>,
}

impl Papers {
    /// Those of several steps as one.
    pub fn of_all(papers: &[Papers]) -> Papers {
        let objects = papers.iter().flat_map(|papers| papers.objects.iter().cloned()).collect();
        let opened = papers.iter().flat_map(|papers| papers.opened.iter().cloned()).collect();
        Papers { objects, files: papers.iter().map(|papers| papers.files).sum(), opened }
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
