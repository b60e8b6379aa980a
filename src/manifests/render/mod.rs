//! What a cluster would be given, and lies in no file as it is: the work of kustomize and helm, asked of the programs
//! themselves. Nothing is fetched, and nothing but a scratch folder is written.

mod chart;
pub mod helm;
pub mod kustomization;
mod kustomize;
mod mirror;
mod rounds;
pub mod source;
mod substitute;
mod words;

pub use chart::cached;
pub use rounds::{Work, all};

use super::budget::Budget;
use super::repository::Unread;
use super::{Node, Object, objects_with};
use crate::model::Place;
use crate::sys::tool::{self, Answer, Ask};
use crate::sys::{Look, Touch, files};
use helm::Release;
use kustomization::Kustomization;
use serde_json::Value;
use source::Sources;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// No chart and no kustomization that people keep takes a tenth of it.
const DEADLINE: Duration = Duration::from_secs(30);
const LONGEST: u64 = 64 << 20;

/// A folder, and how it is to be rendered.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// By its real path; of a chart it may be its archive.
    pub folder: PathBuf,
    /// For objects that name none.
    pub namespace: Option<Box<str>>,
    /// The object that wants it.
    pub asked_by: Option<Asked>,
    /// Fields of a kustomization that stand over that of the folder.
    pub overlay: BTreeMap<String, Value>,
    /// The files of a kustomization may lie outside of its folder.
    pub loose: bool,
    /// What Flux puts in for `${NAME}`.
    pub substitute: Option<BTreeMap<String, String>>,
    pub helm: Release,
}

#[derive(Clone, Debug)]
pub struct Asked {
    pub place: Place,
    pub object: String,
}

impl Entry {
    /// Two of the same make the same.
    fn key(&self) -> String {
        format!("{:?}", (&self.folder, &self.namespace, &self.overlay, &self.substitute, &self.helm))
    }
    fn is_chart(&self, look: Look) -> bool {
        self.folder.extension().is_some_and(|extension| extension == "tgz")
            || files::exists(look, &self.folder.join("Chart.yaml"))
    }
}

/// Something that was to be rendered, and is wrong: the program's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub place: Place,
    pub object: String,
    pub message: String,
    pub fix: String,
}

#[derive(Default)]
pub struct Rendered {
    pub objects: Vec<Object>,
    pub unread: Vec<Unread>,
    pub broken: Vec<Broken>,
}

impl Rendered {
    fn unread(&mut self, place: Place, object: String, why: &str, missing: &str) {
        self.unread.push(Unread { place, object, why: why.to_owned(), missing: missing.to_owned() });
    }
    /// The files that kustomize would have taken, as they lie there: better than nothing, and told as not whole.
    fn raw(&mut self, tools: &Tools<'_>, all: &[Kustomization]) {
        let namespace = all.first().and_then(|one| one.root.text_at(&["namespace"]));
        let mut objects = Vec::new();
        for one in all {
            for path in one.resources(tools.look()) {
                let shown = tools.shown(&path);
                let bytes = files::read(tools.look(), &path, super::budget::LARGEST_FILE).unwrap_or_default();
                objects.extend(objects_with(&bytes, false, &shown, tools.budget).0);
            }
            for (at, value) in kustomize::generated(one) {
                let text = value.to_string();
                for mut object in objects_with(text.as_bytes(), true, &tools.shown(&one.file), tools.budget).0 {
                    source::all_at(&mut object.root, at, &mut object.at);
                    objects.push(object);
                }
            }
        }
        if let Some(namespace) = namespace {
            settle(&mut objects, namespace);
        }
        self.objects.extend(objects);
    }
}

/// Renders one, whichever program does that.
pub fn one(tools: &Tools<'_>, entry: &Entry) -> Rendered {
    if entry.is_chart(tools.look()) && Kustomization::of(tools.look(), &entry.folder).is_none() {
        return helm::render(tools, entry);
    }
    let mut rendered = kustomize::render(tools, entry);
    if let Some(namespace) = &entry.namespace {
        settle(&mut rendered.objects, namespace);
    }
    rendered
}

/// Whether a program has to make manifests of this folder.
pub fn wants_program(look: Look, entry: &Entry) -> bool {
    entry.is_chart(look) || Kustomization::of(look, &entry.folder).is_some()
}

