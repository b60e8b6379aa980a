//! PAPER: Kubernetes objects as they stand in files, with the line of every field. Knows no cluster.

mod assemble;
mod budget;
mod documents;
mod files;
mod json;
pub mod kinds;
pub mod object;
pub mod papers;
mod read;
mod scalar;
pub mod tree;
pub mod wrong;
mod yaml;

pub use object::Object;
pub use papers::Papers;
pub use read::read_all;
pub use tree::{Field, Node, Value};
pub use wrong::{At, Wrong, Wrongs};
