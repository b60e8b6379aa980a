//! What each step wants of the others: `needs` and required facts become edges, and what nobody gives is refused.

use super::file::{CLUSTER, DELETE, PlanFile, SAVE};
use super::graph::{Edge, Graph, Paper, Reason};
use crate::manifests::Papers;
use crate::manifests::facts::{Givers, Link, Links, Want};
use crate::model::{Fact, Spot};
use crate::steps::fields::{Faults, nearest};
use crate::steps::survey;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many unmet needs are shown; the rest is counted.
pub const UNMET: usize = 20;

/// A fact that a step requires and nothing outside and no step gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    pub step: usize,
    pub fact: Fact,
    pub at: Spot,
    /// What gives it today, when that dies with what is recovered.
    pub inside: Option<(String, Spot)>,
    /// `, did you mean …?` for a fact of nearly the same name that is given.
    pub advice: String,
}

/// The edges of a plan, and the needs that nobody meets.
pub struct Wants {
    pub graph: Graph,
    pub unmet: Vec<Unmet>,
    /// What manifests refer to and nobody gives, with the step whose manifests do.
    pub missing: Vec<(usize, Want)>,
}

/// Faults are mistakes of writing (an id that is not there); an unmet need is a finding about the world.
pub fn wants(plan: &PlanFile, links: Links) -> Result<Wants, Faults> {
    let mut faults = Faults::default();
    let mut ids: HashMap<&str, usize> = HashMap::with_capacity(plan.steps.len());
    for (at, step) in plan.steps.iter().enumerate() {
        if let Some(first) = ids.insert(step.id.as_str(), at) {
            let line = plan.steps[first].at.line;
            faults.add(step.at, format!("step {} is written twice; the first is in line {line}: rename one", step.id));
        }
    }
    let mut givers: HashMap<&Fact, Vec<usize>> = HashMap::new();
    for (at, step) in plan.steps.iter().enumerate() {
        for (fact, _) in &step.provides {
            let givers = givers.entry(fact).or_default();
            if givers.last() != Some(&at) {
                givers.push(at);
            }
        }
    }
    let mut outside: HashMap<Fact, Option<(String, Spot)>> = HashMap::new();
    for way in &plan.access {
        let inside = way.inside.then(|| (way.told.clone(), way.at));
        outside.insert(Fact::access(&way.name), inside);
    }
    for (fact, at) in &plan.outside {
        if let Some(Some((told, way))) = outside.insert(fact.clone(), None) {
            let line = way.line;
            let advice =
                format!("line {line} says that it is inside {told}, and dies with it: take one of the two out");
            faults.add(*at, format!("`outside`: {fact} cannot outlive what is recovered: {advice}"));
        }
    }

    let mut edges = Vec::with_capacity(plan.steps.iter().map(|step| step.needs.len()).sum());
    let mut unmet: Vec<Unmet> = Vec::new();
    // Where an edge from a step was last made to, so that what is said twice is one edge: the first written is kept.
    let mut made: Vec<usize> = vec![usize::MAX; plan.steps.len()];
    for (to, step) in plan.steps.iter().enumerate() {
        edges.extend(cluster_edge(plan, to));
        for (need, at) in &step.needs {
            match ids.get(need.as_str()) {
                Some(from) => {
                    if std::mem::replace(&mut made[*from], to) != to {
                        edges.push(Edge { from: *from, to, reason: Reason::Needs, at: *at });
                    }
                }
                None if faults.shows(*at) => {
                    let advice = nearest(need.as_str(), ids.keys().copied());
                    faults.add(*at, format!("step {} needs `{need}`, and no step is called that{advice}", step.id));
                }
                None => faults.add(*at, ""),
            }
        }
        let mut asked: HashSet<&Fact> = HashSet::new();
        for (fact, at) in step.requires.iter().filter(|(fact, _)| asked.insert(fact)) {
            match (outside.get(fact), givers.get(fact)) {
                (Some(None), _) => {}
                (_, Some(givers)) => edges.extend(givers.iter().map(|from| {
                    let reason = Reason::Fact(fact.clone());
                    Edge { from: *from, to, reason, at: *at }
                })),
                (inside, None) => {
                    let inside = inside.cloned().flatten();
                    let given = || givers.keys().copied().chain(outside.keys()).map(Fact::as_str);
                    let advice = match unmet.len() {
                        ..UNMET if inside.is_none() => nearest(fact.as_str(), given()),
                        _ => String::new(),
                    };
                    unmet.push(Unmet { step: to, fact: fact.clone(), at: *at, inside, advice });
                }
            }
        }
    }
    if faults.count > 0 {
        return Err(faults);
    }
    edges.extend(from_papers(plan, &mut unmet));
    let (firm, good): (Vec<Link>, Vec<Link>) = links.edges.into_iter().partition(|link| link.firm);
    edges.extend(firm.into_iter().map(|link| written(plan, link)));
    edges.extend(surveyed(plan));
    // What no manifest gives may still be given by a step that says so, or outlive the disaster.
    let mut missing = Vec::new();
    for (to, want) in links.unmet {
        match (outside.get(&want.fact), givers.get(&want.fact)) {
            (Some(None), _) => {}
            (_, Some(givers)) => edges.extend(givers.iter().filter(|from| **from != to).map(|from| {
                let paper = Paper { fact: want.fact.clone(), because: want.because.clone(), at: want.at.clone() };
                Edge { from: *from, to, reason: Reason::Paper(Arc::new(paper)), at: plan.steps[to].at }
            })),
            (_, None) => missing.push((to, want)),
        }
    }
    add_good(plan, good, &mut edges);
    Ok(Wants { graph: Graph::new(plan.steps.len(), edges), unmet, missing })
}

