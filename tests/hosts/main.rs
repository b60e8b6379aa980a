//! Providers against real hosts: a machine of namespaces with a real Docker daemon, a real kubelet and real containers. Each test
//! runs inside of such a machine, in a copy of this program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod k3d;
mod k3d_faults;
mod k3d_world;
mod rig;
