//! `init` through the binary: the plan of the example drilled as it was written, and small repositories of every sort.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/drills.rs"]
mod drills;

mod cluster;
mod example;
mod lab;
mod places;
mod small;
mod steps;
