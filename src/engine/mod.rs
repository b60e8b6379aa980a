//! TIME: what is done when. `decide` and `ready` are pure, `task` does one step, `run` is the loop that alone changes state.

pub mod board;
mod choose;
pub mod decide;
pub mod disk;
pub mod ending;
mod lost;
pub mod open;
pub mod ready;
pub mod run;
pub mod stake;
pub mod task;
pub mod teardown;
