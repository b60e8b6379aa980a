//! PAPER: Kubernetes objects as they stand in files, with the line of every field. Knows no cluster.

mod assemble;
mod budget;
mod documents;
pub mod facts;
mod files;
mod givers;
mod json;
mod keys;
pub mod kinds;
mod needs;
pub mod object;
pub mod papers;
pub mod pods;
mod read;
mod scalar;
mod standing;
pub mod tree;
pub mod wrong;
mod yaml;

pub use object::Object;
pub use papers::Papers;
pub use read::read_all;
pub use tree::{Field, Node, Value};
pub use wrong::{At, Wrong, Wrongs};

/// The documents of a text, as those of a file are read. None where one of them is broken.
pub fn reread(text: &str) -> Option<Vec<Node>> {
    let (nodes, wrong) = documents::read(text.as_bytes(), false, &budget::Budget::default());
    wrong.is_empty().then_some(nodes)
}
