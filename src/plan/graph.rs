//! The graph of a plan: steps, and edges that can say why. The only file that knows petgraph.

use super::file::PlanFile;
use crate::model::digest::Digester;
use crate::model::{Digest, Fact, Mode, Place, Spot};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use petgraph::{Direction, algo};
use std::sync::Arc;

/// Why a step waits for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The plan says `needs`.
    Needs,
    /// The other gives a fact that this one requires.
    Fact(Fact),
    /// Every step comes after the cluster that does not say otherwise.
    Cluster,
    /// The other says `before: cluster`.
    Before,
    /// Manifests say so.
    Paper(Arc<Paper>),
}

/// What a manifest of one step needs of another step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    pub fact: Fact,
    pub because: String,
    pub at: Place,
}

impl Reason {
    pub fn fact(&self) -> Option<&Fact> {
        match self {
            Reason::Fact(fact) => Some(fact),
            Reason::Paper(paper) => Some(&paper.fact),
            Reason::Needs | Reason::Cluster | Reason::Before => None,
        }
    }
    /// The file and line that say so, where it is not the plan at this spot.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Reason::Paper(paper) => Some(&paper.at),
            Reason::Needs | Reason::Fact(_) | Reason::Cluster | Reason::Before => None,
        }
    }
}

/// `from` must be verified before `to` starts. Steps are numbered by their order in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub reason: Reason,
    /// Where the plan says so.
    pub at: Spot,
}

pub struct Graph {
    inner: DiGraph<(), (Reason, Spot), u32>,
}

impl Graph {
    pub fn new(steps: usize, edges: Vec<Edge>) -> Self {
        let mut inner = DiGraph::with_capacity(steps, edges.len());
        (0..steps).for_each(|_| {
            inner.add_node(());
        });
        // petgraph walks through the edges of a step from the last to the first: added in reverse, they come as written.
        for edge in edges.into_iter().rev() {
            inner.add_edge(node(edge.from), node(edge.to), (edge.reason, edge.at));
        }
        Self { inner }
    }

    pub fn len(&self) -> usize {
        self.inner.node_count()
    }
    pub fn is_empty(&self) -> bool {
        self.inner.node_count() == 0
    }
    pub fn edges(&self) -> usize {
        self.inner.edge_count()
    }

    /// What a step waits for, in the order in which the plan says so.
    pub fn before(&self, step: usize) -> Vec<Edge> {
        self.reasons(step).map(|(from, reason, at)| Edge { from, to: step, reason: reason.clone(), at }).collect()
    }
    /// The same, without a copy.
    pub fn reasons(&self, step: usize) -> impl Iterator<Item = (usize, &Reason, Spot)> {
        let found = self.inner.edges_directed(node(step), Direction::Incoming);
        found.map(|edge| {
            let (reason, at) = edge.weight();
            (edge.source().index(), reason, *at)
        })
    }