/// What the plan asks for and no step says that it gives may be an object of some step's manifests.
fn from_papers(plan: &PlanFile, unmet: &mut Vec<Unmet>) -> Vec<Edge> {
    if unmet.is_empty() {
        return Vec::new();
    }
    let none = Papers::default();
    let givers = Givers::of(plan.steps.iter().map(|step| step.kind.papers().unwrap_or(&none)));
    let mut edges = Vec::new();
    unmet.retain(|want| {
        let givers = givers.get(&want.fact);
        edges.extend(givers.iter().map(|giver| {
            let reason = Reason::Fact(want.fact.clone());
            Edge { from: giver.papers, to: want.step, reason, at: want.at }
        }));
        givers.is_empty()
    });
    edges
}

fn written(plan: &PlanFile, link: Link) -> Edge {
    let paper = Paper { fact: link.fact, because: link.because, at: link.at };
    Edge { from: link.from, to: link.to, reason: Reason::Paper(Arc::new(paper)), at: plan.steps[link.to].at }
}

/// Adds what is a good order and no need, except where it would close a loop: a pod that starts before its Secret waits for
/// it, and a volume may name the claim that names its class. Two steps may well refer to each other so, and either order
/// comes to the same end.
fn add_good(plan: &PlanFile, good: Vec<Link>, edges: &mut Vec<Edge>) {
    if good.is_empty() {
        return;
    }
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); plan.steps.len()];
    edges.iter().for_each(|edge| after[edge.from].push(edge.to));
    for link in good {
        let (mut seen, mut next) = (HashSet::from([link.to]), vec![link.to]);
        while let Some(step) = next.pop() {
            next.extend(after[step].iter().copied().filter(|step| seen.insert(*step)));
        }
        if !seen.contains(&link.from) {
            after[link.from].push(link.to);
            edges.push(written(plan, link));
        }
    }
}

/// What waits for the workloads of the plan comes after every step that makes one of them.
fn surveyed(plan: &PlanFile) -> Vec<Edge> {
    let waits = plan.steps.iter().enumerate().filter(|(_, step)| step.kind.surveys());
    let edges = waits.flat_map(|(to, waiter)| {
        plan.steps.iter().enumerate().filter_map(move |(from, step)| {
            let papers = step.kind.papers()?;
            let (fact, first) =
                (Fact::of("manifests", step.id.as_str()), survey::expected(papers, &[]).into_iter().next()?);
            let (because, at) = (format!("it waits for {first}"), papers.find(&first)?.place());
            let reason = Reason::Paper(Arc::new(Paper { fact, because, at }));
            (from != to).then_some(Edge { from, to, reason, at: waiter.at })
        })
    });
    edges.collect()
}

/// What stands between a step and the cluster: it comes after, or says that it comes before.
fn cluster_edge(plan: &PlanFile, step: usize) -> Option<Edge> {
    let cluster = plan.cluster.as_ref()?;
    let deletes = plan.implied > DELETE;
    // What comes before the cluster comes before the old one is deleted.
    let first = if deletes { DELETE } else { CLUSTER };
    let own = |from: usize, to: usize| Edge { from, to, reason: Reason::Needs, at: cluster.at };
    match (step, plan.steps[step].before) {
        (CLUSTER, _) => deletes.then(|| own(DELETE, CLUSTER)),
        (DELETE, _) if deletes => Some(own(SAVE, DELETE)),
        (SAVE, _) if deletes => None,
        (_, Some(at)) => Some(Edge { from: step, to: first, reason: Reason::Before, at }),
        (_, None) => Some(Edge { from: CLUSTER, to: step, reason: Reason::Cluster, at: cluster.at }),
    }
}
