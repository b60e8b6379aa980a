//! Programs: started in a group of their own, waited for without a thread, ended whole.

use super::procfs::{self, MARK_RUN, MARK_STEP, Process};
use super::ready::{self, Ready};
use super::signals::Wish;
use super::{Look, Touch};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, pidfd_send_signal, waitid,
};
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a program gets from our own environment. Everything else it needs stands in the plan, so that a run at the
/// console has the same as one from a desktop.
const PASSED_ON: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "SUDO_USER",
];

/// How long a program has between being asked to end and being killed.
pub const GRACE: Duration = Duration::from_secs(5);

/// What is started, and how it is marked.
pub struct Order<'a> {
    pub argv: &'a [String],
    pub folder: &'a Path,
    pub env: &'a [(String, String)],
    pub run: &'a Path,
    pub step: &'a str,
    pub mode: &'a str,
    pub given: Given,
}

/// What a program is handed that stands in no argument and no variable.
#[derive(Default)]
pub struct Given {
    pub stdin: Option<File>,
    /// Open files, each by the name of the variable that tells its path.
    pub files: Vec<(String, File)>,
}

impl Given {
    /// Whether programs that are started from now on get the files. Nothing else is started in between: one thread starts all.
    fn inherited(&self, yes: bool) -> io::Result<()> {
        let flags = if yes { FdFlags::empty() } else { FdFlags::CLOEXEC };
        Ok(self.files.iter().try_for_each(|(_, file)| fcntl_setfd(file, flags))?)
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit {code}"),
            Exit::Signal(number) => write!(f, "killed by signal {number}"),
        }
    }
}

/// Environment, argv[0] and folder as a program of this plan gets them.
fn environment(order: &Order<'_>) -> Vec<(OsString, OsString)> {
    let marks = [
        (MARK_RUN.into(), order.run.as_os_str().to_owned()),
        (MARK_STEP.into(), order.step.into()),
        ("BLACKSTART_MODE".into(), order.mode.into()),
    ];
    let own = order.env.iter().map(|(name, value)| (name.into(), value.into()));
    let path = |file: &File| format!("/proc/self/fd/{}", file.as_raw_fd()).into();
    let given = order.given.files.iter().map(|(name, file)| (name.into(), path(file)));
    passed_on().chain(own).chain(given).chain(marks).collect()
}

/// What every program gets of our own environment.
pub(super) fn passed_on() -> impl Iterator<Item = (OsString, OsString)> {
    PASSED_ON.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)))
}

/// The path of a program that the plan names: relative to the plan's folder when it has a slash.
pub fn program_path(folder: &Path, program: &str) -> PathBuf {
    if program.contains('/') { folder.join(program) } else { PathBuf::from(program) }
}

/// A program that was started and not yet waited for.
pub struct Child {
    handle: duct::Handle,
    pid: Pid,
    ended: Ready,
    pub process: Process,
}

/// Why there is no program to wait for.
#[derive(Debug)]
pub enum NoChild {
    /// Nothing was started.
    Never(io::Error),
    /// It was started, could not be watched, and was ended.
    Lost(io::Error),
}

/// Starts a program with its output going into this file. It reads what it is given, and else nothing.
pub fn start(touch: &Touch, order: &Order<'_>, output: impl Fn() -> io::Result<File>) -> Result<Child, NoChild> {
    let begun = expression(order, output).and_then(|expression| {
        order.given.inherited(true)?;
        let begun = expression.start();
        order.given.inherited(false)?;
        begun
    });
    let handle = begun.map_err(NoChild::Never)?;
    match watched(&handle) {
        Ok(watched) => Ok(child(touch.look(), handle, watched)),
        Err(error) => {
            let group = handle.pids().first().and_then(|pid| Pid::from_raw(i32::try_from(*pid).ok()?));
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = handle.wait();
            Err(NoChild::Lost(error))
        }
    }
}

fn expression(order: &Order<'_>, output: impl Fn() -> io::Result<File>) -> io::Result<duct::Expression> {
    let (program, arguments) = order.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let name = program.clone();
    let command =
        duct::cmd(found(order, program)?.into_os_string(), arguments).full_env(environment(order)).dir(order.folder);
    let command = match &order.given.stdin {
        Some(file) => command.stdin_file(file.try_clone()?),
        None => command.stdin_null(),
    };
    Ok(command.stdout_file(output()?).stderr_file(output()?).unchecked().before_spawn(move |command| {
        command.process_group(0).arg0(&name);
        Ok(())
    }))
}

/// Where the program lies. A bare name is looked up here, on the PATH that the program gets: left to the standard
/// library, an environment of its own makes it copy this whole process for each program, at three times the cost.
fn found(order: &Order<'_>, program: &str) -> io::Result<PathBuf> {
    let path = program_path(order.folder, program);
    if program.contains('/') {
        return Ok(path);
    }
    let own = order.env.iter().find(|(name, _)| name == "PATH").map(|(_, value)| OsString::from(value));
    let paths = own.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    super::files::on_path(&paths, order.folder, &path).ok_or_else(|| rustix::io::Errno::NOENT.into())
}

