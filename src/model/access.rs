//! Whether somebody comes in by a way that is about to die, with what shows it.

/// The third is never taken for either of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InUse {
    Yes(String),
    No(String),
    Unknown(String),
}

impl InUse {
    pub fn told(&self) -> &str {
        match self {
            InUse::Yes(told) | InUse::No(told) | InUse::Unknown(told) => told,
        }
    }
}
