//! Who brings what: Applications of Argo CD, Kustomizations and releases of Flux, charts of k3s; where each reads from, and
//! which files of this repository are its own. That an address is this repository is seen by its paths: they are here.

use super::ground::Ground;
use super::hosts;
use crate::manifests::pods::each;
use crate::manifests::repository::{Beside, Sorted};
use crate::manifests::{Node, Object};
use crate::model::{Place, Spot};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// An object that makes others appear.
pub struct Bringer<'o> {
    pub object: &'o Arc<Object>,
    pub sources: Vec<Source<'o>>,
    /// The namespace that it fills, where it says one.
    pub fills: Option<&'o str>,
    /// Folders of this repository that it brings.
    pub covers: Vec<Cover>,
}

/// Where a bringer reads.
pub struct Source<'o> {
    /// The object that holds the address: the bringer, or a source of Flux.
    pub object: &'o Arc<Object>,
    pub url: &'o str,
    pub at: Spot,
    /// Within what is read; None for a chart.
    pub path: Option<Box<str>>,
    /// With everything below.
    pub deep: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    pub folder: String,
    pub deep: bool,
    /// Segments of a template may be anything.
    pub pattern: bool,
}

pub struct Delivery<'o> {
    pub bringers: Vec<Bringer<'o>>,
    /// The folder that the paths of sources begin in; None where no source is this repository.
    pub root: Option<String>,
    /// Who brings a folder, of all folders that hold objects.
    by_folder: HashMap<String, Vec<usize>>,
}

impl Source<'_> {
    pub fn host(&self) -> Option<&str> {
        hosts::of_url(self.url)
    }
    pub fn place(&self) -> Place {
        self.object.place_at(self.at)
    }
}

impl<'o> Delivery<'o> {
    pub fn of(ground: &Ground<'o>) -> Self {
        let mut bringers = Vec::new();
        for object in &ground.objects {
            let (sources, fills) = match (object.id.group(), object.kind()) {
                ("argoproj.io", "Application") => {
                    (argo(object, &object.root), &["spec", "destination", "namespace"][..])
                }
                ("argoproj.io", "ApplicationSet") => (
                    object.root.walk(&["spec", "template"]).map_or_else(Vec::new, |node| argo(object, node)),
                    &["spec", "template", "spec", "destination", "namespace"][..],
                ),
                ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
                    (flux(ground, object), &["spec", "targetNamespace"][..])
                }
                ("helm.toolkit.fluxcd.io", "HelmRelease") => (release(ground, object), &["metadata", "namespace"][..]),
                ("helm.cattle.io", "HelmChart") => (chart(object), &["spec", "targetNamespace"][..]),
                _ => continue,
            };
            let fills = object.root.text_at(fills);
            bringers.push(Bringer { object, sources, fills, covers: Vec::new() });
        }
        let root = if bringers.is_empty() { None } else { own(ground, &bringers) };
        let by_folder = HashMap::new();
        let mut delivery = Self { bringers, root: root.as_ref().map(|(root, _)| root.clone()), by_folder };
        if let Some((root, address)) = root {
            let kustomized = kustomized(ground);
            for bringer in &mut delivery.bringers {
                let own = bringer.sources.iter().filter(|source| same(source.url) == address);
                let mut covers: Vec<Cover> = own.filter_map(|source| cover(&root, source)).collect();
                closed(&mut covers, &kustomized);
                bringer.covers = covers;
            }
        }
        let folders: HashSet<&str> = ground.objects.iter().map(|object| folder(&object.file)).collect();
        for folder in folders.into_iter().filter(|_| delivery.root.is_some()) {
            let all = delivery.bringers.iter().enumerate();
            let those = all.filter(|(_, one)| one.covers.iter().any(|cover| cover.holds(folder))).map(|(at, _)| at);
            let those = those.collect();
            delivery.by_folder.insert(folder.to_owned(), those);
        }
        delivery
    }

    /// Those that bring this file.
    pub fn of_file<'d>(&'d self, file: &str) -> impl Iterator<Item = &'d Bringer<'o>> + use<'d, 'o> {
        let those = self.by_folder.get(folder(file)).map_or(&[][..], |those| those);
        those.iter().map(|at| &self.bringers[*at])
    }
}

impl Cover {
    pub fn holds(&self, folder: &str) -> bool {
        if !self.pattern {
            return self.folder == folder || (self.deep && below(folder, &self.folder));
        }
        let (mut own, mut other) = (self.folder.split('/'), folder.split('/'));
        loop {
            match (own.next(), other.next()) {
                (None, None) => return true,
                (None, Some(_)) => return self.deep,
                (Some(_), None) => return false,
                (Some(own), Some(other)) if own == other || own.contains("{{") || own.contains('*') => {}
                (Some(_), Some(_)) => return false,
            }
        }
    }
}

pub fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a path lies below a folder.
pub fn below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn clean(path: &str) -> Box<str> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/").into()
}

/// An address, so that its forms are equal.
fn same(url: &str) -> String {
    let host = hosts::of_url(url).unwrap_or_default();
    let path = url.split_once(host).map_or(url, |(_, path)| path);
    let path = path.trim_start_matches(|c: char| c == ':' || c == '/' || c.is_ascii_digit());
    format!("{host}/{}", path.trim_end_matches('/').trim_end_matches(".git"))
}