/// The number of a started program, and the word of its end.
fn watched(handle: &duct::Handle) -> io::Result<(Pid, Ready)> {
    let number = handle.pids().first().and_then(|pid| i32::try_from(*pid).ok()).unwrap_or(0);
    let pid = Pid::from_raw(number).ok_or(io::ErrorKind::NotFound)?;
    Ok((pid, ready::watch(pidfd_open(pid, PidfdFlags::NONBLOCK)?)?))
}

fn child(look: Look, handle: duct::Handle, (pid, ended): (Pid, Ready)) -> Child {
    let number = pid.as_raw_nonzero().get();
    // A program that has ended already still has its entry: nobody has waited for it.
    let process = procfs::identify(look, number).unwrap_or(Process { pid: number, started: 0 });
    Child { handle, pid, ended, process }
}

/// Starts a program in a group of its own, so that what it starts is ended with it and a Ctrl-C is ours to pass on.
pub(super) fn apart(expression: duct::Expression) -> io::Result<duct::Handle> {
    let expression = expression.unchecked().before_spawn(|command| {
        command.process_group(0);
        Ok(())
    });
    // It goes with the end of this, and with it our copies of the program's ends of its pipes: the end of what is printed
    // must reach us.
    expression.start()
}

/// Takes over a program that was started in another way.
pub(super) fn adopt(look: Look, handle: duct::Handle) -> io::Result<Child> {
    let watched = watched(&handle)?;
    Ok(child(look, handle, watched))
}

impl Child {
    /// Waits for its end. What it left running in its group is ended with it, unless it ended well.
    pub async fn wait(&mut self) -> io::Result<Exit> {
        let _ended = self.ended.readable().await?;
        // Looked at without being reaped, so that the number of the group cannot be given to anyone else before it is ended.
        let status = waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
        let exit = match status {
            Some(status) => match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Exit::Code(code),
                (None, Some(number)) => Exit::Signal(number),
                (None, None) => return Err(io::Error::other("ended in a way that the kernel did not tell")),
            },
            None => return Err(io::Error::other("was reaped by somebody else")),
        };
        if exit != Exit::Code(0) {
            self.signal(Signal::KILL);
        }
        self.handle.try_wait()?;
        Ok(exit)
    }

    /// Ends the whole group: asked first, killed after the grace.
    pub async fn end(&mut self, grace: Duration) -> io::Result<Exit> {
        self.signal(Signal::TERM);
        if tokio::time::timeout(grace, self.ended.readable()).await.is_err() {
            self.signal(Signal::KILL);
        }
        match tokio::time::timeout(GRACE, self.ended.readable()).await {
            Ok(_) => {
                // The leader is gone; the rest of its group may have ignored the asking.
                self.signal(Signal::KILL);
                self.wait().await
            }
            Err(_) => Err(io::Error::other(format!("process {} does not die", self.process.pid))),
        }
    }

    fn signal(&self, signal: Signal) {
        // The only failure is that nobody is left to be told.
        let _ = kill_process_group(self.pid, signal);
    }
}

/// Hands on to a process what a person wanted of us.
pub fn forward(_: &Touch, process: Process, wish: Wish) -> io::Result<()> {
    let Some(pid) = Pid::from_raw(process.pid) else { return Ok(()) };
    let fd = pidfd_open(pid, PidfdFlags::empty())?;
    // Asked after the handle is open: from now on the number means this process.
    if !procfs::alive(Look::new(), process) {
        return Ok(());
    }
    let signal = match wish {
        Wish::Interrupt => Signal::INT,
        Wish::Terminate => Signal::TERM,
    };
    Ok(pidfd_send_signal(fd, signal)?)
}

/// Another process, not a child of ours, that we wait for, tell or end.
pub struct Stranger {
    fd: Ready,
    process: Process,
}

impl Stranger {
    /// `None` when it has ended.
    pub fn find(look: Look, process: Process) -> Option<Self> {
        let fd = ready::watch(pidfd_open(Pid::from_raw(process.pid)?, PidfdFlags::NONBLOCK).ok()?).ok()?;
        // Asked after the handle is open: from now on the number means this process.
        procfs::alive(look, process).then_some(Self { fd, process })
    }
    pub async fn ended(&self) -> io::Result<()> {
        self.fd.readable().await.map(|_| ())
    }
    /// Ends the group that it leads: asked first, killed after the grace. Returns when nothing of it lives.
    pub async fn end(&self, touch: &Touch) -> io::Result<()> {
        let Some(group) = Pid::from_raw(self.process.pid) else { return Ok(()) };
        let _ = kill_process_group(group, Signal::TERM);
        if tokio::time::timeout(GRACE, self.ended()).await.is_err() {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let rest = async {
            self.ended().await?;
            // What it had started may have ignored the asking, and must not go on beside its successor. The kernel gives no
            // handle to wait for a group by, so this asks, a hundred times a second, for as long as the grace.
            while procfs::group_lives(touch.look(), self.process) {
                let _ = kill_process_group(group, Signal::KILL);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok(())
        };
        match tokio::time::timeout(GRACE, rest).await {
            Ok(ended) => ended,
            Err(_) => Err(io::Error::other(format!("process {} or what it started does not die", self.process.pid))),
        }
    }
}
