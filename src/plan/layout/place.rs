//! At which height each box and bend stands, once it is known who stands above whom. After Brandes and Köpf, "Fast and
//! simple horizontal coordinate assignment": neighbours are aligned into straight rows in four ways (from the left or the
//! right, from above or below), each is pressed together, and the middle of the four is taken. Long edges stay straight.
//! The pressing together walks over the graph of the rows, because the way of the paper may let rows overlap.

use super::Layered;
use std::collections::HashSet;

/// The room between two boxes, and around a line that runs between them.
const BETWEEN: i32 = 18;
const AROUND_LINE: i32 = 14;

/// The middle of every node of the graph.
pub fn place(graph: &Layered, height: i32) -> Vec<i32> {
    let places = graph.places();
    let yielding = yielding(graph, &places);
    let mut four = Vec::with_capacity(4);
    for from_right in [false, true] {
        for from_below in [false, true] {
            let mut layers = graph.layers.clone();
            let mut places = places.clone();
            if from_right {
                layers.reverse();
            }
            if from_below {
                for layer in &mut layers {
                    layer.reverse();
                    layer.iter().enumerate().for_each(|(place, node)| places[*node] = place);
                }
            }
            let may =
                |node: usize, near: usize| !yielding.contains(&if from_right { (node, near) } else { (near, node) });
            let near = if from_right { &graph.after } else { &graph.before };
            let rows = rows(&layers, near, &places, may);
            let mut middles = press(graph, &layers, &rows, height);
            if from_below {
                middles.iter_mut().for_each(|middle| *middle = -*middle);
            }
            four.push((middles, from_below));
        }
    }
    balance(four)
}

/// The edges that cross a piece of a long edge. They give way, so that the long one can be straight.
fn yielding(graph: &Layered, places: &[usize]) -> HashSet<(usize, usize)> {
    let mut found = HashSet::new();
    for pair in graph.layers.windows(2) {
        let [left, right] = pair else { continue };
        let (mut highest, mut next) = (0, 0);
        for (at, node) in right.iter().enumerate() {
            let inner = graph.before[*node].first().filter(|from| graph.is_bend(*node) && graph.is_bend(**from));
            if inner.is_none() && at + 1 < right.len() {
                continue;
            }
            let lowest = inner.map_or(left.len(), |from| places[*from]);
            for node in &right[next..=at] {
                for from in &graph.before[*node] {
                    let outside = places[*from] < highest || places[*from] > lowest;
                    if outside && !(graph.is_bend(*node) && graph.is_bend(*from)) {
                        found.insert((*from, *node));
                    }
                }
            }
            (next, highest) = (at + 1, lowest);
        }
    }
    found
}

/// Ties each node to the middle one of its neighbours in the layer before, unless that would cross another tie.
/// For each node the first of its row.
fn rows(
    layers: &[Vec<usize>],
    near: &[Vec<usize>],
    places: &[usize],
    may: impl Fn(usize, usize) -> bool,
) -> Vec<usize> {
    let mut row: Vec<usize> = (0..near.len()).collect();
    for layer in layers {
        let mut free = 0;
        for node in layer.iter().copied() {
            let mut list = near[node].clone();
            list.sort_unstable_by_key(|other| places[*other]);
            let Some(last) = list.len().checked_sub(1) else { continue };
            for other in [list[last / 2], list[last.div_ceil(2)]] {
                if row[node] == node && places[other] >= free && may(node, other) {
                    row[node] = row[other];
                    free = places[other] + 1;
                }
            }
        }
    }
    row
}

/// Pushes the rows up as far as their order and distances allow, then each down to the one below it.
fn press(graph: &Layered, layers: &[Vec<usize>], rows: &[usize], height: i32) -> Vec<i32> {
    let mut below: Vec<Vec<(usize, i32)>> = vec![Vec::new(); rows.len()];
    let mut waits = vec![0_u32; rows.len()];
    for layer in layers {
        for pair in layer.windows(2) {
            let [a, b] = [pair[0], pair[1]];
            let half = |node: usize| if graph.is_bend(node) { 0 } else { height / 2 };
            let line = graph.is_bend(a) || graph.is_bend(b);
            let apart = half(a) + half(b) + if line { AROUND_LINE } else { BETWEEN };
            below[rows[a]].push((rows[b], apart));
            waits[rows[b]] += 1;
        }
    }
    let mut order: Vec<usize> = (0..rows.len()).filter(|row| rows[*row] == *row && waits[*row] == 0).collect();
    let mut middles = vec![0; rows.len()];
    let mut next = 0;
    while let Some(row) = order.get(next).copied() {
        next += 1;
        for (other, apart) in below[row].iter().copied() {
            middles[other] = middles[other].max(middles[row] + apart);
            waits[other] -= 1;
            if waits[other] == 0 {
                order.push(other);
            }
        }
    }
    for row in order.iter().rev().copied() {
        if let Some(room) = below[row].iter().map(|(other, apart)| middles[*other] - apart).min() {
            middles[row] = room;
        }
    }
    rows.iter().map(|row| middles[*row]).collect()
}

/// Lays the four over each other at the edges of the narrowest, and takes the middle of the two in the middle.
fn balance(mut four: Vec<(Vec<i32>, bool)>) -> Vec<i32> {
    let ends =
        |middles: &[i32]| (middles.iter().min().copied().unwrap_or(0), middles.iter().max().copied().unwrap_or(0));
    let narrowest =
        four.iter().map(|(middles, _)| ends(middles)).min_by_key(|(top, bottom)| bottom - top).unwrap_or((0, 0));
    for (middles, from_below) in &mut four {
        let (top, bottom) = ends(middles);
        let shift = if *from_below { narrowest.1 - bottom } else { narrowest.0 - top };
        middles.iter_mut().for_each(|middle| *middle += shift);
    }
    let count = four.first().map_or(0, |(middles, _)| middles.len());
    let middle = |node: usize| {
        let mut all: Vec<i32> = four.iter().map(|(middles, _)| middles[node]).collect();
        all.sort_unstable();
        (all[1] + all[2]).div_euclid(2)
    };
    (0..count).map(middle).collect()
}
