//! VAULT: the secrets of a plan without any cluster: read from age files, sealed, opened again. Values are `Hidden` here, and
//! nothing of this module writes one where it could be seen.

pub mod amend;
pub mod certificate;
pub mod document;
pub mod found;
pub mod guess;
pub mod key;
pub mod manifest;
pub mod open;
pub mod papers;
pub mod placeholder;
pub mod scope;
pub mod seal;
pub mod sealed;
pub mod store;
pub mod text;
pub mod tunnel;
pub mod vault;
pub mod wire;
pub mod wrong;

pub use certificate::Certificate;
pub use document::{Document, Entry, Fault};
pub use key::Key;
pub use open::open;
pub use scope::Scope;
pub use seal::seal;
pub use sealed::Sealed;
pub use store::Store;
pub use vault::Vault;
