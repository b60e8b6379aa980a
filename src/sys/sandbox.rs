//! The companion program `blackstart-sandbox`: found, started, spoken to through its pipes, and taken down. What it makes
//! is a whole Kubernetes of child processes in one folder; it lives as long as its input stays open.

use super::detach::pipe;
use super::lock;
use super::log::StepLog;
use super::process::{self, Child, Exit, GRACE, Stranger};
use super::procfs::{self, MARK_RUN, MARK_STEP};
use super::ready::{self, Ready};
use super::{Look, Touch, files};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const PROGRAM: &str = "blackstart-sandbox";
/// Names the program where it lies somewhere else.
pub const VARIABLE: &str = "BLACKSTART_SANDBOX";
/// What the program tells about itself must fit into this.
const LONGEST_LINE: usize = 64 << 10;
/// So much is shown of a line that is none of a sandbox.
const SHOWN: usize = 200;

/// A sandbox as it tells of itself; the same text lies in its folder as `sandbox.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub name: String,
    pub dir: PathBuf,
    pub kubeconfig: PathBuf,
    pub server: String,
    pub version: String,
    /// UID of the namespace kube-system: no other cluster has it.
    pub uid: String,
    /// The process that keeps it alive.
    #[serde(default)]
    pub pid: i32,
    pub nodes: Vec<Node>,
    pub host_root: PathBuf,
    /// `listed`, or `assumed`: then every image is taken to be there.
    pub images: String,
    #[serde(default)]
    pub deadline: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    pub name: String,
    pub arch: String,
}

/// A sandbox that lives while this does.
pub struct Sandbox {
    child: Child,
    /// The other end of its input: closed, it ends.
    life: Option<File>,
    pub about: About,
}

/// The program: where the variable says, beside this one, or on PATH.
pub fn find(look: Look) -> Result<PathBuf, String> {
    let ready = |path: &Path| files::program(look, path) == files::Program::Ready;
    let built = "scripts/build-sandbox builds it (a few minutes, once)";
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        return match ready(&named) {
            true => Ok(named),
            false => Err(format!("{VARIABLE} names {}, which cannot be executed; {built}", named.display())),
        };
    }
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(PROGRAM)));
    if let Some(beside) = beside.filter(|path| ready(path)) {
        return Ok(beside);
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    files::on_path(&paths, Path::new("/"), Path::new(PROGRAM)).ok_or_else(|| {
        format!("{PROGRAM} is not beside this program, not on PATH, and {VARIABLE} does not name it; {built}")
    })
}

/// One that was started and has not yet said that it is usable.
pub struct Starting {
    child: Child,
    life: File,
    answers: Option<File>,
    /// It has ended by itself, and was waited for.
    over: bool,
}

/// Starts one. Its own words go into the log, marked as a program of this step.
pub fn start(
    touch: &Touch,
    program: &Path,
    arguments: &[OsString],
    run: &Path,
    step: &str,
    log: &StepLog,
) -> io::Result<Starting> {
    let (theirs, life) = pipe()?;
    let (answers, ours) = pipe()?;
    let marks = [(MARK_RUN.into(), run.as_os_str().to_owned()), (MARK_STEP.into(), step.into())];
    let handle = process::apart(
        duct::cmd(program.as_os_str(), arguments)
            .full_env(process::passed_on().chain(marks))
            .stdin_file(theirs)
            .stdout_file(ours)
            .stderr_file(log.handle()?),
    )?;
    let child = process::adopt(touch.look(), handle)?;
    Ok(Starting { child, life, answers: Some(answers), over: false })
}

impl Starting {
    /// Waits until it is usable, or has ended. May be broken off; then it is to be ended.
    pub async fn usable(&mut self) -> io::Result<Result<About, Exit>> {
        let answers = self.answers.take().ok_or(io::ErrorKind::NotFound)?;
        match line(answers).await? {
            Some(line) => match serde_json::from_slice(&line) {
                Ok(about) => Ok(Ok(about)),
                Err(error) => {
                    let shown: String = String::from_utf8_lossy(&line).chars().take(SHOWN).collect();
                    Err(io::Error::other(format!("this is not how a sandbox speaks of itself: {shown:?} ({error})")))
                }
            },
            None => {
                let exit = self.child.wait().await?;
                self.over = true;
                Ok(Err(exit))
            }
        }
    }

