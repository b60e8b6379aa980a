//! What the engine says happened, as plain data for everything that shows, tells or reports. The journal's records are
//! another type: this one may gain fields, that one is read back for years.

use super::{Cause, Digest, Ending, Mode, RunId, Stamp, StepId};

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub run: RunId,
    pub seq: u64,
    pub at: Stamp,
    /// Seconds since the run began, by a clock that does not jump.
    pub into: f64,
    pub what: What,
}

/// Why a step counts as verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It was run, and its verify saw it.
    Ran,
    /// An earlier part of this run did it; looked at again, and still there.
    Kept,
    /// It had begun and nobody knew its end; the world shows that it is done.
    Adopted,
    /// A person said that it is done; its verify did not.
    Accepted,
}

impl How {
    pub fn as_str(self) -> &'static str {
        match self {
            How::Ran => "ran",
            How::Kept => "kept",
            How::Adopted => "adopted",
            How::Accepted => "accepted",
        }
    }
}

/// Why a step did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapse {
    Failed,
    Unknown,
    Stopped,
}

impl Lapse {
    pub fn as_str(self) -> &'static str {
        match self {
            Lapse::Failed => "failed",
            Lapse::Unknown => "unknown",
            Lapse::Stopped => "stopped",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    RunStarted {
        plan: String,
        mode: Mode,
        digest: Digest,
        version: String,
        resumed: bool,
        jobs: usize,
        goal_seconds: Option<f64>,
        /// The steps of the graph in the order of execution, each with its one sentence.
        steps: Vec<(StepId, String)>,
        /// The steps that the longest way runs through.
        longest: Vec<StepId>,
        expected_seconds: Option<f64>,
    },
    StepStarted {
        step: StepId,
        attempt: u32,
        reason: String,
    },
    StepProgress {
        step: StepId,
        message: String,
    },
    /// What holds a step up, told the moment it is known.
    Finding {
        step: StepId,
        cause: Cause,
    },
    /// Made by who watches, not by the run: nothing was told for a while, and the step has been at it for so long.
    StepWaiting {
        step: StepId,
        seconds: f64,
        last: String,
    },
    StepVerified {
        step: StepId,
        seconds: f64,
        saw: String,
        how: How,
    },
    StepFailed {
        step: StepId,
        seconds: f64,
        lapse: Lapse,
        reason: String,
        /// The last lines that the step printed.
        tail: Vec<String>,
        log: String,
    },
    StepSkipped {
        step: StepId,
        reason: String,
    },
    StepNotRun {
        step: StepId,
        reason: String,
    },
    Notice {
        message: String,
    },
    RunFinished {
        mode: Mode,
        ending: Ending,
    },
}

impl What {
    /// The step that this is about, where it is about one.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            What::StepStarted { step, .. }
            | What::StepProgress { step, .. }
            | What::Finding { step, .. }
            | What::StepWaiting { step, .. }
            | What::StepVerified { step, .. }
            | What::StepFailed { step, .. }
            | What::StepSkipped { step, .. }
            | What::StepNotRun { step, .. } => Some(step),
            What::RunStarted { .. } | What::Notice { .. } | What::RunFinished { .. } => None,
        }
    }
}
