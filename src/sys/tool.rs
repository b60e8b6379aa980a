//! A program that is run to be read: it gets a folder, a text and a deadline, and gives what it prints. What it does to the world
//! is not in our hands; it gets none of our variables but where programs lie, and every way to the network that goes by a
//! variable is closed.

use super::detach::pipe;
use super::{Look, files, process};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Programs that fetch by these go to a port where nobody answers, or are refused before they begin.
const NO_NETWORK: &[(&str, &str)] = &[
    ("HTTP_PROXY", "http://127.0.0.1:9"),
    ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ("ALL_PROXY", "http://127.0.0.1:9"),
    ("NO_PROXY", ""),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("KUBECONFIG", "/dev/null"),
];

pub struct Ask<'a> {
    pub program: &'a Path,
    pub arguments: Vec<OsString>,
    /// Where it runs, and what it takes for its home.
    pub folder: &'a Path,
    pub home: &'a Path,
    pub env: Vec<(OsString, OsString)>,
    pub stdin: Vec<u8>,
    pub deadline: Duration,
    /// So many bytes of what it prints are read; the next one ends it.
    pub limit: u64,
}

/// What came of it.
#[derive(Debug)]
pub enum Answer {
    Good(Vec<u8>),
    /// It ended badly, with these words.
    Bad(String),
    Late,
    TooLong,
}

/// Where a program lies on PATH.
pub fn find(_: Look, name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    files::on_path(&paths, Path::new("."), Path::new(name))
}

/// Where helm keeps the archives of charts that it has fetched.
pub fn chart_caches(_: Look) -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let homes = [variable("HELM_CACHE_HOME"), cache.map(|cache| cache.join("helm"))].into_iter().flatten();
    variable("HELM_REPOSITORY_CACHE").into_iter().chain(homes.map(|home| home.join("repository"))).collect()
}

/// Runs it to its end, or to the deadline. Everything that it started in its group ends with it.
pub fn ask(_: Look, ask: &Ask<'_>) -> io::Result<Answer> {
    let (out, theirs_out) = pipe()?;
    let (err, theirs_err) = pipe()?;
    let handle = process::apart(
        duct::cmd(ask.program.as_os_str(), &ask.arguments)
            .full_env(environment(ask))
            .dir(ask.folder)
            .stdin_bytes(ask.stdin.clone())
            .stdout_file(theirs_out)
            .stderr_file(theirs_err),
    )?;
    let number = handle.pids().first().and_then(|pid| i32::try_from(*pid).ok()).unwrap_or(0);
    let pid = Pid::from_raw(number).ok_or(io::ErrorKind::NotFound)?;
    let (limit, deadline) = (ask.limit, ask.deadline);
    let (out, err, ended) = thread::scope(|scope| {
        let out = scope.spawn(move || some(out, limit));
        let err = scope.spawn(move || some(err, 64 << 10));
        let ended = ends(pid, deadline);
        // It has not been reaped: the number is still its own.
        let _ = kill_process_group(pid, Signal::KILL);
        let joined = |result: thread::Result<_>| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (joined(out.join()), joined(err.join()), ended)
    });
    let status = handle.wait()?.status;
    if !ended? {
        return Ok(Answer::Late);
    }
    let out = out?;
    if out.len() as u64 > limit {
        return Ok(Answer::TooLong);
    }
    if status.success() {
        return Ok(Answer::Good(out));
    }
    let words = String::from_utf8_lossy(&err?).trim().to_owned();
    Ok(Answer::Bad(if words.is_empty() { format!("{status}, without a word") } else { words }))
}

fn environment(ask: &Ask<'_>) -> Vec<(OsString, OsString)> {
    let kept = ["PATH", "LANG", "LC_ALL", "TZ"].into_iter();
    let kept = kept.filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    let homes = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR"];
    let homes = homes.into_iter().map(|name| (name.into(), ask.home.as_os_str().to_owned()));
    let closed = NO_NETWORK.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    kept.chain(homes).chain(closed).chain(ask.env.iter().cloned()).collect()
}

/// What it prints, up to the first byte too many. The pipe closes then, and the program ends of it.
fn some(from: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    from.take(limit + 1).read_to_end(&mut text).map(|_| text)
}

/// Waits for its end without reaping it. False when it is not there in time.
fn ends(pid: Pid, within: Duration) -> io::Result<bool> {
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let until = Instant::now() + within;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let wait = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&wait)) {
            Ok(0) if Instant::now() >= until => return Ok(false),
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn run(script: &str, deadline: u64, limit: u64) -> Answer {
        let asked = Ask {
            program: &find(Look::new(), "sh").unwrap(),
            arguments: vec!["-c".into(), script.into()],
            folder: Path::new("/"),
            home: Path::new("/nowhere"),
            env: Vec::new(),
            stdin: b"given".to_vec(),
            deadline: Duration::from_millis(deadline),
            limit,
        };
        ask(Look::new(), &asked).unwrap()
    }

    #[test]
    fn a_program_is_read_whole_or_its_failure_is_told() {
        let good = |script: &str| matches!(run(script, 9000, 1000), Answer::Good(text) if text == b"given/nowhere");
        assert!(good("cat; printf %s \"$HOME\""));
        assert!(good("sleep 600 & cat; printf %s \"$HOME\""), "what it left behind is ended");
        assert!(matches!(run("echo why >&2; exit 3", 9000, 1000), Answer::Bad(words) if words == "why"));
        assert!(matches!(run("yes", 9000, 1000), Answer::TooLong));
        assert!(matches!(run("sleep 600 & sleep 600", 100, 1000), Answer::Late));
    }
}
