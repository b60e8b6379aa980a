//! What the Applications of Argo CD bring, followed from a root down: an Application that makes Applications makes all that they
//! bring. Read from a work tree; programs that make manifests are run only where somebody lets them.

use super::budget::{Budget, LARGEST_FILE};
use super::gitops::{self, Repo, Wanted};
use super::render::{self, Asked, Broken, Entry, Tools};
use super::repository::{Repository, Unread};
use super::{Object, objects_with};
use crate::model::{ObjectId, Place, Spot};
use crate::sys::files::{self, Sort};
use crate::sys::{Look, Touch};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Nobody has more of them, and a circle of them has to end.
const MOST: usize = 2000;
const DEEPEST: usize = 16;

/// Who makes an Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Whoever applies the roots.
    Root,
    /// The Application at this place of the list.
    Application(usize),
    /// An ApplicationSet, by its name.
    Set(String),
}

/// An Application, and what it brings as far as that lies here.
#[derive(Clone, Debug)]
pub struct Application {
    pub object: Arc<Object>,
    pub by: By,
    pub sources: Vec<Source>,
    /// All but further Applications.
    pub brings: Vec<Arc<Object>>,
    /// Nothing of it is unknown.
    pub whole: bool,
}

/// What an Application is told to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub url: String,
    pub path: String,
    pub chart: String,
    pub target: String,
    /// The commit of the work tree; none for what is not that.
    pub revision: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Brought {
    pub applications: Vec<Application>,
    pub unread: Vec<Unread>,
    pub broken: Vec<Broken>,
}

/// The work tree that sources are looked for in.
#[derive(Clone, Debug)]
pub struct Tree {
    pub repo: Repo,
    /// Its folder as people know it.
    pub shown: PathBuf,
}

impl Tree {
    /// The one around this path; `shown` is the path as people know it.
    pub fn around(look: Look, path: &Path, shown: &Path) -> Option<Self> {
        let repo = Repo::around(look, path)?;
        let real = files::real(look, path).ok()?;
        let below = real.strip_prefix(&repo.base).ok()?;
        let up: PathBuf = below.components().map(|_| "..").collect();
        let base = files::tidy(&shown.join(up));
        // Where the path goes up beyond what is shown, the plain path says more than a row of dots.
        let shown = if base.as_os_str().is_empty() { PathBuf::from(".") } else { base };
        Some(Self { repo, shown })
    }
    /// The commit that it has for what an Application names.
    pub fn revision(&self, look: Look, target: &str) -> Option<String> {
        gitops::revision(look, &self.repo.base, target)
    }
}

/// Follows these. Without a touch, what a program would have to make stays unknown.
pub fn follow(look: Look, touch: Option<&Touch>, roots: &[Arc<Object>], tree: &Tree) -> Brought {
    let budget = Budget::default();
    let (repos, paths) = (vec![tree.repo.clone()], vec![tree.shown.clone()]);
    let tools = touch.map(|touch| Tools::find(touch, &budget, &paths, &Repository::default()));
    let mut walk = Walk { look, tree, repos, tools, budget: &budget, made: Brought::default(), seen: HashSet::new() };
    walk.take(roots, &By::Root);
    let mut next = 0;
    while next < walk.made.applications.len() && next < MOST {
        walk.follow(next);
        next += 1;
    }
    walk.made
}

struct Walk<'a> {
    look: Look,
    tree: &'a Tree,
    repos: Vec<Repo>,
    tools: Option<Tools<'a>>,
    budget: &'a Budget,
    made: Brought,
    seen: HashSet<ObjectId>,
}

/// Whether an object makes others, and is followed itself.
pub fn is_application(object: &Object) -> bool {
    object.id.group() == "argoproj.io" && matches!(object.kind(), "Application" | "ApplicationSet")
}

