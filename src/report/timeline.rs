//! Where each stretch of time lies on one common axis, in per cent of its width. Long pauses between the parts of a run
//! are drawn short: a run that failed at night and was resumed in the morning would else be nothing but its pause.

use super::summary::{Standing, Step, Summary};
use super::words::took;

/// The most steps that are drawn. A browser can take more; a person cannot.
pub const MOST: usize = 400;

pub struct Axis {
    pieces: Vec<Piece>,
    pub pauses: Vec<Pause>,
    pub ticks: Vec<Tick>,
    /// Where the goal lies, if it is near enough to be drawn.
    pub goal: Option<f64>,
}

/// A span of the run and the place that it takes.
struct Piece {
    from: f64,
    to: f64,
    left: f64,
    right: f64,
    pause: bool,
}

pub struct Pause {
    pub left: f64,
    pub width: f64,
    pub from: f64,
    pub seconds: f64,
    /// The part of the run that begins behind it.
    pub part: usize,
}

pub struct Tick {
    pub left: f64,
    pub label: String,
}

impl Axis {
    pub fn of(summary: &Summary) -> Axis {
        let mut pieces = pieces(summary);
        let work: f64 = pieces.iter().filter(|piece| !piece.pause).map(|piece| piece.to - piece.from).sum();
        let end = pieces.last().map_or(0.0, |piece| piece.to);
        // A goal not far behind the end is shown with the room that was left; a far one would only make the bars small.
        let near = summary.goal.filter(|goal| *goal <= end + work * 0.6);
        if let (Some(goal), Some(last)) = (near, pieces.last_mut()) {
            last.to = last.to.max(goal * 1.02);
        }
        let work: f64 = pieces.iter().filter(|piece| !piece.pause).map(|piece| piece.to - piece.from).sum();
        let pauses = pieces.iter().filter(|piece| piece.pause).count().max(1) as f64;
        let longest = (work * 0.06).min(work * 0.3 / pauses);
        let shown = |piece: &Piece| {
            let span = piece.to - piece.from;
            if piece.pause { span.min(longest) } else { span }
        };
        let all: f64 = pieces.iter().map(shown).sum();
        let mut left = 0.0;
        for piece in &mut pieces {
            let width = if all > 0.0 { shown(piece) / all * 100.0 } else { 0.0 };
            (piece.left, piece.right) = (left, left + width);
            left += width;
        }
        let mut axis = Axis { pieces, pauses: Vec::new(), ticks: Vec::new(), goal: None };
        axis.goal = near.map(|goal| axis.place(goal));
        axis.pauses = axis.find_pauses();
        axis.ticks = axis.find_ticks(all);
        axis
    }

    /// The place of a moment, from 0 to 100.
    pub fn place(&self, into: f64) -> f64 {
        let within = self.pieces.iter().find(|piece| into <= piece.to).or(self.pieces.last());
        let Some(piece) = within else { return 0.0 };
        let span = piece.to - piece.from;
        let part = if span > 0.0 { ((into - piece.from) / span).clamp(0.0, 1.0) } else { 0.0 };
        piece.left + part * (piece.right - piece.left)
    }

    fn find_pauses(&self) -> Vec<Pause> {
        let pauses = self.pieces.iter().enumerate().filter(|(_, piece)| piece.pause);
        let pause = |(i, piece): (usize, &Piece)| Pause {
            left: piece.left,
            width: piece.right - piece.left,
            from: piece.from,
            seconds: piece.to - piece.from,
            part: i.div_ceil(2),
        };
        pauses.map(pause).collect()
    }

    fn find_ticks(&self, all: f64) -> Vec<Tick> {
        const EACH: [f64; 22] = [
            0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
            14400.0, 21600.0, 43200.0, 86400.0, 864_000.0,
        ];
        // Seven on a wide screen; every second one is hidden on a narrow one.
        let each = EACH.into_iter().find(|each| all / each <= 7.0).unwrap_or(86_400_000.0);
        let mut ticks: Vec<Tick> = Vec::new();
        for piece in self.pieces.iter().filter(|piece| !piece.pause) {
            let mut number = (piece.from / each).ceil();
            while number * each <= piece.to && ticks.len() < 100 {
                let left = self.place(number * each);
                if ticks.last().is_none_or(|last| left - last.left >= 5.0) {
                    ticks.push(Tick { left, label: label(number * each, each) });
                }
                number += 1.0;
            }
        }
        ticks
    }
}

fn label(into: f64, each: f64) -> String {
    if each < 1.0 { format!("{into:.1} s") } else { super::words::moment(into + 0.5) }
}

/// The parts of the run in their order, with the pauses between them; each second one is a pause.
fn pieces(summary: &Summary) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut add = |from: f64, to: f64, pause| pieces.push(Piece { from, to, left: 0.0, right: 0.0, pause });
    let mut last = None;
    for part in &summary.parts {
        if let Some(last) = last {
            add(last, part.from, true);
        }
        // The first part begins with the run, whatever the first event says.
        add(if last.is_none() { 0.0 } else { part.from }, part.to, false);
        last = Some(part.to);
    }
    pieces
}

/// The steps to draw, in the order in which they began; those that never began come last, if there is room for all.
pub fn drawn(summary: &Summary) -> Vec<&Step> {
    let mut steps: Vec<&Step> = summary.steps.iter().collect();
    if steps.len() > MOST {
        steps.retain(|step| !step.stretches.is_empty());
        let first = |step: &Step| (step.standing.broke() || step.standing == Standing::Running, step.busy());
        steps.sort_by(|a, b| {
            let (a, b) = (first(a), first(b));
            b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        steps.truncate(MOST);
    }
    let began = |step: &Step| step.began().unwrap_or(f64::INFINITY);
    steps.sort_by(|a, b| began(a).total_cmp(&began(b)));
    steps
}

/// How many steps were worked on at the same time: the moments at which the number changed, and the number after each.
pub fn at_once(summary: &Summary) -> Vec<(f64, usize)> {
    let mut changes: Vec<(f64, bool)> = Vec::new();
    for stretch in summary.steps.iter().flat_map(|step| &step.stretches).filter(|stretch| stretch.to > stretch.from) {
        changes.push((stretch.from, true));
        changes.push((stretch.to, false));
    }
    // What ends in a moment makes room for what begins in it.
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut number = 0usize;
    let mut out: Vec<(f64, usize)> = Vec::new();
    for (into, more) in changes {
        number = if more { number + 1 } else { number.saturating_sub(1) };
        match out.last_mut() {
            Some(last) if last.0 == into => last.1 = number,
            _ => out.push((into, number)),
        }
    }
    out
}

/// In words what the pause was, for the note below the time line.
pub fn told(pause: &Pause, summary: &Summary) -> String {
    let at = summary.parts.get(pause.part).map_or(String::new(), |part| format!(" ({})", part.at.second()));
    let (from, later) = (super::words::moment(pause.from), took(pause.seconds));
    format!("stopped at {from}, resumed {later} later{at}")
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
