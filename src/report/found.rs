//! Findings for people: what to do first stands first, each with its place, its object, the fact and the remedy.

use super::words;
use crate::model::{Finding, Place, Severity, Unknown};
use std::fmt::Write;

/// How many files and objects were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    pub files: usize,
    pub objects: usize,
    /// Files in which there is nothing of Kubernetes.
    pub foreign: usize,
}

const PARTS: [(Severity, &str); 3] = [
    (Severity::Error, "a recovery will fail:"),
    (Severity::Warning, "it may fail:"),
    (Severity::Note, "worth a thought:"),
];

pub fn text(looked: &Looked, findings: &[Finding], unknowns: &[Unknown]) -> String {
    let mut out = String::new();
    for (severity, head) in PARTS {
        let of_it: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == severity).collect();
        if !of_it.is_empty() {
            let _ = writeln!(out, "{head}");
            of_it.iter().for_each(|one| tell(one.id, &one.place, &one.object, [&one.message, &one.fix], &mut out));
        }
    }
    if !unknowns.is_empty() {
        let _ = writeln!(out, "not known:");
        for one in unknowns {
            tell(one.id, &one.place, &one.object, [&one.message, &format!("missing: {}", one.missing)], &mut out);
        }
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let [errors, warnings, notes] = PARTS.map(|(severity, _)| count(severity));
    let _ = writeln!(
        out,
        "{}, {}, {} not Kubernetes, {} unknown: {}, {}, {}",
        many(looked.files, "file"),
        many(looked.objects, "object"),
        looked.foreign,
        unknowns.len(),
        many(errors, "error"),
        many(warnings, "warning"),
        many(notes, "note"),
    );
    words::visible(&out).into_owned()
}

fn tell(id: &str, place: &Place, object: &str, lines: [&String; 2], out: &mut String) {
    let _ = writeln!(out, "  {id}  {}:{}  {object}", place.file, place.spot.line);
    for line in lines.into_iter().filter(|line| !line.is_empty()) {
        let _ = writeln!(out, "       {line}");
    }
}

fn many(count: usize, what: &str) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out} {what}{}", if count == 1 { "" } else { "s" })
}
