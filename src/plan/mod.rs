//! ORDER: a file becomes a graph, and the graph a preview. Reads once, then everything is pure. `draft` goes the other way,
//! from the files of a repository to a plan.

pub mod accept;
mod argocd;
pub mod around;
pub mod cluster;
mod cluster_keys;
pub mod cycle;
pub mod dot;
pub mod draft;
pub mod fence;
pub mod file;
pub mod findings;
pub mod graph;
pub mod json;
pub mod label;
pub mod layout;
pub mod lines;
pub mod load;
pub mod parts;
pub mod preview;
pub mod read;
pub mod schema;
pub mod sealing;
pub mod svg;
pub mod table;
pub mod text;
pub mod wants;

pub use file::{OnFailure, PlanFile, Step, Way};
pub use graph::{Edge, Graph, Reason};
pub use preview::{Past, Preview};
