//! VAULT: the secrets of a plan without any cluster: read from age files, sealed, opened again. Values are `Hidden` here, and
//! nothing of this module writes one where it could be seen.

pub mod document;

pub use document::{Document, Entry};
