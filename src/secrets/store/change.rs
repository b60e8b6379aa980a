//! A change of several files that is made whole or not at all, whenever it is killed. Its files are written into a folder
//! beside them. One rename of that folder is the moment it is made; after that they only have to be moved to their places,
//! and who reads meanwhile looks into that folder first.

use crate::model::Problem;
use crate::sys::lock::{self, Busy, Lock};
use crate::sys::{Look, Touch, files, host};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is being written, with the number of its process behind it.
const STAGED: &str = ".blackstart-staged-";
/// What is made, and not yet in its place.
const MADE: &str = ".blackstart-made";

/// How long a command waits for another that is at work in the store.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everybody may read what is encrypted, as far as the umask says so.
const MODE: u32 = 0o644;

/// The store for this command alone, with every earlier change in its place.
pub fn hold(touch: &Touch, folder: &Path, shown: &str) -> Result<Lock, Problem> {
    let lock = lock::folder(touch, folder, PATIENCE).map_err(|busy| match busy {
        Busy::Held(_) => Problem::refused(format!("{shown}: another command is at work in this store"))
            .because("an editor may be open")
            .next("let it end, then try again"),
        Busy::Broken(error) => Problem::refused(format!("{shown}: cannot be locked: {error}")),
    })?;
    settle(touch, folder)
        .map_err(|error| Problem::refused(format!("{shown}: an earlier change cannot be put in place: {error}")))?;
    Ok(lock)
}

/// Finishes what was made, and clears away what was not. Only for who holds the lock.
fn settle(touch: &Touch, folder: &Path) -> io::Result<()> {
    let look = touch.look();
    for name in files::names(look, folder)?.iter().filter(|name| name.starts_with(STAGED)) {
        files::remove_folder(touch, &folder.join(name))?;
    }
    let made = folder.join(MADE);
    if !files::exists(look, &made) {
        return Ok(());
    }
    for name in files::names(look, &made)? {
        files::rename(touch, &made.join(&name), &folder.join(&name))?;
    }
    files::sync_folder(touch, folder)?;
    files::remove_empty_folder(touch, &made)?;
    files::sync_folder(touch, folder)
}

/// Makes a change. An error means that nothing was changed, unless it says otherwise.
pub fn make(touch: &Touch, folder: &Path, shown: &str, all: &[(String, Vec<u8>)]) -> Result<(), Problem> {
    let staged = folder.join(format!("{STAGED}{}", std::process::id()));
    let written = (|| {
        let look = touch.look();
        let of_folder = files::about(look, folder)?.ok_or(io::ErrorKind::NotFound)?;
        // Who may read the store reads also what is not yet in its place.
        files::make_folder(touch, &staged, of_folder.mode & 0o777)?;
        for (name, bytes) in all {
            let (path, place) = (staged.join(name), folder.join(name));
            if files::is_link(look, &place) {
                return Err(io::Error::other(format!("{name} is a link, and what it leads to would stay as it is")));
            }
            files::write_new(touch, &path, bytes, MODE)?;
            let before = files::about(look, &place)?;
            if let Some(before) = before {
                files::set_mode(touch, &path, before.mode & 0o666)?;
            }
            // Root who works in the store of another leaves them the owner.
            let owner = before.unwrap_or(of_folder);
            if host::user(look) == 0 && (owner.user, owner.group) != (0, 0) {
                files::give(touch, &path, owner.user, owner.group)?;
            }
        }
        files::sync_folder(touch, &staged)?;
        files::rename(touch, &staged, &folder.join(MADE))
    })();
    if let Err(error) = written {
        // What cannot be cleared away now is cleared away by the next command; the error that is told is the first.
        let _ = files::remove_folder(touch, &staged);
        return Err(Problem::failed(format!("{shown}: cannot be changed: {error}"))
            .because("nothing was changed")
            .next("make room, or let this user write there; then the same command again"));
    }
    files::sync_folder(touch, folder).and_then(|()| settle(touch, folder)).map_err(|error| {
        Problem::failed(format!("{shown}: the change is made, and could not be put in its place: {error}"))
            .next("blackstart secrets rotate   # or any other command that writes: it goes on with that first")
    })
}

/// The names of a store and where each lies at this moment.
pub fn paths(look: Look, folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let named = |folder: &Path| -> io::Result<Vec<(String, PathBuf)>> {
        Ok(files::names(look, folder)?.into_iter().map(|name| (name.clone(), folder.join(name))).collect())
    };
    // Looked at first, for what is moved away from there in between is then found here; and it wins.
    let made = named(&folder.join(MADE))?;
    let here = named(folder)?;
    Ok(here.into_iter().chain(made).filter(|(name, _)| !name.starts_with(".blackstart-")).collect())
}

/// What tells one state of a store from another: each change brings a new ledger, and is made and put in place by renames
/// within the folder.
pub fn moment(look: Look, folder: &Path) -> Vec<Option<files::Stamp>> {
    let of = |path: PathBuf| files::stamp(look, &path).ok();
    vec![of(folder.join(MADE)), of(folder.join(super::LEDGER)), of(folder.join(MADE).join(super::LEDGER))]
}
