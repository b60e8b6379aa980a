//! Everything of Kubernetes that lies below some paths, read with patience: what is no manifest is counted, what cannot be read
//! is told and hides nothing else. It renders nothing.

use super::budget::{Budget, LARGEST_FILE};
use super::files::why;
use super::{Node, Object, Papers, objects_with, side_by_side};
use crate::model::{Place, Spot};
use crate::sys::Look;
use crate::sys::files::{self, Sort};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const START: Spot = Spot { line: 1, column: 1 };
/// Folders that hold what programs have put there, and no work of anybody.
const PASSED_OVER: [&str; 5] = [".git", "node_modules", "target", ".terraform", "vendor"];

/// What was found.
#[derive(Default)]
pub struct Repository {
    pub papers: Papers,
    /// What is written as an object and is read by a program, not by Kubernetes: the config files of k3d, kustomize, kubectl.
    pub tools: Vec<Arc<Object>>,
    /// Files of other programs that say how a cluster is made or served.
    pub beside: Vec<Beside>,
    /// Whether something is kept encrypted with age here.
    pub has_store: bool,
    /// Files in which there is nothing of Kubernetes.
    pub foreign: usize,
    pub unread: Vec<Unread>,
}

/// A file that no cluster reads, and that checks know by its name.
#[derive(Clone, Debug)]
pub struct Beside {
    pub file: String,
    pub sort: Sorted,
    pub root: Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorted {
    /// What a pipeline does.
    Pipeline,
    /// Which registries the nodes of k3s ask.
    Registries,
}

/// What a file beside manifests is, by its path.
fn sorted(path: &Path) -> Option<Sorted> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    match (name, folder) {
        (".gitlab-ci.yml" | ".gitlab-ci.yaml", _) | (_, Some("workflows")) => Some(Sorted::Pipeline),
        ("registries.yaml" | "registries.yml", _) => Some(Sorted::Registries),
        _ => None,
    }
}

/// Something that may hold objects, and cannot be read as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub place: Place,
    pub object: String,
    pub why: String,
    /// What would have to be there to know it.
    pub missing: String,
}

/// Reads what lies at and below these paths. A path that is named and not there is the caller's to refuse.
pub fn read(look: Look, paths: &[PathBuf]) -> Repository {
    let mut walk = Walk { look, seen: HashSet::new(), files: Vec::new(), found: Repository::default() };
    for path in paths {
        match files::sort_at(look, path) {
            Ok(Sort::Folder) => walk.folder(path),
            // What it is comes out when it is read.
            Ok(Sort::File | Sort::Other | Sort::Nothing) | Err(_) => walk.files.push(path.clone()),
        }
    }
    let Walk { mut files, mut found, .. } = walk;
    files.sort();
    files.dedup();
    let budget = Budget::default();
    let read = side_by_side::each(&files, |path| {
        let mut own = Repository::default();
        file(look, path, &budget, &mut own);
        own
    });
    read.into_iter().for_each(|own| found.join(own));
    found
}

impl Repository {
    fn join(&mut self, other: Self) {
        self.papers.files += other.papers.files;
        self.papers.objects.extend(other.papers.objects);
        self.tools.extend(other.tools);
        self.beside.extend(other.beside);
        self.has_store |= other.has_store;
        self.foreign += other.foreign;
        self.unread.extend(other.unread);
    }
}

struct Walk {
    look: Look,
    /// Folders by what they are, so that links that lead in a circle end.
    seen: HashSet<(u64, u64)>,
    files: Vec<PathBuf>,
    found: Repository,
}

