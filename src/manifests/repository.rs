//! Everything of Kubernetes that lies below some paths, read with patience: what is no manifest is counted, what cannot be read
//! is told and hides nothing else.

use super::budget::{Budget, LARGEST_FILE};
use super::files::why;
use super::gitops::Repo;
use super::papers::Marked;
pub use super::render::Broken;
use super::render::kustomization::Kustomization;
use super::render::{self, Tools, Work};
use super::walk::Walk;
use super::{Node, Object, Papers, documents, objects_with, side_by_side};
use crate::model::{ObjectId, Place, Spot};
use crate::sys::files;
use crate::sys::{Look, Touch};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) const START: Spot = Spot { line: 1, column: 1 };

/// What was found.
#[derive(Default)]
pub struct Repository {
    pub papers: Papers,
    /// What is written as an object and is read by a program, not by Kubernetes: the config files of k3d, kustomize, kubectl.
    pub tools: Vec<Arc<Object>>,
    /// Files of other programs that say how a cluster is made or served.
    pub beside: Vec<Beside>,
    /// Folders in which something is kept encrypted with age.
    pub stores: BTreeSet<PathBuf>,
    /// Files in which there is nothing of Kubernetes.
    pub foreign: usize,
    pub unread: Vec<Unread>,
    /// What was to be rendered, and is wrong.
    pub broken: Vec<Broken>,
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
    /// What kustomize puts together.
    Kustomization,
}

/// What a file beside manifests is, by its path.
fn sorted(path: &Path) -> Option<Sorted> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    match (name, folder) {
        (".gitlab-ci.yml" | ".gitlab-ci.yaml", _) | (_, Some("workflows")) => Some(Sorted::Pipeline),
        ("registries.yaml" | "registries.yml", _) => Some(Sorted::Registries),
        ("kustomization.yaml" | "kustomization.yml" | "Kustomization", _) => Some(Sorted::Kustomization),
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

/// Reads what lies at and below these paths, as it lies there. A path that is named and not there is the caller's to refuse.
pub fn read(look: Look, paths: &[PathBuf]) -> Repository {
    let Walk { files, mut found, charts, .. } = Walk::through(look, paths);
    for chart in charts {
        let (shown, missing) = (shown(&chart.join("Chart.yaml")), "what helm makes of it: render it, and look at that");
        found.miss(&shown, "is a Helm chart, whose templates are no manifests yet", missing);
    }
    let budget = Budget::default();
    each(look, &files, &budget).for_each(|own| found.join(own));
    found
}

/// The same, with what kustomize and helm make of it, and what Argo CD and Flux would take from it. The programs are run for
/// that; what they need to write is a folder of ours.
pub fn rendered(touch: &Touch, paths: &[PathBuf]) -> Repository {
    let look = touch.look();
    let Walk { files, mut found, charts, kustomized, .. } = Walk::through(look, paths);
    let kustomizations: Vec<Kustomization> =
        kustomized.iter().filter_map(|folder| Kustomization::of(look, folder)).collect();
    let taken: HashSet<&Path> =
        kustomizations.iter().flat_map(|one| one.files.iter().chain([&one.file])).map(PathBuf::as_path).collect();
    let budget = Budget::default();
    let mut later = Repository::default();
    let mut reals = HashMap::new();
    for (path, own) in files.iter().zip(each(look, &files, &budget)) {
        match taken.is_empty() || !taken.contains(&*real(look, path, &mut reals)) {
            true => found.join(own),
            false => later.join(own),
        }
    }
    found.papers.files += later.papers.files;
    // Only its objects are seen another way.
    found.tools.append(&mut later.tools);
    found.beside.append(&mut later.beside);
    found.papers.marked.append(&mut later.papers.marked);
    found.foreign += later.foreign;
    let mut repos: Vec<Repo> = paths.iter().filter_map(|path| Repo::around(look, path)).collect();
    repos.dedup();
    let charts = charts.iter().filter_map(|folder| files::real(look, folder).ok()).collect();
    let work = Work { kustomizations, charts, repos, taken: later.papers.objects };
    let tools = Tools::find(touch, &budget, paths, &found);
    render::all(&tools, &work, &mut found);
    found
}

/// What stands in each of these files, in their order; read side by side.
fn each<'f>(look: Look, files: &'f [PathBuf], budget: &'f Budget) -> impl Iterator<Item = Repository> + use<'f> {
    let read = side_by_side::each(files, |path| {
        let mut own = Repository::default();
        file(look, path, budget, &mut own);
        own
    });
    read.into_iter()
}

/// The real path of a file. Folders are asked for theirs once.
fn real(look: Look, path: &Path, known: &mut HashMap<PathBuf, PathBuf>) -> PathBuf {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return path.to_owned() };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let own = || files::real(look, folder).unwrap_or_else(|_| folder.to_owned());
    known.entry(folder.to_owned()).or_insert_with(own).join(name)
}

