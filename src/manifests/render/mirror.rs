//! A copy of the folders of some kustomizations, made of links, in which what cannot be followed is left out. The files
//! themselves stay as they are.

use super::kustomization::Kustomization;
use crate::sys::Look;
use crate::sys::files;
use crate::sys::scratch::Scratch;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// The folder that holds everything that these name, and in the copy is called `tree`.
pub fn base(all: &[Kustomization]) -> PathBuf {
    let named = all.iter().flat_map(|one| {
        let above = one.files.iter().filter_map(|file| file.parent());
        [one.folder.as_path()].into_iter().chain(above)
    });
    let common =
        |a: PathBuf, b: &Path| a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    let first = all.first().map(|one| one.folder.clone()).unwrap_or_default();
    named.fold(first, common)
}

/// False where something cannot be left out.
pub fn make(look: Look, scratch: &Scratch<'_>, all: &[Kustomization], base: &Path) -> io::Result<bool> {
    let mut folders: BTreeSet<&Path> = BTreeSet::new();
    for one in all {
        folders.extend(one.folder.ancestors().take_while(|folder| folder.starts_with(base)));
    }
    for folder in &folders {
        let own = Path::new("tree").join(folder.strip_prefix(base).unwrap_or(folder));
        scratch.folder(&own)?;
        let here = all.iter().find(|one| one.folder == **folder);
        for (name, _) in files::entries(look, folder)? {
            let path = folder.join(&name);
            if folders.contains(&*path) {
                continue;
            }
            match here.filter(|one| one.file == path) {
                Some(one) => {
                    let Some(rest) = one.remaining() else { return Ok(false) };
                    scratch.write(&own.join(&name), rest.to_string().as_bytes())?;
                }
                None => scratch.link(&path, &own.join(&name))?,
            }
        }
    }
    Ok(true)
}
