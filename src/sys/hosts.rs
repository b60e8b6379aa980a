//! Hands on a host: this one, or another over the system's own ssh. A program and its words are all that is known here; what
//! they mean is not. No word is ever read by a shell of the other host as anything but a word.

use super::ask::{self, Said};
use super::process::Exit;
use super::side::Until;
use super::{Look, files, host};
use crate::model::Digest;
use crate::model::digest::Plain;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

/// How long the other host may take to answer at all.
const CONNECT: &str = "ConnectTimeout=10";

/// Runs its words as root: as they are, or by sudo where that asks nobody.
const AS_ROOT: &str = r#"PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin; [ "$(id -u)" = 0 ] && exec "$@"; command -v sudo >/dev/null || { echo "no sudo here" >&2; exit 125; }; exec sudo -n -- "$@""#;
/// What ssh ends with when it failed itself.
const SSH_FAILED: Exit = Exit::Code(255);

/// Where a host is whose things are changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// As ssh takes it; none is this host.
    other: Option<String>,
}

impl Host {
    pub fn new(other: Option<String>) -> Self {
        Self { other }
    }
    pub fn other(&self) -> Option<&str> {
        self.other.as_deref()
    }
    /// For messages.
    pub fn shown(&self) -> &str {
        self.other.as_deref().unwrap_or("this host")
    }

    /// What is started here so that these words run there.
    pub fn argv(&self, words: &[&str]) -> Vec<String> {
        let Some(other) = &self.other else { return words.iter().map(|word| (*word).to_owned()).collect() };
        let there: Vec<String> = ["sh", "-c", AS_ROOT, "sh"].iter().chain(words).map(|word| quoted(word)).collect();
        let ssh = ["ssh", "-T", "-o", "BatchMode=yes", "-o", CONNECT, "-o", "ServerAliveInterval=5", "--", other];
        let there = there.join(" ");
        ssh.into_iter().chain([there.as_str()]).map(str::to_owned).collect()
    }

    /// What programs are started with here: ssh's agent is asked where there is one, and what lies in sbin is found.
    pub fn env(&self, look: Look) -> Vec<(String, String)> {
        let path = host::said(look, "PATH").unwrap_or_default();
        let path = format!("{path}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        let agent = host::said(look, "SSH_AUTH_SOCK").filter(|_| self.other.is_some());
        let agent = agent.map(|socket| ("SSH_AUTH_SOCK".to_owned(), socket));
        [("PATH".to_owned(), path.trim_start_matches(':').to_owned())].into_iter().chain(agent).collect()
    }

    /// Asks a program there. What it prints is the answer, if it ends well.
    pub async fn ask(&self, look: Look, words: &[&str], most: Duration) -> Result<String, String> {
        let said = self.hear(look, words, most).await?;
        match said.exit {
            Exit::Code(0) => Ok(said.out),
            exit => {
                if let Some(why) = self.refused(exit, said.err.lines()) {
                    return Err(format!("{}: {why}", self.shown()));
                }
                let last = said.err.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("without a word");
                Err(format!("{}: {}: {exit}: {}", self.shown(), first(words), last.trim()))
            }
        }
    }

    /// What has kept words from being run there as root, where that is another host: one sentence with what to do.
    pub fn refused<'a>(&self, exit: Exit, said: impl Iterator<Item = &'a str>) -> Option<String> {
        let other = self.other.as_deref()?;
        let said: Vec<&str> = said.map(str::trim).filter(|line| !line.is_empty()).collect();
        let has = |text: &str| said.iter().any(|line| line.contains(text));
        let last = said.last().copied().unwrap_or("without a word");
        let name = other.rsplit('@').next().unwrap_or(other);
        if exit == Exit::Code(125) && has("no sudo here") {
            return Some("this user is not root there, and there is no sudo: name another user, as root@".to_owned());
        }
        if has("sudo: ") && (has("password is required") || has("not in the sudoers") || has("not allowed")) {
            let why = "sudo gives this user no root there without a password";
            return Some(format!("{why}: allow it in its sudoers, or name another user ({last})"));
        }
        if exit != SSH_FAILED {
            return None;
        }
        Some(if has("HOST IDENTIFICATION HAS CHANGED") {
            format!(
                "its host key is not the one that this user knows: it was installed anew, or another host answers; only \
                 when you know which: ssh-keygen -R {name}"
            )
        } else if has("Host key verification failed") {
            format!("its host key is not known to this user: log in once by hand and compare it: ssh {other}")
        } else if has("Permission denied") {
            format!("ssh does not let this user in without asking: {last}")
        } else if ["Could not resolve", "connect to host", "No route to host"].iter().any(|text| has(text)) {
            format!("cannot be reached: {last}")
        } else {
            format!("the connection was lost: {last}")
        })
    }

