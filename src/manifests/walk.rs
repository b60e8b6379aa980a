//! A walk through folders: which files may hold manifests, which folders are charts or kustomizations, where secrets are stored.
//! Links are followed, and where they lead in a circle the walk ends.

use super::files::why;
use super::render::kustomization::NAMES;
use super::repository::{Repository, shown};
use crate::sys::Look;
use crate::sys::files::{self, Sort};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Folders that hold what programs have put there, and no work of anybody.
pub const PASSED_OVER: [&str; 5] = [".git", "node_modules", "target", ".terraform", "vendor"];

/// What was come by.
pub struct Walk {
    look: Look,
    /// Folders by what they are, so that links that lead in a circle end.
    seen: HashSet<(u64, u64)>,
    pub files: Vec<PathBuf>,
    /// Folders of charts that are part of no other.
    pub charts: Vec<PathBuf>,
    /// Folders that kustomize puts together.
    pub kustomized: Vec<PathBuf>,
    pub found: Repository,
}

impl Walk {
    pub fn through(look: Look, paths: &[PathBuf]) -> Self {
        let (files, charts, kustomized) = Default::default();
        let mut walk = Walk { look, seen: HashSet::new(), files, charts, kustomized, found: Repository::default() };
        for path in paths {
            match files::sort_at(look, path) {
                Ok(Sort::Folder) => walk.folder(path),
                // What it is comes out when it is read.
                Ok(Sort::File | Sort::Other | Sort::Nothing) | Err(_) => walk.named(path),
            }
        }
        for paths in [&mut walk.files, &mut walk.charts, &mut walk.kustomized] {
            paths.sort();
            paths.dedup();
        }
        walk
    }

    fn named(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or_default();
        if NAMES.iter().any(|known| name == *known) {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            self.kustomized.push(folder.unwrap_or(Path::new(".")).to_owned());
        }
        self.files.push(path.to_owned());
    }

    fn folder(&mut self, path: &Path) {
        let mut left = vec![path.to_owned()];
        while let Some(folder) = left.pop() {
            let read = match files::identity(self.look, &folder) {
                Ok(own) if !self.seen.insert(own) => continue,
                Ok(_) => files::entries(self.look, &folder),
                Err(error) => Err(error),
            };
            let entries = match read {
                Ok(entries) => entries,
                Err(error) => {
                    self.found.miss(&shown(&folder), &why(&error), "the right to read it");
                    continue;
                }
            };
            let has = |known: &str| entries.iter().any(|(name, sort)| name == known && *sort == Sort::File);
            let chart = has("Chart.yaml");
            if chart {
                self.charts.push(folder.clone());
            }
            if NAMES.iter().any(|name| has(name)) {
                self.kustomized.push(folder.clone());
            }
            for (name, sort) in entries {
                let path = folder.join(&name);
                let name = name.to_string_lossy();
                let of_chart = || match sort {
                    Sort::Folder => ["templates", "charts", "crds"].contains(&&*name),
                    Sort::File => name.starts_with("values"),
                    Sort::Other | Sort::Nothing => false,
                };
                match sort {
                    // Helm brings it; what lies beside is plain.
                    _ if chart && of_chart() => {}
                    Sort::Folder if !PASSED_OVER.contains(&&*name) => left.push(path),
                    Sort::File if name.ends_with(".age") => {
                        self.found.stores.insert(folder.clone());
                    }
                    // What it is comes out when it is read: a pipe and a link into the void are told too.
                    Sort::File | Sort::Other | Sort::Nothing if is_asked(&name) => self.files.push(path),
                    Sort::File | Sort::Folder | Sort::Other | Sort::Nothing => {}
                }
            }
        }
    }
}

fn is_asked(name: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)) || name == "Kustomization"
}
