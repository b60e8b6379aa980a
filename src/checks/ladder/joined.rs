//! The changes of several objects of one file, put together: one after the other, each on what those before it have left, and
//! each proved by reading its document again before the next. At the end the whole file is read again, once.

use super::diff::{self, Change};
use super::edit::{Mend, Set};
use super::hunks;
use super::sheet::Sheet;
use crate::manifests::{Node, Object, reread};
use serde_json::Value;
use std::collections::BTreeMap;

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
pub struct Joined<'s> {
    /// Of each change, in the order in which they were given.
    pub outcomes: Vec<Result<(), Left>>,
    changes: Vec<Change>,
    sheet: &'s Sheet,
}

impl Joined<'_> {
    /// All that were taken, as `git apply` takes them. None where nothing is changed, or where what may not be shown stands
    /// too near.
    pub fn patch(&self, path: &str) -> Option<String> {
        let secret = |line: usize| self.sheet.secret.get(line).copied().unwrap_or(false);
        hunks::unified(path, &self.sheet.lines, self.sheet.ends, &self.changes, secret)
    }
}

/// A line, and which one of the file it was.
struct Line {
    from: Option<usize>,
    text: String,
}

/// A part of the file, on its way from what it is to what it should be.
struct Page {
    lines: Vec<Line>,
    /// Whether its last line ends as all others do.
    ends: bool,
    /// Its documents, in the lines of the part.
    nodes: Vec<Node>,
    /// What they say by now.
    said: Vec<Value>,
    /// What each of them has to go on saying.
    held: Vec<Vec<Set>>,
}

/// The changes, and the proof of them all: the whole file, read again.
pub fn join<'s>(mends: &[&Mend], sheet: &'s Sheet) -> Joined<'s> {
    let (outcomes, pages) = taken(mends, sheet);
    match proved(sheet, &pages) {
        true => Joined { outcomes, changes: changes(sheet, &pages), sheet },
        false => {
            let outcomes = outcomes.into_iter().map(|outcome| outcome.and(Err(Left::Written))).collect();
            Joined { outcomes, changes: Vec::new(), sheet }
        }
    }
}

/// One change by itself, proved in its part of the file. The other parts are untouched, and the part was shown to read the
/// same alone as within the file: for each of many changes to read all of the file again would say nothing more.
pub fn single<'s>(mend: &Mend, sheet: &'s Sheet) -> Joined<'s> {
    let (outcomes, pages) = taken(&[mend], sheet);
    Joined { outcomes, changes: changes(sheet, &pages), sheet }
}

/// By their number, the parts of the file in which something was looked for.
type Pages = BTreeMap<usize, Page>;

fn taken(mends: &[&Mend], sheet: &Sheet) -> (Vec<Result<(), Left>>, Pages) {
    let mut pages = Pages::new();
    let outcomes = mends.iter().map(|mend| take(mend, sheet, &mut pages)).collect();
    (outcomes, pages)
}

fn take(mend: &Mend, sheet: &Sheet, pages: &mut Pages) -> Result<(), Left> {
    let root = &mend.object.root;
    let Some(document) = sheet.document(root) else {
        let within = |node: &Node| node.at.line <= root.at.line && node.get("items").is_some();
        return Err(if sheet.nodes.iter().any(within) { Left::Listed } else { Left::Other });
    };
    if !sheet.plain {
        return Err(Left::Written);
    }
    let (number, part) = sheet.part_of(document).ok_or(Left::Written)?;
    let page = match pages.entry(number) {
        std::collections::btree_map::Entry::Occupied(page) => page.into_mut(),
        std::collections::btree_map::Entry::Vacant(place) => {
            place.insert(Page::open(sheet, number).ok_or(Left::Written)?)
        }
    };
    page.take(document - part.documents.start, mend)
}

