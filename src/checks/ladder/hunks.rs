//! Changes of lines in the form that `git apply` takes, with nothing around them that may not be shown.

use super::diff::{Change, index};
use crate::manifests::Node;
use std::ops::Range;

/// The lines (from 0) on which values stand that may not be shown: of environment variables, and of Secrets.
pub fn secret_lines(documents: &[Node]) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    documents.iter().for_each(|root| spots(root, &mut all));
    all.sort_unstable();
    let mut secret = Vec::new();
    let mut hide = |node: &Node| {
        let next = all.get(all.partition_point(|line| *line <= node.at.line)).copied();
        let from = index(node.at.line).unwrap_or(0);
        secret.push(from..next.and_then(index).unwrap_or(usize::MAX));
    };
    for root in documents {
        values(root, &mut hide);
        of_secrets(root, &mut hide);
    }
    secret
}

fn spots(node: &Node, all: &mut Vec<u32>) {
    all.push(node.at.line);
    for field in node.fields() {
        all.push(field.at.line);
        spots(&field.node, all);
    }
    node.items().iter().for_each(|item| spots(item, all));
}

/// The values of all environment variables.
fn values(node: &Node, hide: &mut impl FnMut(&Node)) {
    for field in node.fields() {
        if &*field.name == "env" {
            field.node.items().iter().filter_map(|item| item.get("value")).for_each(&mut *hide);
        }
        values(&field.node, hide);
    }
    node.items().iter().for_each(|item| values(item, hide));
}

/// The values of a Secret, and of those in a list.
fn of_secrets(root: &Node, hide: &mut impl FnMut(&Node)) {
    if root.text_at(&["kind"]) == Some("Secret") {
        let parts = ["data", "stringData"].into_iter().filter_map(|part| root.get(part));
        parts.flat_map(Node::fields).for_each(|field| hide(&field.node));
    }
    root.get("items").into_iter().flat_map(Node::items).for_each(|item| of_secrets(item, hide));
}

/// How many lines are shown on each side.
const AROUND: usize = 3;

/// The changes in the form that `git apply` takes. Lines that may not be shown cut what is shown around a change; None where
/// too little would be left.
pub fn unified(
    path: &str,
    lines: &[String],
    ends: bool,
    changes: &[Change],
    secret: impl Fn(usize) -> bool,
) -> Option<String> {
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for change in changes {
        let up = (0..change.at).rev().take(AROUND).take_while(|line| !secret(*line)).count();
        let down = (change.at..lines.len()).take(AROUND).take_while(|line| !secret(*line)).count();
        // Without a line below, git takes the change for one at the end of the file.
        if down < 1 + usize::from(change.instead.is_some()) && change.at + down < lines.len() {
            return None;
        }
        let (from, to) = (change.at - up, change.at + down);
        match hunks.last_mut() {
            Some(last) if from <= last.1 => last.1 = to.max(last.1),
            _ => hunks.push((from, to)),
        }
    }
    if hunks.is_empty() {
        return None;
    }
    let open_end = |at: usize| match at + 1 == lines.len() && !ends {
        true => "\\ No newline at end of file\n",
        false => "",
    };
    let mut out = format!("--- {}\n+++ {}\n", name("a", path), name("b", path));
    let mut grown = 0;
    for (from, to) in hunks {
        let below = |line: usize| changes.partition_point(|change| change.at < line);
        let within = &changes[below(from)..below(to)];
        let more: usize = within.iter().map(|change| change.before.len()).sum();
        out.push_str(&format!("@@ -{},{} +{},{} @@\n", from + 1, to - from, from + 1 + grown, to - from + more));
        grown += more;
        for (at, line) in lines.iter().enumerate().take(to).skip(from) {
            let change = within.iter().find(|change| change.at == at);
            for new in change.iter().flat_map(|change| &change.before) {
                out.push_str(&format!("+{new}\n"));
            }
            let end = open_end(at);
            match change.and_then(|change| change.instead.as_ref()) {
                Some(new) => out.push_str(&format!("-{line}\n{end}+{new}\n{end}")),
                None => out.push_str(&format!(" {line}\n{end}")),
            }
        }
    }
    Some(out)
}

/// A path as git reads it back: in quotes where it holds what would end it, and closed by a tab where it holds a space.
fn name(side: &str, path: &str) -> String {
    let odd = |c: char| c.is_control() || c == '"' || c == '\\';
    if !path.contains(odd) {
        let end = if path.contains(' ') { "\t" } else { "" };
        return format!("{side}/{path}{end}");
    }
    let mut out = format!("\"{side}/");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\{byte:03o}")),
        }
    }
    out.push('"');
    out
}
