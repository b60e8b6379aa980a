//! Steps that wait for each other: found, cut down to the shortest loop, and told edge by edge. Nothing is ever dropped to
//! break a loop.

use super::file::PlanFile;
use super::graph::{Edge, Graph, Reason};
use super::wants::{UNMET, Unmet};
use crate::model::{Place, Problem, Spot};
use std::collections::{HashMap, VecDeque};

/// How many loops are shown whole; the rest is counted.
const SHOWN: usize = 20;
/// A plan with more loops than this is not a plan, and each round costs a walk through the graph.
const ROUNDS: usize = 100;

/// Loops that share no step. Each is the shortest one through that step of its knot which stands first in the file;
/// its edges follow each other, and the last leads back to the first.
pub fn loops(graph: &Graph) -> Vec<Vec<Edge>> {
    let mut found = Vec::new();
    let mut left_out = vec![false; graph.len()];
    let mut knots = graph.knots();
    for _ in 0..ROUNDS {
        if knots.is_empty() {
            break;
        }
        let rest = graph.without(&left_out);
        for knot in &knots {
            let ring = shortest(&rest, knot[0]);
            ring.iter().for_each(|edge| left_out[edge.to] = true);
            found.push(ring);
        }
        knots = graph.without(&left_out).knots();
    }
    found
}

/// Walks from what `first` waits for, backwards, until `first` is met again. Read forwards: first waits for a, a waits for b, …
fn shortest(graph: &Graph, first: usize) -> Vec<Edge> {
    let mut came: HashMap<usize, Edge> = HashMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(step) = queue.pop_front() {
        for edge in graph.before(step) {
            if edge.from == first {
                let mut ring = vec![edge];
                let mut at = step;
                while at != first {
                    let Some(edge) = came.get(&at).cloned() else { return ring };
                    at = edge.to;
                    ring.push(edge);
                }
                ring.reverse();
                return ring;
            }
            came.entry(edge.from).or_insert_with(|| {
                queue.push_back(edge.from);
                edge
            });
        }
    }
    Vec::new()
}

fn at(plan: &PlanFile, spot: Spot) -> Place {
    Place { file: plan.shown.clone(), spot }
}

/// The refusal that names every loop whole.
pub fn refusal(plan: &PlanFile, rings: &[Vec<Edge>]) -> Problem {
    let fact = match rings {
        [ring] if ring.len() == 1 => "a step waits for itself".to_owned(),
        [_] => "these steps wait for each other".to_owned(),
        several if several.len() >= ROUNDS => format!("steps wait for each other ({} loops or more)", several.len()),
        several => format!("steps wait for each other ({} loops)", several.len()),
    };
    let mut problem = Problem::refused(fact);
    let name = |step: usize| plan.steps[step].id.as_str();
    for (i, ring) in rings.iter().take(SHOWN).enumerate() {
        let width = ring.iter().map(|edge| name(edge.to).len()).max().unwrap_or(0);
        if rings.len() > 1 {
            problem = problem.because(format!("loop {}", i + 1));
        }
        for edge in ring {
            let (waiter, giver) = (name(edge.to), name(edge.from));
            let place = edge.reason.place().cloned().unwrap_or_else(|| at(plan, edge.at));
            let why = match &edge.reason {
                Reason::Needs => format!("needs {giver}"),
                Reason::Fact(fact) => format!("requires {fact}, which {giver} gives"),
                Reason::Cluster => "needs the cluster".to_owned(),
                Reason::Before => format!("comes after {giver}, which says `before: cluster`"),
                Reason::Paper(paper) => format!("{}, which {giver} gives", paper.because),
            };
            problem = problem.because(format!("{waiter:width$}  {why}   {place}"));
        }
    }
    if rings.len() > SHOWN {
        problem = problem.because(format!("and {} more loops", rings.len() - SHOWN));
    }
    let any = |is: fn(&Reason) -> bool| rings.iter().flatten().any(|edge| is(&edge.reason));
    let facts = any(|reason| matches!(reason, Reason::Fact(_)));
    let before = any(|reason| matches!(reason, Reason::Before));
    if any(|reason| matches!(reason, Reason::Paper(_))) {
        let split = "make two steps of one, so that what others wait for comes first";
        let plan = any(|reason| !matches!(reason, Reason::Paper(_) | Reason::Cluster));
        return match plan {
            true => problem.next(format!("{split}, or take")).next("one of the other lines out. Nothing was touched."),
            false => problem.next(format!("{split}. Nothing was touched.")),
        };
    }
    match (rings.len(), facts) {
        (1, _) if rings[0].len() == 1 => problem.next("take it out of the plan. Nothing was touched."),
        (1, false) if before => {
            problem.next("take one of these `needs`, or the `before`, out of the plan. Nothing was touched.")
        }
        (1, false) => problem.next("take one of these `needs` out of the plan. Nothing was touched."),
        (_, false) => problem.next("take one of the `needs` of each loop out of the plan. Nothing was touched."),
        (_, true) => problem
            .next("take one line of each loop out of the plan, or list what it requires under")
            .next("`outside` if something that outlives the disaster gives it. Nothing was touched."),
    }
}

/// The refusal of needs that only the dead could meet, or nobody.
pub fn unmet(plan: &PlanFile, unmet: &[Unmet]) -> Problem {
    let mut problem = Problem::refused(match unmet.len() {
        1 => "a step requires what nothing gives once all is down".to_owned(),
        n => format!("steps require what nothing gives once all is down ({n} needs)"),
    });
    let name = |want: &Unmet| plan.steps[want.step].id.as_str();
    let width = unmet.iter().map(|want| name(want).len()).max().unwrap_or(0);
    for want in unmet.iter().take(UNMET) {
        let place = at(plan, want.at);
        let told = format!("{:width$}  requires {}   {place}{}", name(want), want.fact, want.advice);
        problem = problem.because(told);
        if let Some((told, spot)) = &want.inside {
            let place = at(plan, *spot);
            problem = problem.because(format!("{:width$}  which is inside {told} and dies with it   {place}", ""));
        }
    }
    if unmet.len() > UNMET {
        problem = problem.because(format!("and {} more", unmet.len() - UNMET));
    }
    problem
        .next("let the step that gives it say `provides`, or list it under `outside` if it outlives the disaster.")
        .next("You cannot recover with the thing that you are recovering. Nothing was touched.")
}
