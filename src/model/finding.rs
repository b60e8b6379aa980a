//! What a check says: a finding (something is wrong, here) or an unknown (could not be known, for want of that).

use super::place::Place;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// Something is wrong, at this place, and this would mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub id: &'static str,
    pub severity: Severity,
    pub place: Place,
    pub object: String,
    pub message: String,
    pub fix: String,
}

/// Something could not be known. Never shown as fine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    pub id: &'static str,
    pub place: Place,
    pub object: String,
    pub message: String,
    /// What was missing to know it.
    pub missing: String,
}
