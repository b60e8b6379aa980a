//! Reads the keys of one map out of a plan, and collects everything that is wrong instead of stopping at the first.

use super::keys::Key;
use crate::model::{Fact, Spot, StepId, time};
use crate::sys::yaml::{Body, Entry, Node, Sort};
use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

/// How many faults are shown; the rest is counted.
pub const SHOWN: usize = 20;
/// No fault is told in more characters than this.
const LONGEST: usize = 400;

/// Something wrong at a spot of the plan file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: Spot,
    pub text: String,
}

#[derive(Debug, Default)]
pub struct Faults {
    pub list: Vec<Fault>,
    /// All of them, also those beyond the shown ones.
    pub count: usize,
}

impl Faults {
    /// Keeps those that stand first in the file, in whatever order they are found.
    pub fn add(&mut self, at: Spot, text: impl Into<String>) {
        self.count += 1;
        if self.shows(at) {
            let behind = self.list.iter().rposition(|fault| fault.at <= at).map_or(0, |before| before + 1);
            self.list.truncate(SHOWN - 1);
            self.list.insert(behind, Fault { at, text: one_line(&text.into(), LONGEST) });
        }
    }
    /// True when a fault at this place would be shown: advice that is costly to find is not sought for the others.
    pub fn shows(&self, at: Spot) -> bool {
        self.list.len() < SHOWN || self.list.last().is_some_and(|last| at < last.at)
    }
}

/// `, did you mean …?` for the nearest of these words, when one is near.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let limit = (word.len() / 3).max(1);
    let close = known.filter(|name| name.len().abs_diff(word.len()) <= limit);
    match close.map(|name| (strsim::osa_distance(word, name), name)).min() {
        Some((distance, name)) if distance <= limit => format!(", did you mean `{name}`?"),
        _ => String::new(),
    }
}

/// The map of one step, or of the plan.
pub struct Fields<'s, 'f> {
    entries: Vec<Entry<'s>>,
    pub at: Spot,
    pub faults: &'f mut Faults,
}

impl<'s, 'f> Fields<'s, 'f> {
    pub fn new(at: Spot, entries: Vec<Entry<'s>>, faults: &'f mut Faults) -> Self {
        Self { entries, at, faults }
    }

