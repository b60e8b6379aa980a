//! Manifests as a test writes them: a text in, objects with the places of their fields out.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::manifests::{Object, Papers, reread};
use blackstart::model::ObjectId;
use std::sync::Arc;

pub fn papers(files: &[(&str, &str)]) -> Papers {
    let mut papers = Papers { files: files.len(), ..Papers::default() };
    for (file, text) in files {
        for root in reread(text).unwrap_or_else(|| panic!("{file} is broken")) {
            let at = |names: &[&str]| root.text_at(names);
            let (version, kind) = (at(&["apiVersion"]).unwrap(), at(&["kind"]).unwrap());
            let id = ObjectId::new(version, kind, at(&["metadata", "namespace"]), at(&["metadata", "name"]).unwrap());
            papers.objects.push(Arc::new(Object { file: (*file).into(), at: root.at, id, root }));
        }
    }
    papers
}
