//! The lines of the picture: which there are, why, which of them the longest way takes, and how each runs.

use crate::plan::label::escape;
use crate::plan::layout::Layout;
use crate::plan::preview::{Decision, Preview};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

/// How long the head of an arrow is.
const ARROW: i32 = 8;

/// The lines: one for each pair of steps, whatever the number of its reasons.
pub struct Lines {
    /// From the step that is waited for to the one that waits.
    pub pairs: Vec<(usize, usize)>,
    reasons: Vec<Vec<String>>,
}

impl Lines {
    pub fn new(preview: &Preview<'_>) -> Self {
        let mut pairs = Vec::new();
        let mut reasons: Vec<Vec<String>> = Vec::new();
        let mut known: HashMap<(usize, usize), usize> = HashMap::new();
        for to in preview.planned.order.iter().copied() {
            for need in preview.needs(to) {
                let at = *known.entry((need.step, to)).or_insert_with(|| {
                    pairs.push((need.step, to));
                    reasons.push(Vec::new());
                    pairs.len() - 1
                });
                if !reasons[at].contains(&need.because) {
                    reasons[at].push(need.because);
                }
            }
        }
        Self { pairs, reasons }
    }

    /// The pairs that the longest way takes. Skipped steps are not on it, but it may lead through them.
    fn heavy(&self, preview: &Preview<'_>) -> HashSet<(usize, usize)> {
        let skipped = |step: usize| preview.decisions[step].0 == Decision::Skip;
        let mut before: HashMap<usize, Vec<usize>> = HashMap::new();
        self.pairs.iter().for_each(|(from, to)| before.entry(*to).or_default().push(*from));
        let mut heavy = HashSet::new();
        for pair in preview.longest.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            let mut came: HashMap<usize, usize> = HashMap::new();
            let mut queue = vec![to];
            let mut next = 0;
            while let Some(step) = queue.get(next).copied().filter(|_| !came.contains_key(&from)) {
                next += 1;
                for giver in before.get(&step).into_iter().flatten().copied() {
                    if (giver == from || skipped(giver)) && !came.contains_key(&giver) {
                        came.insert(giver, step);
                        queue.push(giver);
                    }
                }
            }
            let mut at = from;
            while let Some(next) = came.get(&at).copied() {
                heavy.insert((at, next));
                at = next;
            }
        }
        heavy
    }

    /// The lines of the longest way come last, above the others; so do the heads of its arrows.
    pub fn draw(&self, preview: &Preview<'_>, layout: &Layout, out: &mut String) {
        let heavy = self.heavy(preview);
        for class in ["", " long"] {
            let mut reached: HashSet<usize> = HashSet::new();
            let mut heads = String::new();
            for (at, pair) in self.pairs.iter().enumerate() {
                if heavy.contains(pair) == class.is_empty() {
                    continue;
                }
                let (from, to) = *pair;
                let reasons = self.reasons[at].iter().map(|because| format!("{} {because}", preview.id(to)));
                let tip = escape(&reasons.collect::<Vec<_>>().join("\n"));
                let line = line(preview, layout, from, to, &layout.bends[at]);
                let _ = writeln!(out, "<path class=\"edge{class}\" d=\"{line}\"><title>{tip}</title></path>");
                if reached.insert(to) {
                    let (x, y) = (layout.columns[preview.planned.waves[to] as usize].x, layout.middles[to]);
                    let half = if class.is_empty() { 4 } else { 5 };
                    let _ =
                        writeln!(heads, "<path class=\"head{class}\" d=\"M{x} {y}l-{ARROW} -{half}v{}z\"/>", 2 * half);
                }
            }
            out.push_str(&heads);
        }
    }
}

/// From the right side of one box to the head of the arrow at another: curves between the columns, level lines in them.
fn line(preview: &Preview<'_>, layout: &Layout, from: usize, to: usize, bends: &[i32]) -> String {
    let waves = &preview.planned.waves;
    let first = waves[from] as usize;
    let mut column = layout.columns[first];
    let mut y = layout.middles[from];
    let mut x = column.x + column.width;
    let mut line = format!("M{x} {y}");
    for (at, next) in bends.iter().chain([&layout.middles[to]]).copied().enumerate() {
        column = layout.columns[first + 1 + at];
        let last = at == bends.len();
        if next != y {
            let start = layout.columns[first + at];
            let right = start.x + start.width;
            if right != x {
                let _ = write!(line, "H{right}");
            }
            let end = if last { column.x - ARROW } else { column.x };
            let half = (right + end) / 2;
            let _ = write!(line, "C{half} {y} {half} {next} {end} {next}");
            (x, y) = (end, next);
        }
    }
    let end = column.x - ARROW;
    if x != end {
        let _ = write!(line, "H{end}");
    }
    line
}