impl Walk {
    fn folder(&mut self, path: &Path) {
        let mut left = vec![path.to_owned()];
        while let Some(folder) = left.pop() {
            match files::identity(self.look, &folder) {
                Ok(own) if !self.seen.insert(own) => continue,
                Ok(_) => {}
                Err(error) => {
                    self.unread(&folder, why(&error));
                    continue;
                }
            }
            let entries = match files::entries(self.look, &folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unread(&folder, why(&error));
                    continue;
                }
            };
            let chart = entries.iter().any(|(name, _)| name == "Chart.yaml");
            if chart {
                let message = "is a Helm chart, whose templates are no manifests yet";
                self.missing(&folder.join("Chart.yaml"), message, "what helm makes of it: render it, and look at that");
            }
            for (name, sort) in entries {
                let path = folder.join(&name);
                let name = name.to_string_lossy();
                match sort {
                    // What a chart brings beside its templates is plain.
                    Sort::Folder if chart && name == "templates" => {}
                    Sort::Folder if !PASSED_OVER.contains(&&*name) => left.push(path),
                    Sort::File if name.ends_with(".age") => self.found.has_store = true,
                    Sort::File if chart && name.starts_with("values") => {}
                    // What it is comes out when it is read: a pipe and a link into the void are told too.
                    Sort::File | Sort::Other | Sort::Nothing if is_asked(&name) => self.files.push(path),
                    Sort::File | Sort::Folder | Sort::Other | Sort::Nothing => {}
                }
            }
        }
    }

    fn unread(&mut self, path: &Path, why: String) {
        self.missing(path, &why, "the right to read it");
    }

    fn missing(&mut self, path: &Path, why: &str, missing: &str) {
        let place = Place { file: shown(path), spot: START };
        let object = shown(path);
        self.found.unread.push(Unread { place, object, why: why.to_owned(), missing: missing.to_owned() });
    }
}

fn shown(path: &Path) -> String {
    files::tidy(path).display().to_string()
}

fn is_asked(name: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}

fn file(look: Look, path: &Path, budget: &Budget, found: &mut Repository) {
    let shown = shown(path);
    found.papers.files += 1;
    let mut unread = |spot: Spot, why: String, missing: &str| {
        let place = Place { file: shown.clone(), spot };
        found.unread.push(Unread { place, object: shown.clone(), why, missing: missing.to_owned() });
    };
    let bytes = match files::read(look, path, LARGEST_FILE) {
        Ok(bytes) => bytes,
        Err(error) => return unread(START, why(&error), "the file"),
    };
    if let Some(sort) = sorted(path) {
        let (nodes, _) = super::documents::read(&bytes, false, budget);
        found.foreign += 1;
        found.beside.extend(nodes.into_iter().map(|root| Beside { file: shown.clone(), sort, root }));
        return;
    }
    // Most files of a repository are none, and need not be taken apart.
    let wide = matches!(*bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    if !wide && (!has(&bytes, b"apiVersion") || !has(&bytes, b"kind")) {
        found.foreign += 1;
        return;
    }
    if let Err(message) = budget.bytes(bytes.len()) {
        return unread(START, message, "a smaller repository: name the folders that matter");
    }
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let (objects, broken) = objects_with(&bytes, is_json, &shown, budget);
    if objects.is_empty() && broken.iter().all(|(_, message)| is_foreign(message)) {
        found.foreign += 1;
        return;
    }
    let template = has(&bytes, b"{{") || has(&bytes, b"{%");
    for (spot, message) in broken.into_iter().filter(|(_, message)| !is_foreign(message)) {
        match template {
            true => {
                unread(spot, "is a template, and no manifest yet".to_owned(), "what its program makes of it");
                break;
            }
            false => unread(spot, message, "a file that can be read"),
        }
    }
    for object in objects.into_iter().map(Arc::<Object>::new) {
        match is_tool(&object) {
            true => found.tools.push(object),
            false => found.papers.objects.push(object),
        }
    }
}

/// Groups of files that programs read.
const TOOLS: &[&str] = &[
    "k3d.io",
    "kind.x-k8s.io",
    "kustomize.config.k8s.io",
    "config.kubernetes.io",
    "kubeadm.k8s.io",
    "kubelet.config.k8s.io",
    "kubeproxy.config.k8s.io",
    "kubescheduler.config.k8s.io",
    "apiserver.config.k8s.io",
    "apiserver.k8s.io",
    "audit.k8s.io",
    "client.authentication.k8s.io",
    "skaffold",
    "tilt.dev",
];

fn is_tool(object: &Object) -> bool {
    let group = object.id.group();
    TOOLS.contains(&group) || (group.is_empty() && object.kind() == "Config")
}

/// Whether this says that a document is something else than an object.
fn is_foreign(message: &str) -> bool {
    message.contains("this is no Kubernetes object")
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|part| part == word)
}
