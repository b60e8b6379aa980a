//! The steps that bring secrets back, in real clusters: what comes of them when all is well, and what is told where not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/drills.rs"]
mod drills;
#[path = "../support/world.rs"]
mod world;

mod canary;
mod files;
mod lab;
mod live;
mod many;
mod programs;
mod search;
mod tunnel;
mod write_back;
