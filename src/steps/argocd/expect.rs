//! What there will be when the step is done: read from the manifests and from the work tree that the Applications name.

use super::ArgoCd;
use crate::checks::argocd::{Expected, Source};
use crate::manifests::brought::{self, Brought, By, Tree};
use crate::manifests::{Object, Papers, settle};
use crate::model::ObjectId;
use crate::steps::contract::Around;
use crate::steps::scene::Scene;
use crate::steps::survey;
use crate::sys::{Look, files, side};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl ArgoCd {
    /// What the Applications rest on, and the Applications. What names no namespace goes into that of Argo CD.
    pub fn divide(&mut self, papers: Papers) {
        let mut all: Vec<Object> = papers.objects.iter().map(|object| Object::clone(object)).collect();
        settle(&mut all, &self.namespace);
        let all = all.into_iter().map(Arc::new);
        (self.roots, self.own.objects) = all.partition(|object| brought::is_application(object));
        self.own = Papers { objects: std::mem::take(&mut self.own.objects), ..papers };
    }

    pub fn follow_roots(&mut self, look: Look, around: &Around<'_>) {
        self.shown = files::tidy(&around.shown.join(&self.root)).display().to_string();
        let name = self.work_tree.as_deref().unwrap_or(&self.root);
        let (mut path, mut shown) = (around.folder.join(name), around.shown.join(name));
        if files::sort_at(look, &path).is_ok_and(|sort| sort == files::Sort::File) {
            (path, shown) = (parent(&path), parent(&shown));
        }
        self.tree = Tree::around(look, &path, &shown);
        if let Some(tree) = &self.tree {
            self.brought = brought::follow(look, None, &self.roots, tree);
        }
        // Its own went into their namespace only here. An Argo CD that keeps itself brings them once more.
        let own: HashSet<&ObjectId> = self.own.objects.iter().map(|object| &object.id).collect();
        let held = |id: &ObjectId| (around.holds)(id) || own.contains(id);
        let (others, shared): (Vec<_>, Vec<_>) =
            objects(&self.brought).into_iter().partition(|object| !held(&object.id));
        self.shared = shared.into_iter().map(|object| object.id.clone()).collect();
        self.papers = Papers { objects: [&*self.own.objects, &*self.roots, &others].concat(), ..self.own.clone() };
        let whole = self.brought.applications.iter().filter(|one| one.whole);
        self.papers.opened.extend(whole.map(|one| one.object.id.clone()));
    }

    /// What comes of the roots, with the work of kustomize and helm.
    pub async fn whole(&self, scene: &Scene<'_>) -> Arc<Brought> {
        if let Some(whole) = self.whole.get() {
            return whole.clone();
        }
        let (tree, roots) = (self.tree.clone(), self.roots.clone());
        let made = side::done_aside(scene.touch, move |touch| {
            tree.map(|tree| brought::follow(touch.look(), Some(touch), &roots, &tree)).unwrap_or_default()
        })
        .await;
        // A thread that could not be had leaves what files alone tell.
        let made = Arc::new(made.unwrap_or_else(|_| self.brought.clone()));
        self.whole.get_or_init(|| made).clone()
    }

    /// Everything that the ladder may find the place of a field in.
    pub fn all(&self, brought: &Brought) -> Papers {
        let brings = objects(brought);
        Papers { objects: [&*self.own.objects, &*self.roots, &*brings].concat(), ..self.papers.clone() }
    }

    /// Workloads and claims, of Argo CD and of all that it brings.
    pub fn workloads(&self, brought: &Brought) -> Vec<ObjectId> {
        survey::expected(&self.all(brought), &[])
    }

    pub fn expected(&self, brought: &Brought) -> Vec<Expected> {
        let source = |one: &brought::Source| {
            let brought::Source { url, path, chart, target, revision } = one.clone();
            Source { url, path, chart, target, revision }
        };
        let one = |one: &brought::Application| Expected {
            namespace: one.object.namespace().unwrap_or(&self.namespace).to_owned(),
            name: one.object.name().to_owned(),
            parent: match one.by {
                By::Application(at) => Some(at),
                By::Root | By::Set(_) => None,
            },
            set: match &one.by {
                By::Set(name) => Some(name.clone()),
                By::Root | By::Application(_) => None,
            },
            place: one.object.place(),
            sources: one.sources.iter().map(source).collect(),
        };
        brought.applications.iter().map(one).collect()
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Each object that the Applications bring, and each Application that another makes, once.
pub fn objects(brought: &Brought) -> Vec<Arc<Object>> {
    let mut seen: HashSet<&ObjectId> = HashSet::new();
    let made = brought.applications.iter().filter(|one| one.by != By::Root);
    let made = made.map(|one| &one.object);
    let brings = brought.applications.iter().flat_map(|one| &one.brings).filter(|object| !is_passing(object));
    made.chain(brings).filter(|object| seen.insert(&object.id)).cloned().collect()
}

/// What is there for a moment only, or never in a sync that succeeds: tests of charts, and hooks for failures and ends.
fn is_passing(object: &Object) -> bool {
    let note = |name: &str| object.root.text_at(&["metadata", "annotations", name]).unwrap_or_default();
    let (helm, argo) = (note("helm.sh/hook"), note("argocd.argoproj.io/hook"));
    let passing = ["test", "test-success", "pre-delete", "post-delete", "pre-rollback", "post-rollback"];
    let all = |text: &str, known: &[&str]| !text.is_empty() && text.split(',').all(|one| known.contains(&one.trim()));
    all(helm, &passing) || all(argo, &["Skip", "SyncFail", "PreDelete", "PostDelete"])
}