    /// Takes a key out, with its value.
    pub fn take(&mut self, key: &str) -> Option<Entry<'s>> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// Where the value of a key begins.
    pub fn value_at(&self, key: &str) -> Option<Spot> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.at)
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// What is left is unknown or written twice. `of` says whose keys these are.
    pub fn finish(self, of: &str, known: &[&[Key]]) {
        let mut rest = self.entries;
        rest.sort_by_key(|entry| entry.at);
        let names = || known.iter().flat_map(|keys| keys.iter().map(|key| key.name));
        for entry in rest {
            if names().any(|name| name == entry.key) {
                self.faults.add(entry.at, format!("key `{}` of {of} is written twice: take one out", entry.key));
            } else if !self.faults.shows(entry.at) {
                self.faults.add(entry.at, "");
            } else {
                let advice = match nearest(&entry.key, names()) {
                    none if none.is_empty() => format!("; known are {}", names().collect::<Vec<_>>().join(", ")),
                    near => near,
                };
                self.faults.add(entry.at, format!("unknown key `{}` in {of}{advice}", shown(&entry.key)));
            }
        }
    }

    /// A value as text, or a fault that says what was expected.
    pub fn text(&mut self, key: &str, want: &str) -> Option<(Cow<'s, str>, Spot)> {
        let entry = self.take(key)?;
        let at = entry.value.at;
        self.text_of(entry.value, key, want).map(|text| (text, at))
    }

    /// A text that other readers of YAML take for a text too.
    fn text_of(&mut self, node: Node<'s>, key: &str, want: &str) -> Option<Cow<'s, str>> {
        match (&node.body, node.sort()) {
            (Body::Scalar(text, _), sort @ (Sort::Number | Sort::Flag)) => {
                let kind = if sort == Sort::Number { "a number" } else { "true or false" };
                let text = shown(text);
                self.faults.add(node.at, format!("`{key}` wants {want}, and {text} is {kind}: write it as \"{text}\""));
                None
            }
            _ => self.word_of(node, key, want),
        }
    }

    /// Anything that is written as one word, taken as it stands there. It is moved out, not copied: a plan is mostly texts.
    fn word_of(&mut self, node: Node<'s>, key: &str, want: &str) -> Option<Cow<'s, str>> {
        let (sort, kind, at) = (node.sort(), node.kind(), node.at);
        match node.body {
            Body::Scalar(..) if sort == Sort::Nothing => {
                self.nothing(at, key, want);
                None
            }
            Body::Scalar(text, _) => Some(text),
            Body::List(_) | Body::Map(_) => {
                self.faults.add(at, format!("`{key}` wants {want}, and here is {kind}"));
                None
            }
        }
    }

    fn nothing(&mut self, at: Spot, key: &str, want: &str) {
        self.faults.add(at, format!("`{key}` wants {want}, and here is nothing: fill it in"));
    }

    /// A value that a rule turns into something, with the rule's own words where it does not.
    fn ruled<T>(&mut self, key: &str, want: &str, rule: impl Fn(&str) -> Result<T, String>) -> Option<(T, Spot)> {
        let Entry { value, .. } = self.take(key)?;
        let at = value.at;
        let text = self.word_of(value, key, want)?;
        match rule(&text) {
            Ok(ruled) => Some((ruled, at)),
            Err(why) => {
                self.faults.add(at, format!("`{key}`: `{}` {why}", shown(&text)));
                None
            }
        }
    }

    /// As `ruled`, for what must stand there without quotes.
    fn bare<T>(&mut self, key: &str, want: &str, rule: impl Fn(&str) -> Result<T, String>) -> Option<(T, Spot)> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        if let Body::Scalar(text, true) = &entry.value.body {
            let text = format!("`{key}` wants {want}, and \"{}\" is a text: take the quotes off", shown(text));
            self.faults.add(entry.value.at, text);
            self.take(key);
            return None;
        }
        self.ruled(key, want, rule)
    }

    pub fn span(&mut self, key: &str) -> Option<Duration> {
        Some(self.ruled(key, "a time like 5m", time::read_span)?.0)
    }

    pub fn flag(&mut self, key: &str) -> Option<bool> {
        let rule = |text: &str| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("is neither true nor false: write one of the two".to_owned()),
        };
        Some(self.bare(key, "true or false", rule)?.0)
    }

    pub fn count(&mut self, key: &str, range: std::ops::RangeInclusive<u32>) -> Option<(u32, Spot)> {
        let (low, high) = (*range.start(), *range.end());
        self.bare(key, "a whole number", |text| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!("is not a whole number from {low} to {high}")),
        })
    }

    pub fn word(&mut self, key: &str, words: &[&'static str]) -> Option<&'static str> {
        let rule = |text: &str| match words.iter().find(|word| **word == text) {
            Some(word) => Ok(*word),
            None => Err(match words {
                [only] => format!("is not known; there is only {only}"),
                _ => format!("is not one of {}{}", words.join(", "), nearest(text, words.iter().copied())),
            }),
        };
        // Most steps have none of these keys, and what is wanted need not be spelled out for nobody: 5 % of planning.
        if !self.has(key) {
            return None;
        }
        let want = match words {
            [only] => format!("the word {only}"),
            _ => format!("one of {}", words.join(", ")),
        };
        Some(self.ruled(key, &want, rule)?.0)
    }

    /// A list of texts; each is checked by a rule. An absent key is an empty list.
    pub fn list<T>(&mut self, key: &str, want: &str, rule: impl Fn(&str) -> Result<T, String>) -> Vec<(T, Spot)> {
        let Some(entry) = self.take(key) else { return Vec::new() };
        let kind = entry.value.kind();
        let Body::List(items) = entry.value.body else {
            let advice = format!("write it as {key}: […], or take the key out");
            self.faults.add(entry.value.at, format!("`{key}` wants a list of {want}, and here is {kind}: {advice}"));
            return Vec::new();
        };
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let at = item.at;
            let Some(text) = self.text_of(item, key, want) else { continue };
            match rule(&text) {
                Ok(value) => list.push((value, at)),
                Err(why) => self.faults.add(at, format!("`{key}`: `{}` {why}", shown(&text))),
            }
        }
        list
    }

    /// One path, or a list of them, as the plan writes them.
    pub fn paths(&mut self, key: &str) -> Vec<(String, Spot)> {
        let one = self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.sort());
        match one {
            None => Vec::new(),
            Some(Sort::List) => {
                let empty = self.entries.iter().find_map(|entry| match &entry.value.body {
                    Body::List(items) if entry.key == key && items.is_empty() => Some(entry.value.at),
                    Body::List(_) | Body::Map(_) | Body::Scalar(..) => None,
                });
                if let Some(at) = empty {
                    self.faults.add(at, format!("`{key}` names nothing: write the path of a file or folder"));
                }
                self.list(key, "paths", path)
            }
            Some(Sort::Nothing | Sort::Number | Sort::Flag | Sort::Text | Sort::Map) => {
                self.ruled(key, "a path, or a list of paths", path).into_iter().collect()
            }
        }
    }

    /// Names with literal values, of whatever the key is about.
    pub fn pairs(&mut self, key: &str) -> Vec<(String, String)> {
        let Some(entry) = self.take(key) else { return Vec::new() };
        let (at, kind) = (entry.value.at, entry.value.kind());
        let Body::Map(entries) = entry.value.body else {
            let advice = format!("write it as {key}: {{name: value}}, or take the key out");
            self.faults.add(at, format!("`{key}` wants a map of names and values, and here is {kind}: {advice}"));
            return Vec::new();
        };
        let mut pairs: Vec<(String, String)> = Vec::with_capacity(entries.len());
        for pair in entries {
            if pairs.iter().any(|(name, _)| *name == pair.key) {
                self.faults.add(pair.at, format!("`{key}`: `{}` is written twice: take one out", shown(&pair.key)));
            } else if let Some(value) = self.word_of(pair.value, key, "a plain word, or a text in quotes") {
                pairs.push((pair.key.into_owned(), value.into_owned()));
            }
        }
        pairs
    }

    /// A text that a rule turns into something.
    pub fn read<T>(&mut self, key: &str, want: &str, rule: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let (text, at) = self.text(key, want)?;
        rule(&text).map_err(|why| self.faults.add(at, format!("`{key}`: `{}` {why}", shown(&text)))).ok()
    }

    /// Names as Kubernetes takes them.
    pub fn names(&mut self, key: &str) -> Vec<(String, Spot)> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        self.list(key, "names", |text| match !text.is_empty() && text.len() <= 253 && text.chars().all(plain) {
            true => Ok(text.to_owned()),
            false => Err("is no name: a-z, 0-9, - and . only".to_owned()),
        })
    }

    pub fn ids(&mut self, key: &str) -> Vec<(StepId, Spot)> {
        self.list(key, "step ids", StepId::new)
    }

    pub fn facts(&mut self, key: &str) -> Vec<(Fact, Spot)> {
        self.list(key, "facts", Fact::read)
    }

    /// A program and its arguments: a list with at least the program.
    pub fn argv(&mut self, key: &str) -> Option<Vec<String>> {
        let entry = self.take(key)?;
        self.argv_of(key, entry.value)
    }

    pub fn argv_of(&mut self, key: &str, value: Node<'s>) -> Option<Vec<String>> {
        const WANT: &str = "a list, a program and its arguments";
        let (at, sort, kind) = (value.at, value.sort(), value.kind());
        let Body::List(items) = value.body else {
            if sort == Sort::Nothing {
                self.nothing(at, key, WANT);
            } else if sort == Sort::Map {
                self.faults
                    .add(at, format!("`{key}` wants {WANT}, and here is a map: write it as [program, argument]"));
            } else {
                let advice = "there is no shell: write it as [program, argument]";
                self.faults.add(at, format!("`{key}` wants {WANT}, and here is {kind}; {advice}"));
            }
            return None;
        };
        let mut argv = Vec::with_capacity(items.len());
        for item in items {
            let at = item.at;
            let text = self.word_of(item, key, "words, a program and its arguments")?;
            if text.contains('\0') {
                self.faults.add(at, format!("`{key}` has a zero byte, which no program can be given: take it out"));
                return None;
            }
            argv.push(text.into_owned());
        }
        if argv.first().is_none_or(String::is_empty) {
            self.faults.add(at, format!("`{key}` names no program: write it as [program, argument]"));
            return None;
        }
        Some(argv)
    }

    /// Names of environment variables with literal values.
    pub fn env(&mut self, key: &str) -> Vec<(String, String)> {
        let Some(entry) = self.take(key) else { return Vec::new() };
        let Body::Map(entries) = entry.value.body else {
            let kind = entry.value.kind();
            let advice = format!("write it as {key}: {{NAME: value}}, or take the key out");
            let text = format!("`{key}` wants a map of names and values, and here is {kind}: {advice}");
            self.faults.add(entry.value.at, text);
            return Vec::new();
        };
        let mut env: Vec<(String, String)> = Vec::with_capacity(entries.len());
        let mut seen: HashSet<Cow<'s, str>> = HashSet::with_capacity(entries.len());
        const WORDS: &str = "cannot name a variable: take A-Z, a-z, 0-9 and _, and no digit in front";
        for variable in entries {
            let value_at = variable.value.at;
            let name = variable.key.as_ref();
            let plain = |(i, b): (usize, u8)| b == b'_' || b.is_ascii_alphabetic() || (i > 0 && b.is_ascii_digit());
            if name.is_empty() || !name.bytes().enumerate().all(plain) {
                self.faults.add(variable.at, format!("`{key}`: `{}` {WORDS}", shown(name)));
            } else if name.starts_with("BLACKSTART_") {
                self.faults.add(
                    variable.at,
                    format!("`{key}`: `{name}` is a name that blackstart keeps for itself: take another"),
                );
            } else if !seen.insert(variable.key.clone()) {
                self.faults.add(variable.at, format!("`{key}`: `{name}` is written twice: take one out"));
            } else if let Some(value) =
                self.word_of(variable.value, &format!("{key}: {name}"), "a plain word, or a text in quotes")
            {
                if value.contains('\0') {
                    self.faults.add(value_at, format!("`{key}: {name}` has a zero byte: take it out"));
                } else {
                    env.push((name.to_owned(), value.into_owned()));
                }
            }
        }
        env
    }

    /// A key that must be there. `of` says who wants it, and the table of keys says what for.
    pub fn require(&mut self, keys: &[Key], key: &str, of: &str) -> bool {
        let there = self.has(key);
        if !there {
            let doc = keys.iter().find(|known| known.name == key).map_or("", |known| known.doc);
            self.faults.add(self.at, format!("{of} has no `{key}`. {doc}"));
        }
        there
    }
}

/// A path as a plan may write it.
pub fn path(text: &str) -> Result<String, String> {
    match text {
        "" => Err("names nothing: write the path of a file or folder".to_owned()),
        text if text.contains(char::is_control) => Err("has an invisible character in it: take it out".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// What stands in a file as an error shows it: short.
pub fn shown(text: &str) -> String {
    one_line(text, 60)
}

/// A text on one line and not without end: what stands in a file must not move the cursor of who reads about it.
fn one_line(text: &str, most: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
    if text.chars().nth(most).is_some() { format!("{line}…") } else { line }
}
