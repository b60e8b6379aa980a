//! A plan as it was written: typed, with the place of everything that an error or an edge may point to.

use crate::checks::rules::cluster::Cluster as Ahead;
use crate::model::{EntryName, Fact, Mode, PlanName, Provider, Spot, StepId};
use crate::steps::cluster::contract::Contract;
use crate::steps::contract::Kind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Whether a failure stops the start of other steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    Stop,
    KeepGoing,
}

pub struct Step {
    pub id: StepId,
    pub at: Spot,
    pub kind: Box<dyn Kind>,
    pub needs: Vec<(StepId, Spot)>,
    pub provides: Vec<(Fact, Spot)>,
    pub requires: Vec<(Fact, Spot)>,
    /// Where the plan says that it comes before there is a cluster.
    pub before: Option<Spot>,
    pub only: Option<Mode>,
    pub timeout: Option<Duration>,
    pub retries: u32,
    pub on_failure: OnFailure,
}

impl Step {
    pub fn deadline(&self) -> Duration {
        self.timeout.unwrap_or_else(|| self.kind.deadline())
    }
    /// Why it takes no part in this mode, when it does not.
    pub fn absent_in(&self, mode: Mode) -> Option<String> {
        match self.only {
            Some(only) if only != mode => Some(format!("only: {only}")),
            Some(_) | None => self.kind.absent_in(mode),
        }
    }
}

/// A way in, and whether it dies with what is recovered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    pub name: String,
    pub inside: bool,
    /// The thing inside, or the words about the outside.
    pub told: String,
    pub at: Spot,
}

/// The place of the cluster's step among the steps, in a plan that has a cluster.
pub const CLUSTER: usize = 0;
/// The places of the two before it, in a plan whose recovery takes the place of a cluster that is there.
pub const SAVE: usize = 1;
pub const DELETE: usize = 2;

/// The cluster that a plan brings back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    pub provider: Provider,
    pub name: String,
    /// The provider's own file, as the plan names it.
    pub config: Option<(String, Spot)>,
    pub registries: Option<(String, Spot)>,
    /// Where k3s lives, when that is another host.
    pub host: Option<(String, Spot)>,
    pub install: Option<(String, Spot)>,
    /// What the new cluster begins with, instead of empty.
    pub snapshot: Option<(String, Spot)>,
    /// The token of its k3s, as the store has it.
    pub token: Option<(EntryName, Spot)>,
    pub at: Spot,
}

/// Where the secrets of a plan are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// As the plan names them: a folder or a pattern.
    pub files: (String, Spot),
    pub identity: Option<(String, Spot)>,
    pub at: Spot,
}

pub struct PlanFile {
    /// The file as the user named it.
    pub shown: String,
    pub path: PathBuf,
    pub name: PlanName,
    pub rto: Option<Duration>,
    /// Its step is the first of the steps.
    pub cluster: Option<Cluster>,
    /// How many steps stand in no plan, because `cluster` makes them: they are the first.
    pub implied: usize,
    /// What a drill makes its cluster with, where the plan says so.
    pub drill: Option<(Provider, Spot)>,
    /// Places that a drill may reach because the plan names them one by one.
    pub allow: Vec<((String, u16), Spot)>,
    /// What this run makes its cluster with.
    pub provider: Option<Provider>,
    /// What makes it.
    pub maker: Option<Arc<dyn Contract>>,
    /// What its nodes are told of registries, as texts.
    pub registries: Vec<String>,
    /// Data that may die with the cluster.
    pub discard: Vec<(String, Spot)>,
    /// What the nodes of the cluster will be called, where that is written somewhere.
    pub nodes: Vec<String>,
    /// What files say of the cluster that will be.
    pub planned: Option<Ahead>,
    pub access: Vec<Way>,
    pub secrets: Option<Secrets>,
    pub outside: Vec<(Fact, Spot)>,
    /// Findings that may stand.
    pub accept: Vec<super::accept::Accept>,
    pub steps: Vec<Step>,
}

impl PlanFile {
    /// The folder that paths in the plan are relative to.
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        }
    }
}