    /// The steps that wait for this one; one that waits for two reasons comes twice.
    pub fn after(&self, step: usize) -> impl Iterator<Item = usize> + '_ {
        self.inner.neighbors_directed(node(step), Direction::Outgoing).map(NodeIndex::index)
    }
    /// How many edges come in: counted down while the run goes on.
    pub fn waits(&self) -> Vec<u32> {
        let mut waits = vec![0; self.len()];
        self.inner.raw_edges().iter().for_each(|edge| waits[edge.target().index()] += 1);
        waits
    }

    /// The wave of each step: one more than that of the last it waits for. `None` when there is a cycle.
    pub fn waves(&self) -> Option<(Vec<u32>, Vec<usize>)> {
        let (mut waits, mut waves) = (self.waits(), vec![0; self.len()]);
        let mut order: Vec<usize> = (0..self.len()).filter(|step| waits[*step] == 0).collect();
        let mut next = 0;
        while let Some(step) = order.get(next).copied() {
            next += 1;
            for after in self.after(step) {
                waves[after] = waves[after].max(waves[step] + 1);
                waits[after] -= 1;
                if waits[after] == 0 {
                    order.push(after);
                }
            }
        }
        (order.len() == self.len()).then_some((waves, order))
    }

    /// For each step the cost of the longest way that begins with it. `order` is a valid order of the steps.
    pub fn longest(&self, order: &[usize], cost: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut ways = vec![0.0_f64; self.len()];
        for step in order.iter().rev().copied() {
            let behind = self.after(step).map(|after| ways[after]).fold(0.0, f64::max);
            ways[step] = cost(step) + behind;
        }
        ways
    }

    /// The groups of steps that wait for each other, each in the order of the file.
    pub fn knots(&self) -> Vec<Vec<usize>> {
        let loops = |step: NodeIndex<u32>| self.inner.find_edge(step, step).is_some();
        // Not Tarjan's way: it calls itself once for each step of a chain, and a long chain would overflow the stack.
        let groups = algo::kosaraju_scc(&self.inner).into_iter();
        let tied = groups.filter(|group| group.len() > 1 || group.iter().any(|step| loops(*step)));
        let mut knots: Vec<Vec<usize>> = tied.map(|group| group.into_iter().map(NodeIndex::index).collect()).collect();
        knots.iter_mut().for_each(|knot| knot.sort_unstable());
        knots.sort_unstable();
        knots
    }

    /// The same steps without the edges at those that are left out.
    pub fn without(&self, left_out: &[bool]) -> Graph {
        let inner = self.inner.filter_map(
            |_, ()| Some(()),
            |edge, weight| {
                let (from, to) = self.inner.edge_endpoints(edge)?;
                (!left_out[from.index()] && !left_out[to.index()]).then(|| weight.clone())
            },
        );
        Graph { inner }
    }
}

fn node(step: usize) -> NodeIndex<u32> {
    NodeIndex::new(step)
}

/// The first eight bytes of an id as a number that sorts as they do.
fn beginning(id: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(id.bytes()).for_each(|(to, byte)| *to = byte);
    u64::from_be_bytes(bytes)
}

/// Ids, kinds, edges and mode, whatever their order in the file. What a resumed run must find unchanged.
pub fn digest(plan: &PlanFile, graph: &Graph, mode: Mode) -> Digest {
    let mut digest = Digester::new("blackstart graph 1").field(mode.as_str().as_bytes());
    // The beginning of an id, kept beside the number of its step, decides nearly always. That spares each of the many
    // comparisons two reads from all over the memory.
    let id = |step: usize| plan.steps[step].id.as_str();
    let mut order: Vec<(u64, usize)> = (0..plan.steps.len()).map(|step| (beginning(id(step)), step)).collect();
    order.sort_unstable_by(|(a, one), (b, other)| a.cmp(b).then_with(|| id(*one).cmp(id(*other))));
    let mut place = vec![0_u32; order.len()];
    for (at, (_, step)) in order.iter().enumerate() {
        place[*step] = u32::try_from(at).unwrap_or(u32::MAX);
    }
    let (mut before, mut bytes): (Vec<u32>, Vec<u8>) = (Vec::new(), Vec::new());
    for (_, step) in &order {
        let step = &plan.steps[*step];
        digest.add(step.id.as_str().as_bytes());
        digest.add(step.kind.name().as_bytes());
        digest.add(step.only.map_or("", Mode::as_str).as_bytes());
    }
    for (at, (_, step)) in order.iter().enumerate() {
        let sources = graph.inner.neighbors_directed(node(*step), Direction::Incoming);
        before.clear();
        before.extend(sources.map(|source| place[source.index()]));
        if before.is_empty() {
            continue;
        }
        before.sort_unstable();
        before.dedup();
        digest.add(&(at as u64).to_le_bytes());
        bytes.clear();
        before.iter().for_each(|place| bytes.extend(place.to_le_bytes()));
        digest.add(&bytes);
    }
    digest.finish()
}
