//! From a path to a plan that can be shown or run: read, wired, ordered; or refused with everything that is wrong.

use super::argocd;
use super::cluster;
use super::cycle;
use super::fence;
use super::file::PlanFile;
use super::graph::{self, Graph};
use super::read;
use super::sealing;
use super::wants;
use crate::checks::drill::{self, Allowed};
use crate::manifests::facts::{self, Want};
use crate::manifests::papers::Marked;
use crate::manifests::{self, At, Papers, Wrongs};
use crate::model::{Digest, Mode, ObjectId, Problem, Provider};
use crate::secrets::store::{Held, Outline, Stale, Store};
use crate::steps::contract::Around;
use crate::steps::fields::Fault;
use crate::sys::{Look, files, yaml};
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// No plan file is larger.
const LARGEST: u64 = 64 << 20;

/// A plan with its graph, proved to have an order.
pub struct Planned {
    pub file: PlanFile,
    pub mode: Mode,
    pub graph: Graph,
    /// The wave of each step, from 0.
    pub waves: Vec<u32>,
    /// The steps by wave, and within a wave as in the file: a valid order of execution.
    pub order: Vec<usize>,
    pub digest: Digest,
    /// What manifests refer to and nobody gives, with the step whose manifests do.
    pub missing: Vec<(usize, Want)>,
    /// What was read for each step.
    pub papers: Vec<Papers>,
    /// What the store of secrets holds, by name, and the files of which that is not known.
    pub held: Vec<Held>,
    pub stale: Vec<Stale>,
    /// The places that it may reach, where it is drilled behind a fence.
    pub allowed: Option<Allowed>,
    /// The plan itself, where it holds a comment for this program.
    pub marked: Option<Arc<Marked>>,
}

/// Reads a plan and everything that its graph comes from, once.
pub fn load(look: Look, path: &Path, mode: Mode) -> Result<Planned, Problem> {
    let shown = path.display().to_string();
    from_text(&text(look, path, &shown)?, &shown, path, mode)
}

/// The same, with the cluster of a drill made by this provider.
pub fn load_in(look: Look, path: &Path, mode: Mode, within: Option<Provider>) -> Result<Planned, Problem> {
    let shown = path.display().to_string();
    text_in(&text(look, path, &shown)?, &shown, path, mode, within)
}

/// A plan as it is written, without anything that it names.
pub fn written(look: Look, path: &Path) -> Result<PlanFile, Problem> {
    let shown = path.display().to_string();
    read::read(&text(look, path, &shown)?, &shown, path).map_err(|bad| unreadable(&shown, &bad.faults, bad.count))
}

fn text(look: Look, path: &Path, shown: &str) -> Result<String, Problem> {
    let bytes = files::read(look, path, LARGEST).map_err(|error| unread(shown, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let (valid, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let at = yaml::place_of(bytes, valid);
        let advice = match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it looks like UTF-16: save it as UTF-8",
            _ => "save it as UTF-8; was the file cut or damaged?",
        };
        let text = format!("not UTF-8 text: byte {valid} of the file belongs to no character; {advice}");
        unreadable(shown, &[Fault { at, text }], 1)
    })
}

pub fn from_text(text: &str, shown: &str, path: &Path, mode: Mode) -> Result<Planned, Problem> {
    text_in(text, shown, path, mode, None)
}

