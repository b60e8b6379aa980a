//! Which step may start next. Needs are counted down and never scanned, so that one step with a hundred thousand needs
//! costs no more than a hundred thousand steps with one. Pure.

use crate::plan::Graph;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A step that may start. The one with the longest way behind it goes first, then the one that is shown first.
#[derive(Debug)]
struct Candidate {
    way: f64,
    place: usize,
    step: usize,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.way.total_cmp(&other.way).then(other.place.cmp(&self.place))
    }
}
impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Candidate {}

pub struct Ready {
    waits: Vec<u32>,
    ways: Vec<f64>,
    places: Vec<usize>,
    heap: BinaryHeap<Candidate>,
}

impl Ready {
    /// `order` is the order that people were shown; `ways` the length of the longest way behind each step.
    pub fn new(graph: &Graph, order: &[usize], ways: Vec<f64>) -> Self {
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, step)| places[*step] = place);
        let mut ready = Self { waits: graph.waits(), ways, places, heap: BinaryHeap::new() };
        for step in order.iter().copied() {
            if ready.waits[step] == 0 {
                ready.offer(step);
            }
        }
        ready
    }

    /// Puts a step in line again, whose needs are met.
    pub fn offer(&mut self, step: usize) {
        self.heap.push(Candidate { way: self.ways[step], place: self.places[step], step });
    }

    /// The step that starts next.
    pub fn take(&mut self) -> Option<usize> {
        self.heap.pop().map(|candidate| candidate.step)
    }

    /// A step lets its dependents go: each that waits for nothing more joins the line.
    pub fn release(&mut self, graph: &Graph, step: usize) {
        for after in graph.after(step) {
            self.waits[after] -= 1;
            if self.waits[after] == 0 {
                self.offer(after);
            }
        }
    }
}
