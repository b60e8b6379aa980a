//! The age store through the binary: every subcommand, every fault that `check` knows, damage, kills, canaries, sizes.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod canary;
mod check;
mod commands;
mod crash;
mod damage;
#[path = "../support/fake_api.rs"]
mod fake_api;
mod hard;
mod import;
mod lab;
mod page;
mod plans;
mod prompts;
mod scale;
mod sealing_key;

#[path = "../common/mod.rs"]
mod common;
