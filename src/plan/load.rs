//! From a path to a plan that can be shown or run: read, wired, ordered; or refused with everything that is wrong.

use super::cycle;
use super::file::PlanFile;
use super::graph::{self, Graph};
use super::read;
use super::wants;
use crate::model::{Digest, Mode, Problem};
use crate::steps::fields::Fault;
use crate::sys::{Look, files};
use std::path::Path;

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
}

/// Reads a plan and everything that its graph comes from, once.
pub fn load(look: Look, path: &Path, mode: Mode) -> Result<Planned, Problem> {
    let shown = path.display().to_string();
    let bytes = files::read(look, path, LARGEST).map_err(|error| {
        let problem = Problem::usage(format!("{shown}: the plan cannot be read: {error}"));
        match error.kind() {
            std::io::ErrorKind::NotFound => problem.next("give the path of a plan file, as plans/homelab.yaml"),
            _ => problem,
        }
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::usage(format!("{shown}: is not UTF-8 text: the byte at offset {at} belongs to no character"))
    })?;
    from_text(&text, &shown, path, mode)
}

pub fn from_text(text: &str, shown: &str, path: &Path, mode: Mode) -> Result<Planned, Problem> {
    let file = read::read(text, shown, path).map_err(|bad| unreadable(shown, &bad.faults, bad.count))?;
    let wants = wants::wants(&file).map_err(|faults| unreadable(shown, &faults.list, faults.count))?;
    if !wants.unmet.is_empty() {
        return Err(cycle::unmet(&file, &wants.unmet));
    }
    let graph = wants.graph;
    let Some((waves, mut order)) = graph.waves() else {
        return Err(cycle::refusal(&file, &cycle::loops(&graph)));
    };
    order.sort_unstable_by_key(|step| (waves[*step], *step));
    let digest = graph::digest(&file, &graph, mode);
    Ok(Planned { file, mode, graph, waves, order, digest })
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
    problem.next("blackstart schema tells every key; nothing was touched")
}
