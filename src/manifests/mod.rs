//! PAPER: Kubernetes objects as they stand in files, with the line of every field. Knows no cluster.

pub mod object;
pub mod papers;
pub mod tree;

pub use object::Object;
pub use papers::Papers;
pub use tree::{Field, Node, Value};
