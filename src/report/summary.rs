//! A run as a report shows it: plain data, made by `fold`. All times are seconds since the run began, by the clock that
//! does not jump; the wall clock is only shown.

use crate::model::event::Lapse;
use crate::model::{Digest, Ending, Mode, NotExercised, RunId, Stamp, StepId};

#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub run: RunId,
    pub plan: String,
    pub mode: Mode,
    pub digest: Digest,
    /// The version that worked on it last.
    pub version: String,
    pub started: Stamp,
    pub goal: Option<f64>,
    pub expected: Option<f64>,
    /// How far its time is known, pauses included.
    pub seconds: f64,
    /// None when nobody saw its end: it was killed, or it still runs.
    pub ending: Option<Ending>,
    /// In the order of execution.
    pub steps: Vec<Step>,
    /// The longest way as it was planned: what was needed by what is not in the events.
    pub longest: Vec<StepId>,
    /// One for each process that worked on the run.
    pub parts: Vec<Part>,
    pub notices: Vec<Said>,
}

/// The time in which one process worked on the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub at: Stamp,
    pub from: f64,
    /// The last that was heard of it.
    pub to: f64,
    pub version: String,
    pub jobs: usize,
    /// Its processor time in seconds, where it lived to tell.
    pub cpu: Option<f64>,
}

/// Words with the moment at which they were said.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub into: f64,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub id: StepId,
    pub sentence: String,
    pub standing: Standing,
    pub stretches: Vec<Stretch>,
    pub attempts: u32,
    /// What was seen, or why it stands as it does.
    pub told: String,
    /// Every time it did not come to its end; the last one is how it stands when it stands as failed.
    pub lapses: Vec<Broke>,
    /// A later part of the run looked at it again, and it was still there.
    pub again: Option<Said>,
    pub longest: bool,
}

/// Where a step stands when the events end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Waiting,
    Running,
    Verified,
    Kept,
    Adopted,
    Accepted,
    Skipped,
    NotRun,
    Failed,
    Unknown,
    Stopped,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Waiting => "waiting",
            Standing::Running => "running",
            Standing::Verified => "verified",
            Standing::Kept => "kept",
            Standing::Adopted => "adopted",
            Standing::Accepted => "accepted",
            Standing::Skipped => "skipped",
            Standing::NotRun => "not run",
            Standing::Failed => "failed",
            Standing::Unknown => "unknown",
            Standing::Stopped => "stopped",
        }
    }
    /// True when a look saw that it is done.
    pub fn verified(self) -> bool {
        match self {
            Standing::Verified | Standing::Kept | Standing::Adopted => true,
            Standing::Waiting
            | Standing::Running
            | Standing::Accepted
            | Standing::Skipped
            | Standing::NotRun
            | Standing::Failed
            | Standing::Unknown
            | Standing::Stopped => false,
        }
    }
    /// True when it was tried and did not come to its end.
    pub fn broke(self) -> bool {
        match self {
            Standing::Failed | Standing::Unknown | Standing::Stopped => true,
            Standing::Waiting
            | Standing::Running
            | Standing::Verified
            | Standing::Kept
            | Standing::Adopted
            | Standing::Accepted
            | Standing::Skipped
            | Standing::NotRun => false,
        }
    }
}

/// A time in which a step was being worked on.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    pub from: f64,
    pub to: f64,
    /// When each attempt after the first began.
    pub again: Vec<f64>,
    pub end: End,
}

/// How a stretch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Done,
    Failed,
    Unknown,
    Stopped,
    /// The process that ran it was gone before its end.
    Cut,
    /// The events end before it does.
    Open,
}

impl End {
    pub fn as_str(self) -> &'static str {
        match self {
            End::Done => "done",
            End::Failed => "failed",
            End::Unknown => "unknown",
            End::Stopped => "stopped",
            End::Cut => "cut",
            End::Open => "open",
        }
    }
}

/// One time that a step did not come to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Broke {
    pub into: f64,
    pub seconds: f64,
    pub lapse: Lapse,
    pub reason: String,
    pub tail: Vec<String>,
    pub log: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub verified: usize,
    pub accepted: usize,
    pub skipped: usize,
    pub failed: usize,
    pub not_run: usize,
    /// Waiting or running: nobody knows how they would have ended.
    pub open: usize,
}

impl Step {
    pub fn began(&self) -> Option<f64> {
        self.stretches.first().map(|stretch| stretch.from)
    }
    pub fn ended(&self) -> Option<f64> {
        self.stretches.last().filter(|stretch| stretch.end != End::Open).map(|stretch| stretch.to)
    }
    /// The seconds in which it was worked on, pauses left out.
    pub fn busy(&self) -> f64 {
        self.stretches.iter().map(|stretch| stretch.to - stretch.from).sum()
    }
    /// The failure that it stands with, if it does.
    pub fn broke(&self) -> Option<&Broke> {
        self.lapses.last().filter(|_| self.standing.broke())
    }
    /// The failures that a later attempt or a later part of the run made good, or may still.
    pub fn overcome(&self) -> &[Broke] {
        let kept = self.lapses.len() - usize::from(self.broke().is_some());
        &self.lapses[..kept]
    }
}

impl Summary {
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in &self.steps {
            let count = match step.standing {
                Standing::Verified | Standing::Kept | Standing::Adopted => &mut counts.verified,
                Standing::Accepted => &mut counts.accepted,
                Standing::Skipped => &mut counts.skipped,
                Standing::Failed | Standing::Unknown | Standing::Stopped => &mut counts.failed,
                Standing::NotRun => &mut counts.not_run,
                Standing::Waiting | Standing::Running => &mut counts.open,
            };
            *count += 1;
        }
        counts
    }

    /// What counts as done without having been proved: the run's own list, or what the events show where it has none.
    pub fn not_exercised(&self) -> Vec<NotExercised> {
        match &self.ending {
            Some(ending) => ending.not_exercised.clone(),
            None => self
                .steps
                .iter()
                .filter(|step| matches!(step.standing, Standing::Skipped | Standing::Accepted))
                .map(|step| NotExercised { step: step.id.clone(), reason: step.told.clone() })
                .collect(),
        }
    }

    /// The next commands. A run without an end may live or be dead: only a look at it can tell.
    pub fn next(&self) -> Vec<String> {
        match &self.ending {
            Some(ending) => ending.next.clone(),
            None => vec![format!("blackstart status {}", self.run), format!("blackstart resume {}", self.run)],
        }
    }

    /// The seconds in which nothing worked on the run: from the end of a part to the beginning of the next.
    pub fn paused(&self) -> f64 {
        self.parts.windows(2).map(|pair| if let [a, b] = pair { (b.from - a.to).max(0.0) } else { 0.0 }).sum()
    }

    pub fn left(&self) -> &[String] {
        self.ending.as_ref().map_or(&[], |ending| &ending.left)
    }
}
