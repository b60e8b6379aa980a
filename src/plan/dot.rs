//! The preview as a Graphviz file, for who wants to lay it out themselves.

use super::preview::{Decision, Preview};
use std::fmt::Write;

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

pub fn render(preview: &Preview<'_>) -> String {
    let mut out =
        String::from("digraph plan {\n  rankdir=LR\n  node [shape=box, style=rounded, fontname=\"sans-serif\"]\n");
    for step in preview.planned.order.iter().copied() {
        let style = match preview.decisions[step].0 {
            Decision::Skip => ", style=\"rounded,dashed\"",
            Decision::Run | Decision::Rerun if preview.longest.contains(&step) => ", penwidth=2",
            Decision::Run | Decision::Rerun => "",
        };
        let id = quoted(preview.id(step).as_str());
        let _ = writeln!(out, "  {id} [tooltip={}{style}]", quoted(&preview.summary(step)));
    }
    for step in preview.planned.order.iter().copied() {
        for need in preview.needs(step) {
            let (from, to) = (quoted(preview.id(need.step).as_str()), quoted(preview.id(step).as_str()));
            let _ = writeln!(out, "  {from} -> {to} [tooltip={}]", quoted(&need.because));
        }
    }
    out.push_str("}\n");
    out
}
