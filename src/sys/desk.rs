//! A desk for an editor: a plaintext in memory, in a folder that only its owner can enter, gone when the work is. What a
//! killed one left behind is cleared away by the next.

use super::procfs::{self, Process};
use super::prompt::{self, Answer, Echo};
use super::signals::Ends;
use super::{Look, Touch, files, host, ready};
use crate::model::Hidden;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PREFIX: &str = "blackstart-edit-";

/// How long an editor has to end when it is told to.
const GRACE: Duration = Duration::from_secs(2);

/// No text on a desk is larger.
const LARGEST: u64 = 16 << 20;

/// From here to its drop every signal that would end us is heard here, so that nothing is left lying about.
pub struct Desk<'t> {
    touch: &'t Touch,
    ends: Ends,
    folder: PathBuf,
    file: PathBuf,
}

/// How an editor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    Well,
    /// With this code, or by a signal.
    Badly(Option<i32>),
    /// We were told to end by this signal, and ended it.
    Ended(&'static str),
}

/// A folder in memory, or every reason why there is none.
fn place(touch: &Touch) -> Result<PathBuf, Vec<String>> {
    let look = touch.look();
    let pid = i32::try_from(std::process::id()).unwrap_or(0);
    let started = procfs::identify(look, pid).map_or(0, |process| process.started);
    let mut reasons = Vec::new();
    for base in host::memory_directories(look) {
        sweep(touch, &base);
        let folder = base.join(format!("{PREFIX}{pid}-{started}"));
        let why = match files::in_memory(look, &base) {
            Ok(true) => match files::make_new_folder(touch, &folder) {
                Ok(()) => return Ok(folder),
                Err(error) => error.to_string(),
            },
            Ok(false) => "is not in memory".to_owned(),
            Err(error) => error.to_string(),
        };
        reasons.push(format!("{}: {why}", base.display()));
    }
    Err(reasons)
}

/// Clears away the desks of processes that are gone. What belongs to others cannot be removed and stays.
fn sweep(touch: &Touch, base: &Path) {
    let look = touch.look();
    for name in files::names(look, base).unwrap_or_default() {
        let Some((pid, started)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')) else { continue };
        let (Ok(pid), Ok(started)) = (pid.parse(), started.parse()) else { continue };
        if !procfs::alive(look, Process { pid, started }) {
            let _ = files::remove_folder(touch, &base.join(name));
        }
    }
}

impl<'t> Desk<'t> {
    /// Lays a text on a new desk. Must be called inside the event loop.
    pub fn new(touch: &'t Touch, name: &str, text: &Hidden) -> Result<Self, Vec<String>> {
        let told = |error: io::Error| vec![error.to_string()];
        let ends = Ends::new().map_err(told)?;
        let folder = place(touch)?;
        let desk = Self { touch, ends, file: folder.join(name), folder };
        desk.lay(text).map_err(told)?;
        Ok(desk)
    }

    fn lay(&self, text: &Hidden) -> io::Result<()> {
        files::write_new(self.touch, &self.file, text.reveal(), 0o600)
    }

    /// What lies there now.
    pub fn text(&self, look: Look) -> io::Result<Hidden> {
        files::read(look, &self.file, LARGEST).map(Hidden::new)
    }

    /// Lets a person at it. The editor is a line for the shell, as in git: it may have options.
    pub async fn edit(&mut self, editor: &str) -> io::Result<Edited> {
        // A line that is one command becomes it, so that a signal reaches the editor and not the shell before it.
        let first = editor.split_whitespace().next().unwrap_or_default();
        let is_one = !first.contains('=') && !editor.contains([';', '|', '&', '<', '>', '(', ')', '{', '`', '\n']);
        let line = format!("{}{editor} \"$@\"", if is_one { "exec " } else { "" });
        let mut child = Command::new("sh").args(["-c", &line, "sh"]).arg(&self.file).spawn()?;
        let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::NONBLOCK)?;
        let ended = ready::watch(handle)?;
        let signal = tokio::select! {
            done = ended.readable() => {
                let _ended = done?;
                None
            }
            // Ctrl-C is meant for the editor, which gets it from the terminal itself.
            name = self.ends.next_from_afar() => Some(name),
        };
        if let Some(name) = signal {
            // An editor that is gone already cannot be told.
            let _ = pidfd_send_signal(&ended, Signal::TERM);
            if tokio::time::timeout(GRACE, ended.readable()).await.is_err() {
                let _ = pidfd_send_signal(&ended, Signal::KILL);
            }
            child.wait()?;
            return Ok(Edited::Ended(name));
        }
        let status = child.wait()?;
        Ok(if status.success() { Edited::Well } else { Edited::Badly(status.code()) })
    }

    /// Asks whether to go on. False for no, for a signal, and where nobody can be asked.
    pub async fn again(&mut self, question: &str) -> io::Result<bool> {
        match prompt::ask_within(question, Echo::On, &mut self.ends).await? {
            Answer::Line(line) => Ok(matches!(line.reveal(), b"" | b"y" | b"Y" | b"yes")),
            Answer::NoTerminal | Answer::Nothing(_) | Answer::Ended(_) => Ok(false),
        }
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        // Nobody is left to be told; the next desk clears it away.
        let _ = files::remove_folder(self.touch, &self.folder);
    }
}
