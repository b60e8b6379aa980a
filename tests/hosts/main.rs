//! Providers against real hosts: machines of namespaces with a real Docker daemon, a real kubelet and real containers. Each test
//! of k3d runs inside of such a machine, in a copy of this program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
mod k3d;
mod k3d_calls;
mod k3d_drill;
mod k3d_faults;
mod k3d_files;
mod k3d_others;
mod k3d_registries;
mod k3d_world;
mod k3s;
mod k3s_host;
mod k3s_ssh;
mod rig;
#[path = "../support/sandbox.rs"]
mod sandbox;
mod whole;
mod whole_faults;
mod whole_k3d;
mod whole_k3s;
