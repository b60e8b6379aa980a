//! The preview as a picture: one column a wave, one box a step, one line for everything that a step waits for. Stands
//! alone: no script, no font and no other file is loaded, and it can be read on light and on dark pages.

mod lines;

use super::label::{Font, escape, one_line};
use super::layout::{self, Column, Layout, Shape};
use super::preview::{Decision, Preview};
use crate::model::count::many;
use crate::model::time::{clock, spoken};
use lines::Lines;
use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration;

/// Above this nobody could read the picture, and drawing it would take more than a second.
const MOST_STEPS: usize = 2_000;
const MOST_EDGES: usize = 10_000;
/// Boxes, and points where long edges pass a wave.
const MOST_PLACES: usize = 40_000;

const ID: Font = Font::Even(13);
const SMALL: Font = Font::Plain(11);
const KIND: Font = Font::Bold(11);
const NAME: Font = Font::Bold(17);

/// Boxes: how wide they are at the least and at the most, how high, and the room left of and right of a text.
const NARROWEST: i32 = 120;
const WIDEST: i32 = 300;
/// No box is made wider than this for its summary.
const WIDE_ENOUGH: i32 = 184;
const HEIGHT: i32 = 46;
const INNER: i32 = 9;
/// Around everything, and above the boxes: the two lines of the title, the names of the waves.
const MARGIN: i32 = 24;
const TITLE: i32 = 76;
const WAVE: i32 = 34;
/// What a band is wider than its boxes on each side.
const BAND: i32 = 8;

const STYLE: &str = include_str!("style.css");

pub fn render(preview: &Preview<'_>) -> String {
    let waves = &preview.planned.waves;
    let steps = waves.len();
    if steps > MOST_STEPS || preview.planned.graph.edges() > MOST_EDGES {
        return undrawn(preview);
    }
    let lines = Lines::new(preview);
    if layout::size(waves, &lines.pairs) > MOST_PLACES {
        return undrawn(preview);
    }
    let widths = widths(preview);
    let layout = layout::layout(&Shape { layers: waves, edges: &lines.pairs, widths: &widths, height: HEIGHT });
    let mut out = String::with_capacity(4096 + steps * 600 + lines.pairs.len() * 200);
    let width = (layout.width + 2 * BAND).max(title_width(preview));
    let height = TITLE + WAVE + layout.height + BAND + MARGIN;
    open(preview, &legend(preview), width + 2 * MARGIN, height, &mut out);
    bands(&layout, &mut out);
    let _ = writeln!(out, "<g transform=\"translate({} {})\">", MARGIN + BAND, TITLE + WAVE);
    lines.draw(preview, &layout, &mut out);
    let on_way: HashSet<usize> = preview.longest.iter().copied().collect();
    for step in preview.planned.order.iter().copied() {
        let column = layout.columns[waves[step] as usize];
        draw_step(preview, step, column, layout.middles[step] - HEIGHT / 2, on_way.contains(&step), &mut out);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn facts(preview: &Preview<'_>) -> String {
    let steps = many(preview.decisions.len(), "step");
    let waves = many(preview.waves() as usize, "wave");
    let time = preview.expected_total().map_or(String::new(), |total| format!(" · about {}", spoken(total)));
    format!("{} · {steps} · {waves}{time}", preview.planned.mode)
}

/// What the signs mean, as far as they are in the picture.
fn legend(preview: &Preview<'_>) -> String {
    let by = if preview.timed { "by time" } else { "by number of steps" };
    let mut parts = Vec::new();
    if preview.longest.len() > 1 {
        parts.push(format!("heavy: the longest way, {by}"));
    }
    let skipped = preview.decisions.iter().filter(|(decision, _)| *decision == Decision::Skip).count();
    if skipped > 0 {
        parts.push(format!("dashed: not exercised in this mode ({skipped})"));
    }
    parts.join(" · ")
}

fn title_width(preview: &Preview<'_>) -> i32 {
    let name = NAME.width(preview.planned.file.name.as_str()) + 12 + SMALL.width(&facts(preview));
    name.max(SMALL.width(&legend(preview)))
}

/// The head of the file, the page and the title.
fn open(preview: &Preview<'_>, legend: &str, width: i32, height: i32, out: &mut String) {
    let name = escape(preview.planned.file.name.as_str());
    let (facts, legend) = (escape(&facts(preview)), escape(legend));
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <title>{name}: {facts}</title>\n\
         <desc>The graph of the plan {name}, from left to right: a box is a step, and an arrow leads to a step that waits. {legend}</desc>\n\
         <style>{STYLE}</style>\n\
         <rect class=\"page\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"10\"/>\n\
         <text class=\"name\" x=\"{MARGIN}\" y=\"38\">{name}</text>",
        width - 1,
        height - 1,
    );
    let beside = MARGIN + NAME.width(preview.planned.file.name.as_str()) + 12;
    let _ =
        writeln!(out, "<text x=\"{beside}\" y=\"38\">{facts}</text>\n<text x=\"{MARGIN}\" y=\"58\">{legend}</text>");
}

/// One line instead of a picture that nobody could read, and never a part of one.
fn undrawn(preview: &Preview<'_>) -> String {
    let size = format!("{} and {}", many(preview.decisions.len(), "step"), many(preview.planned.graph.edges(), "edge"));
    let told = format!("The picture is not drawn: {size} are too many to be read in it. Take --output text or dot.");
    let width = title_width(preview).max(SMALL.width(&told));
    let mut out = String::new();
    open(preview, &told, width + 2 * MARGIN, TITLE + MARGIN / 2, &mut out);
    out.push_str("</svg>\n");
    out
}

fn bands(layout: &Layout, out: &mut String) {
    let height = layout.height + WAVE + BAND;
    for (at, Column { x, width }) in layout.columns.iter().enumerate() {
        let (left, middle) = (MARGIN + x, MARGIN + BAND + x + width / 2);
        let _ = writeln!(
            out,
            "<rect class=\"band\" x=\"{left}\" y=\"{TITLE}\" width=\"{}\" height=\"{height}\" rx=\"8\"/>\
             <text class=\"wave\" x=\"{middle}\" y=\"{}\">wave {}</text>",
            width + 2 * BAND,
            TITLE + 21,
            at + 1,
        );
    }
}

fn time(preview: &Preview<'_>, step: usize) -> Option<String> {
    preview.expected(step).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).map(clock)
}

