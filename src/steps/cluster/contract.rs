//! What every provider answers: what there is, what it would make, and how it is made, reached, deleted and looked after.

use crate::checks::drill::Allowed;
use crate::checks::told::Told;
use crate::model::digest::Digester;
use crate::model::{Finding, Provider};
use crate::steps::contract::{Mishap, Seen, Work};
use crate::steps::scene::Scene;
use crate::steps::target::Up;
use crate::sys::Look;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What stands under the name of the plan's cluster. The third answer is never taken for either of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exists {
    Yes(Standing),
    /// Whoever decides has answered, and knows of nothing.
    No(String),
    /// Could not be known, and why: a line for each that was asked.
    Unknown(Vec<String>),
}

/// A cluster that is there, whole or in part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Everything that a delete would remove, and nothing else.
    pub parts: Vec<Part>,
    /// UID of the namespace kube-system, where its API server answers.
    pub uid: Option<String>,
    /// Who keeps its parts, where there can be several: the id of a Docker daemon. Another one knows nothing of them.
    #[serde(default)]
    pub keeper: Option<String>,
    /// What else was seen, in words.
    #[serde(default)]
    pub told: Vec<String>,
}

/// One thing that can be deleted by its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    pub sort: Sort,
    /// What names it, and nothing that comes after it.
    pub id: String,
    pub name: String,
    /// The run that made it, where it says so.
    #[serde(default)]
    pub run: Option<String>,
    #[serde(default)]
    pub runs: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    Container,
    Network,
    Volume,
    /// A folder of the host.
    Folder,
    /// A unit of the host's service manager.
    Service,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sort = match self.sort {
            Sort::Container => "container",
            Sort::Network => "network",
            Sort::Volume => "volume",
            Sort::Folder => "folder",
            Sort::Service => "service",
        };
        let short: String = self.id.chars().take(12).collect();
        // A volume is called by its name alone; its id says when it was made.
        match self.id == self.name || self.sort == Sort::Volume {
            true => write!(f, "{sort} {}", self.name),
            false => write!(f, "{sort} {} ({short})", self.name),
        }
    }
}

impl Standing {
    /// Whether the same things stand there, by their ids.
    pub fn is_same(&self, other: &Standing) -> bool {
        let ids = |one: &Standing| {
            let mut ids: Vec<(Sort, String)> = one.parts.iter().map(|part| (part.sort, part.id.clone())).collect();
            ids.sort();
            ids
        };
        ids(self) == ids(other)
    }
    pub fn ids(&self) -> Vec<String> {
        self.parts.iter().map(Part::to_string).collect()
    }
}

/// What a recovery does to one, for people, before it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blast {
    /// What is gone afterwards: nodes, pods, data.
    pub dies: Vec<String>,
    /// What is not.
    pub stays: Vec<String>,
    /// Data that lies only in what dies, by path, and what it belongs to.
    pub lost: Vec<(String, String)>,
    /// What cannot be deleted, and what holds it: a delete would come to a halt in its middle.
    #[serde(default)]
    pub held: Vec<(String, String)>,
    /// What could not be known of it.
    pub unknown: Vec<String>,
}

/// What can make a cluster. Everything it does to the world is done through a scene, and with that a `Touch`.
pub trait Contract: Send + Sync {
    fn provider(&self) -> Provider;
    /// What it would make, in words: `1 server, with registries.yaml`.
    fn summary(&self) -> String;
    /// Is told, before anything is made, which places a drill may reach. Only one that drills behind a fence keeps it.
    fn may_reach(&self, _: &Allowed) {}
    /// Is told, before anything is made, which images the plan will run. Only one that proves them keeps it.
    fn may_pull(&self, _: Vec<String>) {}
    /// What the world outside has to answer before anything is deleted: what is wrong, and what could not be known.
    fn ahead(&self, _: Look) -> Work<'_, Told> {
        Box::pin(std::future::ready(Told::default()))
    }
    /// What making it does to the world outside.
    fn reaches(&self) -> String;
    /// What its result depends on.
    fn add_to(&self, look: Look, digest: &mut Digester) -> Result<(), String>;
    /// How long making it may take.
    fn deadline(&self) -> Duration;
    /// The programs it would start.
    fn programs(&self) -> Vec<&str>;
    /// What can be known to be wrong with its files.
    fn findings(&self) -> Vec<Finding>;
    /// Who keeps what stands there, where there can be several.
    fn keeper(&self, _: Look) -> Work<'_, Result<Option<String>, String>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// What stands under the cluster's name. Bounded in time, and free of any run.
    fn exists<'a>(&'a self, look: Look) -> Work<'a, Exists>;
    /// What dies with it, and what does not.
    fn blast<'a>(&'a self, look: Look, standing: &'a Standing) -> Work<'a, Blast>;
    /// Keeps what can be read of the old one in the folder of the run: a line for each thing kept, or not and why.
    fn save<'a>(&'a self, scene: &'a Scene<'a>, standing: &'a Standing) -> Work<'a, Result<Vec<String>, Mishap>>;
    /// Deletes these parts, by their ids.
    fn delete<'a>(&'a self, scene: &'a Scene<'a>, standing: &'a Standing) -> Work<'a, Result<(), Mishap>>;
    /// Makes it, and leaves the way to it in the scene's target. What this very run had half made is removed first.
    fn create<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>>;
    /// The cluster that this run has made, when it lives.
    fn reach<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<Option<Up>, String>>;
    /// Whether it is as it should be.
    fn verify<'a>(&'a self, scene: &'a Scene<'a>, up: &'a Up) -> Work<'a, Seen>;
    /// Takes back the cluster of a drill, and what was made for it; says what is gone. What is left is a failure.
    fn undo<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<Option<String>, Mishap>>;
    /// What a run in it does not show.
    fn unproven(&self, up: Option<&Up>) -> Vec<String>;
}
