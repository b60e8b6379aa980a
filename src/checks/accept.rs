//! F98, and acceptances: findings that somebody has looked at and lets stand until a day, with a reason. They stand in a comment
//! of the file, or under `accept` in the plan. Only what they say is known here; who reads the files is not.

use super::told::Told;
use super::{before, causes};
use crate::manifests::papers::{MARK, Marked};
use crate::manifests::{Node, Value, reread};
use crate::model::time::Day;
use crate::model::{Accepted, Finding, ObjectId, Place, Severity, Spot};
use std::collections::HashMap;
use std::ops::RangeInclusive;

pub const ID: &str = "F98";

/// Which findings an acceptance is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that stand on these lines of the file that it stands in.
    Lines(RangeInclusive<u32>),
    /// Those about this object, wherever they stand.
    Object(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    pub id: String,
    pub until: Day,
    pub reason: String,
    pub scope: Scope,
    /// Where it stands, and in which object.
    pub place: Place,
    pub object: String,
}

/// What a file says in its comments: each an acceptance, or a finding about one.
pub fn in_comments(marked: &Marked) -> Vec<Result<Acceptance, Box<Finding>>> {
    let lines: Vec<&str> = marked.text.lines().collect();
    let read_whole = reread(&marked.text);
    let documents = read_whole.as_deref().unwrap_or_default();
    let mut texts = Vec::new();
    documents.iter().for_each(|node| of_texts(node, &mut texts));
    let begins: Vec<usize> = beginnings(&lines);
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((hash, words)) = comment(line) else { continue };
        let number = numbered(at);
        let said = line[hash..].trim_end().trim_end_matches(['"', '\'']);
        let within = |(from, text): &(u32, &str)| *from <= number && text.contains(said);
        if texts.iter().any(within) {
            continue;
        }
        let place = Place { file: marked.file.to_string(), spot: Spot { line: number, column: column(line, hash) } };
        // A line of its own speaks of the next line that says something.
        let alone = line[..hash].trim().is_empty() || line.starts_with("---");
        let of = if alone { (at + 1..lines.len()).find(|at| says(lines[*at])) } else { Some(at) };
        let document = of.and_then(|of| begins.iter().rposition(|begin| *begin <= of));
        let object = documents.iter().rfind(|node| of.is_some_and(|of| node.at.line <= numbered(of)));
        let object = object.and_then(called).unwrap_or_else(|| "a comment".to_owned());
        let scope = match (of, document) {
            (Some(of), Some(document)) if begins[document] == of => {
                let end = begins.get(document + 1).map_or(lines.len(), |next| *next);
                Scope::Lines(numbered(of)..=numbered(end.saturating_sub(1)))
            }
            (Some(of), _) => Scope::Lines(numbered(of)..=numbered(of)),
            (None, _) => Scope::Lines(number..=number),
        };
        match self::read(words) {
            Ok((id, until, reason)) => found.push(Ok(Acceptance { id, until, reason, scope, place, object })),
            // In what cannot be read it may be a part of a text.
            Err(why) if read_whole.is_some() => found.push(Err(Box::new(malformed(place, object, why)))),
            Err(_) => {}
        }
    }
    found
}

fn numbered(at: usize) -> u32 {
    u32::try_from(at + 1).unwrap_or(u32::MAX)
}

fn column(line: &str, byte: usize) -> u32 {
    numbered(line[..byte].chars().count())
}

/// Where the comment for this program begins in a line, and what stands behind `blackstart: accept`.
fn comment(line: &str) -> Option<(usize, &str)> {
    line.match_indices('#').find_map(|(hash, _)| {
        let begins = line[..hash].chars().next_back().is_none_or(char::is_whitespace);
        let words = line[hash..].trim_start_matches('#').trim_start().strip_prefix(MARK)?.trim_start();
        let rest = words.strip_prefix("accept")?;
        (begins && !rest.starts_with(|c: char| c.is_alphanumeric())).then_some((hash, rest.trim()))
    })
}

/// Whether a line holds something of a document.
fn says(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#') && !line.starts_with("---")
}

/// The first line of each document that says something.
fn beginnings(lines: &[&str]) -> Vec<usize> {
    let mut begins = Vec::new();
    let mut open = true;
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("---") {
            open = true;
        } else if open && says(line) {
            begins.push(at);
            open = false;
        }
    }
    begins
}

/// Texts that hold what looks like a comment and is none.
fn of_texts<'n>(node: &'n Node, all: &mut Vec<(u32, &'n str)>) {
    if let Value::Text(text) = &node.value
        && text.contains(MARK)
    {
        all.push((node.at.line, text));
    }
    node.fields().iter().for_each(|field| of_texts(&field.node, all));
    node.items().iter().for_each(|item| of_texts(item, all));
}

