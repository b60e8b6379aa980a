//! The changes of several objects of one file, put together: one after the other, each on what those before it have left, and
//! each proved by reading the text again before the next.

use super::diff::{self, Change};
use super::edit::{Mend, Set};
use super::hunks;
use crate::manifests::{Node, Object, reread};
use serde_json::Value;

/// Why a change is not among those that were put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The file is not what was read.
    Other,
    /// The object stands within a list of objects.
    Listed,
    /// The file is written in a way that cannot be changed line by line with certainty.
    Written,
    /// Another change wants another value in the same place.
    Against,
}

impl Left {
    pub fn why(self) -> &'static str {
        match self {
            Left::Other => "its file has changed while it was looked at",
            Left::Listed => "its object stands in a List, and is not changed there",
            Left::Written => "its file is written in a way that is not changed line by line with certainty",
            Left::Against => "another change wants another value in the same place: apply that one, and check again",
        }
    }
}

/// What came of it.
pub struct Joined {
    /// Of each change, in the order in which they were given.
    pub outcomes: Vec<Result<(), Left>>,
    changes: Vec<Change>,
    /// What stood in the file.
    before: Vec<Node>,
}

impl Joined {
    /// All that were taken, as `git apply` takes them. None where nothing is changed, or where what may not be shown stands
    /// too near.
    pub fn patch(&self, path: &str, text: &str) -> Option<String> {
        let secret = hunks::secret_lines(&self.before);
        hunks::unified(path, text, &self.changes, |line| secret.iter().any(|lines| lines.contains(&line)))
    }
}

/// A line, and which one of the file it was.
struct Line {
    from: Option<usize>,
    text: String,
}

/// The file, on its way from what it is to what it should be.
struct State {
    lines: Vec<Line>,
    nodes: Vec<Node>,
    /// What the documents say by now.
    said: Vec<Value>,
    /// What they have to go on saying: of which document, and what.
    held: Vec<(usize, Set)>,
}

pub fn join(mends: &[&Mend], text: &str) -> Joined {
    let Some(nodes) = reread(text) else {
        return Joined { outcomes: vec![Err(Left::Other); mends.len()], changes: Vec::new(), before: Vec::new() };
    };
    let lines = lines_of(text).enumerate();
    let mut state = State {
        lines: lines.map(|(at, line)| Line { from: Some(at), text: line.to_owned() }).collect(),
        said: nodes.iter().map(Node::json).collect(),
        nodes: nodes.clone(),
        held: Vec::new(),
    };
    let outcome = |mend: &&Mend| {
        let root = &mend.object.root;
        let document = nodes.iter().position(|node| node.at == root.at && node == root);
        let within = |node: &Node| node.at.line <= root.at.line && node.get("items").is_some();
        match document {
            Some(document) => state.take(document, mend, text.ends_with('\n')),
            None if nodes.iter().any(within) => Err(Left::Listed),
            None => Err(Left::Other),
        }
    };
    let outcomes = mends.iter().map(outcome).collect();
    Joined { outcomes, changes: state.changes(text), before: nodes }
}

impl State {
    fn take(&mut self, document: usize, mend: &Mend, ends: bool) -> Result<(), Left> {
        let mut said = self.said[document].clone();
        let sets: Vec<Set> = mend.sets.iter().filter(|set| *set.way.find(&said) != set.value).cloned().collect();
        if sets.is_empty() {
            return Ok(());
        }
        sets.iter().for_each(|set| set.way.set(&mut said, set.value.clone()));
        let holds = |(of, set): &(usize, Set)| *of != document || *set.way.find(&said) == set.value;
        if !self.held.iter().all(holds) {
            return Err(Left::Against);
        }
        let root = self.nodes[document].clone();
        let object = Object { file: mend.object.file.clone(), at: root.at, id: mend.object.id.clone(), root };
        let changes = diff::changes(&object, &sets, &self.text(ends)).ok_or(Left::Written)?;
        let lines = self.with(&changes);
        let nodes = reread(&joined(&lines, ends)).ok_or(Left::Written)?;
        let wanted = |at: usize| if at == document { &said } else { &self.said[at] };
        if nodes.len() != self.said.len() || nodes.iter().enumerate().any(|(at, node)| node.json() != *wanted(at)) {
            return Err(Left::Written);
        }
        (self.lines, self.nodes, self.said[document]) = (lines, nodes, said);
        self.held.extend(sets.into_iter().map(|set| (document, set)));
        Ok(())
    }

    fn text(&self, ends: bool) -> String {
        joined(&self.lines, ends)
    }

