//! The name of a Kubernetes object, wherever it was met: in a file, in an event, on a server.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId {
    /// `v1`, `apps/v1`.
    pub api_version: Box<str>,
    pub kind: Box<str>,
    /// None for what belongs to no namespace.
    pub namespace: Option<Box<str>>,
    pub name: Box<str>,
}

impl ObjectId {
    pub fn new(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Self {
        let namespace = namespace.map(Into::into);
        Self { api_version: api_version.into(), kind: kind.into(), namespace, name: name.into() }
    }
    /// The name that an object gives itself; None when it lacks a part of one.
    pub fn of(object: &serde_json::Value) -> Option<Self> {
        let about = &object["metadata"];
        let (api_version, kind) = (object["apiVersion"].as_str()?, object["kind"].as_str()?);
        Some(Self::new(api_version, kind, about["namespace"].as_str(), about["name"].as_str()?))
    }
    /// The part of the API version before the slash; the core group is the empty text.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
    pub fn version(&self) -> &str {
        self.api_version.split_once('/').map_or(&self.api_version, |(_, version)| version)
    }
}

/// As people read it: `Deployment apps/jellyfin`, `Namespace apps`.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}
