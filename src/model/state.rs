//! The states of a step and the one table of how it may pass between them, used by the live run and by replay alike.

use serde::Serialize;

/// Where a step stands. Nothing else in the program is the truth about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Not begun, or put back to be decided anew.
    Waiting,
    /// The world is being looked at, to know whether there is anything to do.
    Checking,
    /// The intent is durable; the world may be changing.
    Touching,
    /// The touch returned; its verify has not said yes so far.
    Verifying,
    /// Its verify saw it.
    Verified,
    /// A person said that it is done. Never counted as verified.
    Accepted,
    /// Not for this mode.
    Skipped,
    /// Tried, and it did not work.
    Failed,
    /// Nobody can say whether it happened.
    Unknown,
    /// Ended by us before its own end.
    Stopped,
    /// Not begun, because of another step or a signal.
    NotRun,
}

/// What happened to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    Check,
    Cleared,
    Found,
    Unclear,
    Touch,
    Touched,
    Prove,
    Retry,
    Break,
    Stop,
    Accept,
    Skip,
    Exclude,
    /// A resumed run takes the step up again.
    Reopen,
}

impl Change {
    pub const ALL: [Change; 14] = [
        Change::Check,
        Change::Cleared,
        Change::Found,
        Change::Unclear,
        Change::Touch,
        Change::Touched,
        Change::Prove,
        Change::Retry,
        Change::Break,
        Change::Stop,
        Change::Accept,
        Change::Skip,
        Change::Exclude,
        Change::Reopen,
    ];
}

impl State {
    pub const ALL: [State; 11] = [
        State::Waiting,
        State::Checking,
        State::Touching,
        State::Verifying,
        State::Verified,
        State::Accepted,
        State::Skipped,
        State::Failed,
        State::Unknown,
        State::Stopped,
        State::NotRun,
    ];

    /// The transition table. `None` is a bug in a live run and damage in a replay.
    pub fn after(self, change: Change) -> Option<State> {
        use Change as C;
        use State as S;
        match (self, change) {
            (S::Waiting, C::Check) => Some(S::Checking),
            (S::Waiting, C::Touch) => Some(S::Touching),
            (S::Waiting, C::Accept) => Some(S::Accepted),
            (S::Waiting, C::Skip) => Some(S::Skipped),
            (S::Waiting, C::Exclude) => Some(S::NotRun),
            (S::Waiting, C::Unclear) => Some(S::Unknown),
            (S::Checking, C::Cleared) => Some(S::Waiting),
            (S::Checking, C::Found) => Some(S::Verified),
            (S::Checking, C::Unclear) => Some(S::Unknown),
            (S::Checking, C::Accept) => Some(S::Accepted),
            (S::Checking, C::Stop) => Some(S::Waiting),
            (S::Touching, C::Touched) => Some(S::Verifying),
            (S::Verifying, C::Prove) => Some(S::Verified),
            (S::Touching | S::Verifying, C::Retry) => Some(S::Waiting),
            (S::Touching | S::Verifying, C::Break) => Some(S::Failed),
            (S::Touching | S::Verifying, C::Stop) => Some(S::Stopped),
            (_, C::Reopen) => Some(S::Waiting),
            (
                S::Waiting
                | S::Checking
                | S::Touching
                | S::Verifying
                | S::Verified
                | S::Accepted
                | S::Skipped
                | S::Failed
                | S::Unknown
                | S::Stopped
                | S::NotRun,
                C::Check
                | C::Cleared
                | C::Found
                | C::Unclear
                | C::Touch
                | C::Touched
                | C::Prove
                | C::Retry
                | C::Break
                | C::Stop
                | C::Accept
                | C::Skip
                | C::Exclude,
            ) => None,
        }
    }

    /// True when dependents may go: proved, taken on a person's word, or not for this mode.
    pub fn lets_dependents_go(self) -> bool {
        match self {
            State::Verified | State::Accepted | State::Skipped => true,
            State::Waiting
            | State::Checking
            | State::Touching
            | State::Verifying
            | State::Failed
            | State::Unknown
            | State::Stopped
            | State::NotRun => false,
        }
    }

    /// True when nothing more will happen to the step in this process.
    pub fn ended(self) -> bool {
        match self {
            State::Waiting | State::Checking | State::Touching | State::Verifying => false,
            State::Verified
            | State::Accepted
            | State::Skipped
            | State::Failed
            | State::Unknown
            | State::Stopped
            | State::NotRun => true,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Checking => "checking",
            State::Touching => "running",
            State::Verifying => "verifying",
            State::Verified => "verified",
            State::Accepted => "accepted",
            State::Skipped => "skipped",
            State::Failed => "failed",
            State::Unknown => "unknown",
            State::Stopped => "stopped",
            State::NotRun => "not run",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that can happen but being reopened, which is allowed from anywhere.
    fn changes() -> impl Iterator<Item = Change> {
        Change::ALL.into_iter().filter(|change| *change != Change::Reopen)
    }

    #[test]
    fn verified_is_reached_only_through_a_look_or_a_verify() {
        for state in State::ALL {
            for change in changes() {
                if state.after(change) == Some(State::Verified) {
                    assert!(matches!(
                        (state, change),
                        (State::Checking, Change::Found) | (State::Verifying, Change::Prove)
                    ));
                }
            }
        }
    }

    #[test]
    fn an_ended_step_leaves_its_state_only_by_being_reopened() {
        for state in State::ALL.into_iter().filter(|state| state.ended()) {
            for change in changes() {
                assert_eq!(state.after(change), None, "{state:?} {change:?}");
            }
            assert_eq!(state.after(Change::Reopen), Some(State::Waiting));
        }
    }

    #[test]
    fn a_touch_is_never_begun_twice_without_a_decision_between() {
        assert_eq!(State::Touching.after(Change::Touch), None);
        assert_eq!(State::Verifying.after(Change::Touch), None);
    }
}
