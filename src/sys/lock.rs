//! Locks that die with their holder: `flock` on a file whose text names who holds it. A lock is never taken over by age.

use super::procfs::{self, Process};
use super::{Look, Touch, host};
use crate::model::Stamp;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Who holds a lock, as written into its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub process: Process,
    pub host: String,
    pub doing: String,
    pub run: PathBuf,
    pub since: Stamp,
    pub boot: String,
}

impl Holder {
    pub fn this_process(look: Look, doing: &str, run: &Path) -> Self {
        let pid = i32::try_from(std::process::id()).unwrap_or(0);
        let process = procfs::identify(look, pid).unwrap_or(Process { pid, started: 0 });
        Holder {
            process,
            host: host::name(look),
            doing: doing.to_owned(),
            run: run.to_owned(),
            since: super::clock::now(),
            boot: host::boot(look),
        }
    }
    /// True while the process that wrote this lives on this machine.
    pub fn alive(&self, look: Look) -> bool {
        self.boot == host::boot(look) && procfs::alive(look, self.process)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pid, host, since) = (self.process.pid, &self.host, self.since.second());
        write!(f, "{} by process {pid} on {host} since {since}", self.doing)
    }
}

/// A held lock. It is let go when this is dropped, or when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why a lock could not be had.
#[derive(Debug)]
pub enum Busy {
    /// Somebody has it; who, where they could write that.
    Held(Option<Box<Holder>>),
    Broken(io::Error),
}

/// Takes a lock, or says who has it. `shared` lets every user of this machine open the file.
pub fn take(_: &Touch, path: &Path, holder: &Holder, shared: bool) -> Result<Lock, Busy> {
    let mut file = open(path, shared).map_err(Busy::Broken)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            // The name in it may still be that of a holder who is gone: the present one has not written theirs yet.
            let look = Look::new();
            let who = holder_of(look, path).filter(|who| who.alive(look));
            return Err(Busy::Held(who.map(Box::new)));
        }
        Err(error) => return Err(Busy::Broken(error.into())),
    }
    let text = serde_json::to_vec(holder).map_err(|error| Busy::Broken(error.into()))?;
    let write = |file: &mut File| {
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(&text)
    };
    // The lock holds without its text. A file of another user may be read-only for us: then it stays without a name.
    match write(&mut file) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error()) => {}
        Err(error) => return Err(Busy::Broken(error)),
    }
    Ok(Lock { _file: file })
}

/// Takes the lock of a folder itself, which leaves no file behind, and waits for as long as this for whoever has it.
pub fn folder(_: &Touch, path: &Path, patience: Duration) -> Result<Lock, Busy> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let file: File = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| Busy::Broken(error.into()))?.into();
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(Lock { _file: file }),
        Err(rustix::io::Errno::WOULDBLOCK) => {}
        Err(error) => return Err(Busy::Broken(error.into())),
    }
    // The kernel has no lock that is waited for until a deadline: a thread waits for it, and is left alone when time is up.
    let (tell, told) = mpsc::channel();
    let wait = move || {
        let got = rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive));
        // Where nobody listens any more, the lock comes back in the error and is let go with it.
        drop(tell.send(got.map(|()| Lock { _file: file })));
    };
    std::thread::Builder::new().name("lock".to_owned()).spawn(wait).map_err(Busy::Broken)?;
    match told.recv_timeout(patience) {
        Ok(got) => got.map_err(|error| Busy::Broken(error.into())),
        Err(RecvTimeoutError::Timeout) => Err(Busy::Held(None)),
        Err(gone @ RecvTimeoutError::Disconnected) => Err(Busy::Broken(io::Error::other(gone))),
    }
}

/// A file in a sticky folder that another user made may not be opened with O_CREAT, so that comes second.
fn open(path: &Path, shared: bool) -> io::Result<File> {
    let plain = OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let none = Mode::empty();
    for flags in [OFlags::RDWR, OFlags::RDONLY] {
        match rustix::fs::open(path, flags | plain, none) {
            Ok(file) => return Ok(file.into()),
            Err(rustix::io::Errno::NOENT) => break,
            Err(rustix::io::Errno::ACCESS) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mode = Mode::from_raw_mode(if shared { 0o666 } else { 0o600 });
    let file: File = rustix::fs::open(path, OFlags::RDWR | OFlags::CREATE | plain, mode)?.into();
    if shared {
        // The umask took the bits away that let others write their name into it.
        file.set_permissions(std::fs::Permissions::from_mode(0o666))?;
    }
    Ok(file)
}

/// True when somebody holds the lock of this file. A file that is not there is held by nobody.
pub fn is_held(_: Look, path: &Path) -> bool {
    let Ok(file) = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) else { return false };
    matches!(flock(&file, FlockOperation::NonBlockingLockShared), Err(rustix::io::Errno::WOULDBLOCK))
}

/// Who last wrote their name into this lock. They may have let go since; ask `alive`.
pub fn holder_of(look: Look, path: &Path) -> Option<Holder> {
    serde_json::from_slice(&super::files::read(look, path, 64 * 1024).ok()?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_second_taker_is_told_who_holds_it_and_gets_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let touch = Touch::granted();
        let holder = Holder::this_process(touch.look(), "recover homelab", folder.path());
        let first = take(&touch, &path, &holder, true).unwrap();
        match take(&touch, &path, &holder, true) {
            Err(Busy::Held(Some(who))) => assert_eq!(*who, holder),
            other => unreachable!("{other:?}"),
        }
        drop(first);
        assert!(take(&touch, &path, &holder, true).is_ok());
    }
    /// Returns when this process waits for a lock. Which one it is cannot be told on every file system.
    fn until_it_is_waited_for() {
        let ours = format!(" {} ", std::process::id());
        let waits = |line: &str| line.contains("-> FLOCK") && line.contains(&ours);
        let end = Instant::now() + Duration::from_secs(30);
        while !std::fs::read_to_string("/proc/locks").unwrap().lines().any(waits) {
            assert!(Instant::now() < end, "nobody waits");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn who_waits_for_a_folder_has_it_as_soon_as_it_is_let_go() {
        let (folder, touch) = (tempfile::tempdir().unwrap(), Touch::granted());
        let first = super::folder(&touch, folder.path(), Duration::ZERO).unwrap();
        let waited = std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let lock = super::folder(&Touch::granted(), folder.path(), Duration::from_secs(60)).unwrap();
                (Instant::now(), lock)
            });
            until_it_is_waited_for();
            let let_go = Instant::now();
            drop(first);
            let (had, _lock) = waiter.join().unwrap();
            assert!(is_held(touch.look(), folder.path()));
            had - let_go
        });
        assert!(waited < Duration::from_secs(5), "{waited:?}");
    }

    #[test]
    fn who_has_waited_too_long_does_not_keep_the_folder() {
        let (folder, touch) = (tempfile::tempdir().unwrap(), Touch::granted());
        let first = super::folder(&touch, folder.path(), Duration::ZERO).unwrap();
        let late = super::folder(&touch, folder.path(), Duration::from_millis(10));
        assert!(matches!(late, Err(Busy::Held(None))), "{late:?}");
        // It still waits behind the caller's back; what it gets now, nobody wants any more.
        until_it_is_waited_for();
        drop(first);
        assert!(super::folder(&touch, folder.path(), Duration::from_secs(60)).is_ok());
    }
}
