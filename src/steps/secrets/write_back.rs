//! The fresh SealedSecrets put into the git work tree, so that what Argo CD takes from there opens with the key that runs.
//! Only what is otherwise than it was is written, and nothing is committed: that is for a person to look at.

use crate::manifests::objects_of;
use crate::manifests::write::write;
use crate::model::Hidden;
use crate::secrets::sealed::{self, is_one};
use crate::secrets::store::Held;
use crate::secrets::{Key, Vault, open};
use crate::sys::{Look, Touch, files};
use serde_json::Value;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// No SealedSecret is longer.
const LONGEST: u64 = 4 << 20;
pub const CERTIFICATE: &str = "sealing-certificate.pem";

/// What was written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub files: Vec<String>,
    pub same: usize,
}

impl Written {
    pub fn told(&self, folder: &Path) -> String {
        match self.files.len() {
            0 => format!("{}: {} as they were, nothing written", folder.display(), self.same),
            n => format!("{}: {n} written, {} as they were; look at them and commit", folder.display(), self.same),
        }
    }
}

/// What goes there.
pub struct Fresh<'a> {
    pub sealed: &'a [(&'a Held, Value)],
    /// As PEM, for kubeseal and for people.
    pub certificate: &'a Hidden,
    /// What the files there may have been sealed for.
    pub keys: &'a [Key],
}

/// Writes what has to be written, or says why it does not.
pub fn back(touch: &Touch, folder: &Path, fresh: &Fresh<'_>, vault: &Vault) -> Result<Written, String> {
    let look = touch.look();
    let shown = folder.display();
    // Where it really lies: of a path with `..` in it, or of a link, the words before are of another folder.
    let there = folder.ancestors().find_map(|above| files::real(look, above).ok()).unwrap_or_default();
    if !there.ancestors().any(|above| files::exists(look, &above.join(".git"))) {
        return Err(format!("{shown} is in no git work tree: nothing is written back where nobody would look at it"));
    }
    files::clear_forsaken(touch, folder).map_err(|error| format!("{shown}: {error}"))?;
    let known = known(look, folder).map_err(|error| format!("{shown}: {error}"))?;
    let mut written = Written::default();
    for (held, body) in fresh.sealed {
        let id = (held.namespace.clone(), held.name.clone());
        let path = match known.get(&id) {
            Some((path, 1)) => path.clone(),
            Some((path, _)) => {
                let why = "stands there with others: give it a file of its own";
                return Err(format!("{}: SealedSecret {}/{} {why}", path.display(), held.namespace, held.name));
            }
            None => free(look, folder, held)?,
        };
        if stands(look, &path, held, body, fresh.keys, vault) {
            written.same += 1;
            continue;
        }
        put(touch, &path, write(body).as_bytes(), &mut written)?;
    }
    let path = folder.join(CERTIFICATE);
    if files::read(look, &path, LONGEST).ok().as_deref() != Some(fresh.certificate.reveal()) {
        put(touch, &path, fresh.certificate.reveal(), &mut written)?;
    }
    Ok(written)
}

/// A file for what has none. Two names can be joined to the same word, and a file of that word can be somebody's own: what
/// is there is never written over.
fn free(look: Look, folder: &Path, held: &Held) -> Result<PathBuf, String> {
    // A namespace has no dot in it, so the second is nobody else's.
    let names = ["-", "."].map(|between| folder.join(format!("{}{between}{}.yaml", held.namespace, held.name)));
    let [first, _] = &names;
    let taken = format!("{}: stands there and is something else: give it another name", first.display());
    names.into_iter().find(|path| !files::exists(look, path)).ok_or(taken)
}

fn put(touch: &Touch, path: &Path, bytes: &[u8], written: &mut Written) -> Result<(), String> {
    files::replace_open(touch, path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    written.files.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
    Ok(())
}

/// Where SealedSecrets stand in this folder already, and among how many objects.
fn known(look: Look, folder: &Path) -> io::Result<HashMap<(String, String), (PathBuf, usize)>> {
    let mut known = HashMap::new();
    for name in files::names(look, folder)?.iter().filter(|name| name.ends_with(".yaml") || name.ends_with(".yml")) {
        let path = folder.join(name);
        let (objects, _) = objects_of(&files::read(look, &path, LONGEST)?, false, "");
        for object in objects.iter().filter(|object| is_one(object)) {
            let space = object.namespace().unwrap_or("default").to_owned();
            known.insert((space, object.name().to_owned()), (path.clone(), objects.len()));
        }
    }
    Ok(known)
}

/// Whether the file there is the same Secret, openable with those of these keys that are active.
fn stands(look: Look, path: &Path, held: &Held, body: &Value, keys: &[Key], vault: &Vault) -> bool {
    let Ok(bytes) = files::read(look, path, LONGEST) else { return false };
    let (objects, broken) = objects_of(&bytes, false, "");
    let [object] = objects.as_slice() else { return false };
    if !broken.is_empty() || object.root.json()["spec"]["template"] != body["spec"]["template"] {
        return false;
    }
    // The others are not loaded by the controller, which would leave shut what they open.
    let keys: Vec<&Key> = keys.iter().filter(|key| key.active).collect();
    let Ok(Ok(document)) = sealed::read(object).map(|sealed| open(&sealed, &keys)) else { return false };
    let Some(expected) = vault.expected(&held.namespace, &held.name) else { return false };
    document.entries.keys().eq(expected.keys.keys())
        && document.entries.iter().all(|(key, entry)| vault.is(&held.namespace, &held.name, key, &entry.value))
}
