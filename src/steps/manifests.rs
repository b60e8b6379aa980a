//! Kind `manifests`: applies Kubernetes objects in the order that they need among themselves, and reads them all back.

use super::contract::{Kind, Mishap, Seen, Work};
use super::fields::Fields;
use super::keys::{Key, Shape};
use super::papers;
use super::scene::Scene;
use crate::manifests::Papers;
use crate::model::{Digest, Mode, Spot};
use crate::sys::Look;
use crate::sys::pace::Halt;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

pub const NAME: &str = "manifests";
pub const DOC: &str = "Applies Kubernetes objects, definitions and namespaces first, and reads them all back.";
pub const KEYS: &[Key] = &[Key::required("path", Shape::Paths, "The manifests: files, or folders of them.")];

/// So many kinds are named in one sentence.
const NAMED: usize = 4;

struct Manifests {
    paths: Vec<(String, Spot)>,
    papers: Papers,
}

pub fn read(fields: &mut Fields<'_, '_>) -> Option<Box<dyn Kind>> {
    let there = fields.require(KEYS, "path", "a manifests step");
    let paths = fields.paths("path");
    there.then(|| Box::new(Manifests { paths, papers: Papers::default() }) as Box<dyn Kind>)
}

/// `12 Deployments, 9 Services, 4 ConfigMaps and 7 others`.
fn kinds(papers: &Papers) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    papers.objects.iter().for_each(|object| *counts.entry(object.kind()).or_default() += 1);
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let others: usize = counts.iter().skip(NAMED).map(|(_, count)| count).sum();
    let named = counts.iter().take(NAMED).map(|(kind, count)| format!("{count} {}", plural(kind, *count)));
    let named: Vec<String> = named.collect();
    match others {
        0 => named.join(", "),
        1 => format!("{} and 1 other", named.join(", ")),
        n => format!("{} and {n} others", named.join(", ")),
    }
}

fn plural(kind: &str, count: usize) -> String {
    match (count, kind.strip_suffix('y'), kind.ends_with('s')) {
        (1, _, _) => kind.to_owned(),
        (_, Some(stem), _) => format!("{stem}ies"),
        (_, None, true) => format!("{kind}es"),
        (_, None, false) => format!("{kind}s"),
    }
}

impl Manifests {
    async fn ask(&self, scene: &Scene<'_>) -> Seen {
        match scene.target.required() {
            Ok(up) => papers::ask(scene, &up, &self.papers).await,
            Err(why) => Seen::Unknown(why),
        }
    }
    async fn put(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        match scene.target.required() {
            Ok(up) => papers::put(scene, &up, &self.papers).await,
            Err(why) => Err(Mishap::failed(why, false)),
        }
    }
}

impl Kind for Manifests {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        match self.papers.objects.len() {
            0 => "apply nothing: its files hold no object".to_owned(),
            _ => format!("apply {}", kinds(&self.papers)),
        }
    }
    fn reaches(&self, _: Mode) -> String {
        "nothing by itself; what it starts in the cluster may".to_owned()
    }
    fn wants_cluster(&self) -> bool {
        true
    }
    fn repeatable(&self) -> bool {
        true
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(300)
    }
    fn stops_at(&self) -> Halt {
        Halt::Gently
    }
    fn paths(&self) -> &[(String, Spot)] {
        &self.paths
    }
    fn take(&mut self, papers: Papers) {
        self.papers = papers;
    }
    fn papers(&self) -> Option<&Papers> {
        Some(&self.papers)
    }
    fn unproven(&self, _: &Scene<'_>) -> Vec<String> {
        self.papers.swapped.iter().map(ToString::to_string).collect()
    }
    fn inputs(&self, _: Look, _: &Path) -> Result<Digest, String> {
        Ok(papers::digest(NAME, &self.papers).finish())
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.put(scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
}
