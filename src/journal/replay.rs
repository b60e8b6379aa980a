//! Folds the records of a run into what is known about each step, through the same table as the live run.

use super::reader::Story;
use super::record::{Begin, Did, Part, Pid, Record};
use crate::model::{Change, Digest, Ending, State, StepId};
use std::collections::HashMap;

/// What the journal remembers of a step across the processes that worked on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// Nothing of it ever happened.
    #[default]
    Never,
    /// It was begun, and nobody saw its end.
    Begun,
    /// It was verified.
    Done,
    /// It was begun and failed.
    Broken,
    /// A person said that it is done.
    Accepted,
}

#[derive(Clone, Debug)]
pub struct PastStep {
    pub state: State,
    pub memory: Memory,
    pub attempts: u32,
    /// What it was last begun with.
    pub inputs: Option<Digest>,
    /// The program that was last started for it, in which boot of the machine.
    pub child: Option<(Pid, Part, String)>,
    /// The last reason that was given for its state.
    pub reason: String,
    /// When it was last begun or looked at, and when that ended.
    pub began: Option<u64>,
    /// Waits to be tried again.
    resting: bool,
    pub ended: Option<u64>,
}

impl Default for PastStep {
    fn default() -> Self {
        Self {
            state: State::Waiting,
            memory: Memory::Never,
            attempts: 0,
            inputs: None,
            child: None,
            reason: String::new(),
            began: None,
            resting: false,
            ended: None,
        }
    }
}

/// A run so far.
#[derive(Clone, Debug)]
pub struct Past {
    pub begin: Begin,
    pub steps: HashMap<StepId, PastStep>,
    /// The process that wrote last, and in which boot of which machine.
    pub runner: Pid,
    pub boot: String,
    pub host: String,
    pub ending: Option<Ending>,
    pub resumes: usize,
    pub last_t: u64,
}

/// A record that cannot follow on what came before it.
#[derive(Debug, PartialEq, Eq)]
pub struct Impossible(pub String);

impl Past {
    pub fn of(story: &Story) -> Result<Past, Impossible> {
        let begin = story.begin().ok_or_else(|| Impossible("it has no head: the run ended before it began".into()))?;
        let mut past = Past {
            begin: begin.clone(),
            steps: HashMap::new(),
            runner: begin.runner,
            boot: begin.boot.clone(),
            host: begin.host.clone(),
            ending: None,
            resumes: 0,
            last_t: begin.t,
        };
        for (i, record) in story.records.iter().enumerate() {
            past.take(record).map_err(|why| Impossible(format!("record {}: {why}", i + 1)))?;
        }
        Ok(past)
    }

    fn take(&mut self, record: &Record) -> Result<(), String> {
        match record {
            Record::Begin(_) => {}
            Record::Resume(resume) => {
                self.runner = resume.runner;
                self.boot.clone_from(&resume.boot);
                self.host.clone_from(&resume.host);
                self.ending = None;
                self.resumes += 1;
                self.last_t = resume.t;
                for past in self.steps.values_mut() {
                    past.resting = false;
                    past.state = past.state.after(Change::Reopen).ok_or("a step cannot be reopened")?;
                }
            }
            Record::Step { step, t, did } => {
                self.last_t = *t;
                let boot = &self.boot;
                let past = self.steps.entry(step.clone()).or_default();
                past.take(*t, did, boot).map_err(|why| format!("step {step}: {why}"))?;
            }
            Record::Notice { t, .. } => self.last_t = *t,
            Record::End { t, ending } => {
                self.last_t = *t;
                self.ending = Some(ending.clone());
            }
        }
        Ok(())
    }

    pub fn step(&self, id: &StepId) -> PastStep {
        self.steps.get(id).cloned().unwrap_or_default()
    }
}

impl PastStep {
    fn take(&mut self, t: u64, did: &Did, boot: &str) -> Result<(), String> {
        if let Some(change) = did.change() {
            let next = self.state.after(change);
            self.state = next.ok_or_else(|| format!("{change:?} cannot follow on {:?}", self.state))?;
        }
        if self.state.ended() {
            self.ended = Some(t);
        }
        match did {
            Did::Check { why } => {
                // The pause between two processes is no time of the step.
                self.began = Some(t);
                self.ended = None;
                self.reason.clone_from(why);
            }
            Did::Cleared { saw } => {
                self.memory = Memory::Never;
                self.reason.clone_from(saw);
            }
            Did::Found { saw, inputs, .. } => {
                self.memory = Memory::Done;
                self.inputs = inputs.or(self.inputs);
                self.reason.clone_from(saw);
            }
            Did::Unclear { saw } => self.reason.clone_from(saw),
            Did::Touch { attempt, inputs, why, .. } => {
                self.memory = Memory::Begun;
                self.attempts = *attempt;
                self.inputs = Some(*inputs);
                self.child = None;
                self.reason.clone_from(why);
                // The attempts of a step count as one stretch of time, as they do where it is told.
                if !std::mem::take(&mut self.resting) {
                    self.began = Some(t);
                }
                self.ended = None;
            }
            Did::Child { child, part } => self.child = Some((*child, *part, boot.to_owned())),
            Did::Touched | Did::Say { .. } | Did::Cause { .. } => {}
            Did::Prove { saw } => {
                self.memory = Memory::Done;
                self.reason.clone_from(saw);
            }
            Did::Retry { reason, .. } => {
                self.resting = true;
                self.reason.clone_from(reason);
            }
            Did::Break { reason, began, .. } => {
                self.memory = if *began { Memory::Broken } else { Memory::Never };
                self.reason.clone_from(reason);
            }
            Did::Stop { reason } | Did::Skip { reason } | Did::Exclude { reason } => self.reason.clone_from(reason),
            Did::Accept { saw } => {
                self.memory = Memory::Accepted;
                self.reason.clone_from(saw);
            }
        }
        Ok(())
    }
}