fn text_in(text: &str, shown: &str, path: &Path, mode: Mode, within: Option<Provider>) -> Result<Planned, Problem> {
    let look = Look::new();
    let mut file = read::read(text, shown, path).map_err(|bad| unreadable(shown, &bad.faults, bad.count))?;
    cluster::join(look, &mut file, mode, within)?;
    let held = held(look, &mut file)?;
    let fenced = mode == Mode::Drill && file.provider == Some(Provider::K3d);
    let papers = papers(look, &mut file, &held.held, fenced)?;
    fence::images(&file, &papers);
    let allowed = fenced.then(|| fence::allowed(&file, &papers));
    lacking(&file, &held)?;
    let mut links = facts::links(&papers);
    sealing::join(&file, &papers, &mut links);
    argocd::join(&file, &papers, &mut links);
    let wants = wants::wants(&file, links).map_err(|faults| unreadable(shown, &faults.list, faults.count))?;
    if !wants.unmet.is_empty() {
        return Err(cycle::unmet(&file, &wants.unmet));
    }
    let graph = wants.graph;
    let Some((waves, mut order)) = graph.waves() else {
        return Err(cycle::refusal(&file, &cycle::loops(&graph)));
    };
    order.sort_unstable_by_key(|step| (waves[*step], *step));
    let digest = graph::digest(&file, &graph, mode);
    let Outline { held, stale } = held;
    let marked = Marked::of(shown, text.as_bytes());
    Ok(Planned {
        marked,
        file,
        mode,
        graph,
        waves,
        order,
        digest,
        papers,
        held,
        stale,
        missing: wants.missing,
        allowed,
    })
}

/// The store of secrets of a plan.
pub fn store(look: Look, file: &PlanFile) -> Result<Option<Store>, Problem> {
    let Some(secrets) = &file.secrets else { return Ok(None) };
    Store::find(look, file.folder(), &secrets.files.0, &parent(&file.shown)).map(Some)
}

/// What it holds: names, keys and digests, for which no identity is needed.
fn held(look: Look, file: &mut PlanFile) -> Result<Outline, Problem> {
    let named = file.secrets.as_ref().map(|secrets| secrets.files.1);
    match (store(look, file), named) {
        (Ok(Some(store)), _) => Ok(store.outline()),
        (Ok(None), _) => Ok(Outline::default()),
        (Err(problem), Some(at)) => {
            let text = format!("`files` of `secrets`: {}", problem.fact);
            let told =
                problem.causes.into_iter().fold(unreadable(&file.shown, &[Fault { at, text }], 1), Problem::because);
            Err(problem.next.into_iter().fold(told, Problem::next))
        }
        (Err(problem), None) => Err(problem),
    }
}

/// Values that steps name and the store does not have. Where it is not known what a file holds, it may be in that one.
fn lacking(file: &PlanFile, held: &Outline) -> Result<(), Problem> {
    let lacks = file.steps.iter().flat_map(|step| step.kind.lacks().iter().map(move |name| (step, name)));
    let lacks =
        lacks.map(|(step, name)| Fault { at: step.at, text: format!("step {}: {name} is not in the store", step.id) });
    let known = held.stale.is_empty();
    let faults: Vec<Fault> = lacks.filter(|_| known).chain(sealing::lacking(file)).collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(unreadable(&file.shown, &faults, faults.len())),
    }
}

/// The folder of a path, as people write it.
fn parent(shown: &str) -> String {
    Path::new(shown).parent().map_or(String::new(), |folder| folder.display().to_string())
}

/// Reads every manifest that the plan names, each once, and hands them to their steps.
fn papers(look: Look, file: &mut PlanFile, held: &[Held], fenced: bool) -> Result<Vec<Papers>, Problem> {
    if file.steps.iter().all(|step| step.kind.paths().is_empty() && !step.kind.wants_store()) {
        return Ok(Vec::new());
    }
    let named = |step: &super::file::Step| step.kind.paths().iter().map(|(path, _)| path.clone()).collect();
    let wanted: Vec<Vec<String>> = file.steps.iter().map(named).collect();
    let folder = file.folder().to_owned();
    let shown = parent(&file.shown);
    let mut papers =
        manifests::read_all(look, &folder, &shown, &wanted).map_err(|wrongs| unreadable_papers(file, &wrongs))?;
    if fenced {
        drill::substitute(&mut papers);
    }
    for (step, papers) in file.steps.iter_mut().zip(&papers).filter(|(step, _)| !step.kind.surveys()) {
        step.kind.take(papers.clone());
    }
    follow(look, file, &folder, Path::new(&shown), &mut papers);
    let all = Papers::of_all(&papers);
    for step in file.steps.iter_mut().filter(|step| step.kind.surveys()) {
        step.kind.take(all.clone());
    }
    for (step, papers) in file.steps.iter_mut().zip(&mut papers) {
        // Also a step that brings nothing of the store can want to know for whom it works.
        step.kind.equip(held);
        if step.kind.wants_store() {
            *papers = step.kind.papers().cloned().unwrap_or_default();
        }
    }
    Ok(papers)
}

