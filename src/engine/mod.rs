//! TIME: what is done when. `decide` and `ready` are pure, `task` does one step, `run` is the loop that alone changes state.

pub mod decide;
