//! Programs that are asked something: no input, no terminal, an end in time, and both of what they print.

use super::detach::pipe;
use super::memory;
use super::process::{self, Exit, GRACE};
use super::side::Until;
use super::{Look, files};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

/// Who prints more than this is not listened to: half an answer says of the other half that it is not there.
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
    fed(look, name, arguments, env, None, until, most).await
}

/// The same, with something to read.
pub(super) async fn fed(
    look: Look,
    name: &str,
    arguments: &[&str],
    env: &[(&str, &str)],
    input: Option<&str>,
    until: Until,
    most: Duration,
) -> io::Result<Option<Said>> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let path = files::on_path(&paths, Path::new("/"), Path::new(name)).ok_or(io::ErrorKind::NotFound)?;
    let (out, their_out) = pipe()?;
    let (err, their_err) = pipe()?;
    let ways = WAYS_OUT.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    let own = env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let program = duct::cmd(path, arguments).full_env(process::passed_on().chain(ways).chain(own)).dir("/");
    let program = match input {
        Some(text) => program.stdin_file(memory::text(text)?),
        None => program.stdin_null(),
    };
    let handle = process::apart(program.stdout_file(their_out).stderr_file(their_err))?;
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
    from.take(LONGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LONGEST {
        true => Err(io::Error::other(format!("it prints more than {} MiB", LONGEST >> 20))),
        false => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sys::side::block_on;

    fn said(script: &str, most: Duration) -> io::Result<Option<Said>> {
        let until = Until::after(Duration::from_secs(30));
        block_on(program(Look::new(), "sh", &["-c", script], &[], until, most)).unwrap()
    }

    #[test]
    fn an_answer_is_whole_or_is_none() {
        let most = Duration::from_secs(20);
        let heard = said("echo yes; echo why >&2; exit 3", most).unwrap().unwrap();
        assert_eq!((heard.exit, &*heard.out, &*heard.err), (Exit::Code(3), "yes\n", "why\n"));
        let whole = said("head -c 4194304 /dev/zero", most).unwrap().unwrap();
        assert_eq!(whole.out.len(), 4 << 20);
        let error = said("head -c 4194305 /dev/zero", most).unwrap_err();
        assert_eq!(error.to_string(), "it prints more than 4 MiB");
        assert!(said("sleep 600 & sleep 600", Duration::from_millis(200)).unwrap().is_none());
    }
}
