//! Where the boxes of a graph stand and where its edges run, in layers from left to right. Pure, and the same for the same
//! input. It knows numbers only: no step, no text, no colour.
//!
//! An edge that skips layers passes each of them at a *bend*, a point that takes a place in the layer as a box does. All
//! edges of one box share their bends, so that they run as one line until they part; nobody has to guess where a line in a
//! bundle comes from. Lines bend between the columns only, and so never run through a box.

mod order;
mod place;

/// What is laid out. Every edge leads to a later layer, and no edge is there twice.
pub struct Shape<'a> {
    /// The layer of each box, from 0.
    pub layers: &'a [u32],
    pub edges: &'a [(usize, usize)],
    /// The width of the boxes of each layer.
    pub widths: &'a [i32],
    /// The height of every box: even, so that its middle is a whole number.
    pub height: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub x: i32,
    pub width: i32,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    pub columns: Vec<Column>,
    /// The middle of each box, from the top.
    pub middles: Vec<i32>,
    /// For each edge, the height at which it passes each layer that it skips.
    pub bends: Vec<Vec<i32>>,
    pub width: i32,
    pub height: i32,
}

/// The least room between two columns. Steep lines get more.
const GAP: i32 = 38;
const WIDEST_GAP: i32 = 150;

/// A graph in which every edge leads to the next layer. The boxes come first, by their number; the bends are behind them.
struct Layered {
    boxes: usize,
    /// Who stands in each layer, from the top.
    layers: Vec<Vec<usize>>,
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    /// The first bend of the edges that leave each box; the others follow it.
    bends: Vec<usize>,
}

/// How many boxes and bends a layout has to place: what its time depends on.
pub fn size(layers: &[u32], edges: &[(usize, usize)]) -> usize {
    layers.len() + skipped(layers, edges).into_iter().sum::<usize>()
}

/// How many layers the longest edge of each box skips.
fn skipped(layers: &[u32], edges: &[(usize, usize)]) -> Vec<usize> {
    let mut skipped = vec![0; layers.len()];
    for (from, to) in edges.iter().copied() {
        skipped[from] = skipped[from].max(span(layers, from, to) - 1);
    }
    skipped
}

fn span(layers: &[u32], from: usize, to: usize) -> usize {
    layers[to].saturating_sub(layers[from]).max(1) as usize
}

impl Layered {
    fn new(shape: &Shape<'_>) -> Self {
        let boxes = shape.layers.len();
        let mut graph = Self {
            boxes,
            layers: vec![Vec::new(); shape.widths.len()],
            before: vec![Vec::new(); boxes],
            after: vec![Vec::new(); boxes],
            bends: Vec::with_capacity(boxes),
        };
        for (at, layer) in shape.layers.iter().enumerate() {
            graph.layers[*layer as usize].push(at);
        }
        for (from, count) in skipped(shape.layers, shape.edges).into_iter().enumerate() {
            let first = graph.before.len();
            graph.bends.push(first);
            for bend in 0..count {
                graph.before.push(Vec::new());
                graph.after.push(Vec::new());
                graph.layers[shape.layers[from] as usize + 1 + bend].push(first + bend);
                graph.join(if bend == 0 { from } else { first + bend - 1 }, first + bend);
            }
        }
        for (from, to) in shape.edges.iter().copied() {
            let last = match span(shape.layers, from, to) {
                1 => from,
                span => graph.bends[from] + span - 2,
            };
            graph.join(last, to);
        }
        graph
    }

    fn join(&mut self, from: usize, to: usize) {
        self.after[from].push(to);
        self.before[to].push(from);
    }
    fn is_bend(&self, node: usize) -> bool {
        node >= self.boxes
    }
    fn len(&self) -> usize {
        self.before.len()
    }
    /// The place of each node in its layer.
    fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.len()];
        for layer in &self.layers {
            layer.iter().enumerate().for_each(|(place, node)| places[*node] = place);
        }
        places
    }
}

pub fn layout(shape: &Shape<'_>) -> Layout {
    let mut graph = Layered::new(shape);
    order::untangle(&mut graph);
    let mut middles = place::place(&graph, shape.height);
    let top = middles.iter().min().map_or(0, |least| least - shape.height / 2);
    middles.iter_mut().for_each(|middle| *middle -= top);
    let columns = columns(shape, &graph, &middles);
    let bends = shape.edges.iter().map(|(from, to)| {
        let first = graph.bends[*from];
        middles[first..first + span(shape.layers, *from, *to) - 1].to_vec()
    });
    let bends = bends.collect();
    let width = columns.last().map_or(0, |column| column.x + column.width);
    let height = middles.iter().max().map_or(0, |most| most + shape.height / 2);
    middles.truncate(graph.boxes);
    Layout { columns, middles, bends, width, height }
}

