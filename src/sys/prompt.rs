//! What a person types and nobody may see: asked on the terminal with its echo off, or read from a descriptor that the
//! caller has opened. The terminal is put back in every ending, also when a signal ends the asking.

use super::signals::Ends;
use super::{Look, ready};
use crate::model::Hidden;
use rustix::fs::{Mode, OFlags};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A terminal hands out lines of at most so many bytes; a longer one is cut without a word.
const LONGEST_LINE: usize = 4095;

/// So much is made room for at once; the system gives only what is filled.
const MOST_ROOM: u64 = 4 << 20;

/// What came of asking.
pub enum Answer {
    Line(Hidden),
    /// There is no terminal to ask on.
    NoTerminal,
    /// The end of input, or a line that the terminal has cut.
    Nothing(&'static str),
    /// A signal came instead.
    Ended(&'static str),
}

/// Whether lines are shown while they are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    On,
    Off,
}

pub fn can_ask(_: Look) -> bool {
    terminal().is_ok()
}

fn terminal() -> rustix::io::Result<OwnedFd> {
    // A description of its own: that it does not block is nobody else's business.
    rustix::fs::open("/dev/tty", OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK, Mode::empty())
}

/// Asks for one line, in an event loop of its own.
pub fn ask(question: &str, echo: Echo) -> io::Result<Answer> {
    super::signals::block_on(async {
        let mut ends = Ends::new()?;
        ask_within(question, echo, &mut ends).await
    })?
}

/// The same within an event loop that hears signals already.
pub async fn ask_within(question: &str, echo: Echo, ends: &mut Ends) -> io::Result<Answer> {
    let Ok(tty) = terminal() else { return Ok(Answer::NoTerminal) };
    let quiet = match echo {
        Echo::Off => Some(Quiet::new(&tty)?),
        Echo::On => None,
    };
    rustix::io::write(&tty, question.as_bytes())?;
    let answer = tokio::select! {
        line = line(&tty) => line?,
        why = ends.next() => Answer::Ended(why),
    };
    if quiet.is_some() || matches!(answer, Answer::Ended(_)) {
        // The line break that was typed was not shown.
        rustix::io::write(&tty, b"\n")?;
    }
    Ok(answer)
}

async fn line(tty: &OwnedFd) -> io::Result<Answer> {
    let ready = ready::watch(tty.try_clone()?)?;
    let mut typed = Zeroizing::new(vec![0; LONGEST_LINE + 1]);
    let mut length = 0;
    loop {
        let mut guard = ready.readable().await?;
        match rustix::io::read(&ready, &mut typed[length..]) {
            Ok(0) => return Ok(Answer::Nothing("the input ended")),
            Ok(count) => {
                length += count;
                if typed[length - 1] == b'\n' {
                    return Ok(Answer::Line(Hidden::new(typed[..length - 1].to_vec())));
                }
                if length >= LONGEST_LINE {
                    return Ok(Answer::Nothing("a terminal takes lines of 4094 bytes at most: give it on stdin"));
                }
            }
            Err(rustix::io::Errno::AGAIN) => guard.clear_ready(),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A terminal without echo, until this is dropped.
struct Quiet {
    tty: OwnedFd,
    before: Termios,
}

impl Quiet {
    fn new(tty: &OwnedFd) -> io::Result<Self> {
        let before = tcgetattr(tty)?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ECHOE | LocalModes::ECHOK | LocalModes::ECHONL;
        quiet.local_modes |= LocalModes::ICANON | LocalModes::ISIG;
        // Put aside with Ctrl-Z, the shell would have a terminal without echo.
        quiet.special_codes[SpecialCodeIndex::VSUSP] = 0;
        let quieted = Self { tty: tty.try_clone()?, before };
        // What was typed ahead was shown: it is no answer.
        tcsetattr(tty, OptionalActions::Flush, &quiet)?;
        Ok(quieted)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Where the terminal is gone there is nothing to put back.
        let _ = tcsetattr(&self.tty, OptionalActions::Now, &self.before);
    }
}

/// Everything that a descriptor of ours has to give, at most `limit` bytes.
pub fn read_descriptor(_: Look, number: u32, limit: u64) -> io::Result<Hidden> {
    let file = File::open(PathBuf::from(format!("/proc/self/fd/{number}")))?;
    match file.is_terminal() {
        true => Err(io::Error::other("is a terminal, which would show what is typed")),
        false => all(file, limit),
    }
}

/// Everything on stdin, at most `limit` bytes.
pub fn read_stdin(_: Look, limit: u64) -> io::Result<Hidden> {
    all(io::stdin().lock(), limit)
}

fn all(from: impl Read, limit: u64) -> io::Result<Hidden> {
    // What grows leaves copies behind.
    let room = usize::try_from(limit.min(MOST_ROOM) + 1).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    from.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("has more than {limit} bytes")));
    }
    Ok(Hidden::new(std::mem::take(&mut *bytes)))
}
