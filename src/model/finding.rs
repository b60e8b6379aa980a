//! What a check says: a finding (something is wrong, here) or an unknown (could not be known, for want of that).

use super::digest::{Digest, Digester};
use super::place::Place;
use super::time::Day;
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

impl Finding {
    /// What stays the same of it as long as it is the same finding: other lines of its file may come and go, also those
    /// that its message names. `file` is its file, seen from wherever all such names are.
    pub fn print(&self, file: &str) -> Digest {
        let digester = Digester::new("finding").field(self.id.as_bytes()).field(self.object.as_bytes());
        digester.field(file.as_bytes()).field(lineless(&self.message).as_bytes()).finish()
    }
}

/// A text without the numbers that stand behind colons, as those of lines do.
fn lineless(text: &str) -> String {
    let mut parts = text.split(':');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push(':');
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

/// A finding that somebody has accepted: where that is written, why, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub finding: Finding,
    pub until: Day,
    pub reason: String,
    pub by: Place,
}

impl Serialize for Accepted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.finding.id)?;
        map.serialize_entry("severity", &self.finding.severity)?;
        map.serialize_entry("file", &self.finding.place.file)?;
        map.serialize_entry("line", &self.finding.place.spot.line)?;
        map.serialize_entry("object", &self.finding.object)?;
        map.serialize_entry("message", &self.finding.message)?;
        map.serialize_entry("reason", &self.reason)?;
        map.serialize_entry("until", &self.until.to_string())?;
        map.serialize_entry("accepted_in", &format!("{}:{}", self.by.file, self.by.spot.line))?;
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

/// Something that no file holds, and that a controller is known to make of what a file does hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// As `Secret web/tls`.
    pub what: String,
    pub wanted_by: String,
    /// Where it is wanted.
    pub at: Place,
    pub by: String,
    /// Where the object is that it is made of.
    pub place: Place,
}

impl Serialize for Made {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("what", &self.what)?;
        map.serialize_entry("wanted_by", &self.wanted_by)?;
        map.serialize_entry("file", &self.at.file)?;
        map.serialize_entry("line", &self.at.spot.line)?;
        map.serialize_entry("by", &self.by)?;
        map.serialize_entry("by_file", &self.place.file)?;
        map.serialize_entry("by_line", &self.place.spot.line)?;
        map.end()
    }
}
