//! What each step wants of the others: `needs` and required facts become edges, and what nobody gives is refused.

use super::file::PlanFile;
use super::graph::{Edge, Graph, Reason};
use crate::model::{Fact, Spot};
use crate::steps::fields::{Faults, nearest};
use std::collections::HashMap;

/// A fact that a step requires and nothing outside and no step gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    pub step: usize,
    pub fact: Fact,
    pub at: Spot,
    /// What gives it today, when that dies with what is recovered.
    pub inside: Option<(String, Spot)>,
}

/// The edges of a plan, and the needs that nobody meets.
pub struct Wants {
    pub graph: Graph,
    pub unmet: Vec<Unmet>,
}

/// Faults are mistakes of writing (an id that is not there); an unmet need is a finding about the world.
pub fn wants(plan: &PlanFile) -> Result<Wants, Faults> {
    let mut faults = Faults::default();
    let mut ids: HashMap<&str, usize> = HashMap::with_capacity(plan.steps.len());
    for (at, step) in plan.steps.iter().enumerate() {
        if let Some(first) = ids.insert(step.id.as_str(), at) {
            let line = plan.steps[first].at.line;
            faults.add(step.at, format!("step {} is written twice; the first is in line {line}", step.id));
        }
    }
    let mut givers: HashMap<&Fact, Vec<usize>> = HashMap::new();
    for (at, step) in plan.steps.iter().enumerate() {
        for (fact, _) in &step.provides {
            givers.entry(fact).or_default().push(at);
        }
    }
    let mut outside: HashMap<Fact, Option<(String, Spot)>> = HashMap::new();
    for way in &plan.access {
        let inside = way.inside.then(|| (way.told.clone(), way.at));
        outside.insert(Fact::access(&way.name), inside);
    }
    outside.extend(plan.outside.iter().map(|(fact, _)| (fact.clone(), None)));

    let mut edges = Vec::with_capacity(plan.steps.iter().map(|step| step.needs.len()).sum());
    let mut unmet = Vec::new();
    for (to, step) in plan.steps.iter().enumerate() {
        for (need, at) in &step.needs {
            match ids.get(need.as_str()) {
                Some(from) => edges.push(Edge { from: *from, to, reason: Reason::Needs, at: *at }),
                None if faults.has_room() => {
                    let advice = nearest(need.as_str(), ids.keys().copied());
                    faults.add(*at, format!("step {} needs `{need}`, and no step is called that{advice}", step.id));
                }
                None => faults.add(*at, ""),
            }
        }
        for (fact, at) in &step.requires {
            match (outside.get(fact), givers.get(fact)) {
                (Some(None), _) => {}
                (_, Some(givers)) => edges.extend(givers.iter().map(|from| {
                    let reason = Reason::Fact(fact.clone());
                    Edge { from: *from, to, reason, at: *at }
                })),
                (inside, None) => {
                    let inside = inside.cloned().flatten();
                    unmet.push(Unmet { step: to, fact: fact.clone(), at: *at, inside });
                }
            }
        }
    }
    if faults.count > 0 {
        return Err(faults);
    }
    Ok(Wants { graph: Graph::new(plan.steps.len(), edges), unmet })
}