impl Walk<'_> {
    /// Applications among these, and those that sets among these make.
    fn take(&mut self, objects: &[Arc<Object>], by: &By) {
        for object in objects.iter().filter(|object| object.id.group() == "argoproj.io") {
            match object.kind() {
                "Application" => self.add(object.clone(), by.clone()),
                "ApplicationSet" => {
                    let (made, unread) = gitops::made(self.look, object, &self.repos);
                    self.made.unread.extend(unread);
                    let by = By::Set(object.name().to_owned());
                    made.into_iter().for_each(|one| self.add(Arc::new(one), by.clone()));
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, object: Arc<Object>, by: By) {
        if !self.seen.insert(object.id.clone()) {
            return;
        }
        let spec = object.root.get("spec");
        let several = spec.and_then(|spec| spec.get("sources")).map_or(&[][..], |sources| sources.items());
        let one = spec.and_then(|spec| spec.get("source"));
        let sources = several.iter().chain(one.filter(|_| several.is_empty())).map(|source| {
            let text = |name: &str| source.text_at(&[name]).unwrap_or_default().to_owned();
            let (url, target) = (text("repoURL"), text("targetRevision"));
            let here = source.get("chart").is_none() && gitops::is_own(&self.repos, &url);
            let revision = here.then(|| self.tree.revision(self.look, &target)).flatten();
            Source { url, path: text("path"), chart: text("chart"), target, revision }
        });
        let sources = sources.collect();
        self.made.applications.push(Application { object, by, sources, brings: Vec::new(), whole: true });
    }

    fn follow(&mut self, at: usize) {
        let object = self.made.applications[at].object.clone();
        for wanted in gitops::wanted(self.look, &object, &self.repos) {
            let unread = self.made.unread.len() + self.made.broken.len();
            let objects = match wanted {
                Wanted::Unknown(one) => {
                    self.made.unread.push(one);
                    Vec::new()
                }
                Wanted::Entry(entry, deep) => self.entry(&object, *entry, deep),
            };
            let objects: Vec<Arc<Object>> = objects.into_iter().map(Arc::new).collect();
            self.take(&objects, &By::Application(at));
            let own = &mut self.made.applications[at];
            own.whole &= unread == self.made.unread.len() + self.made.broken.len();
            own.brings.extend(objects.into_iter().filter(|object| !is_application(object)));
        }
    }

    fn entry(&mut self, by: &Object, mut entry: Entry, deep: bool) -> Vec<Object> {
        let asked = Asked { place: by.place(), object: by.id.to_string() };
        let asked = entry.asked_by.get_or_insert(asked).clone();
        if render::wants_program(self.look, &entry) {
            let Some(tools) = &self.tools else {
                let why = "is put together by kustomize or helm, which are run when the step is".to_owned();
                let missing = "a run, or blackstart check of the folder".to_owned();
                self.made.unread.push(Unread { place: asked.place, object: asked.object, why, missing });
                return Vec::new();
            };
            let rendered = render::one(tools, &entry);
            self.made.unread.extend(rendered.unread);
            self.made.broken.extend(rendered.broken);
            return rendered.objects;
        }
        let mut objects = Vec::new();
        let inner = entry.folder.strip_prefix(&self.tree.repo.base).unwrap_or(Path::new(""));
        let shown = files::tidy(&self.tree.shown.join(inner));
        self.plain(&entry.folder, &shown, deep, 0, &mut objects);
        if let Some(namespace) = &entry.namespace {
            render::settle(&mut objects, namespace);
        }
        objects
    }

    /// The manifests of a folder, as they lie there.
    fn plain(&mut self, folder: &Path, shown: &Path, deep: bool, depth: usize, objects: &mut Vec<Object>) {
        let entries = match files::entries(self.look, folder) {
            Ok(entries) => entries,
            // A source may also name a file.
            Err(_) if files::sort_at(self.look, folder).is_ok_and(|sort| sort == Sort::File) => {
                return self.file(folder, shown, objects);
            }
            Err(error) => return self.unread(shown, super::files::why(&error)),
        };
        for (name, sort) in entries {
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let (path, shown) = (folder.join(&name), shown.join(&name));
            let is_manifest =
                path.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known));
            match sort {
                Sort::Folder if deep && depth < DEEPEST => self.plain(&path, &shown, deep, depth + 1, objects),
                Sort::File if is_manifest => self.file(&path, &shown, objects),
                Sort::Folder | Sort::File | Sort::Other | Sort::Nothing => {}
            }
        }
    }

    fn file(&mut self, path: &Path, shown: &Path, objects: &mut Vec<Object>) {
        let bytes = match files::read(self.look, path, LARGEST_FILE) {
            Ok(bytes) => bytes,
            Err(error) => return self.unread(shown, super::files::why(&error)),
        };
        if let Err(why) = self.budget.bytes(bytes.len()) {
            return self.unread(shown, why);
        }
        let is_json = path.extension().is_some_and(|end| end == "json");
        let name = shown.display().to_string();
        let (read, wrong) = objects_with(&bytes, is_json, &name, self.budget);
        objects.extend(read);
        for (spot, why) in wrong.into_iter().filter(|(_, why)| !why.contains("this is no Kubernetes object")) {
            let missing = "a file that can be read".to_owned();
            let place = Place { file: name.clone(), spot };
            self.made.unread.push(Unread { place, object: name.clone(), why, missing });
        }
    }

    fn unread(&mut self, shown: &Path, why: String) {
        let file = shown.display().to_string();
        let place = Place { file: file.clone(), spot: Spot { line: 1, column: 1 } };
        self.made.unread.push(Unread { place, object: file, why, missing: "the file".to_owned() });
    }
}
