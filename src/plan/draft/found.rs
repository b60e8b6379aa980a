//! What lies in a repository: its manifests, each file judged as a plan would read it, the stores of secrets, the files that
//! describe a cluster, and what it is called.

use super::kustomize::{self, Kustomized};
use super::real::{Real, is_k3s};
use super::tree::{relative, shown};
use crate::checks::rules::cluster::Cluster;
use crate::manifests::repository::{self, Repository};
use crate::manifests::walk::PASSED_OVER;
use crate::manifests::{At, Papers, read_all};
use crate::model::{PlanName, Problem};
use crate::sys::Look;
use crate::sys::files::{self, Sort};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A sandbox's file is short, and so is the configuration of git.
const LARGEST: u64 = 64 << 10;
/// Names that are made here are no longer.
const LONGEST_NAME: usize = 50;

pub struct Found {
    folder: PathBuf,
    pub name: String,
    pub repository: Repository,
    /// Folders with files of age, and their names.
    pub stores: BTreeMap<PathBuf, BTreeSet<String>>,
    /// Files that may describe a sandbox.
    pub sandboxes: Vec<PathBuf>,
    kustomized: Kustomized,
    /// The files that say how the real cluster is made, the likeliest first.
    pub real: Vec<Real>,
}

/// A file of manifests.
pub struct Sheet {
    /// Relative to the folder of the plan.
    pub path: PathBuf,
    pub papers: Papers,
}

/// The files that a plan can apply, and what is asked about the others.
pub struct Sheets {
    pub sheets: Vec<Sheet>,
    pub left_out: Vec<String>,
}

/// Looks through everything below a folder.
pub fn look(look: Look, folder: &Path) -> Result<Found, Problem> {
    let named = folder.display();
    match files::sort_at(look, folder) {
        Ok(Sort::Folder) => {}
        Ok(Sort::File | Sort::Other) => {
            return Err(Problem::usage(format!("{named}: is no folder")).next("name the folder of a repository"));
        }
        Ok(Sort::Nothing) => {
            return Err(Problem::usage(format!("{named}: is not there")).next("name the folder of a repository"));
        }
        Err(error) => return Err(Problem::usage(format!("{named}: cannot be read: {error}"))),
    }
    let folder =
        files::real(look, folder).map_err(|error| Problem::usage(format!("{named}: cannot be read: {error}")))?;
    let repository = repository::read(look, std::slice::from_ref(&folder));
    let mut walk = Walk {
        look,
        top: folder.clone(),
        stores: BTreeMap::new(),
        sandboxes: Vec::new(),
        k3s: Vec::new(),
        kustomizations: Vec::new(),
    };
    walk.all(&folder);
    let real = Real::all(look, &repository, &walk.k3s);
    let of_k3d = repository.tools.iter().find_map(|object| Cluster::of_k3d(object));
    let name = name(look, &folder, of_k3d.as_ref());
    let kustomized = kustomize::read(look, &walk.kustomizations);
    let Walk { stores, sandboxes, .. } = walk;
    Ok(Found { folder, name, repository, stores, sandboxes, kustomized, real })
}

/// The name of a plan, from what the repository is called elsewhere.
fn name(look: Look, folder: &Path, real: Option<&Cluster>) -> String {
    let remote = || {
        let text = files::read(look, &folder.join(".git/config"), LARGEST).ok()?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let origin = text.split("[remote \"origin\"]").nth(1)?.split('[').next()?.to_owned();
        let url = origin.lines().find_map(|line| line.trim().strip_prefix("url")?.trim().strip_prefix('='))?;
        let last = url.trim().trim_end_matches('/').rsplit(['/', ':']).next()?;
        Some(last.strip_suffix(".git").unwrap_or(last).to_owned())
    };
    let own = || folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let names = real.map(|cluster| cluster.name.clone()).into_iter().chain(remote()).chain(own());
    names.map(|name| plain(&name)).find(|name| PlanName::new(name).is_ok()).unwrap_or_else(|| "homelab".to_owned())
}

/// A text as a name of a plan or a step; empty where nothing of it can be.
pub fn plain(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            _ => {}
        }
    }
    name.truncate(LONGEST_NAME);
    name.trim_end_matches('-').to_owned()
}

struct Walk {
    look: Look,
    top: PathBuf,
    stores: BTreeMap<PathBuf, BTreeSet<String>>,
    sandboxes: Vec<PathBuf>,
    /// Files of k3s.
    k3s: Vec<PathBuf>,
    kustomizations: Vec<PathBuf>,
}

impl Walk {
    /// What cannot be entered is told by who reads the manifests.
    fn all(&mut self, top: &Path) {
        let mut seen = BTreeSet::new();
        let mut left = vec![top.to_owned()];
        while let Some(folder) = left.pop() {
            let is_new = files::identity(self.look, &folder).is_ok_and(|own| seen.insert(own));
            let Some(entries) = is_new.then(|| files::entries(self.look, &folder).ok()).flatten() else { continue };
            for (name, sort) in entries {
                let Some(name) = name.to_str() else { continue };
                let path = folder.join(name);
                match sort {
                    Sort::Folder if !name.starts_with('.') && !PASSED_OVER.contains(&name) => left.push(path),
                    Sort::File => self.file(&folder, name, path),
                    Sort::Folder | Sort::Other | Sort::Nothing => {}
                }
            }
        }
        self.sandboxes.sort();
        self.k3s.sort();
        self.kustomizations.sort();
    }

