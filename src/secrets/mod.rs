//! VAULT: the secrets of a plan without any cluster: read from age files, sealed, opened again. Values are `Hidden` here, and
//! nothing of this module writes one where it could be seen.

pub mod document;
pub mod papers;
pub mod vault;
pub mod wire;

pub use document::{Document, Entry};
pub use vault::Vault;