impl Repository {
    pub(super) fn miss(&mut self, shown: &str, why: &str, missing: &str) {
        let place = Place { file: shown.to_owned(), spot: START };
        self.unread.push(Unread { place, object: shown.to_owned(), why: why.to_owned(), missing: missing.to_owned() });
    }

    /// Takes what was found in another place.
    fn join(&mut self, other: Self) {
        self.papers.files += other.papers.files;
        self.papers.objects.extend(other.papers.objects);
        self.papers.marked.extend(other.papers.marked);
        self.tools.extend(other.tools);
        self.beside.extend(other.beside);
        self.foreign += other.foreign;
        self.unread.extend(other.unread);
    }
}

pub(super) fn shown(path: &Path) -> String {
    files::tidy(path).display().to_string()
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
    found.papers.marked.extend(Marked::of(&shown, &bytes));
    if let Some(sort) = sorted(path) {
        let (nodes, _) = documents::read(&bytes, false, budget);
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
    let (objects, mut broken) = objects_with(&bytes, is_json, &shown, budget);
    let mut is_tool_file = false;
    if broken.iter().any(|(_, message)| message.contains(NAMELESS)) {
        let named = nameless(&bytes, is_json, &shown, budget);
        let is_known = |spot: Spot| named.iter().any(|object| object.root.nearest(&["metadata"]) == spot);
        broken.retain(|(spot, message)| !(message.contains(NAMELESS) && is_known(*spot)));
        is_tool_file = !named.is_empty();
        found.tools.extend(named.into_iter().map(Arc::new));
    }
    if objects.is_empty() && broken.iter().all(|(_, message)| is_foreign(message)) {
        found.foreign += usize::from(!is_tool_file);
        return;
    }
    let mut templates = BTreeSet::new();
    broken.sort_by_key(|(spot, _)| *spot);
    for (spot, message) in broken.into_iter().filter(|(_, message)| !is_foreign(message)) {
        let (begin, document) = documents::around(&bytes, spot.line);
        if !(has(document, b"{{") || has(document, b"{%")) {
            unread(spot, message, "a file that can be read");
        } else if templates.insert(begin) {
            // Whatever else is wrong in this document may be right in what is made of it.
            unread(spot, "is a template, and no manifest yet".to_owned(), "what its program makes of it");
        }
    }
    for object in objects.into_iter().map(Arc::<Object>::new) {
        match is_tool(&object) {
            true => found.tools.push(object),
            false => found.papers.objects.push(object),
        }
    }
}

/// Files that programs read need no name.
const NAMELESS: &str = "has no `metadata.name`";

fn nameless(bytes: &[u8], is_json: bool, shown: &str, budget: &Budget) -> Vec<Object> {
    let (nodes, _) = documents::read(bytes, is_json, budget);
    let object = |root: Node| {
        let (version, kind) = (root.text_at(&["apiVersion"])?, root.text_at(&["kind"])?);
        let id = ObjectId::new(version, kind, None, "");
        let unnamed = root.walk(&["metadata", "name"]).is_none() && TOOLS.contains(&id.group());
        unnamed.then(|| Object { file: shown.into(), at: root.at, id, root })
    };
    nodes.into_iter().filter_map(object).collect()
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
    "pod-security.admission.config.k8s.io",
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
