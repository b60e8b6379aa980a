//! The text of one file, read once: its lines, its documents, and where it is cut into parts that are read each by itself. Knows
//! nothing of what is to be changed in it.

use super::hunks;
use crate::manifests::{Node, reread};
use std::ops::Range;

#[derive(Debug)]
pub struct Sheet {
    pub lines: Vec<String>,
    /// Whether the last line ends as all others do.
    pub ends: bool,
    /// Whether a change of lines can follow it: no other ends of lines, and no tabs.
    pub plain: bool,
    pub nodes: Vec<Node>,
    pub parts: Vec<Part>,
    /// Of each line, whether a value stands on it that may not be shown.
    pub secret: Vec<bool>,
}

/// What stands between two marks, with the mark before it: one document as a rule, several in JSON, none between comments.
#[derive(Debug)]
pub struct Part {
    pub lines: Range<usize>,
    pub documents: Range<usize>,
}

impl Sheet {
    /// None where a document is broken.
    pub fn of(text: &str) -> Option<Self> {
        let nodes = reread(text)?;
        let lines: Vec<String> = text.strip_suffix('\n').unwrap_or(text).split('\n').map(str::to_owned).collect();
        let mut secret = vec![false; lines.len()];
        for hidden in hunks::secret_lines(&nodes) {
            let end = hidden.end.min(lines.len());
            secret[hidden.start.min(end)..end].fill(true);
        }
        let parts = parts(&lines, &nodes);
        Some(Self { ends: text.ends_with('\n'), plain: !text.contains(['\r', '\t']), lines, nodes, parts, secret })
    }

    /// The document that this was read from.
    pub fn document(&self, root: &Node) -> Option<usize> {
        let at = self.nodes.partition_point(|node| node.at < root.at);
        self.nodes.get(at).is_some_and(|node| node == root).then_some(at)
    }

    pub fn part_of(&self, document: usize) -> Option<(usize, &Part)> {
        let at = self.parts.partition_point(|part| part.documents.end <= document);
        self.parts.get(at).map(|part| (at, part))
    }
}

fn parts(lines: &[String], nodes: &[Node]) -> Vec<Part> {
    let marks = (1..lines.len()).filter(|at| lines[*at].starts_with("---"));
    let (mut parts, mut from, mut document) = (Vec::new(), 0, 0);
    for to in marks.chain([lines.len()]) {
        // Lines are counted from 1: this is the first behind the part.
        let behind = nodes.partition_point(|node| node.at.line as usize <= to);
        parts.push(Part { lines: from..to, documents: document..behind });
        (from, document) = (to, behind);
    }
    parts
}