fn columns(shape: &Shape<'_>, graph: &Layered, middles: &[i32]) -> Vec<Column> {
    let mut x = 0;
    let mut columns = Vec::with_capacity(shape.widths.len());
    for (layer, width) in graph.layers.iter().zip(shape.widths.iter().copied()) {
        columns.push(Column { x, width });
        let rises =
            layer.iter().flat_map(|from| graph.after[*from].iter().map(|to| middles[*to].abs_diff(middles[*from])));
        let steepest = i32::try_from(rises.max().unwrap_or(0)).unwrap_or(i32::MAX);
        x += width + (GAP + steepest / 10).min(WIDEST_GAP);
    }
    columns
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    const HEIGHT: i32 = 46;

    /// The layers that the edges ask for, which lead from smaller numbers to larger ones.
    fn layered(boxes: usize, edges: &[(usize, usize)]) -> Vec<u32> {
        let mut layers = vec![0; boxes];
        let mut sorted = edges.to_vec();
        sorted.sort_unstable_by_key(|(_, to)| *to);
        sorted.iter().for_each(|(from, to)| layers[*to] = layers[*to].max(layers[*from] + 1));
        layers
    }

    fn laid_out(layers: &[u32], edges: &[(usize, usize)]) -> Layout {
        let count = layers.iter().max().map_or(0, |last| last + 1) as usize;
        let widths: Vec<i32> = (0..count).map(|layer| 120 + layer as i32 % 3 * 40).collect();
        layout(&Shape { layers, edges, widths: &widths, height: HEIGHT })
    }

    fn untangled(layers: &[u32], edges: &[(usize, usize)]) -> Layered {
        let count = layers.iter().max().map_or(0, |last| last + 1) as usize;
        let mut graph = Layered::new(&Shape { layers, edges, widths: &vec![120; count], height: HEIGHT });
        order::untangle(&mut graph);
        graph
    }

    /// Every pair of lines, compared: slow, and beyond doubt.
    fn counted_one_by_one(graph: &Layered) -> usize {
        let places = graph.places();
        let mut count = 0;
        for layer in &graph.layers {
            let lines: Vec<(usize, usize)> = layer
                .iter()
                .flat_map(|from| graph.after[*from].iter().map(|to| (places[*from], places[*to])))
                .collect();
            for (i, a) in lines.iter().enumerate() {
                count += lines[..i].iter().filter(|b| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1)).count();
            }
        }
        count
    }

    #[test]
    fn a_diamond_is_even_and_without_crossings() {
        let (layers, edges) = ([0, 1, 1, 2], [(0, 1), (0, 2), (1, 3), (2, 3)]);
        assert_eq!(order::crossings(&untangled(&layers, &edges)), 0);
        let middles = laid_out(&layers, &edges).middles;
        assert_eq!(middles[0], middles[3]);
        assert_eq!(middles[1] + middles[2], 2 * middles[0]);
    }

    #[test]
    fn what_can_be_untangled_is() {
        // The first walk leaves one crossing here; a sweep or an exchange takes it away.
        let mut graph = Layered::new(&Shape {
            layers: &[0, 0, 0, 1, 1, 1],
            edges: &[(0, 3), (0, 5), (1, 4), (2, 5)],
            widths: &[120, 120],
            height: HEIGHT,
        });
        order::first_order(&mut graph);
        assert_eq!(order::crossings(&graph), 1);
        order::untangle(&mut graph);
        assert_eq!(order::crossings(&graph), 0);
    }

    #[test]
    fn a_chain_and_a_long_edge_are_straight() {
        let edges = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)];
        let layout = laid_out(&[0, 1, 2, 3, 4], &edges);
        assert!(layout.middles[1..4].iter().all(|middle| *middle == layout.middles[1]));
        assert_eq!(layout.bends[4].len(), 3);
        assert!(layout.bends[4].iter().all(|bend| *bend == layout.bends[4][0]));
    }

    #[test]
    fn nothing_is_laid_out_as_nothing() {
        assert!(laid_out(&[], &[]).middles.is_empty());
        assert_eq!(laid_out(&[0], &[]).height, HEIGHT);
    }

    fn graphs() -> impl Strategy<Value = (Vec<u32>, Vec<(usize, usize)>)> {
        (1_usize..60).prop_flat_map(|boxes| {
            proptest::collection::btree_set((0..boxes, 0..boxes), 0..boxes * 2).prop_map(move |pairs| {
                let edges: Vec<(usize, usize)> = pairs.into_iter().filter(|(from, to)| from < to).collect();
                (layered(boxes, &edges), edges)
            })
        })
    }

    proptest! {
        #[test]
        fn boxes_and_lines_keep_apart_and_in_their_layers((layers, edges) in graphs()) {
            let layout = laid_out(&layers, &edges);
            for pair in layout.columns.windows(2) {
                prop_assert!(pair[0].x + pair[0].width + GAP <= pair[1].x);
            }
            for a in 0..layers.len() {
                prop_assert!(layout.middles[a] >= HEIGHT / 2 && layout.middles[a] + HEIGHT / 2 <= layout.height);
                for b in (0..a).filter(|b| layers[*b] == layers[a]) {
                    prop_assert!((layout.middles[a] - layout.middles[b]).abs() > HEIGHT, "{a} and {b} overlap");
                }
            }
            for ((from, to), bends) in edges.iter().zip(&layout.bends) {
                prop_assert_eq!(bends.len() as u32, layers[*to] - layers[*from] - 1);
                for (bend, layer) in bends.iter().zip(layers[*from] + 1..) {
                    let met = (0..layers.len()).filter(|other| layers[*other] == layer);
                    for other in met {
                        prop_assert!((layout.middles[other] - bend).abs() > HEIGHT / 2, "a line runs through {other}");
                    }
                }
            }
            prop_assert_eq!(laid_out(&layers, &edges), layout);
        }

        #[test]
        fn crossings_are_counted_right_and_never_added((layers, edges) in graphs()) {
            let count = layers.iter().max().map_or(0, |last| last + 1) as usize;
            let shape = Shape { layers: &layers, edges: &edges, widths: &vec![120; count], height: HEIGHT };
            let raw = Layered::new(&shape);
            prop_assert_eq!(order::crossings(&raw), counted_one_by_one(&raw));
            prop_assert_eq!(raw.len(), size(&layers, &edges));
            let mut graph = Layered::new(&shape);
            order::first_order(&mut graph);
            let before = order::crossings(&graph);
            order::untangle(&mut graph);
            prop_assert!(order::crossings(&graph) <= before);
        }
    }
}
