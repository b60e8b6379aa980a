//! Kind `argocd`: Argo CD from the plan's own manifests, then its root, then every Application that comes of it, each by name.
//! What is expected is read from the work tree; what Argo CD says of itself is only one of the witnesses.

mod adopt;
mod again;
mod bring;
mod expect;
mod findings;
mod hollow;
mod rungs;
mod wait;

use super::contract::{Around, Kind, Mishap, Seen, Work};
use super::fields::{self, Fields};
use super::keys::{Key, Shape};
use super::papers;
use super::scene::Scene;
use crate::manifests::brought::{Brought, Tree};
use crate::manifests::{Object, Papers};
use crate::model::count::many;
use crate::model::{Digest, Finding, Mode, ObjectId, Spot, Unknown};
use crate::secrets::store::Held;
use crate::sys::Look;
use crate::sys::pace::Halt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub const NAME: &str = "argocd";
pub const DOC: &str = "Brings Argo CD up and its root Application, and waits for every Application that comes of it.";
pub const KEYS: &[Key] = &[
    Key::required("path", Shape::Paths, "Argo CD's own manifests: files, or folders of them."),
    Key::required("root", Shape::Text, "The file with the root Application, or with several."),
    Key::optional("namespace", Shape::Text, "Where Argo CD lives, and what its manifests go into that name none."),
    Key::optional(
        "work-tree",
        Shape::Text,
        "The work tree that the Applications are read from (default: around `root`).",
    ),
];

const HOME: &str = "argocd";

pub struct ArgoCd {
    paths: Vec<(String, Spot)>,
    root: String,
    /// The same as people know it.
    shown: String,
    work_tree: Option<String>,
    namespace: String,
    /// Argo CD itself, and what its Applications rest on.
    own: Papers,
    roots: Vec<Arc<Object>>,
    tree: Option<Tree>,
    /// What comes of the roots, as far as files alone tell it.
    brought: Brought,
    /// What other steps hold of that.
    shared: Vec<ObjectId>,
    /// All of it.
    papers: Papers,
    /// The same with what programs make of it, once they were asked.
    whole: OnceLock<Arc<Brought>>,
}

pub fn read(fields: &mut Fields<'_, '_>) -> Option<Box<dyn Kind>> {
    let there = fields.require(KEYS, "path", "an argocd step") & fields.require(KEYS, "root", "an argocd step");
    let mut paths = fields.paths("path");
    let at = fields.value_at("root");
    let root = fields.read("root", "the path of a file", fields::path);
    let name = |text: &str| match !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        true => Ok(text.to_owned()),
        false => Err("is no namespace: a-z, 0-9 and - only".to_owned()),
    };
    let namespace = fields.read("namespace", "a namespace", name).unwrap_or_else(|| HOME.to_owned());
    let work_tree = fields.read("work-tree", "a folder", fields::path);
    let (root, at) = root.zip(at)?;
    paths.push((root.clone(), at));
    there.then(|| {
        Box::new(ArgoCd {
            paths,
            shown: root.clone(),
            root,
            work_tree,
            namespace,
            own: Papers::default(),
            roots: Vec::new(),
            tree: None,
            brought: Brought::default(),
            shared: Vec::new(),
            papers: Papers::default(),
            whole: OnceLock::new(),
        }) as Box<dyn Kind>
    })
}

impl Kind for ArgoCd {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        let (apps, workloads) = (self.brought.applications.len(), self.workloads(&self.brought).len());
        let unknown = match self.brought.unread.len() {
            0 => String::new(),
            n => format!("; {n} of their sources {} not known from files alone", if n == 1 { "is" } else { "are" }),
        };
        let roots = many(self.roots.len(), "root");
        let (apps, workloads) = (many(apps, "Application"), many(workloads, "workload"));
        format!("apply Argo CD and {roots}, wait for {apps} with {workloads}{unknown}")
    }
    fn reaches(&self, mode: Mode) -> String {
        match mode {
            Mode::Drill => "its Git servers, where Argo CD runs; in the sandbox nothing".to_owned(),
            Mode::Recover => "its Git servers, to read; what it brings may reach more".to_owned(),
        }
    }
    fn wants_cluster(&self) -> bool {
        true
    }
    fn repeatable(&self) -> bool {
        true
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(900)
    }
    fn stops_at(&self) -> Halt {
        Halt::Gently
    }
    fn paths(&self) -> &[(String, Spot)] {
        &self.paths
    }
    fn take(&mut self, papers: Papers) {
        self.divide(papers);
    }
    fn follow(&mut self, look: Look, around: &Around<'_>) -> bool {
        self.follow_roots(look, around);
        true
    }
    fn awaits_secrets_in(&self) -> Option<&str> {
        Some(&self.namespace)
    }
    fn papers(&self) -> Option<&Papers> {
        Some(&self.papers)
    }
    fn findings(&self, _: &[String]) -> Vec<Finding> {
        findings::of(self)
    }
    fn unknowns(&self, _: &[Papers], _: &[Held]) -> Vec<Unknown> {
        findings::unknowns(&self.brought)
    }
    fn unproven(&self, scene: &Scene<'_>) -> Vec<String> {
        self.papers.swapped.iter().map(ToString::to_string).chain(hollow::unproven(self, scene)).collect()
    }
    fn inputs(&self, _: Look, _: &Path) -> Result<Digest, String> {
        let mut digest = papers::digest(NAME, &self.papers);
        let sources = self.brought.applications.iter().flat_map(|one| &one.sources);
        for source in sources {
            digest.add(source.revision.as_deref().unwrap_or_default().as_bytes());
        }
        Ok(digest.finish())
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(bring::look(self, scene))
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(bring::touch(self, scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(bring::verify(self, scene))
    }
}
