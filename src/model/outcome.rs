//! How a run ends, and the exit code that says so.

use super::id::StepId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The exit codes. Scripts and timers rely on them.
pub mod exit {
    pub const VERIFIED: u8 = 0;
    pub const FAILED: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const REFUSED: u8 = 3;
    pub const OVER_GOAL: u8 = 4;
    pub const INTERRUPTED: u8 = 5;
    pub const JOURNAL: u8 = 6;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Verified,
    Failed,
    Refused,
    Interrupted,
    OverGoal,
    JournalFailed,
}

impl Outcome {
    pub fn exit(self) -> u8 {
        match self {
            Outcome::Verified => exit::VERIFIED,
            Outcome::Failed => exit::FAILED,
            Outcome::Refused => exit::REFUSED,
            Outcome::OverGoal => exit::OVER_GOAL,
            Outcome::Interrupted => exit::INTERRUPTED,
            Outcome::JournalFailed => exit::JOURNAL,
        }
    }
    /// True when every step was verified, however long it took: such a run has nothing left to resume.
    pub fn complete(self) -> bool {
        match self {
            Outcome::Verified | Outcome::OverGoal => true,
            Outcome::Failed | Outcome::Refused | Outcome::Interrupted | Outcome::JournalFailed => false,
        }
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Verified => "verified",
            Outcome::Failed => "failed",
            Outcome::Refused => "refused",
            Outcome::Interrupted => "interrupted",
            Outcome::OverGoal => "over-goal",
            Outcome::JournalFailed => "journal-failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A step that counts as done without having been proved, and why. It is always named at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotExercised {
    pub step: StepId,
    pub reason: String,
}

/// The last word of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    pub outcome: Outcome,
    pub seconds: f64,
    /// Processor time of the process that came to this end, without what it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal_seconds: Option<f64>,
    pub verified: usize,
    pub failed: usize,
    pub not_run: usize,
    pub not_exercised: Vec<NotExercised>,
    /// What is still running or half done, in words.
    pub left: Vec<String>,
    /// The next command, ready to be copied.
    pub next: Vec<String>,
}
