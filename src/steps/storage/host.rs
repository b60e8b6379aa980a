//! The folders on the host that volumes keep their data in: made where they are missing, never emptied, never given away.

use crate::sys::files::{self, About};
use crate::sys::{Look, Touch};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Who a folder belongs to and who may use it, as the plan asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    pub owner: Option<(u32, u32)>,
    pub mode: Option<u32>,
}

/// The folder that a volume needs on the host.
pub fn folder(volume: &Value) -> Option<PathBuf> {
    if volume["kind"] != "PersistentVolume" {
        return None;
    }
    let spec = &volume["spec"];
    if let Some(path) = spec["local"]["path"].as_str() {
        return Some(path.into());
    }
    // The other types are files, sockets and devices, which nobody can make up.
    let is_folder = matches!(spec["hostPath"]["type"].as_str(), None | Some("" | "Directory" | "DirectoryOrCreate"));
    spec["hostPath"]["path"].as_str().filter(|_| is_folder).map(Into::into)
}

/// Makes a folder that is missing; says so. What is there stays as it is.
pub fn make(touch: &Touch, path: &Path, rights: &Rights) -> Result<bool, String> {
    let shown = path.display();
    match files::about(touch.look(), path) {
        Ok(Some(About { folder: true, .. })) => Ok(false),
        Ok(Some(_)) => Err(format!("{shown}: is there and is no folder")),
        Ok(None) => {
            let made = files::make_folder(touch, path, rights.mode.unwrap_or(0o755));
            let owned = made.and_then(|()| match rights.owner {
                Some((user, group)) => files::give(touch, path, user, group),
                None => Ok(()),
            });
            owned.map(|()| true).map_err(|error| format!("{shown}: {error}"))
        }
        Err(error) => Err(format!("{shown}: {error}")),
    }
}

/// What is wrong with a folder.
pub fn judge(look: Look, path: &Path, rights: &Rights) -> Option<String> {
    let shown = path.display();
    let about = match files::about(look, path) {
        Err(error) => return Some(format!("{shown}: {error}")),
        Ok(None) => return Some(format!("{shown}: is not there")),
        Ok(Some(about)) => about,
    };
    if !about.folder {
        return Some(format!("{shown}: is no folder"));
    }
    if let Some((user, group)) = rights.owner.filter(|owner| *owner != (about.user, about.group)) {
        let (now, own) = (about.user, about.group);
        return Some(format!("{shown}: belongs to {now}:{own}, not {user}:{group}: chown -R {user}:{group} {shown}"));
    }
    if let Some(mode) = rights.mode.filter(|mode| *mode != about.mode) {
        return Some(format!("{shown}: has mode {:04o}, not {mode:04o}: chmod {mode:04o} {shown}", about.mode));
    }
    None
}

/// `1000:1000`.
pub fn read_owner(text: &str) -> Result<(u32, u32), String> {
    let pair = text.split_once(':').and_then(|(user, group)| Some((user.parse().ok()?, group.parse().ok()?)));
    pair.ok_or_else(|| "is no owner: write the numbers of a user and a group, as \"1000:1000\"".to_owned())
}

/// `0750`.
pub fn read_mode(text: &str) -> Result<u32, String> {
    let octal = text.len() >= 3 && text.len() <= 4 && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = octal.then(|| u32::from_str_radix(text, 8).ok()).flatten();
    mode.ok_or_else(|| "is no mode: write it as \"0750\"".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_folders_are_wanted_of_the_host() {
        let of = |spec: Value| folder(&json!({"kind": "PersistentVolume", "spec": spec}));
        assert_eq!(of(json!({"local": {"path": "/srv/a"}})), Some("/srv/a".into()));
        assert_eq!(of(json!({"hostPath": {"path": "/srv/b"}})), Some("/srv/b".into()));
        assert_eq!(of(json!({"hostPath": {"path": "/run/x.sock", "type": "Socket"}})), None);
        assert_eq!(of(json!({"nfs": {"path": "/x", "server": "nas"}})), None);
    }

    #[test]
    fn what_is_there_is_left_as_it_is_and_judged() {
        let root = tempfile::tempdir().unwrap();
        let (touch, path) = (Touch::granted(), root.path().join("a/b"));
        let rights = Rights { owner: None, mode: Some(0o750) };
        assert!(judge(touch.look(), &path, &rights).unwrap().contains("not there"));
        assert_eq!(make(&touch, &path, &rights), Ok(true));
        assert_eq!(judge(touch.look(), &path, &rights), None);
        assert_eq!(make(&touch, &path, &Rights { owner: None, mode: Some(0o700) }), Ok(false));
        assert!(judge(touch.look(), &path, &Rights { owner: None, mode: Some(0o700) }).unwrap().contains("chmod"));
        assert!(judge(touch.look(), &path, &Rights { owner: Some((4242, 1)), mode: None }).unwrap().contains("chown"));
        std::fs::write(root.path().join("file"), "x").unwrap();
        assert!(make(&touch, &root.path().join("file"), &rights).is_err());
    }
}
