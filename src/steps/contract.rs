//! What every kind of step answers. A kind leaves out what it has no part in; what a step does, how that is proven and what
//! its result depends on have no default answer: a kind without a verify does not compile.

use super::scene::Scene;
use crate::manifests::Papers;
use crate::model::{Digest, Finding, Mode, ObjectId, Spot, Unknown};
use crate::secrets::Vault;
use crate::secrets::store::Held;
use crate::sys::Look;
use crate::sys::pace::Halt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

pub type Work<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What a look at the world saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is as the step leaves it.
    Present(String),
    /// It is not.
    Absent(String),
    /// Could not be asked. Never taken for either.
    Unknown(String),
    /// Broken off by the brake before there was an answer.
    BrokenOff(String),
}

/// How a touch did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mishap {
    Failed {
        reason: String,
        tail: Vec<String>,
        /// False when it is certain that nothing happened.
        began: bool,
    },
    /// Ended by the brake.
    Stopped { reason: String },
}

impl Mishap {
    /// A failure with nothing more to show than its reason.
    pub fn failed(reason: impl ToString, began: bool) -> Self {
        Mishap::Failed { reason: reason.to_string(), tail: Vec::new(), began }
    }
}

/// Where the manifests of a plan lie, and what all of its steps hold.
pub struct Around<'a> {
    /// The folder of the plan, and how people know it.
    pub folder: &'a Path,
    pub shown: &'a Path,
    /// Whether the manifests of some step hold this object.
    pub holds: &'a dyn Fn(&ObjectId) -> bool,
}

/// A store that was opened, and everything that was read beside it.
pub struct Opened<'a> {
    pub vault: &'a Vault,
    pub held: &'a [Held],
    /// Those of all steps.
    pub papers: &'a [Papers],
    pub mode: Mode,
}

/// What a step can be. `Send` and `Sync`, because the steps of a large plan are read and shown by several threads.
pub trait Kind: Send + Sync {
    fn name(&self) -> &'static str;
    /// One sentence for the preview, without the subject.
    fn summary(&self, mode: Mode) -> String;
    /// What it does to the world outside the target, for people who drill.
    fn reaches(&self, mode: Mode) -> String;
    /// Why it takes no part in this mode, when it does not.
    fn absent_in(&self, _: Mode) -> Option<String> {
        None
    }
    /// True when it can do nothing without a cluster.
    fn wants_cluster(&self) -> bool;
    /// True when it works on the plan's store of secrets.
    fn wants_store(&self) -> bool {
        false
    }
    /// Is given what the store holds, by name: once, before anything else is asked.
    fn equip(&mut self, _: &[Held]) {}
    /// What it names of the store, and the store does not have.
    fn lacks(&self) -> &[String] {
        &[]
    }
    /// True when doing it twice does no harm.
    fn repeatable(&self) -> bool;
    /// What it is about to change, by ids that mean one thing only: written down with its intent.
    fn intends(&self, _: Look, _: &Path) -> Vec<String> {
        Vec::new()
    }
    /// How long it may take when the plan does not say.
    fn deadline(&self) -> Duration;
    /// How hard the brake has to be pulled to break it off.
    fn stops_at(&self) -> Halt;
    /// The files and folders of manifests that it works on, as the plan names them.
    fn paths(&self) -> &[(String, Spot)] {
        &[]
    }
    /// True when it works on the manifests of the whole plan instead of its own.
    fn surveys(&self) -> bool {
        false
    }
    /// Is given what was read of them: once, before anything else is asked.
    fn take(&mut self, _: Papers) {}
    /// Looks for what its manifests bring beside themselves, once they are given. True when its papers are others then.
    fn follow(&mut self, _: Look, _: &Around<'_>) -> bool {
        false
    }
    /// The namespace whose Secrets have to be there before it begins.
    fn awaits_secrets_in(&self) -> Option<&str> {
        None
    }
    /// What it was given; none for a kind that reads no manifests.
    fn papers(&self) -> Option<&Papers> {
        None
    }
    /// What its manifests show to be wrong for a cluster with these nodes, before there is one.
    fn findings(&self, _: &[String]) -> Vec<Finding> {
        Vec::new()
    }
    /// What cannot be known of its manifests before there is a cluster, or by nobody who cannot open the store.
    fn unknowns(&self, _: &[Papers], _: &[Held]) -> Vec<Unknown> {
        Vec::new()
    }
    /// What only who can open the store can know to be wrong.
    fn opened(&self, _: Look, _: &Opened<'_>) -> Result<Vec<Finding>, String> {
        Ok(Vec::new())
    }
    /// What a run in this cluster does not show although its verify said yes.
    fn unproven(&self, scene: &Scene<'_>) -> Vec<String>;
    /// Everything that its result depends on, as a digest. A changed digest makes a finished step stale.
    fn inputs(&self, look: Look, folder: &Path) -> Result<Digest, String>;
    /// The programs it would start: what a check asks for before anything is begun.
    fn programs(&self, _: Mode) -> Vec<&str> {
        Vec::new()
    }
    /// Looks whether it is done already, changing nothing.
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen>;
    /// Does it.
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>>;
    /// Looks, after a touch, whether it took.
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen>;
    /// Takes back, when a drill is torn down, what would outlive its cluster. Nothing for most kinds.
    fn undo<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<Option<String>, Mishap>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}
