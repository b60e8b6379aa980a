//! Files gathered into steps: what others need first in steps of its own, the rest by folder. Where folders would wait for
//! each other they become one step, whose objects find their own order.

use super::Step;
use super::found::{Sheet, plain};
use super::ground::Store;
use crate::manifests::facts::links;
use crate::manifests::pods::each;
use crate::manifests::{Object, Papers};
use crate::model::Spot;
use crate::plan::graph::{Edge, Graph, Reason};
use crate::secrets::papers::{As, papers};
use crate::steps::{manifests, sealing, secrets, storage, survey, workloads};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

/// Splitting goes on for no longer: from a folder to its files it takes as many rounds as folders lie in each other.
const ROUNDS: usize = 16;
const CONTROLLER: &str = "sealed-secrets-controller";

#[derive(Clone, Debug)]
pub struct Group {
    pub id: String,
    pub kind: &'static str,
    /// Places in the list of files.
    pub sheets: Vec<usize>,
}

/// What a file holds, when it holds nothing else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Namespaces,
    Definitions,
    Storage,
    Other,
}

fn sort(papers: &Papers) -> Sort {
    let only = |kinds: &[(&str, &str)]| {
        papers.objects.iter().all(|object| kinds.contains(&(object.id.group(), object.kind())))
    };
    if only(&[("", "PersistentVolume"), ("storage.k8s.io", "StorageClass")]) {
        Sort::Storage
    } else if only(&[("apiextensions.k8s.io", "CustomResourceDefinition")]) {
        Sort::Definitions
    } else if only(&[("", "Namespace"), ("", "ResourceQuota"), ("", "LimitRange")]) {
        Sort::Namespaces
    } else {
        Sort::Other
    }
}

/// Whether an object runs the controller of sealed secrets.
pub fn is_controller(object: &Object) -> bool {
    let spec = object.pod_template().and_then(|(template, _)| template.get("spec"));
    let mut containers = spec.into_iter().flat_map(|spec| each(spec, "containers"));
    containers.any(|container| container.text_at(&["image"]).is_some_and(|image| image.contains(CONTROLLER)))
}

fn is_sealed(object: &Object) -> bool {
    (object.id.group(), object.kind()) == ("bitnami.com", "SealedSecret")
}

pub fn groups(sheets: &[Sheet], store: &Store) -> Vec<Group> {
    let mut groups = gathered(sheets, store, false);
    if knots(&groups, sheets, store).iter().flatten().any(|at| groups[*at].kind != manifests::NAME) {
        groups = gathered(sheets, store, true);
    }
    for _ in 0..ROUNDS {
        let Some(knot) = knots(&groups, sheets, store).into_iter().next() else { break };
        let loose = |at: &usize| groups[*at].kind == manifests::NAME;
        groups = match knot.iter().all(loose) {
            true => joined(groups, &knot),
            false => match split(&groups, &knot, sheets) {
                Some(groups) => groups,
                // One file that is on both sides of a loop: the reader of the plan tells it whole.
                None => break,
            },
        };
    }
    ordered(named(groups), sheets, store)
}

/// The first cut: `thorough` takes every file of its kind out of its folder, else only where a folder holds nothing else.
fn gathered(sheets: &[Sheet], store: &Store, thorough: bool) -> Vec<Group> {
    let sealing: BTreeSet<usize> = sealing_files(sheets);
    let mut mixed: BTreeSet<&Path> = BTreeSet::new();
    for (at, sheet) in sheets.iter().enumerate() {
        if !sealing.contains(&at) && sort(&sheet.papers) == Sort::Other {
            mixed.extend(sheet.path.parent());
        }
    }
    let (mut special, mut rest): ([Vec<usize>; 3], Vec<usize>) = Default::default();
    for (at, sheet) in sheets.iter().enumerate().filter(|(at, _)| !sealing.contains(at)) {
        let own = thorough || sheet.path.parent().is_some_and(|folder| !mixed.contains(folder));
        match sort(&sheet.papers) {
            Sort::Namespaces if own => special[0].push(at),
            Sort::Definitions if own => special[1].push(at),
            Sort::Storage => special[2].push(at),
            Sort::Namespaces | Sort::Definitions | Sort::Other => rest.push(at),
        }
    }
    let [spaces, definitions, volumes] = special;
    let mut groups = Vec::new();
    let mut add = |id: &str, kind: &'static str, sheets: Vec<usize>, always: bool| {
        if always || !sheets.is_empty() {
            groups.push(Group { id: id.to_owned(), kind, sheets });
        }
    };
    add("namespaces", manifests::NAME, spaces, false);
    add("definitions", manifests::NAME, definitions, false);
    add("storage", storage::NAME, volumes, false);
    add("sealed-secrets", sealing::NAME, sealing.into_iter().collect(), false);
    add("secrets", secrets::NAME, Vec::new(), store.is_there());
    by_folder(&rest, sheets).into_iter().for_each(|(id, sheets)| add(&id, manifests::NAME, sheets, false));
    groups
}

