//! Programs that are asked something: no input, no terminal, an end in time, and both of what they print.

use super::detach::pipe;
use super::process::{self, Exit, GRACE};
use super::side::Until;
use super::{Look, files};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;

/// What a program printed beyond this is not read.
const LONGEST: u64 = 4 << 20;

#[derive(Clone, Debug)]
pub struct Said {
    pub exit: Exit,
    pub out: String,
    pub err: String,
}

/// Variables by which programs find their way out, beside those that every program gets.
const WAYS_OUT: &[&str] = &[
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Runs a program of the PATH; None when it did not end in time, and was ended.
pub async fn program(
    look: Look,
    name: &str,
    arguments: &[&str],
    env: &[(&str, &str)],
    until: Until,
    most: Duration,
) -> io::Result<Option<Said>> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let path = files::on_path(&paths, Path::new("/"), Path::new(name)).ok_or(io::ErrorKind::NotFound)?;
    let (out, their_out) = pipe()?;
    let (err, their_err) = pipe()?;
    let ways = WAYS_OUT.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    let own = env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let expression = duct::cmd(path, arguments)
        .full_env(process::passed_on().chain(ways).chain(own))
        .dir("/")
        .stdin_null()
        .stdout_file(their_out)
        .stderr_file(their_err)
        .unchecked()
        // In a group of its own, so that what it starts is ended with it.
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        });
    let handle = expression.start()?;
    // The expression holds our copies of its ends of the pipes; the end of its output must reach us.
    drop(expression);
    let mut child = process::adopt(look, handle)?;
    let (out, err) = (tokio::task::spawn_blocking(|| text(out)), tokio::task::spawn_blocking(|| text(err)));
    match until.within(most, child.wait()).await {
        Some(exit) => {
            let texts = async { Ok::<_, tokio::task::JoinError>((out.await?, err.await?)) };
            let (out, err) = texts.await.map_err(io::Error::other)?;
            Ok(Some(Said { exit: exit?, out: out?, err: err? }))
        }
        None => {
            child.end(GRACE).await?;
            Ok(None)
        }
    }
}

fn text(from: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
