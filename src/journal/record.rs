//! What is written down. These types are the file format: they change only together with its version.

use crate::model::{Cause, Change, Digest, Ending, Mode, PlanName, Provider, Stamp, StepId};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One record of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "r", rename_all = "kebab-case")]
pub enum Record {
    Begin(Box<Begin>),
    Resume(Box<Resume>),
    Step {
        step: StepId,
        t: u64,
        did: Did,
    },
    /// Something that people should know, about no step.
    Notice {
        t: u64,
        message: String,
    },
    End {
        t: u64,
        ending: Ending,
    },
}

/// A process as a pid and the tick it started at. Two numbers mean nothing without `boot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pid {
    pub pid: i32,
    pub started: u64,
}

/// The head of a journal: which plan, which graph, on what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    pub version: String,
    pub plan: PlanName,
    pub file: PathBuf,
    pub mode: Mode,
    pub digest: Digest,
    pub goal_seconds: Option<f64>,
    pub expected_seconds: Option<f64>,
    pub jobs: usize,
    pub at: Stamp,
    /// Milliseconds since this machine was started: all other times in the file are of this clock.
    pub t: u64,
    pub boot: String,
    pub host: String,
    pub runner: Pid,
    /// Every step of the graph in the order of execution, with its one sentence.
    pub steps: Vec<(StepId, String)>,
    pub longest: Vec<StepId>,
    /// What makes the cluster, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
}

/// A later process goes on with the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    pub version: String,
    pub jobs: usize,
    pub at: Stamp,
    pub t: u64,
    pub boot: String,
    pub host: String,
    pub runner: Pid,
    pub redo: Vec<StepId>,
    pub accept: Vec<StepId>,
    /// Bytes of a torn end that were cut off before this record.
    pub torn: usize,
}

/// Which of a step's programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Touch,
    Verify,
}

/// What happened to a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Did {
    Check {
        why: String,
    },
    Cleared {
        saw: String,
    },
    Found {
        saw: String,
        /// True when nobody had seen its end; false when an earlier part of this run had.
        adopted: bool,
        /// What the step would be begun with now, when it is adopted: it is done with these.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inputs: Option<Digest>,
    },
    Unclear {
        saw: String,
    },
    /// The intent. Durable before anything of it happens.
    Touch {
        attempt: u32,
        inputs: Digest,
        why: String,
        /// What it is about to change, by ids.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<String>,
    },
    /// A program of it was started.
    Child {
        child: Pid,
        part: Part,
    },
    Touched,
    /// What people should see of it while it goes on.
    Say {
        message: String,
    },
    /// What holds it up.
    Cause {
        cause: Cause,
    },
    Prove {
        saw: String,
    },
    Retry {
        reason: String,
        wait_ms: u64,
    },
    Break {
        reason: String,
        tail: Vec<String>,
        /// False when it is certain that nothing of it happened, in this attempt or an earlier one.
        began: bool,
    },
    Stop {
        reason: String,
    },
    Accept {
        saw: String,
    },
    Skip {
        reason: String,
    },
    Exclude {
        reason: String,
    },
}

impl Did {
    /// Takes what must not be kept out of every word that came from elsewhere.
    pub fn hide(&mut self, hide: &dyn Fn(&mut String)) {
        match self {
            Did::Check { why: text }
            | Did::Touch { why: text, .. }
            | Did::Cleared { saw: text }
            | Did::Found { saw: text, .. }
            | Did::Unclear { saw: text }
            | Did::Prove { saw: text }
            | Did::Accept { saw: text }
            | Did::Say { message: text }
            | Did::Retry { reason: text, .. }
            | Did::Stop { reason: text }
            | Did::Skip { reason: text }
            | Did::Exclude { reason: text } => hide(text),
            Did::Break { reason, tail, .. } => {
                hide(reason);
                tail.iter_mut().for_each(hide);
            }
            Did::Cause { cause } => {
                [&mut cause.object, &mut cause.message, &mut cause.fix].into_iter().for_each(hide);
                cause.holds.iter_mut().for_each(hide);
            }
            Did::Child { .. } | Did::Touched => {}
        }
    }
    /// The change of state that this is; a started program and a word about it are none.
    pub fn change(&self) -> Option<Change> {
        match self {
            Did::Check { .. } => Some(Change::Check),
            Did::Cleared { .. } => Some(Change::Cleared),
            Did::Found { .. } => Some(Change::Found),
            Did::Unclear { .. } => Some(Change::Unclear),
            Did::Touch { .. } => Some(Change::Touch),
            Did::Child { .. } | Did::Say { .. } | Did::Cause { .. } => None,
            Did::Touched => Some(Change::Touched),
            Did::Prove { .. } => Some(Change::Prove),
            Did::Retry { .. } => Some(Change::Retry),
            Did::Break { .. } => Some(Change::Break),
            Did::Stop { .. } => Some(Change::Stop),
            Did::Accept { .. } => Some(Change::Accept),
            Did::Skip { .. } => Some(Change::Skip),
            Did::Exclude { .. } => Some(Change::Exclude),
        }
    }
}
