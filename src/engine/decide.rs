//! Run, look first, skip, or ask a person: one answer for the preview, the live run and the resumed one, always with a
//! reason. Pure: it knows what is remembered and what the step is like, and nothing of the world.

use crate::journal::Memory;
use crate::model::Mode;
use crate::plan::Step;

/// What is known about a step before anything is done with it.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub memory: Memory,
    /// Whether its inputs are those it was last begun with.
    pub same_inputs: bool,
    /// The cluster that it was done in is gone, and another one stands there.
    pub moved: bool,
    pub repeatable: bool,
    /// A person said `--redo`, or `--accept`.
    pub redo: bool,
    pub accept: bool,
}

/// What follows when the look says that it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Otherwise {
    Do(String),
    Ask(String),
    Accept(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Skip(String),
    Do(String),
    Look { why: String, adopted: bool, otherwise: Otherwise },
    Ask(String),
}

/// The decision on a step of a run that has not begun.
pub fn fresh(step: &Step, mode: Mode) -> Decision {
    match step.absent_in(mode) {
        Some(why) => Decision::Skip(why),
        None => Decision::Do("nothing of it has run".to_owned()),
    }
}

/// The decision on a step of a run that goes on.
pub fn resumed(known: Known) -> Decision {
    let Known { memory, same_inputs, moved, repeatable, redo, accept } = known;
    let stale = |since: &str| match moved {
        true => "stale: the cluster that it was done in is gone".to_owned(),
        false => format!("stale: its inputs have changed since it was {since}"),
    };
    let say = |text: &str| text.to_owned();
    let look = |why: &str, adopted, otherwise| Decision::Look { why: say(why), adopted, otherwise };
    if redo {
        return Decision::Do(say("you said --redo"));
    }
    if accept {
        let otherwise = Otherwise::Accept(say("you said --accept"));
        return look("you said --accept; its verify is asked all the same", true, otherwise);
    }
    match memory {
        Memory::Never => Decision::Do(say("nothing of it has run")),
        Memory::Done if same_inputs => look(
            "it was verified before, and is looked at again before that is trusted",
            false,
            match repeatable {
                true => Otherwise::Do(say("it was verified before, and is not so any more")),
                false => {
                    Otherwise::Ask(say("it was verified before, its verify says no now, and it may not be done twice"))
                }
            },
        ),
        Memory::Done if repeatable => Decision::Do(stale("verified")),
        Memory::Done => Decision::Ask(stale("verified") + ", and it may not be done twice"),
        // What the old inputs left may satisfy its verify; that would not show that the new ones were ever taken.
        Memory::Begun if repeatable && !same_inputs => Decision::Do(stale("begun") + ", and it may be done twice"),
        Memory::Begun => look(
            "it was begun and nobody saw its end",
            true,
            match repeatable {
                true => Otherwise::Do(say("it was begun, is not there, and may be done twice")),
                false => Otherwise::Ask(say(
                    "it was begun and nobody saw its end: its verify says no, which does not prove that nothing happened",
                )),
            },
        ),
        Memory::Broken if repeatable => Decision::Do(say("it failed before, and may be done twice")),
        Memory::Broken => look(
            "it failed before",
            true,
            Otherwise::Ask(say("it failed after it had begun, its verify says no, and it may not be done twice")),
        ),
        Memory::Accepted => look(
            "you accepted it before; its verify is asked all the same",
            true,
            Otherwise::Accept(say("you accepted it before")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(memory: Memory, same_inputs: bool, repeatable: bool) -> Known {
        Known { memory, same_inputs, moved: false, repeatable, redo: false, accept: false }
    }
    /// Whether the step may be done without a person having said so.
    fn may_do(decision: &Decision) -> bool {
        match decision {
            Decision::Do(_) => true,
            Decision::Look { otherwise, .. } => matches!(otherwise, Otherwise::Do(_)),
            Decision::Skip(_) | Decision::Ask(_) => false,
        }
    }

    #[test]
    fn what_may_not_be_done_twice_is_done_again_only_on_a_persons_word() {
        for memory in [Memory::Begun, Memory::Done, Memory::Broken, Memory::Accepted] {
            for same in [true, false] {
                assert!(!may_do(&resumed(known(memory, same, false))), "{memory:?} {same}");
                let told = Known { redo: true, ..known(memory, same, false) };
                assert!(may_do(&resumed(told)));
            }
        }
    }

    #[test]
    fn verified_before_is_never_trusted_without_a_look() {
        for repeatable in [true, false] {
            assert!(matches!(resumed(known(Memory::Done, true, repeatable)), Decision::Look { adopted: false, .. }));
        }
    }

    #[test]
    fn changed_inputs_of_a_begun_step_are_not_taken_as_done_by_what_the_old_ones_left() {
        assert!(matches!(resumed(known(Memory::Begun, false, true)), Decision::Do(why) if why.starts_with("stale")));
        assert!(matches!(resumed(known(Memory::Begun, true, true)), Decision::Look { .. }));
    }

    #[test]
    fn changed_inputs_make_a_finished_step_stale() {
        assert!(matches!(resumed(known(Memory::Done, false, true)), Decision::Do(why) if why.starts_with("stale")));
        assert!(matches!(resumed(known(Memory::Done, false, false)), Decision::Ask(why) if why.starts_with("stale")));
    }
}