    async fn hear(&self, look: Look, words: &[&str], most: Duration) -> Result<Said, String> {
        let argv = self.argv(words);
        let Some((program, arguments)) = argv.split_first() else { return Err("no program was named".to_owned()) };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let env = self.env(look);
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let until = Until::after(most + Duration::from_secs(1));
        match ask::program(look, program, &arguments, &env, until, most).await {
            Ok(Some(said)) => Ok(said),
            Ok(None) => {
                let time = crate::model::time::spoken(most);
                Err(format!("{}: {}: no answer within {time}", self.shown(), first(words)))
            }
            Err(error) => Err(format!("{}: {program}: {error}", self.shown())),
        }
    }

    /// The name or address that ssh goes to, which is not what its own config calls it.
    pub async fn address(&self, look: Look) -> Result<Option<String>, String> {
        let Some(other) = &self.other else { return Ok(None) };
        let here = Host::new(None);
        let said = here.ask(look, &["ssh", "-G", "--", other], Duration::from_secs(5)).await?;
        let named = said.lines().find_map(|line| line.strip_prefix("hostname "));
        named.map(|name| Some(name.to_owned())).ok_or_else(|| format!("ssh does not say where {other} is"))
    }
}

fn first<'a>(words: &[&'a str]) -> &'a str {
    words.first().copied().unwrap_or_default()
}

/// A word as every shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// A file of this host, as a program gets it to read.
pub fn open(look: Look, path: &Path) -> io::Result<File> {
    match files::sort_at(look, path)? {
        files::Sort::File => File::open(path),
        files::Sort::Folder | files::Sort::Other => Err(io::Error::other("is not a regular file")),
        files::Sort::Nothing => Err(io::ErrorKind::NotFound.into()),
    }
}

/// The digest of what a file of this host holds.
pub fn digest(look: Look, path: &Path) -> io::Result<Digest> {
    let (mut file, mut plain, mut part) = (open(look, path)?, Plain::default(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut part)? {
            0 => return Ok(plain.finish()),
            count => plain.add(&part[..count]),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::sys::side::block_on;

    #[test]
    fn words_for_another_host_stay_words_whatever_stands_in_them() {
        let words = ["printf", "%s|", "a b", "$(id)", "it's", "", "; rm -rf x", "`w`", "*", "new\nline"];
        let argv = Host::new(Some("ana@nas".to_owned())).argv(&words);
        let [before @ .., line] = argv.as_slice() else { panic!("{argv:?}") };
        assert_eq!(before[before.len() - 2..], ["--", "ana@nas"]);
        assert!(before.contains(&"BatchMode=yes".to_owned()));
        // The other host's login shell reads the line, as ssh hands it over.
        let line = line.replace("command -v sudo >/dev/null", "true").replace("sudo -n -- ", "");
        let said = block_on(Host::new(None).ask(Look::new(), &["sh", "-c", &line], Duration::from_secs(20))).unwrap();
        assert_eq!(said.unwrap(), "a b|$(id)|it's||; rm -rf x|`w`|*|new\nline|");
    }

    #[test]
    fn what_keeps_ssh_from_a_host_is_told_in_one_sentence() {
        let nas = Host::new(Some("ana@nas".to_owned()));
        let told = |code: i32, said: &str| nas.refused(Exit::Code(code), said.lines()).unwrap_or_default();
        let changed = "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.";
        assert!(told(255, changed).contains("ssh-keygen -R nas"));
        assert!(told(255, "Host key verification failed.").contains("ssh ana@nas"));
        let refused = "ssh: connect to host nas port 22: Connection refused";
        assert_eq!(told(255, refused), format!("cannot be reached: {refused}"));
        assert!(told(255, "ana@nas: Permission denied (publickey).").starts_with("ssh does not let this user in"));
        assert!(told(255, "Connection to nas closed by remote host.").starts_with("the connection was lost"));
        assert!(told(1, "sudo: a password is required").starts_with("sudo gives this user no root"));
        assert!(told(125, "no sudo here").contains("there is no sudo"));
        assert_eq!(told(1, "cat: no such file"), "");
        assert_eq!(Host::new(None).refused(Exit::Code(255), [].into_iter()), None);
    }

    #[test]
    fn what_ends_badly_is_no_answer() {
        let ask = |script: &str, most: u64| {
            block_on(Host::new(None).ask(Look::new(), &["sh", "-c", script], Duration::from_millis(most))).unwrap()
        };
        assert_eq!(ask("echo one; echo why >&2; exit 3", 20_000).unwrap_err(), "this host: sh: exit 3: why");
        assert_eq!(ask("sleep 600", 200).unwrap_err(), "this host: sh: no answer within 0.2 s");
    }
}
