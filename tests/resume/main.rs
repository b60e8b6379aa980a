//! The real binary, stopped at chosen moments and gone on with: what is done again, what is not, and what it says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod children;
#[path = "../common/mod.rs"]
mod common;
mod endings;
mod graph;
#[path = "../living/mod.rs"]
mod living;
mod matrix;
mod trouble;