/// The controller's file and what belongs to it: all of its folder, unless something else runs from there.
fn sealing_files(sheets: &[Sheet]) -> BTreeSet<usize> {
    let runs = |sheet: &Sheet| sheet.papers.objects.iter().any(|object| object.pod_template().is_some());
    let ours = |sheet: &Sheet| sheet.papers.objects.iter().any(|object| is_controller(object));
    let Some(main) = sheets.iter().position(ours) else { return BTreeSet::new() };
    let folder = sheets[main].path.parent().unwrap_or(Path::new(""));
    let below = || sheets.iter().enumerate().filter(|(_, sheet)| sheet.path.starts_with(folder));
    let shared = below().any(|(at, sheet)| at != main && runs(sheet));
    let fits = |sheet: &Sheet| match shared {
        true => sheet.papers.objects.iter().any(|object| object.name() == "sealedsecrets.bitnami.com"),
        false => !sheet.papers.objects.iter().any(|object| is_sealed(object)),
    };
    below().filter(|(at, sheet)| *at == main || fits(sheet)).map(|(at, _)| at).collect()
}

/// The rest, a group for each folder below the one that holds them all.
fn by_folder(rest: &[usize], sheets: &[Sheet]) -> Vec<(String, Vec<usize>)> {
    let folder = |at: &usize| -> Vec<Component<'_>> {
        sheets[*at].path.parent().unwrap_or(Path::new("")).components().collect()
    };
    let Some(first) = rest.first().map(folder) else { return Vec::new() };
    let same = |one: &Vec<Component<'_>>| first.iter().zip(one).take_while(|(a, b)| a == b).count();
    let top = rest.iter().map(|at| same(&folder(at))).min().unwrap_or(0);
    let top_name = first[..top].iter().rev().find_map(|part| match part {
        Component::Normal(name) => Some(plain(&name.to_string_lossy())),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    });
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for at in rest {
        let below = folder(at).get(top).map(|part| part.as_os_str().to_string_lossy().into_owned());
        groups.entry(below.unwrap_or_default()).or_default().push(*at);
    }
    let id = |name: &str| match name {
        "" => top_name.clone().unwrap_or_default(),
        name => plain(name),
    };
    groups.into_iter().map(|(name, sheets)| (id(&name), sheets)).collect()
}

fn joined(groups: Vec<Group>, knot: &[usize]) -> Vec<Group> {
    let mut one = Group { id: String::new(), kind: manifests::NAME, sheets: Vec::new() };
    let mut rest = Vec::new();
    for (at, group) in groups.into_iter().enumerate() {
        match knot.contains(&at) {
            true => {
                one.id = if one.id.is_empty() { group.id } else { format!("{}-{}", one.id, group.id) };
                one.sheets.extend(group.sheets);
            }
            false => rest.push(group),
        }
    }
    one.sheets.sort_unstable();
    rest.push(one);
    rest
}

/// The folders of a knot cut smaller: by the folders in them, at last by files.
fn split(groups: &[Group], knot: &[usize], sheets: &[Sheet]) -> Option<Vec<Group>> {
    let (mut cut, mut done) = (false, Vec::new());
    for (at, group) in groups.iter().enumerate() {
        let loose = knot.contains(&at) && group.kind == manifests::NAME && group.sheets.len() > 1;
        if !loose {
            done.push(group.clone());
            continue;
        }
        cut = true;
        let mut parts = by_folder(&group.sheets, sheets);
        if parts.len() == 1 {
            let stem = |at: usize| sheets[at].path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            parts = group.sheets.iter().map(|at| (plain(&stem(*at)), vec![*at])).collect();
        }
        let id = |part: &str| if part == group.id { part.to_owned() } else { format!("{}-{part}", group.id) };
        done.extend(parts.into_iter().map(|(part, sheets)| Group { id: id(&part), kind: group.kind, sheets }));
    }
    cut.then_some(done)
}

