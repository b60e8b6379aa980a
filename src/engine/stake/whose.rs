//! F89: whether what stands under a name is what earlier runs have made, or somebody else's behind the same name. A name, a
//! context and a file prove nothing: the uid of kube-system and the ids of containers do.

use super::memory::{Memory, Print};
use crate::model::{Finding, Place, Severity, Unknown};
use crate::steps::cluster::contract::{Sort, Standing};

const ID: &str = "F89";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Nothing stands there.
    Nobody,
    /// This run made it.
    Made(String),
    /// This run had begun to make it.
    Begun(String),
    /// It was confirmed in this run, which did not delete it.
    Confirmed(String),
    /// No run of this plan has made one that is remembered.
    First,
    /// This run made another, and what stands there has another uid and other containers.
    Other { run: String, uid: String },
    /// This run made one, and whether this is it cannot be known.
    Unsure { run: String },
}

pub fn of(standing: &Standing, memory: &Memory) -> Whose {
    if standing.parts.is_empty() {
        return Whose::Nobody;
    }
    let now = Print::of(standing);
    let of = |list: &[(String, Print)]| list.iter().find(|(_, print)| print.is(&now)).map(|(run, _)| run.clone());
    if let Some(run) = of(&memory.made) {
        return Whose::Made(run);
    }
    if let Some(run) = of(&memory.confirmed) {
        return Whose::Confirmed(run);
    }
    if let Some(run) = begun(standing).filter(|run| memory.runs.contains(run)) {
        return Whose::Begun(run);
    }
    let Some((run, last)) = memory.made.first() else { return Whose::First };
    let run = run.clone();
    match (&last.uid, &now.uid) {
        (Some(_), Some(uid)) => Whose::Other { run, uid: uid.clone() },
        (_, _) => Whose::Unsure { run },
    }
}

/// The run whose mark stands on every container.
fn begun(standing: &Standing) -> Option<String> {
    let mut marks = standing.parts.iter().filter(|part| part.sort == Sort::Container).map(|part| &part.run);
    let first = marks.next()?.clone()?;
    marks.all(|mark| mark.as_ref() == Some(&first)).then_some(first)
}

impl Whose {
    /// In words, behind the name of the cluster.
    pub fn told(&self) -> String {
        match self {
            Whose::Nobody => "which is not there".to_owned(),
            Whose::Made(run) => format!("the one that run {run} made"),
            Whose::Begun(run) => format!("what run {run} had begun to make"),
            Whose::Confirmed(run) => format!("the one that was confirmed in run {run}"),
            Whose::First => "seen for the first time".to_owned(),
            Whose::Other { run, .. } => format!("NOT the one that run {run} made"),
            Whose::Unsure { run } => format!("whether it is the one that run {run} made is not known"),
        }
    }
}

pub fn findings(whose: &Whose, name: &str, place: &Place) -> Option<Finding> {
    let (severity, message) = match whose {
        Whose::Other { run, uid } => (
            Severity::Error,
            format!(
                "another cluster stands behind this name: its uid is {uid}, and neither that nor any container is what run {run} made"
            ),
        ),
        Whose::Unsure { run } => (
            Severity::Warning,
            format!(
                "whether it is the cluster that run {run} made is not known: its API server tells no uid, and no container is one of that run"
            ),
        ),
        Whose::Nobody | Whose::Made(_) | Whose::Begun(_) | Whose::Confirmed(_) | Whose::First => return None,
    };
    let fix = "look at what stands there; where it may die, accept F89 in the plan".to_owned();
    Some(Finding {
        id: ID,
        severity,
        place: place.clone(),
        object: format!("cluster {name}"),
        message,
        fix,
        patch: None,
    })
}

/// What a run had written down and cannot be read any more.
pub fn unread(name: &str, place: &Place, why: &str) -> Unknown {
    Unknown {
        id: ID,
        place: place.clone(),
        object: format!("cluster {name}"),
        message: format!("what an earlier run says of it cannot be read: {why}"),
        missing: "a file that can be read".to_owned(),
    }
}
