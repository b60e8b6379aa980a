//! Events in, one summary out. Takes events in any order and cut off anywhere: a report of a damaged run is worth most.

use super::summary::{Broke, End, Part, Said, Standing, Step, Stretch, Summary};
use crate::model::event::{How, Lapse};
use crate::model::{Ending, Event, StepId, What};
use std::collections::{HashMap, HashSet};

/// The summary of a run, or None where no event says that a run began.
pub fn summary(events: &[Event]) -> Option<Summary> {
    let mut fold = events.iter().find_map(Fold::begin)?;
    for event in events {
        fold.take(event);
    }
    Some(fold.end())
}

struct Fold {
    summary: Summary,
    at: HashMap<StepId, usize>,
    longest: HashSet<StepId>,
    /// The furthest moment so far. Time in a run does not go back.
    now: f64,
}

/// Ten years: what is beyond is damage, and would not fit in a span.
const MOST: f64 = 315_360_000.0;

/// A number of seconds that can be drawn and added up, whatever a damaged journal gave.
fn seconds(given: f64) -> f64 {
    if given.is_finite() { given.clamp(0.0, MOST) } else { 0.0 }
}

impl Fold {
    fn begin(event: &Event) -> Option<Fold> {
        let What::RunStarted { plan, mode, digest, version, goal_seconds, expected_seconds, longest, .. } = &event.what
        else {
            return None;
        };
        let summary = Summary {
            run: event.run.clone(),
            plan: plan.clone(),
            mode: *mode,
            digest: *digest,
            version: version.clone(),
            started: event.at,
            goal: goal_seconds.map(seconds),
            expected: expected_seconds.map(seconds),
            seconds: 0.0,
            ending: None,
            steps: Vec::new(),
            longest: longest.clone(),
            parts: Vec::new(),
            notices: Vec::new(),
        };
        Some(Fold { summary, at: HashMap::new(), longest: longest.iter().cloned().collect(), now: 0.0 })
    }

    fn take(&mut self, event: &Event) {
        let into = seconds(event.into).max(self.now);
        match &event.what {
            What::RunStarted { version, jobs, steps, .. } => {
                self.cut();
                self.summary.version.clone_from(version);
                let part =
                    Part { at: event.at, from: into, to: into, version: version.clone(), jobs: *jobs, cpu: None };
                self.summary.parts.push(part);
                for (id, sentence) in steps {
                    self.step(id).sentence.clone_from(sentence);
                }
            }
            What::StepStarted { step, attempt, reason } => self.step(step).start(into, *attempt, reason),
            What::StepProgress { step, message } => self.step(step).hear(message.clone()),
            What::Finding { step, cause } => {
                let place = match (&cause.file, cause.line) {
                    (Some(file), Some(line)) => format!(" ({file}:{line})"),
                    (_, _) => String::new(),
                };
                self.step(step).hear(format!("{} {}{place}", cause.id, cause.told()));
            }
            What::StepWaiting { step, seconds: quiet, last } => {
                let quiet = super::words::took(seconds(*quiet));
                self.step(step).hear(format!("still running after {quiet}; last: {last}"));
            }
            What::StepVerified { step, seconds: took, saw, how } => {
                self.step(step).verified(into, seconds(*took), saw, *how);
            }
            What::StepFailed { step, seconds: took, lapse, reason, tail, log } => {
                let broke = Broke {
                    into,
                    seconds: seconds(*took),
                    lapse: *lapse,
                    reason: reason.clone(),
                    tail: tail.clone(),
                    log: log.clone(),
                };
                self.step(step).failed(broke);
            }
            What::StepSkipped { step, reason } => self.step(step).set_aside(into, Standing::Skipped, reason),
            What::StepNotRun { step, reason } => self.step(step).set_aside(into, Standing::NotRun, reason),
            What::Notice { message } => self.summary.notices.push(Said { into, message: message.clone() }),
            What::RunFinished { mode, ending } => {
                self.summary.mode = *mode;
                self.finish(into, ending);
            }
        }
        self.now = into;
        if let Some(part) = self.summary.parts.last_mut() {
            part.to = part.to.max(into);
        }
    }

    /// A step by its id; one that the head does not list is taken as well, at the end.
    fn step(&mut self, id: &StepId) -> &mut Step {
        let next = self.summary.steps.len();
        let at = *self.at.entry(id.clone()).or_insert(next);
        if at == next {
            let longest = self.longest.contains(id);
            self.summary.steps.push(Step {
                id: id.clone(),
                sentence: String::new(),
                standing: Standing::Waiting,
                stretches: Vec::new(),
                attempts: 0,
                told: String::new(),
                lapses: Vec::new(),
                again: None,
                longest,
            });
        }
        &mut self.summary.steps[at]
    }

