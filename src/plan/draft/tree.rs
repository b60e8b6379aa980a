//! Paths between folders, and the shortest list of paths that means just these files and no other.

use crate::sys::Look;
use crate::sys::files::{self, Sort};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// Folders deeper than this are named file by file.
const DEEPEST: usize = 64;

/// The way from one folder to a path, both absolute and without links on the way.
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<Component>, Vec<Component>) = (from.components().collect(), to.components().collect());
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[same..].iter().map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to[same..].iter().copied()).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

/// As a plan and its questions write it.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A step may name a folder where all that it holds belongs to the step; else its files are named one by one. `top` is the
/// folder of the repository and `home` that of the plan, to which the files are relative.
pub fn paths(look: Look, top: &Path, home: &Path, files: &BTreeSet<PathBuf>) -> Vec<String> {
    let absolute: BTreeSet<PathBuf> = files.iter().map(|file| files::tidy(&home.join(file))).collect();
    let search = Search { look, home, files: &absolute };
    search.folder(top, 0).paths.iter().map(|path| shown(&relative(home, path))).collect()
}

struct Search<'s> {
    look: Look,
    home: &'s Path,
    files: &'s BTreeSet<PathBuf>,
}

#[derive(Default)]
struct Cover {
    paths: Vec<PathBuf>,
    /// Holds something that another step, or none, is to have.
    mixed: bool,
}

impl Search<'_> {
    fn wants_below(&self, folder: &Path) -> bool {
        self.files.range(folder.to_owned()..).next().is_some_and(|file| file.starts_with(folder))
    }

    fn folder(&self, folder: &Path, depth: usize) -> Cover {
        let mut cover = Cover::default();
        let Ok(entries) = files::entries(self.look, folder) else { return Cover { mixed: true, ..cover } };
        // The plan itself is no manifest, and a repository will hold other things one day.
        cover.mixed = depth == 0 || depth > DEEPEST || self.home.starts_with(folder);
        let mut folders = Vec::new();
        for (name, sort) in entries {
            let path = folder.join(&name);
            let hidden = name.as_encoded_bytes().starts_with(b".");
            match sort {
                Sort::Folder => folders.push((path, hidden)),
                Sort::File if self.files.contains(&path) => {
                    cover.mixed |= hidden;
                    cover.paths.push(path);
                }
                Sort::File | Sort::Other | Sort::Nothing => cover.mixed |= !hidden && is_taken(Path::new(&name)),
            }
        }
        for (path, hidden) in folders {
            let wanted = self.wants_below(&path);
            // Links may lead in circles: they are followed only to a file that was found behind them.
            if !wanted && files::is_link(self.look, &path) {
                cover.mixed = true;
            }
            if depth > DEEPEST || (!wanted && (cover.mixed || hidden)) {
                continue;
            }
            let inner = self.folder(&path, depth + 1);
            cover.mixed |= inner.mixed || hidden;
            cover.paths.extend(inner.paths);
        }
        if !cover.mixed && !cover.paths.is_empty() {
            cover.paths = vec![folder.to_owned()];
        }
        cover.paths.sort();
        cover
    }
}

/// Whether a step that names the folder takes this file, or stumbles over it.
fn is_taken(name: &Path) -> bool {
    let ends = name.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known));
    ends || name == Path::new("Kustomization")
}

#[cfg(test)]
mod tests {
    use super::relative;
    use std::path::Path;

    #[test]
    fn a_way_leads_up_and_down_again() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!(way("/a/plans", "/a/kubernetes/x.yaml"), "../kubernetes/x.yaml");
        assert_eq!(way("/a", "/a/x.yaml"), "x.yaml");
        assert_eq!(way("/a/b", "/a/b"), ".");
        assert_eq!(way("/a/b", "/c"), "../../c");
    }
}
