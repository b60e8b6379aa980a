//! `recipients.lock`: per file its digest, whom it was encrypted for and what it holds. X25519 files do not name their
//! recipients, so this is the only place that does. It holds no value.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const VERSION: u32 = 1;
const WHAT: &str = "What blackstart secrets knows without an identity: of each age file its SHA-256, the recipients it was \
                    encrypted for, and the names, keys and keyed digests it holds. Written by blackstart; keep it in git.";

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ledger {
    pub(super) what: String,
    pub(super) version: u32,
    pub digest_key: Option<Key>,
    pub files: BTreeMap<String, File>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub sha256: String,
    pub recipients: Vec<String>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub sha256: String,
    pub recipients: Vec<String>,
    pub secrets: Vec<Secret>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Secret {
    pub namespace: String,
    pub name: String,
    pub r#type: String,
    pub line: u32,
    pub column: u32,
    /// The value of the label that makes it a key of the controller of SealedSecrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealing_key: Option<String>,
    pub keys: BTreeMap<String, Value>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    pub line: u32,
    pub column: u32,
    pub digest: String,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { what: WHAT.to_owned(), version: VERSION, digest_key: None, files: BTreeMap::new() }
    }
}

impl Ledger {
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let broken = |error: serde_json::Error| {
            // A merge that was left half done is the usual reason, and is no JSON.
            format!("cannot be read, at line {} column {}", error.line(), error.column())
        };
        let ledger: Self = serde_json::from_slice(bytes).map_err(broken)?;
        match ledger.version {
            VERSION => Ok(ledger),
            other => Err(format!("is of version {other}, and this program knows {VERSION}")),
        }
    }
    pub fn text(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}