    /// A new process goes on: what the old one left open ended, at the latest, with the last that was heard of it. What
    /// was verified stays so in the report; everything else is decided anew.
    fn cut(&mut self) {
        self.summary.ending = None;
        for step in &mut self.summary.steps {
            step.close(self.now, End::Cut);
            if !step.standing.verified() && !matches!(step.standing, Standing::Accepted | Standing::Skipped) {
                step.standing = Standing::Waiting;
            }
        }
    }

    /// A run with an end has no step without one.
    fn finish(&mut self, into: f64, ending: &Ending) {
        for step in &mut self.summary.steps {
            if step.close(into, End::Cut) {
                step.standing = Standing::Unknown;
                step.told = "the run ended before the end of this step was seen".to_owned();
            } else if step.standing == Standing::Waiting {
                step.standing = Standing::NotRun;
                if step.told.is_empty() {
                    step.told = "the run ended before it".to_owned();
                }
            }
        }
        if let Some(part) = self.summary.parts.last_mut() {
            part.cpu = ending.cpu_seconds.map(seconds);
        }
        self.summary.ending = Some(ending.clone());
    }

    fn end(mut self) -> Summary {
        for step in &mut self.summary.steps {
            step.close(self.now, End::Open);
        }
        self.summary.seconds = match &self.summary.ending {
            Some(ending) => seconds(ending.seconds),
            None => self.now,
        };
        self.summary
    }
}

impl Step {
    fn open(&mut self) -> Option<&mut Stretch> {
        self.stretches.last_mut().filter(|stretch| stretch.end == End::Open)
    }

    /// Ends the stretch that is open; false when none is.
    fn close(&mut self, into: f64, end: End) -> bool {
        match self.open() {
            Some(stretch) => {
                stretch.to = into.max(stretch.from);
                stretch.end = end;
                true
            }
            None => false,
        }
    }

    /// A stretch that was only a look has no event at its beginning.
    fn looked(&mut self, into: f64, took: f64, end: End) {
        let before = self.stretches.last().map_or(0.0, |stretch| stretch.to);
        let from = (into - took).clamp(before.min(into), into);
        self.stretches.push(Stretch { from, to: into, again: Vec::new(), end });
    }

    fn start(&mut self, into: f64, attempt: u32, reason: &str) {
        match self.open() {
            Some(stretch) => stretch.again.push(into),
            None => self.stretches.push(Stretch { from: into, to: into, again: Vec::new(), end: End::Open }),
        }
        // The attempts may be numbered anew after a resume; an event may be missing.
        self.attempts = self.attempts.saturating_add(1).max(attempt);
        self.standing = Standing::Running;
        reason.clone_into(&mut self.told);
    }

    fn hear(&mut self, message: String) {
        if matches!(self.standing, Standing::Waiting | Standing::Running) {
            self.told = message;
        }
    }

    fn verified(&mut self, into: f64, took: f64, saw: &str, how: How) {
        let before = self.standing.verified();
        let closed = self.close(into, End::Done);
        self.standing = match how {
            How::Ran => Standing::Verified,
            How::Kept => Standing::Kept,
            How::Adopted => Standing::Adopted,
            How::Accepted => Standing::Accepted,
        };
        match how {
            How::Kept if before => {
                self.again = Some(Said { into, message: saw.to_owned() });
                return;
            }
            How::Ran | How::Kept | How::Adopted if !closed => self.looked(into, took, End::Done),
            How::Ran | How::Kept | How::Adopted | How::Accepted => {}
        }
        saw.clone_into(&mut self.told);
    }

    fn failed(&mut self, broke: Broke) {
        let (standing, end) = match broke.lapse {
            Lapse::Failed => (Standing::Failed, End::Failed),
            Lapse::Unknown => (Standing::Unknown, End::Unknown),
            Lapse::Stopped => (Standing::Stopped, End::Stopped),
        };
        if !self.close(broke.into, end) {
            self.looked(broke.into, broke.seconds, end);
        }
        self.standing = standing;
        self.told.clone_from(&broke.reason);
        self.lapses.push(broke);
    }

    fn set_aside(&mut self, into: f64, standing: Standing, reason: &str) {
        self.close(into, End::Cut);
        self.standing = standing;
        reason.clone_into(&mut self.told);
    }
}
