//! The states of all steps, with the one setter. What counts them lives beside it, never instead of it.

use crate::journal::Did;
use crate::model::State;
use std::collections::HashSet;

pub struct Board {
    states: Vec<State>,
    reasons: Vec<String>,
    /// The steps of which it is certain that nothing happened, though they failed.
    untouched: HashSet<usize>,
}

/// The table forbids it: a bug of ours, told as one.
#[derive(Debug)]
pub struct Forbidden(pub String);

impl Board {
    pub fn new(steps: usize) -> Self {
        Self { states: vec![State::Waiting; steps], reasons: vec![String::new(); steps], untouched: HashSet::new() }
    }
    pub fn state(&self, step: usize) -> State {
        self.states[step]
    }
    pub fn reason(&self, step: usize) -> &str {
        &self.reasons[step]
    }
    /// True when something of the step may have happened without its being verified.
    pub fn may_be_half_done(&self, step: usize) -> bool {
        match self.states[step] {
            State::Failed => !self.untouched.contains(&step),
            State::Unknown | State::Stopped | State::Touching | State::Verifying => true,
            State::Waiting | State::Checking | State::Verified | State::Accepted | State::Skipped | State::NotRun => {
                false
            }
        }
    }
    /// The setter. Follows the same table as replay.
    pub fn apply(&mut self, step: usize, did: &Did) -> Result<State, Forbidden> {
        if let Some(change) = did.change() {
            let now = self.states[step];
            self.states[step] =
                now.after(change).ok_or_else(|| Forbidden(format!("{change:?} cannot follow on {now:?}")))?;
        }
        if let Did::Break { began: false, .. } = did {
            self.untouched.insert(step);
        }
        match did {
            Did::Unclear { saw } | Did::Accept { saw } => self.reasons[step].clone_from(saw),
            Did::Break { reason, .. } | Did::Stop { reason } | Did::Skip { reason } | Did::Exclude { reason } => {
                self.reasons[step].clone_from(reason);
            }
            Did::Check { .. }
            | Did::Cleared { .. }
            | Did::Found { .. }
            | Did::Touch { .. }
            | Did::Child { .. }
            | Did::Say { .. }
            | Did::Cause { .. }
            | Did::Touched
            | Did::Prove { .. }
            | Did::Retry { .. } => {}
        }
        Ok(self.states[step])
    }
    /// The steps in this state, in the order given.
    pub fn those<'a>(&'a self, order: &'a [usize], state: State) -> impl Iterator<Item = usize> + 'a {
        order.iter().copied().filter(move |step| self.states[*step] == state)
    }
    pub fn count(&self, state: State) -> usize {
        self.states.iter().filter(|now| **now == state).count()
    }
}
