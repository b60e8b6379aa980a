//! What can make a cluster.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Upstream Kubernetes as child processes of an ordinary user, over a runtime that starts no containers.
    Sandbox,
    /// k3s in containers of this host, made by the program k3d.
    K3d,
    /// k3s on a host.
    K3s,
}

/// As a plan writes them.
pub const NAMES: &[&str] = &["k3d", "k3s", "sandbox"];

impl Provider {
    pub const ALL: [Provider; 3] = [Provider::Sandbox, Provider::K3d, Provider::K3s];
    pub fn as_str(self) -> &'static str {
        match self {
            Provider::Sandbox => "sandbox",
            Provider::K3d => "k3d",
            Provider::K3s => "k3s",
        }
    }
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
