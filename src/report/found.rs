//! Findings for people: what to do first stands first, each with its place, its object, the fact and the remedy. What is
//! mended alike is told together.

use super::paint::{Colour, Paint};
use super::words;
use crate::model::count::many;
use crate::model::{Accepted, Alike, Finding, Made, Place, Severity, Unknown, alike};
use std::fmt::Write;

/// How many files and objects were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    pub files: usize,
    pub objects: usize,
    /// Files in which there is nothing of Kubernetes.
    pub foreign: usize,
    /// Findings that a baseline lists.
    pub known: usize,
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'s> {
    pub findings: &'s [Finding],
    pub unknowns: &'s [Unknown],
    pub accepted: &'s [Accepted],
    pub made: &'s [Made],
    /// Commands that go on from here.
    pub next: &'s [String],
}

const PARTS: [(Severity, &str, Colour); 3] = [
    (Severity::Error, "a recovery will fail:", Colour::Red),
    (Severity::Warning, "it may fail:", Colour::Yellow),
    (Severity::Note, "worth a thought:", Colour::Dim),
];

/// With `all` nothing is folded, and what is accepted or made by others is listed.
pub fn text(looked: &Looked, shown: &Shown<'_>, all: bool, paint: Paint) -> String {
    let mut out = String::new();
    for (severity, head, colour) in PARTS {
        let of_it: Vec<&Finding> = shown.findings.iter().filter(|finding| finding.severity == severity).collect();
        if !of_it.is_empty() {
            let _ = writeln!(out, "{}", paint.it(Colour::Bold, head));
            alike(of_it).iter().for_each(|group| tell_group(group, all, paint, colour, &mut out));
        }
    }
    if !shown.unknowns.is_empty() {
        let _ = writeln!(out, "{}", paint.it(Colour::Bold, "not known:"));
        for one in shown.unknowns {
            head(one.id, &one.place, &one.object, paint, Colour::Dim, &mut out);
            line(&one.message, &mut out);
            line(&format!("missing: {}", one.missing), &mut out);
        }
    }
    if all && !shown.accepted.is_empty() {
        let _ = writeln!(out, "{}", paint.it(Colour::Bold, "accepted:"));
        for one in shown.accepted {
            let Accepted { finding, until, reason, by } = one;
            head(finding.id, &finding.place, &finding.object, paint, Colour::Dim, &mut out);
            line(&finding.message, &mut out);
            line(&format!("until {until}: {reason} ({}:{})", by.file, by.spot.line), &mut out);
        }
    }
    if all && !shown.made.is_empty() {
        let _ = writeln!(out, "{}", paint.it(Colour::Bold, "in no file, and made by a controller:"));
        for one in shown.made {
            let Made { what, wanted_by, at, by, place } = one;
            let (what, by) = (words::in_a_line(what), words::in_a_line(by));
            let _ = writeln!(out, "  {what}  made by {by} ({}:{})", words::in_a_line(&place.file), place.spot.line);
            line(&format!("wanted by {wanted_by} ({}:{})", at.file, at.spot.line), &mut out);
        }
    }
    sum(looked, shown, &mut out);
    if let Some(worst) = shown.findings.first() {
        let explain = format!("blackstart explain {}", worst.id);
        shown.next.iter().chain([&explain]).for_each(|next| out.push_str(&format!("next   {next}\n")));
    }
    out
}

fn tell_group(group: &Alike<'_>, all: bool, paint: Paint, colour: Colour, out: &mut String) {
    let (shown, folded) = group.shown(all);
    for one in shown {
        head(one.id, &one.place, &one.object, paint, colour, out);
        line(&one.message, out);
    }
    if folded > 0 {
        line(&format!("and {folded} more: -v"), out);
    }
    line(group.fix(), out);
}

fn head(id: &str, place: &Place, object: &str, paint: Paint, colour: Colour, out: &mut String) {
    let (file, object) = (words::in_a_line(&place.file), words::in_a_line(object));
    let _ = writeln!(out, "  {}  {file}:{}  {object}", paint.it(colour, id), place.spot.line);
}

fn line(text: &str, out: &mut String) {
    if !text.is_empty() {
        let _ = writeln!(out, "       {}", words::visible(text));
    }
}

fn sum(looked: &Looked, shown: &Shown<'_>, out: &mut String) {
    let count = |severity| shown.findings.iter().filter(|finding| finding.severity == severity).count();
    let [errors, warnings, notes] = PARTS.map(|(severity, ..)| count(severity));
    let _ = write!(
        out,
        "{}, {}, {} not Kubernetes, {} unknown: {}, {}, {}",
        many(looked.files, "file"),
        many(looked.objects, "object"),
        looked.foreign,
        shown.unknowns.len(),
        many(errors, "error"),
        many(warnings, "warning"),
        many(notes, "note"),
    );
    if !shown.accepted.is_empty() {
        let _ = write!(out, ", {} accepted", shown.accepted.len());
    }
    if looked.known > 0 {
        let _ = write!(out, ", {} known before", looked.known);
    }
    out.push('\n');
}
