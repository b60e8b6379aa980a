//! What the ladder answers: how an object stands and, where it is stuck, the first cause with all that a person needs to mend it.

use super::edit::Mend;
use crate::model::{ObjectId, Place};
use std::time::Duration;

#[derive(Clone, Debug)]
pub enum Standing {
    /// Ready, and what shows it.
    Ready(String),
    /// On its way, or not yet stuck for long enough to be called so.
    Waiting {
        why: String,
    },
    /// Not ready, but not over the time that it took before.
    Slow {
        why: String,
        usual: Duration,
    },
    Stuck(Box<Trouble>),
}

/// One rung of the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub object: String,
    pub says: String,
}

/// Whether time alone, or another step, may mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heals {
    Never,
    May,
}

/// The command that takes a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apply {
    /// `kubectl apply --server-side -f NAME`
    Kubectl,
    /// `git apply NAME`
    Git,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// A file name.
    pub name: String,
    pub text: String,
    pub how: Apply,
}

#[derive(Clone, Debug)]
pub struct Trouble {
    /// `F03`; `UNKNOWN` for what nobody knows.
    pub id: &'static str,
    /// The object of the first cause.
    pub object: ObjectId,
    /// From what was expected down to the first cause.
    pub chain: Vec<Hop>,
    /// The first cause in one sentence, the same for all that it holds up.
    pub message: String,
    /// The field of the object, or of the file, that is wrong or missing.
    pub field: Option<String>,
    pub place: Option<Place>,
    pub fix: String,
    pub patch: Option<Patch>,
    /// The same for the file: `git apply` takes what it makes of the file's text.
    pub mend: Option<Mend>,
    pub heals: Heals,
    /// What Kubernetes itself said, whole.
    pub raw: Vec<String>,
}