fn called(node: &Node) -> Option<String> {
    let (version, kind) = (node.text_at(&["apiVersion"])?, node.text_at(&["kind"])?);
    let (namespace, name) = (node.text_at(&["metadata", "namespace"]), node.text_at(&["metadata", "name"])?);
    Some(ObjectId::new(version, kind, namespace, name).to_string())
}

/// `F51 until 2027-03-01: reason`
fn read(words: &str) -> Result<(String, Day, String), &'static str> {
    let end = words.find(|c: char| !c.is_alphanumeric()).unwrap_or(words.len());
    let (id, rest) = words.split_at(end);
    if !is_id(id) {
        return Err("names no finding: an id is F and two digits");
    }
    let rest = rest.trim_start().strip_prefix("until").filter(|rest| rest.starts_with(char::is_whitespace));
    let rest = rest.ok_or("says no day until which it holds")?;
    let (day, reason) = rest.split_once(':').ok_or("gives no reason")?;
    let day = Day::read(day.trim()).ok_or("says no day that the calendar has, as 2027-03-01")?;
    match reason.trim() {
        "" => Err("gives no reason"),
        reason => Ok((id.to_ascii_uppercase(), day, reason.to_owned())),
    }
}

/// Whether a text can be the id of a finding.
pub fn is_id(text: &str) -> bool {
    matches!(text.as_bytes(), [b'F' | b'f', a, b] if a.is_ascii_digit() && b.is_ascii_digit())
}

fn malformed(place: Place, object: String, why: &str) -> Finding {
    let message = format!("an acceptance {why}, and so accepts nothing");
    let fix = "write it as  # blackstart: accept F51 until 2027-03-01: why it may stand until then".to_owned();
    Finding { id: ID, severity: Severity::Warning, place, object, message, fix, patch: None }
}

/// Takes out of the faults what is accepted, and tells which acceptances have ended, name nothing that is known or, where
/// `whole` says that all was looked at, are about nothing that is found.
pub fn settle(told: &mut Told, acceptances: &[Acceptance], today: Day, whole: bool) {
    let mut used = vec![false; acceptances.len()];
    let mut of: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, one) in acceptances.iter().enumerate() {
        let key = match &one.scope {
            Scope::Lines(_) => &one.place.file,
            Scope::Object(object) => object,
        };
        of.entry(key).or_default().push(at);
    }
    for fault in std::mem::take(&mut told.faults) {
        let finding = &fault.finding;
        let about = |one: &Acceptance| {
            let there = match &one.scope {
                Scope::Lines(lines) => one.place.file == finding.place.file && lines.contains(&finding.place.spot.line),
                Scope::Object(object) => *object == finding.object,
            };
            there && one.id == finding.id && finding.id != ID
        };
        let mut by = None;
        let near = [&finding.place.file, &finding.object].into_iter().filter_map(|key| of.get(key.as_str()));
        for (at, one) in near.flatten().map(|at| (*at, &acceptances[*at])).filter(|(_, one)| about(one)) {
            used[at] = true;
            by = by.or(Some(one).filter(|one| today <= one.until));
        }
        match by {
            Some(one) => told.accepted.push(Accepted {
                finding: fault.finding,
                until: one.until,
                reason: one.reason.clone(),
                by: one.place.clone(),
            }),
            None => told.faults.push(fault),
        }
    }
    for (one, used) in acceptances.iter().zip(used) {
        let Acceptance { id, until, .. } = one;
        let (severity, message, fix) = match (causes::find(id), today <= *until) {
            (None, _) => (
                Severity::Warning,
                format!("accepts {id}, and nothing is called so"),
                "mend the id: blackstart explain lists them".to_owned(),
            ),
            (Some(_), false) => (
                Severity::Warning,
                format!("the acceptance of {id} has ended on {until}"),
                format!("mend what it was about, or write down a new day and why ({})", one.reason),
            ),
            // What only a look at the world finds is not missed where nobody looked.
            (Some(_), true) if !used && whole && !before::may_find(id) => (
                Severity::Note,
                format!("accepts {id}, and no such finding is there any more"),
                "take the acceptance out".to_owned(),
            ),
            (Some(_), true) => continue,
        };
        let (place, object) = (one.place.clone(), one.object.clone());
        told.add(Finding { id: ID, severity, place, object, message, fix, patch: None });
    }
}

/// The same for what stands in comments of files.
pub fn settle_all<'m>(
    told: &mut Told,
    marked: impl Iterator<Item = &'m Marked>,
    more: Vec<Acceptance>,
    today: Day,
    whole: bool,
) {
    let mut acceptances = more;
    for said in marked.flat_map(in_comments) {
        match said {
            Ok(acceptance) => acceptances.push(acceptance),
            Err(finding) => drop(told.add(*finding)),
        }
    }
    settle(told, &acceptances, today, whole);
}
