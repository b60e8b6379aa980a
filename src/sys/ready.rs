//! Waiting until a file descriptor of ours can be read: an ended process, a changed file.

use std::io;
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;

/// A descriptor that the event loop watches.
pub type Ready = AsyncFd<OwnedFd>;

/// The constructor without `unsafe` is deprecated because a type could hand out another number later; an `OwnedFd` cannot.
#[allow(deprecated)]
pub fn watch(fd: OwnedFd) -> io::Result<Ready> {
    AsyncFd::new(fd)
}