/// Ids that nobody else has, and that mean nothing else.
fn named(mut groups: Vec<Group>) -> Vec<Group> {
    let mut taken = BTreeSet::from([crate::steps::cluster::NAME.to_owned(), workloads::NAME.to_owned()]);
    for group in &mut groups {
        if group.id.is_empty() {
            group.id = manifests::NAME.to_owned();
        }
        group.id = plain(&group.id);
        let base = group.id.clone();
        let other = format!("{base}-{}", manifests::NAME);
        let ids = std::iter::once(base.clone()).chain([other]).chain((2..).map(|number| format!("{base}-{number}")));
        group.id = ids.into_iter().find(|id| !taken.contains(id)).unwrap_or(base);
        taken.insert(group.id.clone());
    }
    groups
}

fn graph(groups: &[Group], sheets: &[Sheet], store: &Store) -> Graph {
    let sealed = groups.iter().any(|group| group.kind == sealing::NAME);
    let what = if sealed { As::Sealed } else { As::Plain };
    let of = |group: &Group| match group.kind == secrets::NAME {
        true => papers(store.held.iter().filter(|held| held.sealing_key.is_none()), what),
        false => Papers::of_all(&group.sheets.iter().map(|at| sheets[*at].papers.clone()).collect::<Vec<_>>()),
    };
    let all: Vec<Papers> = groups.iter().map(of).collect();
    let at = Spot { line: 1, column: 1 };
    let edge = |from: usize, to: usize| Edge { from, to, reason: Reason::Needs, at };
    let firm = links(&all).edges.into_iter().filter(|link| link.firm);
    let mut edges: Vec<Edge> = firm.map(|link| edge(link.from, link.to)).collect();
    let place = |kind: &str| groups.iter().position(|group| group.kind == kind);
    if let (Some(from), Some(to)) = (place(sealing::NAME), place(secrets::NAME)) {
        edges.push(edge(from, to));
    }
    Graph::new(groups.len(), edges)
}

fn knots(groups: &[Group], sheets: &[Sheet], store: &Store) -> Vec<Vec<usize>> {
    graph(groups, sheets, store).knots()
}

/// As they will run, for who reads the plan; it runs in its own order however it is written.
fn ordered(groups: Vec<Group>, sheets: &[Sheet], store: &Store) -> Vec<Group> {
    let mut groups = match graph(&groups, sheets, store).waves() {
        Some((waves, _)) => {
            let mut placed: Vec<(bool, u32, Group)> = (waves.into_iter().zip(groups))
                .map(|(wave, group)| (group.kind == manifests::NAME && is_late(&group), wave, group))
                .collect();
            placed.sort_by_key(|(late, wave, _)| (*late, if *late { *wave } else { 0 }));
            placed.into_iter().map(|(_, _, group)| group).collect()
        }
        None => groups,
    };
    let runs = |at: &usize| sheets[*at].papers.objects.iter();
    let all = groups.iter().flat_map(|group| group.sheets.iter()).flat_map(runs);
    let all = Papers { objects: all.cloned().collect(), ..Papers::default() };
    if !survey::expected(&all, &[]).is_empty() {
        groups.push(Group { id: workloads::NAME.to_owned(), kind: workloads::NAME, sheets: Vec::new() });
    }
    groups
}

/// What comes behind the steps that everything stands on.
fn is_late(group: &Group) -> bool {
    !["namespaces", "definitions"].contains(&group.id.as_str())
}

impl Group {
    /// As it is written.
    pub fn step(&self, paths: Vec<String>, sheets: &[Sheet], store: &Store) -> Step {
        let mut more: Vec<(&'static str, String)> = Vec::new();
        let mut questions = Vec::new();
        let objects = || self.sheets.iter().flat_map(|at| sheets[*at].papers.objects.iter());
        if self.kind == storage::NAME {
            let all = sheets.iter().flat_map(|sheet| sheet.papers.objects.iter());
            let volumes: Vec<&Object> = objects()
                .filter(|object| object.kind() == "PersistentVolume")
                .map(|object| -> &Object { object })
                .collect();
            let (labels, asked) = super::questions::labels(&volumes, all.map(|object| -> &Object { object }));
            more.extend(labels.map(|labels| ("labels", labels)));
            questions.extend(asked);
        } else if self.kind == sealing::NAME {
            let sealed = sheets.iter().flat_map(|sheet| &sheet.papers.objects).find(|object| is_sealed(object));
            let (fresh, asked) = store.key(sealed.map(|object| object.place()));
            more.extend(fresh.then(|| ("key", "fresh".to_owned())));
            questions.extend(asked);
        } else if self.kind == secrets::NAME
            && !sheets.iter().any(|sheet| sheet.papers.objects.iter().any(|object| is_controller(object)))
        {
            more.push(("seal", "false".to_owned()));
        }
        Step { id: self.id.clone(), kind: self.kind, paths, more, questions }
    }
}
