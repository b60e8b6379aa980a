//! Kind `argocd` without an Argo CD: what a plan knows of the Applications before there is a cluster, and a drill in a sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/drills.rs"]
mod drills;

mod drill;
mod lab;
mod preview;
