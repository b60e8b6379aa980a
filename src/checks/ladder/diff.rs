//! A change to a YAML file, line by line: only where the outcome is certain, and then with as little as possible around it.

use super::edit::Set;
use super::way::{Seg, Way, element};
use crate::manifests::write as yaml;
use crate::manifests::{Node, Object, tree::Value as Written};
use crate::model::Spot;
use serde_json::{Value, json};

/// What becomes of one line: it is kept, with lines before it, or replaced.
#[derive(Clone, Debug)]
pub struct Change {
    /// From 0.
    pub at: usize,
    pub before: Vec<String>,
    pub instead: Option<String>,
}

/// The changes to the file, by line. None where the text is written in a way that a change of lines cannot follow.
pub fn changes(object: &Object, sets: &[Set], text: &str) -> Option<Vec<Change>> {
    if text.contains(['\r', '\t']) {
        return None;
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut all: Vec<Change> = Vec::new();
    for (anchor, value) in gathered(object, sets) {
        let (node, _) = deepest(&object.root, &anchor);
        let change = match (&node.value, value) {
            (Written::Map(fields), Some(value)) if !fields.is_empty() => inserted(node, &value, &lines)?,
            (Written::Flag(_) | Written::Whole(_) | Written::Text(_) | Written::List(_), None) => {
                let end = sets.iter().find(|set| set.way == anchor)?;
                replaced(node, &end.value, &lines)?
            }
            _ => return None,
        };
        if all.iter().any(|other| other.at == change.at && (other.instead.is_some() || change.instead.is_some())) {
            return None;
        }
        match all.iter_mut().find(|other| other.at == change.at) {
            Some(other) => other.before.extend(change.before),
            None => all.push(change),
        }
    }
    all.sort_by_key(|change| change.at);
    Some(all)
}

/// What is there of a way, and how many of its segments that are.
fn deepest<'n>(root: &'n Node, way: &Way) -> (&'n Node, usize) {
    let mut node = root;
    for (i, seg) in way.0.iter().enumerate() {
        let next = match seg {
            Seg::Key(key) => node.get(key),
            Seg::Named(name) => element(node, name),
            Seg::At(index) => node.items().get(*index),
        };
        match next {
            Some(next) => node = next,
            None => return (node, i),
        }
    }
    (node, way.0.len())
}

/// What is to be put at each place that is there, all sets of one place together. None: the value itself is another.
fn gathered(object: &Object, sets: &[Set]) -> Vec<(Way, Option<Value>)> {
    let mut all: Vec<(Way, Option<Value>)> = Vec::new();
    for set in sets {
        let (_, there) = deepest(&object.root, &set.way);
        let (anchor, rest) = set.way.0.split_at(there);
        let anchor = Way(anchor.to_vec());
        if rest.is_empty() {
            all.push((anchor, None));
            continue;
        }
        let place = all.iter().position(|(way, value)| *way == anchor && value.is_some()).unwrap_or_else(|| {
            all.push((anchor.clone(), Some(json!({}))));
            all.len() - 1
        });
        if let Some(value) = &mut all[place].1 {
            Way(rest.to_vec()).set(value, set.value.clone());
        }
    }
    all
}

pub fn index(number: u32) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1)
}

/// The line of a spot, split where the spot is.
fn split<'t>(spot: Spot, lines: &[&'t str]) -> Option<(usize, &'t str, &'t str)> {
    let at = index(spot.line)?;
    let line = lines.get(at)?;
    let byte = match line.char_indices().nth(index(spot.column)?) {
        Some((byte, _)) => byte,
        None => line.len(),
    };
    Some((at, &line[..byte], &line[byte..]))
}

/// New fields in a map that is there.
fn inserted(map: &Node, value: &Value, lines: &[&str]) -> Option<Change> {
    let (at, before, after) = split(map.at, lines)?;
    if let Some(inner) = after.strip_prefix('{') {
        let new = yaml::flow(value);
        let new = new.strip_prefix('{')?.strip_suffix('}')?;
        return Some(Change {
            at,
            before: Vec::new(),
            instead: Some(format!("{before}{{{new}, {}", inner.trim_start())),
        });
    }
    let fields = map.fields();
    let first = fields.first()?;
    let alone = |spot: Spot| split(spot, lines).filter(|(_, before, _)| before.chars().all(|c| c == ' '));
    // Behind the image or before the containers is where people put it; else before the first field with a line of its own.
    let behind = fields.iter().position(|field| &*field.name == "image").and_then(|at| fields.get(at + 1));
    let ahead = fields.iter().find(|field| &*field.name == "containers");
    let place = behind.into_iter().chain(ahead).chain(fields).find_map(|field| alone(field.at))?;
    let mut at = place.0;
    // What is said above a field belongs to it.
    while at > 0 && lines[at - 1].trim_start().starts_with('#') {
        at -= 1;
    }
    let indent = " ".repeat(index(first.at.column)?);
    let new = yaml::write(value).lines().map(|line| format!("{indent}{line}")).collect();
    Some(Change { at, before: new, instead: None })
}

/// Another value in the place of one that stands plainly on its line.
fn replaced(node: &Node, value: &Value, lines: &[&str]) -> Option<Change> {
    let (at, before, after) = split(node.at, lines)?;
    let old = match &node.value {
        Written::Flag(flag) => flag.to_string(),
        Written::Whole(number) => number.to_string(),
        Written::Text(text) => {
            let quoted = ["", "\"", "'"].iter().map(|quote| format!("{quote}{text}{quote}"));
            quoted.into_iter().find(|old| after.starts_with(old.as_str()))?
        }
        // A list of words within brackets.
        Written::List(_) if after.starts_with('[') => after[..=after.find(']')?].to_owned(),
        Written::Nothing | Written::Real(_) | Written::List(_) | Written::Map(_) => return None,
    };
    let rest = after.strip_prefix(old.as_str())?;
    if value.is_object() || !(rest.is_empty() || rest.starts_with([' ', ',', '}', ']'])) {
        return None;
    }
    Some(Change { at, before: Vec::new(), instead: Some(format!("{before}{}{rest}", yaml::flow(value))) })
}
