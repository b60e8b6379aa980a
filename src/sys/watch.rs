//! Waiting for a file to grow or a process to end, without asking over and over.

use super::Look;
use super::process::{Child, Exit, Stranger};
use super::procfs::Process;
use super::ready::{self, Ready};
use super::signals::{Signals, Wish};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::sync::oneshot;

/// What comes close together is looked at together: people see no difference, and a thousand short steps are not slowed
/// down by who watches them (measured: a fifth of the whole run). The end of the run is told apart and at once.
const BREATH: Duration = Duration::from_millis(40);

/// Wakes when a file is written to.
pub struct Growth {
    fd: Ready,
}

impl Growth {
    pub fn of(_: Look, path: &Path) -> io::Result<Self> {
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        inotify::add_watch(&fd, path, WatchFlags::MODIFY)?;
        Ok(Self { fd: ready::watch(fd)? })
    }
    /// Returns after the file has changed since the last call. May return without a change.
    pub async fn changed(&mut self) -> io::Result<()> {
        let mut ready = self.fd.readable().await?;
        tokio::time::sleep(BREATH).await;
        let mut buffer = [0; 4096];
        // Only that something happened matters; everything that piled up is taken at once.
        while rustix::io::read(ready.get_inner(), &mut buffer).is_ok_and(|count| count > 0) {}
        ready.clear_ready();
        Ok(())
    }
}

/// The process behind a run: our own child, a stranger, or nobody.
pub enum Runner {
    Ours(Box<Child>),
    Theirs(Stranger),
    /// Another part of this process; it has ended when its half of the channel is gone.
    Here(oneshot::Receiver<()>),
    Gone,
}

impl Runner {
    /// Work that is done in this process: it has ended when the first half is dropped.
    pub fn here() -> (oneshot::Sender<()>, Self) {
        let (end, ended) = oneshot::channel();
        (end, Runner::Here(ended))
    }
    pub fn of(look: Look, process: Option<Process>) -> Self {
        process.and_then(|process| Stranger::find(look, process)).map_or(Runner::Gone, Runner::Theirs)
    }
    /// Returns when it has ended, with its exit code where it was our child.
    pub async fn ended(&mut self) -> io::Result<Option<Exit>> {
        match self {
            Runner::Ours(child) => child.wait().await.map(Some),
            Runner::Theirs(stranger) => stranger.ended().await.map(|()| None),
            Runner::Here(end) => {
                // Nothing is ever sent: that nobody is left to send is the word.
                let _ = end.await;
                Ok(None)
            }
            Runner::Gone => Ok(None),
        }
    }
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woke {
    Grown,
    Ended(Option<Exit>),
    Wish(Wish),
    Tick,
}

/// Everything that somebody who watches a run waits for.
pub struct Watch {
    pub growth: Growth,
    pub runner: Runner,
    pub signals: Signals,
}

impl Watch {
    pub async fn next(&mut self, tick: Duration) -> io::Result<Woke> {
        tokio::select! {
            grown = self.growth.changed() => grown.map(|()| Woke::Grown),
            ended = self.runner.ended() => ended.map(Woke::Ended),
            wish = self.signals.next() => Ok(Woke::Wish(wish)),
            () = tokio::time::sleep(tick) => Ok(Woke::Tick),
        }
    }
}