/// Gives a namespace to those that name none and lie in one.
pub fn settle(objects: &mut [Object], namespace: &str) {
    let none = objects.iter().map(|object| object.id.namespace.is_none() && is_namespaced(object));
    let none: Vec<bool> = none.collect();
    for (object, _) in objects.iter_mut().zip(none).filter(|(_, none)| *none) {
        object.id.namespace = Some(namespace.into());
    }
}

/// Of a kind that is not known, as its name sounds.
pub fn is_namespaced(object: &Object) -> bool {
    let known = super::kinds::Scopes::of(std::iter::empty()).namespaced(&object.id);
    known.unwrap_or_else(|| !object.kind().starts_with("Cluster"))
}

/// What rendering is done with.
pub struct Tools<'t> {
    touch: &'t Touch,
    /// With the words that stand before the folder.
    kustomize: Option<(PathBuf, &'static [&'static str])>,
    helm: Option<PathBuf>,
    kube_version: Option<String>,
    /// Versions that definitions in the files bring.
    api_versions: Vec<String>,
    sources: Sources,
    budget: &'t Budget,
    /// The named paths: the real one, and as people know it.
    named: Vec<(PathBuf, PathBuf)>,
}

impl<'t> Tools<'t> {
    pub fn find(
        touch: &'t Touch,
        budget: &'t Budget,
        paths: &[PathBuf],
        found: &super::repository::Repository,
    ) -> Self {
        let look = touch.look();
        let kustomize = tool::find(look, "kustomize").map(|path| (path, &["build"][..]));
        let kubectl = || tool::find(look, "kubectl").map(|path| (path, &["kustomize"][..]));
        let named = paths.iter().filter_map(|path| Some((files::real(look, path).ok()?, files::tidy(path)))).collect();
        let versions: HashSet<String> =
            found.papers.of_kind("CustomResourceDefinition").flat_map(|crd| versions(&crd.root)).collect();
        let mut api_versions: Vec<String> = versions.into_iter().collect();
        api_versions.sort();
        let k3d = found.tools.iter().filter(|tool| tool.id.group() == "k3d.io");
        let kube_version = k3d.filter_map(|tool| version(tool.root.text_at(&["image"])?)).next();
        let (kustomize, helm) = (kustomize.or_else(kubectl), tool::find(look, "helm"));
        Self { touch, kustomize, helm, kube_version, api_versions, sources: Sources::default(), budget, named }
    }
    pub fn look(&self) -> Look {
        self.touch.look()
    }
    /// A real path as people know it.
    pub fn shown(&self, path: &Path) -> String {
        let below = self.named.iter().filter_map(|(real, shown)| Some((real, shown, path.strip_prefix(real).ok()?)));
        let nearest = below.max_by_key(|(real, ..)| real.components().count());
        let shown = match nearest {
            Some((_, shown, rest)) => files::tidy(&shown.join(rest)),
            None => self.named.first().map_or_else(
                || path.to_owned(),
                |(real, shown)| files::tidy(&shown.join(kustomize::relative(real, path))),
            ),
        };
        shown.display().to_string()
    }
    fn ask(&self, program: &Path, arguments: Vec<OsString>, home: &Path, stdin: Vec<u8>) -> io::Result<Answer> {
        let (env, deadline, limit) = (Vec::new(), DEADLINE, LONGEST);
        tool::ask(self.look(), &Ask { program, arguments, folder: home, home, env, stdin, deadline, limit })
    }
}

/// `group/version` of everything that a definition defines.
fn versions(crd: &Node) -> Vec<String> {
    let group = crd.text_at(&["spec", "group"]).unwrap_or_default();
    let all = crd.walk(&["spec", "versions"]).map_or(&[][..], Node::items);
    all.iter().filter_map(|one| Some(format!("{group}/{}", one.text_at(&["name"])?))).collect()
}

/// `v1.31.5` of an image such as `rancher/k3s:v1.31.5-k3s1`.
fn version(image: &str) -> Option<String> {
    let tag = image.rsplit_once(':')?.1;
    let plain = tag.split(['-', '+']).next()?;
    let numbers = plain.strip_prefix('v')?.split('.').filter(|part| part.parse::<u32>().is_ok()).count();
    (numbers >= 2).then(|| plain.to_owned())
}
