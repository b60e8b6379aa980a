//! wip
pub mod bodies;
pub mod host;
pub mod judge;
