//! HANDS: the only code that touches the outside. `Look` reads the world and is free to have; `Touch` changes it, and the
//! functions that change anything ask for one, so that a preview that writes does not compile.

pub mod access;
pub mod age;
pub mod ask;
pub mod base64;
pub mod beacon;
pub mod clock;
pub mod crypto;
pub mod desk;
pub mod detach;
pub mod docker;
pub mod facts;
pub mod fence;
pub mod files;
pub mod guard;
pub mod host;
pub mod hosts;
pub mod k3d;
pub mod k3s;
pub mod kube;
pub mod lock;
pub mod log;
pub mod memory;
pub mod net;
pub mod pace;
pub mod process;
pub mod procfs;
pub mod prompt;
pub mod ready;
pub mod registry;
pub mod sandbox;
pub mod scratch;
pub mod side;
pub mod signals;
pub mod sockets;
pub mod terminal;
pub mod tool;
pub mod watch;
pub mod web;
pub mod yaml;

/// The right to read the world.
#[derive(Clone, Copy, Debug)]
pub struct Look(());

/// The right to change the world. Made in one place only: where a command begins that is meant to change something.
#[derive(Debug)]
pub struct Touch(());

impl Look {
    pub fn new() -> Self {
        Look(())
    }
}

impl Default for Look {
    fn default() -> Self {
        Self::new()
    }
}

impl Touch {
    /// Called by the commands that change something, and by nothing else (a test holds the list of callers).
    pub fn granted() -> Self {
        Touch(())
    }
    pub fn look(&self) -> Look {
        Look(())
    }
}
