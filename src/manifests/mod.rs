//! PAPER: Kubernetes objects as they stand in files, with the line of every field. Knows no cluster.

mod assemble;
pub mod brought;
pub mod budget;
mod documents;
pub mod facts;
mod files;
mod gitops;
mod givers;
mod json;
mod keys;
pub mod kinds;
mod needs;
pub mod object;
pub mod papers;
pub mod pods;
mod read;
mod render;
pub mod repository;
mod scalar;
mod side_by_side;
mod standing;
pub mod tree;
pub mod walk;
pub mod write;
pub mod wrong;
mod yaml;

pub use object::Object;
pub use papers::Papers;
pub use read::read_all;
pub use render::settle;
pub use tree::{Field, Node, Value};
pub use wrong::{At, Wrong, Wrongs};

use crate::model::{ObjectId, Spot};
use std::sync::Arc;

/// The objects of a text that is no file of a plan, and what is wrong with it: place and words, never a value.
pub fn objects_of(text: &[u8], is_json: bool, shown: &str) -> (Vec<Object>, Vec<(Spot, String)>) {
    objects_with(text, is_json, shown, &budget::Budget::default())
}

fn objects_with(
    text: &[u8],
    is_json: bool,
    shown: &str,
    budget: &budget::Budget,
) -> (Vec<Object>, Vec<(Spot, String)>) {
    let (nodes, wrong) = documents::read(text, is_json, budget);
    let mut assembled = assemble::Assembled { wrong, ..Default::default() };
    nodes.into_iter().for_each(|node| assemble::assemble(node, false, &mut assembled));
    let file: Arc<str> = shown.into();
    let object = |(id, root): (ObjectId, Node)| Object { file: file.clone(), at: root.at, id, root };
    let objects = assembled.objects.into_iter().map(object).collect();
    (objects, assembled.wrong.into_iter().map(|broken| (broken.at, broken.message)).collect())
}

/// The documents of a text that are no objects, and what is wrong with it.
pub fn nodes_of(text: &[u8]) -> (Vec<Node>, Vec<(Spot, String)>) {
    let (nodes, wrong) = documents::read(text, false, &budget::Budget::default());
    (nodes, wrong.into_iter().map(|broken| (broken.at, broken.message)).collect())
}

/// The documents of a text, as those of a file are read. None where one of them is broken.
pub fn reread(text: &str) -> Option<Vec<Node>> {
    let (nodes, wrong) = documents::read(text.as_bytes(), false, &budget::Budget::default());
    wrong.is_empty().then_some(nodes)
}
