//! Whole drills of the example in a real Kubernetes: green, killed, stopped, failed and mended, kept, side by side, and with
//! a sandbox program that is no good. Afterwards nothing may be left of any of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/drills.rs"]
mod drills;
#[path = "../support/world.rs"]
mod world;

mod broken;
mod green;
mod kept;
mod killed;
mod places;
mod signals;
