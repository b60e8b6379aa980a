//! VAULT: the secrets of a plan without any cluster: read from age files, sealed, opened again. Values are `Hidden` here, and
//! nothing of this module writes one where it could be seen.

pub mod amend;
pub mod document;
pub mod found;
pub mod placeholder;
pub mod store;
pub mod text;
pub mod wrong;

pub use document::{Document, Entry};
pub use store::Store;
