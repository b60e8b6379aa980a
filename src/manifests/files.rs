//! Which files a path of a plan means: itself, or what a folder holds. Reads no file.

use super::wrong::{At, Wrongs};
use crate::model::{Place, Spot};
use crate::sys::Look;
use crate::sys::files::{self, Sort};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

pub const START: Spot = Spot { line: 1, column: 1 };
/// Kustomize takes these names only.
const KUSTOMIZATIONS: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

const MOST_FILES: usize = 50_000;
const MOST_FOLDERS: usize = 20_000;
const DEEPEST: usize = 64;

/// A file that is to be read.
#[derive(Debug)]
pub struct Found {
    pub path: PathBuf,
    /// As people know it.
    pub shown: String,
    /// It may say how kustomize puts this folder together.
    pub kustomization: bool,
    /// The steps that name it, without repetition.
    pub steps: Vec<usize>,
}

pub struct Finder<'a> {
    look: Look,
    base: &'a Path,
    shown: &'a str,
    pub found: Vec<Found>,
    /// The files of each step, in order.
    pub of_steps: Vec<Vec<usize>>,
    known: HashMap<PathBuf, usize>,
    folders: usize,
    pub wrongs: Wrongs,
}

impl<'a> Finder<'a> {
    pub fn new(look: Look, base: &'a Path, shown: &'a str) -> Self {
        let (found, of_steps, known) = (Vec::new(), Vec::new(), HashMap::new());
        Self { look, base, shown, found, of_steps, known, folders: 0, wrongs: Wrongs::default() }
    }

    /// All that the next step names.
    pub fn step(&mut self, paths: &[String]) {
        let step = self.of_steps.len();
        self.of_steps.push(Vec::new());
        for (i, written) in paths.iter().enumerate() {
            let asked = At::Asked { step, path: i };
            let written = plain(Path::new(written));
            let path = self.base.join(&written);
            let shown = if written.is_absolute() { written.clone() } else { Path::new(self.shown).join(&written) };
            let shown = plain(&shown);
            match files::sort_at(self.look, &path) {
                Ok(Sort::File) => self.file(step, path, &shown),
                Ok(Sort::Folder) => {
                    let before = self.of_steps[step].len();
                    let faults = self.wrongs.count;
                    self.folder(step, &path, &shown, &mut Vec::new());
                    if self.of_steps[step].len() == before && self.wrongs.count == faults {
                        let text = format!("{} holds no manifest: no .yaml, .yml or .json", shown.display());
                        self.wrongs.add(asked, text);
                    }
                }
                Ok(Sort::Other) => {
                    self.wrongs.add(asked, format!("{} is neither a file nor a folder", shown.display()));
                }
                Ok(Sort::Nothing) => self.wrongs.add(asked, format!("{} is not there", shown.display())),
                Err(error) => self.wrongs.add(asked, format!("{} {}", shown.display(), why(&error))),
            }
        }
    }

    fn file(&mut self, step: usize, path: PathBuf, shown: &Path) {
        let found = &mut self.found;
        let kustomization = path.file_name().is_some_and(|name| KUSTOMIZATIONS.iter().any(|known| name == *known));
        let at = *self.known.entry(path).or_insert_with_key(|path| {
            let (path, shown) = (path.clone(), shown.display().to_string());
            found.push(Found { path, shown, kustomization, steps: Vec::new() });
            found.len() - 1
        });
        // A step may name a folder and a file in it.
        if found[at].steps.last() != Some(&step) {
            found[at].steps.push(step);
            self.of_steps[step].push(at);
        }
    }

    fn folder(&mut self, step: usize, path: &Path, shown: &Path, above: &mut Vec<(u64, u64)>) {
        self.folders += 1;
        let too_many = [
            (self.found.len() > MOST_FILES, format!("more than {MOST_FILES} files")),
            (self.folders > MOST_FOLDERS, format!("more than {MOST_FOLDERS} folders, or links that lead in circles")),
            (above.len() > DEEPEST, format!("folders more than {DEEPEST} deep")),
        ];
        if let Some((_, text)) = too_many.into_iter().find(|(is, _)| *is) {
            return self.wrong(shown, format!("{text}: name a smaller folder"));
        }
        let read = files::identity(self.look, path).and_then(|id| Ok((id, files::entries(self.look, path)?)));
        let (id, entries) = match read {
            Ok(read) => read,
            Err(error) => return self.wrong(shown, why(&error)),
        };
        if above.contains(&id) {
            return self.wrong(shown, "this link leads to a folder that it lies in: take it out".to_owned());
        }
        if entries.iter().any(|(name, _)| name == "Chart.yaml") {
            let text =
                "this is a Helm chart, which is not rendered here: run helm template, and name the file it makes";
            return self.wrong(&shown.join("Chart.yaml"), text.to_owned());
        }
        above.push(id);
        for (name, sort) in entries {
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let (path, shown) = (path.join(&name), shown.join(&name));
            let ends = |end: &str| Path::new(&name).extension().is_some_and(|extension| extension == end);
            let manifest = ["yaml", "yml", "json"].into_iter().any(ends) || name == "Kustomization";
            match sort {
                Sort::Folder => self.folder(step, &path, &shown, above),
                Sort::File if manifest => self.file(step, path, &shown),
                Sort::Nothing if manifest => self.wrong(&shown, "this link leads nowhere".to_owned()),
                Sort::Other if manifest => self.wrong(&shown, "this is neither a file nor a folder".to_owned()),
                Sort::File | Sort::Nothing | Sort::Other => {}
            }
        }
        above.pop();
    }

    fn wrong(&mut self, shown: &Path, text: String) {
        self.wrongs.add(At::Place(Place { file: shown.display().to_string(), spot: START }), text);
    }
}

/// Without `.` and doubled slashes, so that one file has one name. `..` stays: behind a link it is not what it seems.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect()
}

/// Why something cannot be read, to stand behind its name.
pub fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "is not there".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => error.to_string(),
        _ => format!("cannot be read: {error}"),
    }
}
