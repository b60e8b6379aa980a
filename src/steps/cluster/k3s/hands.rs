//! What is done to the host, each deed by one short program whose words are written into the log of the step.

use super::Made;
use crate::model::Hidden;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::pace::BrokenOff;
use crate::sys::process::{Exit, Given};
use crate::sys::{hosts, memory};
use std::fs::File;
use std::future::Future;
use std::path::Path;

/// Puts what it reads where nothing or something is: the old bytes are there or the new ones, never a part. A connection that
/// is lost looks like the end of a file, so the bytes are counted.
const PUT: &str = r#"umask 077; mkdir -p "${2%/*}" && cat > "$2.new" || exit 1
[ "$(wc -c < "$2.new")" -eq "$3" ] || { echo "$2: only a part of it has come" >&2; exit 1; }
chmod "$1" "$2.new" && sync "$2.new" && mv -fT "$2.new" "$2""#;
/// Gives something another name in its own file system, one that is free: `to`, `to.2`, `to.3`.
const ASIDE: &str = r#"[ -e "$1" ] || exit 0; to=$2; n=2; while [ -e "$to" ]; do to=$2.$n; n=$((n+1)); done; mv -T "$1" "$to" && sync "${to%/*}""#;
/// Ends processes; those that are gone already are no failure.
const END: &str = r#"for pid; do kill -9 "$pid" 2>/dev/null; done; :"#;

impl Made {
    /// Runs these words on the host.
    pub(super) async fn act(&self, scene: &Scene<'_>, words: &[&str]) -> Result<(), Mishap> {
        self.act_given(scene, words, Given::default()).await
    }

    async fn act_given(&self, scene: &Scene<'_>, words: &[&str], given: Given) -> Result<(), Mishap> {
        let acted = scene.act(&self.host.argv(words), &self.host.env(scene.touch.look()), given).await;
        match acted {
            Err(Mishap::Failed { reason, tail, began }) => {
                // The words of ssh around it tell nobody anything; why it failed is told in front.
                let exit = [255, 125, 1].map(Exit::Code).into_iter().find(|exit| reason.ends_with(&exit.to_string()));
                let why = exit.and_then(|exit| self.host.refused(exit, tail.iter().map(String::as_str)));
                let reason = why.map_or(reason, |why| format!("{}: {why}", self.host.shown()));
                Err(Mishap::Failed { reason, tail, began })
            }
            other => other,
        }
    }

    pub(super) async fn put(&self, scene: &Scene<'_>, path: &str, bytes: Vec<u8>, mode: &str) -> Result<(), Mishap> {
        self.put_hidden(scene, path, &Hidden::new(bytes), mode).await
    }

    pub(super) async fn put_hidden(
        &self,
        scene: &Scene<'_>,
        path: &str,
        bytes: &Hidden,
        mode: &str,
    ) -> Result<(), Mishap> {
        let file = memory::holding(scene.touch, bytes).map_err(|error| Mishap::failed(error, false))?;
        self.put_file(scene, path, file, mode).await
    }

    /// Whether a file there holds these very bytes.
    pub(super) async fn has_same(&self, scene: &Scene<'_>, path: &str, bytes: &Hidden) -> Result<bool, Mishap> {
        let file = memory::holding(scene.touch, bytes).map_err(|error| Mishap::failed(error, false))?;
        let given = Given { stdin: Some(file), files: Vec::new() };
        match self.act_given(scene, &["cmp", "-s", "--", path, "-"], given).await {
            Ok(()) => Ok(true),
            Err(Mishap::Failed { .. }) => Ok(false),
            Err(stopped @ Mishap::Stopped { .. }) => Err(stopped),
        }
    }

    /// The same with a file of this machine.
    pub(super) async fn copy(&self, scene: &Scene<'_>, from: &Path, to: &str, mode: &str) -> Result<(), Mishap> {
        let file = hosts::open(scene.touch.look(), from);
        let file = file.map_err(|error| Mishap::failed(format!("{}: {error}", from.display()), false))?;
        self.put_file(scene, to, file, mode).await
    }

    async fn put_file(&self, scene: &Scene<'_>, path: &str, file: File, mode: &str) -> Result<(), Mishap> {
        let length =
            file.metadata().map_err(|error| Mishap::failed(format!("{path}: {error}"), false))?.len().to_string();
        let given = Given { stdin: Some(file), files: Vec::new() };
        self.act_given(scene, &["sh", "-c", PUT, "put", mode, path, &length], given).await
    }

    pub(super) async fn move_aside(&self, scene: &Scene<'_>, from: &str, to: &str) -> Result<(), Mishap> {
        self.act(scene, &["sh", "-c", ASIDE, "aside", from, to]).await
    }

    pub(super) async fn end(&self, scene: &Scene<'_>, pids: &[String]) -> Result<(), Mishap> {
        let mut words = vec!["sh", "-c", END, "end"];
        words.extend(pids.iter().map(String::as_str));
        self.act(scene, &words).await
    }

    /// The work, or why the step ends before it.
    pub(super) async fn within<T>(&self, scene: &Scene<'_>, work: impl Future<Output = T>) -> Result<T, Mishap> {
        scene.pace.keep(work).await.map_err(|why| match why {
            BrokenOff::Brake => Mishap::Stopped { reason: "k3s: broken off".to_owned() },
            BrokenOff::Deadline(time) => {
                Mishap::failed(format!("not done within {}", crate::model::time::spoken(time)), true)
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    #[test]
    fn a_file_of_which_only_a_part_comes_is_not_put() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/file");
        let put = |bytes: &[u8], length: usize| {
            let words = ["-c", PUT, "put", "0640", path.to_str().unwrap(), &length.to_string()];
            let mut child =
                Command::new("sh").args(words).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(bytes).unwrap();
            let ended = child.wait_with_output().unwrap();
            (ended.status.success(), String::from_utf8(ended.stderr).unwrap())
        };
        assert!(put(b"old", 3).0);
        let (well, why) = put(b"the n", 7);
        assert!(!well && why.contains("only a part of it has come"), "{why}");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert!(put(b"the new", 7).0);
        assert_eq!(std::fs::read(&path).unwrap(), b"the new");
    }
}
