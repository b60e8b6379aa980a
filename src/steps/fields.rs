//! Reads the keys of one map out of a plan, and collects everything that is wrong instead of stopping at the first.

use super::keys::Key;
use crate::model::{Fact, Spot, StepId, time};
use crate::sys::yaml::{Body, Entry, Node};
use std::borrow::Cow;
use std::time::Duration;

/// How many faults are shown; the rest is counted.
pub const SHOWN: usize = 20;

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
    pub fn add(&mut self, at: Spot, text: impl Into<String>) {
        self.count += 1;
        if self.list.len() < SHOWN {
            self.list.push(Fault { at, text: text.into() });
        }
    }
    /// True while a further fault would still be shown: advice that is costly to find is not sought for the others.
    pub fn has_room(&self) -> bool {
        self.list.len() < SHOWN
    }
}

/// `, did you mean …?` for the nearest of these words, when one is near.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let limit = (word.len() / 3).max(2);
    let near = known.map(|name| (strsim::osa_distance(word, name), name)).min();
    match near {
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
        Some(self.entries.swap_remove(at))
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
                self.faults.add(entry.at, format!("key `{}` of {of} is written twice", entry.key));
                continue;
            }
            let advice = match nearest(&entry.key, names()) {
                none if none.is_empty() => format!("; known are {}", names().collect::<Vec<_>>().join(", ")),
                near => near,
            };
            self.faults.add(entry.at, format!("unknown key `{}` in {of}{advice}", entry.key));
        }
    }

    /// A value as text, or a fault that says what was expected.
    pub fn text(&mut self, key: &str, want: &str) -> Option<(Cow<'s, str>, Spot)> {
        let entry = self.take(key)?;
        let at = entry.value.at;
        self.scalar(entry.value, key, want).map(|text| (text, at))
    }

    /// The text of a value. It is moved out, not copied: a plan is mostly texts.
    fn scalar(&mut self, node: Node<'s>, key: &str, want: &str) -> Option<Cow<'s, str>> {
        let kind = node.kind();
        match node.body {
            Body::Scalar(text, quoted) if quoted || kind != "nothing" => Some(text),
            Body::Scalar(..) | Body::List(_) | Body::Map(_) => {
                self.faults.add(node.at, format!("`{key}` wants {want}, and here is {kind}"));
                None
            }
        }
    }

    /// A text that a rule turns into something, with the rule's own words where it does not.
    fn ruled<T>(&mut self, key: &str, want: &str, rule: impl Fn(&str) -> Result<T, String>) -> Option<(T, Spot)> {
        let (text, at) = self.text(key, want)?;
        match rule(&text) {
            Ok(value) => Some((value, at)),
            Err(why) => {
                self.faults.add(at, format!("`{key}`: `{}` {why}", shown(&text)));
                None
            }
        }
    }

    pub fn span(&mut self, key: &str) -> Option<Duration> {
        Some(self.ruled(key, "a time like 5m", time::read_span)?.0)
    }

    pub fn flag(&mut self, key: &str) -> Option<bool> {
        let rule = |text: &str| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("is neither true nor false".to_owned()),
        };
        Some(self.ruled(key, "true or false", rule)?.0)
    }

    pub fn count(&mut self, key: &str, range: std::ops::RangeInclusive<u32>) -> Option<(u32, Spot)> {
        let (low, high) = (*range.start(), *range.end());
        self.ruled(key, "a whole number", |text| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!("is not a whole number from {low} to {high}")),
        })
    }

    pub fn word(&mut self, key: &str, words: &[&'static str]) -> Option<&'static str> {
        let rule = |text: &str| match words.iter().find(|word| **word == text) {
            Some(word) => Ok(*word),
            None => Err(format!("is not one of {}{}", words.join(", "), nearest(text, words.iter().copied()))),
        };
        // Most steps have none of these keys, and what is wanted need not be spelled out for nobody: 5 % of planning.
        if !self.has(key) {
            return None;
        }
        Some(self.ruled(key, &format!("one of {}", words.join(", ")), rule)?.0)
    }

    /// A list of texts; each is checked by a rule. An absent key is an empty list.
    pub fn list<T>(&mut self, key: &str, want: &str, rule: impl Fn(&str) -> Result<T, String>) -> Vec<(T, Spot)> {
        let Some(entry) = self.take(key) else { return Vec::new() };
        let kind = entry.value.kind();
        let Body::List(items) = entry.value.body else {
            self.faults.add(entry.value.at, format!("`{key}` wants a list of {want}, and here is {kind}"));
            return Vec::new();
        };
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let at = item.at;
            let Some(text) = self.scalar(item, key, want) else { continue };
            match rule(&text) {
                Ok(value) => list.push((value, at)),
                Err(why) => self.faults.add(at, format!("`{key}`: `{}` {why}", shown(&text))),
            }
        }
        list
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
        let at = value.at;
        let items = match value.body {
            Body::List(items) => items,
            Body::Scalar(..) => {
                let advice = "there is no shell: write it as [program, argument]";
                self.faults.add(at, format!("`{key}` wants a list, a program and its arguments; {advice}"));
                return None;
            }
            Body::Map(_) => {
                self.faults.add(at, format!("`{key}` wants a list, a program and its arguments, and here is a map"));
                return None;
            }
        };
        let mut argv = Vec::with_capacity(items.len());
        for item in items {
            let at = item.at;
            let text = self.scalar(item, key, "a program and its arguments")?;
            if text.contains('\0') {
                self.faults.add(at, format!("`{key}` has a zero byte, which no program can be given"));
                return None;
            }
            argv.push(text.into_owned());
        }
        if argv.first().is_none_or(String::is_empty) {
            self.faults.add(at, format!("`{key}` names no program"));
            return None;
        }
        Some(argv)
    }

    /// Names of environment variables with literal values.
    pub fn env(&mut self, key: &str) -> Vec<(String, String)> {
        let Some(entry) = self.take(key) else { return Vec::new() };
        let Body::Map(entries) = entry.value.body else {
            let kind = entry.value.kind();
            self.faults.add(entry.value.at, format!("`{key}` wants a map of names and values, and here is {kind}"));
            return Vec::new();
        };
        let mut env: Vec<(String, String)> = Vec::with_capacity(entries.len());
        for variable in entries {
            let name = variable.key.as_ref();
            let plain = |(i, b): (usize, u8)| b == b'_' || b.is_ascii_alphabetic() || (i > 0 && b.is_ascii_digit());
            if name.is_empty() || !name.bytes().enumerate().all(plain) {
                self.faults.add(variable.at, format!("`{key}`: `{}` cannot name a variable", shown(name)));
            } else if name.starts_with("BLACKSTART_") {
                self.faults.add(variable.at, format!("`{key}`: `{name}` is set by blackstart itself"));
            } else if env.iter().any(|(known, _)| known == name) {
                self.faults.add(variable.at, format!("`{key}`: `{name}` is written twice"));
            } else if let Some(value) = self.scalar(variable.value, name, "a value in quotes or a plain word") {
                env.push((name.to_owned(), value.into_owned()));
            }
        }
        env
    }

    /// A key that must be there.
    pub fn require(&mut self, key: &str, of: &str) -> bool {
        let there = self.has(key);
        if !there {
            self.faults.add(self.at, format!("{of} has no `{key}`"));
        }
        there
    }
}

/// A text as an error shows it: not too long, on one line.
fn shown(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(60).collect();
    if text.chars().count() > 60 { format!("{line}…") } else { line }
}
