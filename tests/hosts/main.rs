//! Recoveries of real hosts, each on a stand-in host with a real kubelet and real containers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod k3s;
mod k3s_host;
#[allow(dead_code)]
#[path = "../support/sandbox.rs"]
mod sandbox;
