//! The last word of a run: what it came to, what is left, and the next command.

use super::board::Board;
use super::teardown::Torn;
use crate::model::{Ending, NotExercised, Outcome, RunId, State};
use crate::plan::load::Planned;
use crate::sys::clock;

/// Why nothing new was begun any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    No,
    Failure(usize),
    Signal(&'static str),
    /// The cluster has ended.
    Lost,
    /// Records cannot be written any more.
    Journal(String),
}

pub fn ending(planned: &Planned, board: &Board, stopped: &Stopped, run: &RunId, seconds: f64, torn: &Torn) -> Ending {
    let goal = planned.file.rto.map(|goal| goal.as_secs_f64());
    let count = |state| board.count(state);
    let (failed, unknown) = (count(State::Failed), count(State::Unknown));
    let faults = failed + usize::from(torn.failed);
    let open = count(State::Stopped) + count(State::NotRun);
    let outcome = match stopped {
        Stopped::Journal(_) => Outcome::JournalFailed,
        Stopped::Lost => Outcome::Failed,
        Stopped::No | Stopped::Failure(_) | Stopped::Signal(_) if faults > 0 => Outcome::Failed,
        Stopped::No | Stopped::Failure(_) | Stopped::Signal(_) if unknown > 0 => Outcome::Refused,
        Stopped::Signal(_) if open > 0 => Outcome::Interrupted,
        Stopped::No | Stopped::Failure(_) | Stopped::Signal(_) => match goal {
            Some(goal) if seconds > goal => Outcome::OverGoal,
            Some(_) | None => Outcome::Verified,
        },
    };
    let steps = |state| board.those(&planned.order, state);
    let id = |step: usize| &planned.file.steps[step].id;
    let unproved = steps(State::Skipped).chain(steps(State::Accepted));
    let unproved = unproved.map(|step| NotExercised { step: id(step).clone(), reason: board.reason(step).to_owned() });
    let not_exercised = unproved.chain(torn.unproven.iter().cloned()).collect();
    let left = [State::Failed, State::Unknown, State::Stopped]
        .into_iter()
        .flat_map(steps)
        .filter(|step| board.may_be_half_done(*step) && !planned.file.steps[*step].kind.repeatable())
        .map(|step| format!("{}: may be half done", id(step)))
        .chain(torn.left.iter().cloned())
        .collect();
    Ending {
        outcome,
        seconds,
        cpu_seconds: Some(clock::spent()),
        goal_seconds: goal,
        verified: count(State::Verified),
        failed: failed + unknown + count(State::Stopped),
        not_run: count(State::NotRun),
        not_exercised,
        left,
        next: torn.next.iter().cloned().chain(next(planned, board, outcome, run)).collect(),
    }
}

/// What may not be done twice goes on only on a person's word; the command for that is written out.
fn next(planned: &Planned, board: &Board, outcome: Outcome, run: &RunId) -> Vec<String> {
    if outcome.complete() {
        return vec![format!("blackstart report {run}")];
    }
    let asked = [State::Failed, State::Unknown, State::Stopped].into_iter();
    let once = asked
        .flat_map(|state| board.those(&planned.order, state))
        .filter(|step| board.may_be_half_done(*step) && !planned.file.steps[*step].kind.repeatable());
    let ids: Vec<&str> = once.map(|step| planned.file.steps[step].id.as_str()).collect();
    let resume = format!("blackstart resume {run}");
    if ids.is_empty() {
        return vec![resume];
    }
    let words = |option: &str| ids.iter().map(|id| format!(" --{option} {id}")).collect::<String>();
    vec![
        format!("{resume}{}   # to do it again", words("redo")),
        format!("{resume}{}   # if you have seen that it is done", words("accept")),
        format!("{resume}   # to have it looked at again"),
    ]
}

/// Why a step was not begun.
pub fn why_not(planned: &Planned, board: &Board, stopped: &Stopped, tried: bool, step: usize) -> String {
    if tried {
        return "was waiting to be tried again".to_owned();
    }
    let before = planned.graph.before(step);
    let missing = before.iter().find(|edge| !board.state(edge.from).lets_dependents_go());
    match (missing, stopped) {
        (Some(edge), _) => {
            let (id, state) = (&planned.file.steps[edge.from].id, board.state(edge.from));
            match state {
                State::NotRun => format!("it needs {id}, which was not run"),
                State::Waiting | State::Checking | State::Touching | State::Verifying => {
                    format!("it needs {id}, which is {}", state.as_str())
                }
                State::Unknown => format!("it needs {id}, of which nobody can say whether it happened"),
                State::Failed | State::Stopped | State::Verified | State::Accepted | State::Skipped => {
                    format!("it needs {id}, which {}", if state == State::Failed { "failed" } else { "was stopped" })
                }
            }
        }
        (None, Stopped::Failure(failed)) => {
            format!("nothing new was begun after {} failed", planned.file.steps[*failed].id)
        }
        (None, Stopped::Signal(signal)) => format!("nothing new was begun after {signal}"),
        (None, Stopped::Lost) => "nothing new was begun after the sandbox had ended".to_owned(),
        (None, Stopped::No | Stopped::Journal(_)) => "nothing new was begun".to_owned(),
    }
}
