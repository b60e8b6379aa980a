//! `check` as a whole: each rule turned red by the smallest file that breaks it and silent on the nearest that does not, and
//! everything through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
mod founding;
mod rules;
mod strange;