/// Adds what manifests bring beside themselves, as Applications do. What a step holds anyway is that step's.
fn follow(look: Look, file: &mut PlanFile, folder: &Path, shown: &Path, papers: &mut [Papers]) {
    let name = |id: &ObjectId| {
        let space = id.namespace.as_deref().unwrap_or_default();
        format!("{}\0{}\0{space}\0{}", id.group(), id.kind, id.name)
    };
    let known: HashSet<String> =
        papers.iter().flat_map(|papers| &papers.objects).map(|object| name(&object.id)).collect();
    let holds = |id: &ObjectId| known.contains(&name(id));
    let around = Around { folder, shown, holds: &holds };
    for (step, papers) in file.steps.iter_mut().zip(papers) {
        if step.kind.follow(look, &around) {
            *papers = step.kind.papers().cloned().unwrap_or_default();
        }
    }
}

/// Everything that is wrong with the manifests, each with its place.
fn unreadable_papers(file: &PlanFile, wrongs: &Wrongs) -> Problem {
    let count = wrongs.count;
    let mut problem = Problem::usage(match count {
        1 => "the manifests cannot be used: 1 mistake".to_owned(),
        n => format!("the manifests cannot be used: {n} mistakes"),
    });
    let mut list: Vec<_> = wrongs.list.iter().collect();
    list.sort_by_key(|wrong| &wrong.at);
    for wrong in list {
        problem = problem.because(match &wrong.at {
            At::Place(_) => wrong.to_string(),
            At::Asked { step, path } => {
                let step = &file.steps[*step];
                let spot = step.kind.paths().get(*path).map_or(step.at, |(_, spot)| *spot);
                format!("{}:{}:{}: step {}: {}", file.shown, spot.line, spot.column, step.id, wrong.text)
            }
        });
    }
    if count > wrongs.list.len() {
        problem = problem.because(format!("and {} more", count - wrongs.list.len()));
    }
    let these = if count == 1 { "this" } else { "these" };
    problem.next(format!("mend {these}, then the same command again. Nothing was touched."))
}

fn unreadable(shown: &str, faults: &[Fault], count: usize) -> Problem {
    let fact = match count {
        1 => "the plan cannot be used: 1 mistake".to_owned(),
        n => format!("the plan cannot be used: {n} mistakes"),
    };
    let mut problem = Problem::usage(fact);
    for fault in faults {
        let (line, column) = (fault.at.line, fault.at.column);
        problem = problem.because(format!("{shown}:{line}:{column}: {}", fault.text));
    }
    if count > faults.len() {
        problem = problem.because(format!("and {} more", count - faults.len()));
    }
    let these = if count == 1 { "this" } else { "these" };
    problem
        .next(format!("mend {these}, then the same command again. Nothing was touched. Every key there is:"))
        .next("blackstart schema")
}

/// Why there is not even a text, and what to do about it.
fn unread(shown: &str, error: &io::Error) -> Problem {
    let kind = error.kind();
    let (why, next) = match kind {
        io::ErrorKind::NotFound => ("is not there".to_owned(), "give the path of a plan file, as plans/homelab.yaml"),
        io::ErrorKind::InvalidInput => {
            (format!("{error}, but a folder, a pipe or a device"), "name the plan file itself, as plans/homelab.yaml")
        }
        io::ErrorKind::FileTooLarge => {
            (format!("has more than {} MiB", LARGEST >> 20), "name a plan file; this may be a backup or an image")
        }
        io::ErrorKind::PermissionDenied => {
            ("may not be read by this user".to_owned(), "let this user read it, or take the one who may")
        }
        _ => (format!("({error})"), "name a plan file that can be read"),
    };
    Problem::usage(format!("the plan cannot be read: {shown} {why}")).next(format!("{next}. Nothing was touched."))
}
