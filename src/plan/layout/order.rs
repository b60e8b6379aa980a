//! Who stands above whom in each layer, so that few lines cross: sweeps over the layers in both directions, and exchanges
//! of neighbours. Finding the fewest crossings is hard even for two layers, so this stops where it gets no better.

use super::Layered;

/// Sweeps over the whole graph, at most. Most graphs are at their best after a few.
const SWEEPS: usize = 24;
/// So many sweeps in a row without a gain are the end.
const PATIENCE: usize = 6;
/// Rounds of exchanges behind each sweep.
const ROUNDS: usize = 8;

pub fn untangle(graph: &mut Layered) {
    first_order(graph);
    let mut best = (crossings(graph), graph.layers.clone());
    let mut idle = 0;
    for sweep in 0..SWEEPS {
        if best.0 == 0 || idle == PATIENCE {
            break;
        }
        pull(graph, sweep);
        exchange(graph);
        let now = crossings(graph);
        idle += 1;
        if now < best.0 {
            best = (now, graph.layers.clone());
            idle = 0;
        }
    }
    graph.layers = best.1;
}

/// Whoever hangs together stands together: a walk into the depth, from the boxes in the order they were given.
pub fn first_order(graph: &mut Layered) {
    let mut layer_of = vec![0; graph.len()];
    for (at, layer) in graph.layers.iter().enumerate() {
        layer.iter().for_each(|node| layer_of[*node] = at);
    }
    graph.layers.iter_mut().for_each(Vec::clear);
    let mut met = vec![false; graph.len()];
    for first in 0..graph.boxes {
        let mut stack = if graph.before[first].is_empty() { vec![first] } else { Vec::new() };
        while let Some(node) = stack.pop() {
            if !std::mem::replace(&mut met[node], true) {
                graph.layers[layer_of[node]].push(node);
                stack.extend(graph.after[node].iter().rev().filter(|after| !met[**after]));
            }
        }
    }
}

/// One sweep: each layer is sorted by where its neighbours in the layer before it stand on average; even sweeps go to the
/// right, odd ones to the left. Every second pair lets equals change places, which leads out of dead ends.
fn pull(graph: &mut Layered, sweep: usize) {
    let leftwards = sweep % 2 == 1;
    let turn_equals = sweep % 4 >= 2;
    let count = graph.layers.len();
    let mut places = graph.places();
    for step in 1..count {
        let at = if leftwards { count - 1 - step } else { step };
        let near = if leftwards { &graph.after } else { &graph.before };
        let layer = &mut graph.layers[at];
        // Who has no neighbour there keeps the place: nothing says where else it should stand.
        let slots: Vec<usize> = (0..layer.len()).filter(|place| !near[layer[*place]].is_empty()).collect();
        let mut pulled: Vec<(f64, usize)> =
            slots.iter().map(|place| (mean(&near[layer[*place]], &places), layer[*place])).collect();
        if turn_equals {
            pulled.reverse();
        }
        pulled.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (place, (_, node)) in slots.into_iter().zip(pulled) {
            layer[place] = node;
        }
        layer.iter().enumerate().for_each(|(place, node)| places[*node] = place);
    }
}

fn mean(near: &[usize], places: &[usize]) -> f64 {
    near.iter().map(|node| places[*node] as f64).sum::<f64>() / near.len() as f64
}

/// Exchanges neighbours in a layer wherever that takes crossings away.
fn exchange(graph: &mut Layered) {
    let mut places = graph.places();
    for _ in 0..ROUNDS {
        let mut better = false;
        for at in 0..graph.layers.len() {
            let sorted = |near: &[usize]| {
                let mut list: Vec<usize> = near.iter().map(|node| places[*node]).collect();
                list.sort_unstable();
                list
            };
            let layer = &mut graph.layers[at];
            let mut seen: Vec<[Vec<usize>; 2]> =
                layer.iter().map(|node| [sorted(&graph.before[*node]), sorted(&graph.after[*node])]).collect();
            for upper in 1..layer.len() {
                let (a, b) = (&seen[upper - 1], &seen[upper]);
                let now = crossed(&a[0], &b[0]) + crossed(&a[1], &b[1]);
                if now > 0 && crossed(&b[0], &a[0]) + crossed(&b[1], &a[1]) < now {
                    layer.swap(upper - 1, upper);
                    seen.swap(upper - 1, upper);
                    better = true;
                }
            }
            layer.iter().enumerate().for_each(|(place, node)| places[*node] = place);
        }
        if !better {
            break;
        }
    }
}

/// How many lines cross when the one with the first neighbours stands above the one with the second. Both are sorted.
fn crossed(above: &[usize], below: &[usize]) -> usize {
    let mut count = 0;
    let mut lower = 0;
    for place in above {
        while lower < below.len() && below[lower] < *place {
            lower += 1;
        }
        count += lower;
    }
    count
}

/// How many lines cross in the whole graph.
pub fn crossings(graph: &Layered) -> usize {
    let places = graph.places();
    let mut count = 0;
    for (at, layer) in graph.layers.iter().enumerate() {
        let next = graph.layers.get(at + 1).map_or(0, Vec::len);
        // A tree of sums over the ends met so far: how many of them lie below the one that is met now.
        let mut sums = vec![0_usize; next + 1];
        let mut met = 0;
        for node in layer {
            let mut ends: Vec<usize> = graph.after[*node].iter().map(|to| places[*to]).collect();
            ends.sort_unstable();
            for end in &ends {
                let mut not_below = 0;
                let mut i = end + 1;
                while i > 0 {
                    not_below += sums[i];
                    i &= i - 1;
                }
                count += met - not_below;
            }
            for end in &ends {
                let mut i = end + 1;
                while i <= next {
                    sums[i] += 1;
                    i += i & i.wrapping_neg();
                }
            }
            met += ends.len();
        }
    }
    count
}
