//! What a check says: a finding (something is wrong, here) or an unknown (could not be known, for want of that).

use super::place::Place;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

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
    /// The change of the file, as `git apply` takes it.
    pub patch: Option<String>,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("severity", &self.severity)?;
        map.serialize_entry("file", &self.place.file)?;
        map.serialize_entry("line", &self.place.spot.line)?;
        map.serialize_entry("object", &self.object)?;
        map.serialize_entry("message", &self.message)?;
        map.serialize_entry("fix", &self.fix)?;
        map.serialize_entry("patch", &self.patch)?;
        map.end()
    }
}

/// What holds a step up while it runs: the first cause, and what waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub id: String,
    pub object: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    pub fix: String,
    /// What it holds up.
    pub holds: Vec<String>,
}

impl Cause {
    /// The message, with the object in front where it does not begin with it.
    pub fn told(&self) -> String {
        match self.message.starts_with(&self.object) {
            true => self.message.clone(),
            false => format!("{}: {}", self.object, self.message),
        }
    }
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

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("file", &self.place.file)?;
        map.serialize_entry("line", &self.place.spot.line)?;
        map.serialize_entry("object", &self.object)?;
        map.serialize_entry("message", &self.message)?;
        map.serialize_entry("missing", &self.missing)?;
        map.end()
    }
}
