//! Where something was written: a line and column, with or without its file.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A line and a column, both counted from 1, in a file that the context knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Spot {
    pub line: u32,
    pub column: u32,
}

/// A file with a spot in it, as people and editors read it: `plans/homelab.yaml:31:5`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    pub spot: Spot,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.spot.line, self.spot.column)
    }
}