/// Whether the file, with all these pages in it, says what it should and nothing else.
fn proved(sheet: &Sheet, pages: &Pages) -> bool {
    let (mut lines, mut wanted) = (Vec::new(), Vec::new());
    for (number, part) in sheet.parts.iter().enumerate() {
        match pages.get(&number) {
            Some(page) => {
                lines.extend(page.lines.iter().map(|line| line.text.as_str()));
                wanted.extend(page.said.iter().cloned());
            }
            None => {
                lines.extend(sheet.lines[part.lines.clone()].iter().map(String::as_str));
                wanted.extend(sheet.nodes[part.documents.clone()].iter().map(Node::json));
            }
        }
    }
    let nodes = reread(&text_of(lines.into_iter(), sheet.ends));
    nodes.is_some_and(|nodes| nodes.iter().map(Node::json).eq(wanted))
}

/// What became of each line of the file. No line of it is ever taken away.
fn changes(sheet: &Sheet, pages: &Pages) -> Vec<Change> {
    let mut all = Vec::new();
    for page in pages.values() {
        let mut before = Vec::new();
        for line in &page.lines {
            match line.from {
                None => before.push(line.text.clone()),
                Some(at) => {
                    let instead = (sheet.lines.get(at) != Some(&line.text)).then(|| line.text.clone());
                    if instead.is_some() || !before.is_empty() {
                        all.push(Change { at, before: std::mem::take(&mut before), instead });
                    }
                }
            }
        }
    }
    all
}

impl Page {
    /// None where the part does not read alone as it does within its file.
    fn open(sheet: &Sheet, number: usize) -> Option<Self> {
        let part = sheet.parts.get(number)?;
        let ends = sheet.ends || part.lines.end < sheet.lines.len();
        let lines = &sheet.lines[part.lines.clone()];
        let nodes = reread(&text_of(lines.iter().map(String::as_str), ends))?;
        let said: Vec<Value> = nodes.iter().map(Node::json).collect();
        let same = sheet.nodes[part.documents.clone()].iter().map(Node::json).eq(said.iter().cloned());
        let lines = part.lines.clone().zip(lines).map(|(at, line)| Line { from: Some(at), text: line.clone() });
        same.then(|| Self { lines: lines.collect(), ends, held: vec![Vec::new(); said.len()], nodes, said })
    }

    fn take(&mut self, document: usize, mend: &Mend) -> Result<(), Left> {
        let mut said = self.said[document].clone();
        let sets: Vec<Set> = mend.sets.iter().filter(|set| *set.way.find(&said) != set.value).cloned().collect();
        if sets.is_empty() {
            return Ok(());
        }
        sets.iter().for_each(|set| set.way.set(&mut said, set.value.clone()));
        if self.held[document].iter().any(|set| *set.way.find(&said) != set.value) {
            return Err(Left::Against);
        }
        let root = self.nodes[document].clone();
        let object = Object { file: mend.object.file.clone(), at: root.at, id: mend.object.id.clone(), root };
        let changes = diff::changes(&object, &sets, &self.text(&self.lines)).ok_or(Left::Written)?;
        let lines = self.with(&changes);
        let nodes = reread(&self.text(&lines)).ok_or(Left::Written)?;
        let wanted = |at: usize| if at == document { &said } else { &self.said[at] };
        if nodes.len() != self.said.len() || nodes.iter().enumerate().any(|(at, node)| node.json() != *wanted(at)) {
            return Err(Left::Written);
        }
        (self.lines, self.nodes, self.said[document]) = (lines, nodes, said);
        self.held[document].extend(sets);
        Ok(())
    }

    fn text(&self, lines: &[Line]) -> String {
        text_of(lines.iter().map(|line| line.text.as_str()), self.ends)
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
}

fn text_of<'l>(lines: impl Iterator<Item = &'l str>, ends: bool) -> String {
    let mut text = String::new();
    for (at, line) in lines.enumerate() {
        text.push_str(if at > 0 { "\n" } else { "" });
        text.push_str(line);
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
        let sheet = Sheet::of(text).unwrap();
        let joined = join(&mends.iter().collect::<Vec<_>>(), &sheet);
        let patch = joined.patch("a.yaml");
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
