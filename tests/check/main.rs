//! `check` as a whole: each rule turned red by the smallest file that breaks it and silent on the nearest that does not, and
//! everything through the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/page.rs"]
mod page;

mod accept;
mod baseline;
mod desk;
mod explain;
mod fix;
mod founding;
mod gitops;
mod hook;
mod made;
mod planned;
mod render;
mod rules;
mod sarif;
mod signs;
mod strange;
mod strict;
