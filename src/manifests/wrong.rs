//! What is wrong with manifests, with places. It never holds a value of a manifest: any of them may be a secret.

use crate::model::Place;
use std::fmt;

/// So many are kept; the rest is counted.
pub const SHOWN: usize = 20;

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// A path that was asked for: its step, and which of its paths. The plan knows where that is written.
    Asked {
        step: usize,
        path: usize,
    },
    Place(Place),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wrong {
    pub at: At,
    pub text: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            At::Asked { .. } => f.write_str(&self.text),
            At::Place(place) => write!(f, "{place}: {}", self.text),
        }
    }
}

/// Everything that is wrong: the first of it, and how much there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrongs {
    pub list: Vec<Wrong>,
    pub count: usize,
}

impl Wrongs {
    pub fn add(&mut self, at: At, text: impl Into<String>) {
        self.count += 1;
        if self.list.len() < SHOWN {
            self.list.push(Wrong { at, text: text.into() });
        }
    }
}
