//! A process that outlives its terminal: where systemd runs, in a scope of its own, else in a session of its own.

use super::process::{Child, adopt};
use super::{Look, Touch, files};
use crate::model::Hidden;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// No task is larger.
const LARGEST: usize = 1 << 20;

/// A runner that answered: itself, its first line, and what there is to say about how it was started.
pub struct Started {
    pub child: Child,
    pub answer: String,
    pub notice: Option<String>,
}

/// Starts this very program as a runner. What it needs to know goes to it through a pipe and nowhere else; its first
/// line comes back through another. Must be called inside the event loop.
pub async fn start(touch: &Touch, arguments: &[String], payload: &Arc<Hidden>) -> io::Result<Started> {
    let me = std::env::current_exe()?.to_string_lossy().into_owned();
    let plain: Vec<String> = std::iter::once(me).chain(arguments.iter().cloned()).collect();
    let mut notice = None;
    if files::program(touch.look(), Path::new("systemd-run")) == files::Program::Ready {
        let user = (!rustix::process::geteuid().is_root()).then(|| "--user".to_owned());
        let scope = ["systemd-run", "--scope", "--quiet", "--collect"].map(str::to_owned);
        let words = scope.into_iter().chain(user).chain(["--".to_owned()]).chain(plain.iter().cloned());
        let words: Vec<String> = words.collect();
        // Without a running systemd it ends at once and nothing has begun: no answer came.
        let why = match attempt(touch.look(), &words, payload, true).await {
            Ok(Some((child, answer))) => return Ok(Started { child, answer, notice }),
            Ok(None) => "systemd-run ended without starting it".to_owned(),
            Err(error) => format!("systemd-run: {error}"),
        };
        notice = Some(format!("no systemd scope could be had ({why}); the runner has a session of its own"));
    }
    match attempt(touch.look(), &plain, payload, false).await? {
        Some((child, answer)) => Ok(Started { child, answer, notice }),
        None => Err(io::Error::other("the runner ended before it answered")),
    }
}

/// Starts one command line and reads its first line; `None` when it ended without one.
async fn attempt(
    look: Look,
    words: &[String],
    payload: &Arc<Hidden>,
    quiet: bool,
) -> io::Result<Option<(Child, String)>> {
    let (ours_in, theirs_in) = pipe()?;
    let (theirs_out, ours_out) = pipe()?;
    let arguments = words.iter().skip(1);
    let mut expression = duct::cmd(&words[0], arguments).stdin_file(ours_in).stdout_file(ours_out).unchecked();
    if quiet {
        expression = expression.stderr_null();
    }
    let handle = expression.start()?;
    // The expression holds our copies of the runner's ends of the pipes; the end of input must reach us.
    drop(expression);
    let mut child = adopt(look, handle)?;
    let payload = payload.clone();
    let talk = tokio::task::spawn_blocking(move || talk(theirs_in, theirs_out, payload.reveal()));
    match talk.await.map_err(io::Error::other)?? {
        Some(answer) => Ok(Some((child, answer))),
        None => {
            child.wait().await?;
            Ok(None)
        }
    }
}

/// Reading end first.
pub(super) fn pipe() -> io::Result<(File, File)> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    Ok((read.into(), write.into()))
}

fn talk(mut to: File, mut from: File, payload: &[u8]) -> io::Result<Option<String>> {
    match to.write_all(payload) {
        Ok(()) => drop(to),
        // It ended before it listened; what it answered says why.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(error),
    }
    let mut answer = String::new();
    let mut byte = [0];
    while from.read(&mut byte)? == 1 {
        match byte[0] {
            b'\n' => return Ok(Some(answer)),
            byte => answer.push(char::from(byte)),
        }
    }
    Ok(None)
}

/// Leaves the terminal's session. From here on a hang-up does not reach us. Already alone is fine.
pub fn leave_session(_: &Touch) {
    let _ = rustix::process::setsid();
}

/// Everything that was handed over through the pipe.
pub fn payload(_: Look) -> io::Result<Hidden> {
    // As large as it may get from the start, and past the buffer of standard input: what is moved while it grows, or waits
    // in a buffer, stays behind in memory.
    let mut bytes = Vec::with_capacity(LARGEST);
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut part = Zeroizing::new([0; 4096]);
    loop {
        match input.read(&mut *part)? {
            0 => return Ok(Hidden::new(bytes)),
            read if bytes.len() + read > LARGEST => return Err(io::ErrorKind::FileTooLarge.into()),
            read => bytes.extend_from_slice(&part[..read]),
        }
    }
}

/// Answers whoever started us, then lets go of their pipe and of the terminal: later words go into `log`.
pub fn answer(touch: &Touch, line: &str, log: Option<&Path>) -> io::Result<()> {
    let told = super::terminal::write(super::terminal::Stream::Out, &format!("{line}\n"));
    let Some(log) = log else { return told };
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(super::log::StepLog::open(touch, log)?.handle()?)?;
    // Who started us may be gone already; the run goes on without them.
    match told {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