    /// The lines with these changes.
    fn with(&self, changes: &[Change]) -> Vec<Line> {
        let mut after = Vec::with_capacity(self.lines.len() + changes.len());
        let mut changes = changes.iter().peekable();
        for (at, line) in self.lines.iter().enumerate() {
            let change = changes.next_if(|change| change.at == at);
            let before = change.into_iter().flat_map(|change| &change.before);
            after.extend(before.map(|text| Line { from: None, text: text.clone() }));
            let instead = change.and_then(|change| change.instead.as_ref());
            after.push(Line { from: line.from, text: instead.unwrap_or(&line.text).clone() });
        }
        after
    }

    /// What became of each line of the file. No line of it is ever taken away.
    fn changes(&self, text: &str) -> Vec<Change> {
        let was: Vec<&str> = lines_of(text).collect();
        let mut all = Vec::new();
        let mut before = Vec::new();
        for line in &self.lines {
            match line.from {
                None => before.push(line.text.clone()),
                Some(at) => {
                    let instead = (was.get(at) != Some(&line.text.as_str())).then(|| line.text.clone());
                    if instead.is_some() || !before.is_empty() {
                        all.push(Change { at, before: std::mem::take(&mut before), instead });
                    }
                }
            }
        }
        all
    }
}

/// The lines as they are, also those of other systems.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.strip_suffix('\n').unwrap_or(text).split('\n')
}

fn joined(lines: &[Line], ends: bool) -> String {
    let mut text = String::with_capacity(lines.iter().map(|line| line.text.len() + 1).sum());
    for (at, line) in lines.iter().enumerate() {
        text.push_str(if at > 0 { "\n" } else { "" });
        text.push_str(&line.text);
    }
    text.push_str(if ends { "\n" } else { "" });
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::checks::ladder::way::Way;
    use crate::manifests::objects_of;
    use serde_json::json;
    use std::sync::Arc;

    const TEXT: &str = "kind: A\napiVersion: v1\nmetadata: {name: a}\nspec:\n  x: 1\n---\nkind: B\napiVersion: v1\nmetadata:\n  name: b\n";

    /// Changes of these objects, by their place in the text: a field each, and its value.
    fn outcomes(text: &str, sets: &[(usize, &[&str], Value)]) -> (Vec<Result<(), Left>>, Option<String>) {
        let (objects, _) = objects_of(text.as_bytes(), false, "a.yaml");
        let objects: Vec<Arc<Object>> = objects.into_iter().map(Arc::new).collect();
        let mend = |(at, way, value): &(usize, &[&str], Value)| {
            Mend::new(&objects[*at], vec![Set { way: Way::to(way), value: value.clone() }], "x")
        };
        let mends: Vec<Mend> = sets.iter().map(mend).collect();
        let joined = join(&mends.iter().collect::<Vec<_>>(), text);
        let patch = joined.patch("a.yaml", text);
        (joined.outcomes, patch)
    }

    #[test]
    fn changes_of_one_place_are_put_together_and_what_is_said_twice_is_said_once() {
        let sets: &[(usize, &[&str], Value)] = &[
            (0, &["spec", "v", "z"], json!(2)),
            (1, &["spec", "x"], json!(3)),
            (0, &["spec", "v", "w"], json!(4)),
            (0, &["spec", "v", "z"], json!(2)),
            (0, &["spec", "x"], json!(5)),
        ];
        let (outcomes, patch) = outcomes(TEXT, sets);
        assert_eq!(outcomes, vec![Ok(()); 5]);
        let patch = patch.unwrap();
        let changed: Vec<&str> = patch.lines().skip(2).filter(|line| line.starts_with(['+', '-'])).collect();
        assert_eq!(changed, ["+  v:", "+    w: 4", "+    z: 2", "-  x: 1", "+  x: 5", "+spec:", "+  x: 3"]);
    }

    #[test]
    fn a_change_against_another_is_left_and_what_was_there_first_stays() {
        let sets: &[(usize, &[&str], Value)] = &[(0, &["spec", "x"], json!(2)), (0, &["spec", "x"], json!(3))];
        let (outcomes, patch) = outcomes(TEXT, sets);
        assert_eq!(outcomes, [Ok(()), Err(Left::Against)]);
        assert!(patch.unwrap().contains("+  x: 2"));
    }

    #[test]
    fn what_is_written_otherwise_is_left_with_the_reason() {
        let set: &[(usize, &[&str], Value)] = &[(0, &["spec", "x"], json!(2))];
        let crlf = TEXT.replace('\n', "\r\n");
        assert_eq!(outcomes(&crlf, set), (vec![Err(Left::Written)], None));
        let list =
            "kind: List\napiVersion: v1\nitems:\n- kind: A\n  apiVersion: v1\n  metadata: {name: a}\n  spec: {x: 1}\n";
        assert_eq!(outcomes(list, set), (vec![Err(Left::Listed)], None));
    }
}