    pub fn up(self, about: About) -> Sandbox {
        Sandbox { child: self.child, life: Some(self.life), about }
    }

    /// Ends it: one that means well does so when its input ends, and clears up after itself.
    pub async fn end(mut self, _: &Touch) -> io::Result<()> {
        drop(self.life);
        if self.over {
            return Ok(());
        }
        match tokio::time::timeout(GRACE, self.child.wait()).await {
            Ok(exit) => exit.map(|_| ()),
            Err(_) => self.child.end(GRACE).await.map(|_| ()),
        }
    }
}

impl Sandbox {
    /// Lets it live on without us, until its deadline.
    pub fn keep(mut self, _: &Touch, span: Duration) -> io::Result<()> {
        match self.life.take() {
            Some(mut life) => life.write_all(format!("keep {}\n", span.as_secs()).as_bytes()),
            None => Ok(()),
        }
    }

    /// Ends it, and returns when its processes and its folder are gone.
    pub async fn down(mut self, _: &Touch) -> io::Result<Exit> {
        drop(self.life.take());
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(exit) => exit,
            Err(_) => self.child.end(GRACE).await,
        }
    }
}

/// How long it has to clear up after itself before it is ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// The process that keeps this sandbox alive, so that its end can be waited for; None when it has ended.
pub fn life(look: Look, about: &About) -> Option<Stranger> {
    let process = procfs::identify(look, about.pid)?;
    lock::is_held(look, &about.dir.join("lock")).then(|| Stranger::find(look, process)).flatten()
}

/// The sandbox that lies in this folder, when it lives.
pub fn living(look: Look, folder: &Path) -> Option<About> {
    let held = lock::is_held(look, &folder.join("lock"));
    let text = files::read(look, &folder.join("sandbox.json"), LONGEST_LINE as u64).ok()?;
    held.then(|| serde_json::from_slice(&text).ok()).flatten()
}

/// Runs the program for one of its other commands, with what it printed.
pub async fn ask(look: Look, program: &Path, arguments: &[OsString]) -> io::Result<(Exit, String)> {
    let (mut answers, ours) = pipe()?;
    let expression = duct::cmd(program.as_os_str(), arguments)
        .full_env(process::passed_on())
        .stdin_null()
        .stdout_file(ours.try_clone()?)
        .stderr_file(ours)
        .unchecked();
    let handle = expression.start()?;
    drop(expression);
    let mut child = process::adopt(look, handle)?;
    let text = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        io::Read::read_to_string(&mut answers, &mut text).map(|_| text)
    });
    let exit = child.wait().await?;
    Ok((exit, text.await.map_err(io::Error::other)??))
}

/// Becomes the program: its terminal, its signals and its exit code are ours. Returns only when that is not possible.
pub fn become_it(_: &Touch, program: &Path, arguments: &[OsString]) -> io::Error {
    std::process::Command::new(program).args(arguments).exec()
}

/// Its first line; `None` when its output ended without one.
async fn line(answers: File) -> io::Result<Option<Vec<u8>>> {
    rustix::io::ioctl_fionbio(&answers, true)?;
    let answers: Ready = ready::watch(answers.into())?;
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let mut ready = answers.readable().await?;
        match rustix::io::read(ready.get_inner(), &mut buffer) {
            Ok(0) => return Ok(None),
            Ok(count) => text.extend_from_slice(&buffer[..count]),
            Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
            Err(error) => return Err(error.into()),
        }
        if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            text.truncate(end);
            return Ok(Some(text));
        }
        if text.len() > LONGEST_LINE {
            return Err(io::Error::other("its first line has no end"));
        }
    }
}