fn argo<'o>(object: &'o Arc<Object>, within: &'o Node) -> Vec<Source<'o>> {
    let Some(spec) = within.get("spec") else { return Vec::new() };
    let all = spec.get("source").into_iter().chain(each(spec, "sources"));
    let read = |source: &'o Node| {
        let url = source.field("repoURL")?;
        let path = source.text_at(&["path"]).map(clean).filter(|_| source.get("chart").is_none());
        let deep = source.walk(&["directory", "recurse"]).and_then(Node::flag) == Some(true);
        Some(Source { object, url: url.node.text()?, at: url.at, path, deep })
    };
    all.filter_map(read).collect()
}

/// The source of Flux that is named.
fn referred<'o>(ground: &Ground<'o>, object: &'o Arc<Object>, reference: &Node) -> Option<&'o Arc<Object>> {
    let space = reference.text_at(&["namespace"]).or(object.namespace());
    ground.find("source.toolkit.fluxcd.io", reference.text_at(&["kind"])?, space, reference.text_at(&["name"])?)
}

fn addressed<'o>(object: &'o Arc<Object>, path: Option<Box<str>>) -> Option<Source<'o>> {
    let spec = object.root.get("spec")?;
    let url = spec.field("url").or_else(|| spec.field("endpoint"))?;
    Some(Source { object, url: url.node.text()?, at: url.at, path, deep: true })
}

fn flux<'o>(ground: &Ground<'o>, object: &'o Arc<Object>) -> Vec<Source<'o>> {
    let source = object.root.walk(&["spec", "sourceRef"]).and_then(|of| referred(ground, object, of));
    let path = clean(object.root.text_at(&["spec", "path"]).unwrap_or_default());
    source.and_then(|source| addressed(source, Some(path))).into_iter().collect()
}

fn release<'o>(ground: &Ground<'o>, object: &'o Arc<Object>) -> Vec<Source<'o>> {
    let ways: [&[&str]; 2] = [&["spec", "chart", "spec", "sourceRef"], &["spec", "chartRef"]];
    let named = ways.into_iter().find_map(|way| object.root.walk(way));
    named.and_then(|of| referred(ground, object, of)).and_then(|source| addressed(source, None)).into_iter().collect()
}

fn chart<'o>(object: &'o Arc<Object>) -> Vec<Source<'o>> {
    let Some(spec) = object.root.get("spec") else { return Vec::new() };
    let field = ["repo", "chart"].into_iter().filter_map(|name| spec.field(name));
    let read = |field: &'o crate::manifests::Field| {
        let url = field.node.text().filter(|url| url.contains("://"))?;
        Some(Source { object, url, at: field.at, path: None, deep: false })
    };
    field.filter_map(read).take(1).collect()
}

/// The folder in which the paths of the sources are found, and the address that has most of them.
fn own(ground: &Ground<'_>, bringers: &[Bringer<'_>]) -> Option<(String, String)> {
    let mut folders: HashSet<&str> = HashSet::new();
    for object in &ground.objects {
        let mut at = folder(&object.file);
        while folders.insert(at) && !at.is_empty() {
            at = folder(at);
        }
    }
    let folders: BTreeSet<&str> = folders.into_iter().collect();
    let mut votes: BTreeMap<(String, String), usize> = BTreeMap::new();
    for source in bringers.iter().flat_map(|bringer| &bringer.sources) {
        let Some(path) = source.path.as_deref().filter(|path| !path.is_empty() && !path.contains("{{")) else {
            continue;
        };
        for found in &folders {
            let root = match found.strip_suffix(path) {
                Some("") => "",
                Some(root) => match root.strip_suffix('/') {
                    Some("") => "/",
                    Some(root) => root,
                    None => continue,
                },
                None => continue,
            };
            *votes.entry((root.to_owned(), same(source.url))).or_default() += 1;
        }
    }
    let best = votes.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.0.len().cmp(&a.0.0.len())));
    best.map(|(found, _)| found)
}

fn joined(root: &str, path: &str) -> String {
    match (root, path) {
        (root, "") => root.to_owned(),
        ("", path) => path.to_owned(),
        (root, path) => format!("{}/{path}", root.trim_end_matches('/')),
    }
}

fn cover(root: &str, source: &Source<'_>) -> Option<Cover> {
    let path = source.path.as_deref()?;
    Some(Cover { folder: joined(root, path), deep: source.deep, pattern: path.contains("{{") })
}

/// Which folders and files each file of kustomize names, by its folder.
fn kustomized(ground: &Ground<'_>) -> HashMap<String, Vec<String>> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for Beside { file, root: node, .. } in ground.besides(Sorted::Kustomization) {
        let home = folder(file);
        let named = ["resources", "bases", "components"].into_iter().flat_map(|list| each(node, list));
        let named = named.filter_map(Node::text).filter(|name| !name.contains("://")).map(|name| resolved(home, name));
        found.entry(home.to_owned()).or_default().extend(named);
    }
    found
}

pub fn resolved(home: &str, name: &str) -> String {
    let mut parts: Vec<&str> = home.split('/').filter(|part| *part != ".").collect();
    for part in name.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Follows files of kustomize to all that they put together. A file that is named stands for its folder.
fn closed(covers: &mut Vec<Cover>, kustomized: &HashMap<String, Vec<String>>) {
    let mut at = 0;
    while let Some(cover) = covers.get(at) {
        at += 1;
        let Some(named) = kustomized.get(&cover.folder) else { continue };
        for name in named {
            let is_file = [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
            let folder = if is_file { folder(name).to_owned() } else { name.clone() };
            if !covers.iter().any(|known| known.folder == folder) {
                covers.push(Cover { folder, deep: false, pattern: false });
            }
        }
    }
}