    fn file(&mut self, folder: &Path, name: &str, path: PathBuf) {
        if [".yaml.age", ".yml.age", ".json.age"].iter().any(|end| name.ends_with(end)) && !name.starts_with('.') {
            self.stores.entry(folder.to_owned()).or_default().insert(name.to_owned());
        } else if kustomize::NAMES.contains(&name) {
            self.kustomizations.push(path);
        } else if name.ends_with(".yaml") || name.ends_with(".yml") {
            if self.may_be_sandbox(&path) {
                self.sandboxes.push(path);
            } else if is_k3s(self.look, &self.top, &path) {
                self.k3s.push(path);
            }
        }
    }

    fn may_be_sandbox(&self, path: &Path) -> bool {
        let Ok(bytes) = files::read(self.look, path, LARGEST) else { return false };
        let text = String::from_utf8_lossy(&bytes);
        let has = |key: &str| text.lines().any(|line| line.starts_with(key));
        has("nodes:") && !has("apiVersion:") && !has("steps:")
    }
}

impl Found {
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The files, for a plan in this folder.
    pub fn sheets(&self, look: Look, home: &Path) -> Result<Sheets, Problem> {
        let objects = &self.repository.papers.objects;
        let all: BTreeSet<PathBuf> = objects.iter().map(|object| PathBuf::from(&*object.file)).collect();
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        for unread in &self.repository.unread {
            let file = relative(home, Path::new(&unread.place.file));
            let text = format!("{}:{}: {}; left out", shown(&file), unread.place.spot.line, unread.why);
            told.entry(shown(&file)).or_insert(text);
        }
        let mut files = Vec::new();
        for file in all {
            let path = relative(home, &file);
            let below = file.strip_prefix(&self.folder).unwrap_or(&file);
            let hidden = below.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
            let odd = shown(&path).contains(char::is_control) || !files::exists(look, &file);
            if self.kustomized.changed.contains(&file) {
                continue;
            }
            match (hidden, odd) {
                (false, false) => files.push(shown(&path)),
                (true, _) => drop(told.insert(shown(&path), format!("{}: lies hidden; left out", shown(&path)))),
                (_, true) => {
                    let text = format!("{}: has a name that no plan can name; left out", shown(&path));
                    told.insert(shown(&path), text);
                }
            }
        }
        let sheets = judged(look, home, files, &mut told);
        let mut left_out: Vec<String> = told.into_values().collect();
        left_out.extend(self.kustomized.questions(home));
        if sheets.is_empty() {
            let fact = format!("{}: holds no manifest that a plan could apply", self.folder.display());
            let problem = left_out.into_iter().take(20).fold(Problem::usage(fact), Problem::because);
            let advice =
                "name the folder of the manifests; render charts and kustomizations first. Nothing was written.";
            return Err(problem.next(advice));
        }
        Ok(Sheets { sheets, left_out })
    }
}

/// Each file as a plan reads it, which is stricter than a look around: one that it would refuse is left out and told.
fn judged(look: Look, home: &Path, mut files: Vec<String>, told: &mut BTreeMap<String, String>) -> Vec<Sheet> {
    loop {
        let wrongs = match read_all(look, home, "", std::slice::from_ref(&files)) {
            Ok(papers) => return sheets(&files, papers),
            Err(wrongs) => wrongs,
        };
        let mut bad = BTreeSet::new();
        for wrong in wrongs.list {
            let file = match &wrong.at {
                At::Place(place) => place.file.clone(),
                At::Asked { path, .. } => files[*path].clone(),
            };
            told.insert(file.clone(), format!("{wrong}; left out"));
            bad.insert(file);
        }
        let before = files.len();
        files.retain(|file| !bad.contains(file));
        if files.len() == before {
            // A fault that belongs to no file, as of too many of them: none can be trusted.
            return Vec::new();
        }
    }
}

/// What was read of all files, file by file.
fn sheets(files: &[String], papers: Vec<Papers>) -> Vec<Sheet> {
    let mut of_file: BTreeMap<String, Papers> = BTreeMap::new();
    for object in papers.into_iter().flat_map(|papers| papers.objects) {
        let papers = of_file.entry(object.file.to_string()).or_default();
        papers.files = 1;
        papers.objects.push(object);
    }
    let of = |file: &String| Some(Sheet { path: PathBuf::from(file), papers: of_file.remove(file)? });
    files.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn any_name_becomes_one_that_a_plan_takes() {
        assert_eq!(plain("My Home Lab"), "my-home-lab");
        assert_eq!(plain("--x__Y."), "x-y");
        assert_eq!(plain("äö"), "");
        assert!(plain(&"long ".repeat(99)).len() <= 50);
    }
}
