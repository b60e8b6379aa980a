//! Tells a journal as events: one walk, for the display, the status, the history and the reports alike.

use super::record::{Did, Record};
use crate::model::event::{How, Lapse};
use crate::model::{Event, Mode, RunId, Stamp, StepId, What};
use std::collections::HashMap;

/// Turns records into events, one after another as they are written.
pub struct Teller {
    run: RunId,
    seq: u64,
    mode: Mode,
    first: Option<(Stamp, u64, String)>,
    /// The wall clock, the machine's clock and the seconds into the run at which the present process took over.
    base: (Stamp, u64, f64),
    /// Seconds into the run of the last event.
    last: f64,
    start: Option<What>,
    began: HashMap<StepId, u64>,
}

impl Teller {
    pub fn new(run: RunId) -> Self {
        Self {
            run,
            seq: 0,
            mode: Mode::Recover,
            first: None,
            base: (Stamp(0), 0, 0.0),
            last: 0.0,
            start: None,
            began: HashMap::new(),
        }
    }

    /// The events of a whole journal.
    pub fn all(run: RunId, records: &[Record]) -> Vec<Event> {
        let mut teller = Self::new(run);
        records.iter().filter_map(|record| teller.tell(record)).collect()
    }

    fn event(&mut self, t: u64, what: What) -> Event {
        let (at, base, into) = self.base;
        let since = t.saturating_sub(base);
        self.seq += 1;
        self.last = into + since as f64 / 1000.0;
        Event {
            run: self.run.clone(),
            seq: self.seq,
            at: Stamp(at.0.saturating_add(i64::try_from(since).unwrap_or(0))),
            into: self.last,
            what,
        }
    }

    pub fn tell(&mut self, record: &Record) -> Option<Event> {
        match record {
            Record::Begin(begin) => {
                self.mode = begin.mode;
                self.first = Some((begin.at, begin.t, begin.boot.clone()));
                self.base = (begin.at, begin.t, 0.0);
                let what = What::RunStarted {
                    plan: begin.plan.to_string(),
                    mode: begin.mode,
                    digest: begin.digest,
                    version: begin.version.clone(),
                    resumed: false,
                    jobs: begin.jobs,
                    goal_seconds: begin.goal_seconds,
                    steps: begin.steps.clone(),
                    longest: begin.longest.clone(),
                    expected_seconds: begin.expected_seconds,
                };
                self.start = Some(what.clone());
                Some(self.event(begin.t, what))
            }
            Record::Resume(resume) => {
                let into = match &self.first {
                    // Within one boot the machine's clock measures the pause; across boots only the wall clock is left.
                    Some((_, t, boot)) if *boot == resume.boot => resume.t.saturating_sub(*t) as f64 / 1000.0,
                    Some((at, _, _)) => (resume.at.0.saturating_sub(at.0)).max(0) as f64 / 1000.0,
                    None => 0.0,
                };
                // Time in a run never goes back, whatever the wall clock did.
                self.base = (resume.at, resume.t, into.max(self.last));
                self.began.clear();
                let mut what = self.start.clone()?;
                if let What::RunStarted { resumed, version, jobs, .. } = &mut what {
                    *resumed = true;
                    version.clone_from(&resume.version);
                    *jobs = resume.jobs;
                }
                Some(self.event(resume.t, what))
            }
            Record::Step { step, t, did } => {
                let what = self.step(step, *t, did)?;
                Some(self.event(*t, what))
            }
            Record::Notice { t, message } => Some(self.event(*t, What::Notice { message: message.clone() })),
            Record::End { t, ending } => {
                let what = What::RunFinished { mode: self.mode, ending: ending.clone() };
                Some(self.event(*t, what))
            }
        }
    }

    fn step(&mut self, id: &StepId, t: u64, did: &Did) -> Option<What> {
        let step = id.clone();
        let seconds = |teller: &Self| match teller.began.get(id) {
            Some(began) => t.saturating_sub(*began) as f64 / 1000.0,
            None => 0.0,
        };
        let log = format!("log/{id}.log");
        Some(match did {
            Did::Check { why } => {
                self.began.insert(step.clone(), t);
                What::StepProgress { step, message: format!("looking: {why}") }
            }
            Did::Cleared { saw } => What::StepProgress { step, message: format!("looked: {saw}") },
            Did::Touch { attempt, why, .. } => {
                // The attempts of a step count as one stretch of time.
                if *attempt <= 1 || !self.began.contains_key(id) {
                    self.began.insert(step.clone(), t);
                }
                What::StepStarted { step, attempt: *attempt, reason: why.clone() }
            }
            Did::Child { .. } => return None,
            Did::Cause { cause } => What::Finding { step, cause: cause.clone() },
            Did::Say { message } => What::StepProgress { step, message: message.clone() },
            Did::Touched => What::StepProgress { step, message: "verifying".into() },
            Did::Retry { reason, wait_ms } => {
                let wait = *wait_ms as f64 / 1000.0;
                What::StepProgress { step, message: format!("{reason}; again in {wait:.0} s") }
            }
            Did::Prove { saw } => What::StepVerified { step, seconds: seconds(self), saw: saw.clone(), how: How::Ran },
            Did::Found { saw, adopted, .. } => {
                let how = if *adopted { How::Adopted } else { How::Kept };
                What::StepVerified { step, seconds: seconds(self), saw: saw.clone(), how }
            }
            Did::Accept { saw } => {
                What::StepVerified { step, seconds: seconds(self), saw: saw.clone(), how: How::Accepted }
            }
            Did::Break { reason, tail, .. } => What::StepFailed {
                step,
                seconds: seconds(self),
                lapse: Lapse::Failed,
                reason: reason.clone(),
                tail: tail.clone(),
                log,
            },
            Did::Unclear { saw } => What::StepFailed {
                step,
                seconds: seconds(self),
                lapse: Lapse::Unknown,
                reason: saw.clone(),
                tail: Vec::new(),
                log,
            },
            // A look that was broken off leaves the step as it was.
            Did::Stop { reason } => What::StepFailed {
                step,
                seconds: seconds(self),
                lapse: Lapse::Stopped,
                reason: reason.clone(),
                tail: Vec::new(),
                log,
            },
            Did::Skip { reason } => What::StepSkipped { step, reason: reason.clone() },
            Did::Exclude { reason } => What::StepNotRun { step, reason: reason.clone() },
        })
    }
}