/// What stands under the id: the kind, and what the step does in the words of the plan.
fn second_line(preview: &Preview<'_>, step: usize) -> (&'static str, String) {
    (preview.planned.file.steps[step].kind.name(), one_line(&preview.summary(step)))
}

/// How wide the boxes of each wave are: an id is worth more room than a summary.
fn widths(preview: &Preview<'_>) -> Vec<i32> {
    let mut widths = vec![NARROWEST; preview.waves() as usize];
    for (step, wave) in preview.planned.waves.iter().enumerate() {
        let beside = time(preview, step).map_or(0, |time| SMALL.width(&time) + INNER);
        let first = ID.width(preview.id(step).as_str()) + beside + 2 * INNER;
        let (kind, summary) = second_line(preview, step);
        let room = SMALL.cut(&summary, WIDE_ENOUGH);
        let second = KIND.width(kind) + SMALL.width(" ") + SMALL.width(&room) + 2 * INNER;
        let width = &mut widths[*wave as usize];
        *width = (*width).max(first.min(WIDEST)).max(second.min(WIDE_ENOUGH));
    }
    widths
}

/// The texts are in a picture of their own, so that whatever a font does to them ends at the border of the box.
fn draw_step(preview: &Preview<'_>, step: usize, column: Column, top: i32, on_way: bool, out: &mut String) {
    let (decision, reason) = &preview.decisions[step];
    let class = match (decision, on_way) {
        (Decision::Skip, _) => "step skip",
        (Decision::Run | Decision::Rerun, true) => "step long",
        (Decision::Run | Decision::Rerun, false) => "step",
    };
    let Column { x, width } = column;
    let room = width - 2 * INNER;
    let id = preview.id(step).as_str();
    let (kind, summary) = second_line(preview, step);
    let time = time(preview, step);
    let beside = time.as_ref().map_or(0, |time| SMALL.width(time) + INNER);
    let tip = match decision {
        Decision::Skip => format!("{id}: not exercised ({reason})\n{kind}: {summary}"),
        Decision::Run | Decision::Rerun => format!("{id}\n{kind}: {summary}"),
    };
    let after_kind = KIND.width(kind) + SMALL.width(" ");
    let _ = writeln!(
        out,
        "<g class=\"{class}\"><title>{}</title><rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{HEIGHT}\" rx=\"7\"/>\
         <svg x=\"{}\" y=\"{top}\" width=\"{room}\" height=\"{HEIGHT}\"><text class=\"id\" y=\"20\">{}</text>{}\
         <text y=\"36\"><tspan class=\"kind\">{kind}</tspan> {}</text></svg></g>",
        escape(&tip),
        x + INNER,
        escape(&ID.cut(id, room - beside)),
        time.map_or(String::new(), |time| format!("<text class=\"time\" x=\"{room}\" y=\"20\">{time}</text>")),
        escape(&SMALL.cut(&summary, room - after_kind)),
    );
}
