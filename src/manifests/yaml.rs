//! One YAML document as a tree, as kubectl reads it; what readers of YAML understand differently is refused.

use super::budget::{Budget, COPIED, COPIES, DEEPEST, Purse};
use super::scalar;
use super::tree::{Field, Node, Value};
use crate::model::Spot;
use crate::sys::yaml::Broken;
use crate::sys::yaml::events::{Event, Events, Marks, Scalar, Tag};
use std::collections::{HashMap, HashSet};

/// The document of a text that holds one, and so many lines of its file stand before it. None when it is empty.
pub fn document(text: &str, lines_before: usize, budget: &Budget) -> Result<Option<Node>, Broken> {
    let mut reader = Reader {
        events: Events::new(text, lines_before),
        anchors: HashMap::new(),
        keeps: text.contains('*'),
        copies: COPIES,
        copied: COPIED,
        purse: Purse::new(budget),
    };
    let node = match reader.events.read()? {
        (Event::TextEnd, _) => return Ok(None),
        (first, at) => reader.value(first, at, 0)?,
    };
    // What follows is the end of the document. Kubectl reads nothing behind it and says nothing of that.
    for _ in 0..2 {
        match reader.events.read()? {
            (Event::DocumentEnd | Event::TextEnd, _) => {}
            (_, at) => return broken(at, "kubectl does not read what stands behind `...`: begin a document with ---"),
        }
    }
    Ok((node.value != Value::Nothing).then_some(node))
}

fn broken<T>(at: Spot, message: &str) -> Result<T, Broken> {
    Err(Broken { at, message: message.to_owned() })
}

struct Reader<'s, 'b> {
    events: Events<'s>,
    anchors: HashMap<usize, Node>,
    /// Without a star in the text there are no aliases, and no anchor need be kept.
    keeps: bool,
    copies: usize,
    copied: usize,
    purse: Purse<'b>,
}

impl<'s> Reader<'s, '_> {
    fn value(&mut self, event: Event<'s>, at: Spot, depth: usize) -> Result<Node, Broken> {
        self.purse.one().map_err(|message| Broken { at, message })?;
        if depth > DEEPEST {
            return broken(at, "lists and maps are nested more than 200 deep here: no object of Kubernetes wants that");
        }
        let (node, anchor) = match event {
            Event::Scalar(scalar) => {
                let value = scalar::value(&scalar).or_else(|why| broken(at, why))?;
                (Node { at, value }, scalar.marks.anchor)
            }
            Event::ListStart(marks) => {
                self.fits(marks, Tag::List, at)?;
                let mut items = Vec::new();
                loop {
                    match self.events.read()? {
                        (Event::End, _) => break,
                        (event, at) => items.push(self.value(event, at, depth + 1)?),
                    }
                }
                (Node { at, value: Value::List(items) }, marks.anchor)
            }
            Event::MapStart(marks) => {
                self.fits(marks, Tag::Map, at)?;
                (Node { at, value: Value::Map(self.map(depth)?) }, marks.anchor)
            }
            Event::Alias(anchor) => return self.copy(anchor, at),
            Event::End | Event::DocumentEnd | Event::TextEnd => return broken(at, "a value is missing here"),
        };
        self.keep(anchor, &node)?;
        Ok(node)
    }

    fn fits(&self, marks: Marks, tag: Tag, at: Spot) -> Result<(), Broken> {
        if marks.tag == Tag::None || marks.tag == tag {
            return Ok(());
        }
        broken(at, "this tag (!name) is not read: kubectl ignores it; take it out")
    }

    fn keep(&mut self, anchor: usize, node: &Node) -> Result<(), Broken> {
        if anchor > 0 && self.keeps {
            self.charge(node, node.at)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn copy(&mut self, anchor: usize, at: Spot) -> Result<Node, Broken> {
        let Some(node) = self.anchors.remove(&anchor) else {
            return broken(at, "this alias (*name) stands within what it is an alias of");
        };
        self.charge(&node, at)?;
        let copy = node.clone();
        self.anchors.insert(anchor, node);
        Ok(copy)
    }

    /// Pays for a copy, and stops counting when there is nothing left to pay with.
    fn charge(&mut self, node: &Node, at: Spot) -> Result<(), Broken> {
        match weigh(node, &mut self.copies, &mut self.copied) {
            Some(()) => Ok(()),
            None => broken(at, "anchors and aliases make this document far larger than its file: write it out"),
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Field>, Broken> {
        let mut fields: Vec<Field> = Vec::with_capacity(4);
        let mut merge: Option<(usize, Vec<Field>)> = None;
        loop {
            let (event, at) = self.events.read()?;
            let scalar = match event {
                Event::End => break,
                Event::Scalar(scalar) => scalar,
                Event::Alias(_) => return broken(at, "an alias (*name) is not read as a key: write the key out"),
                Event::ListStart(_) | Event::MapStart(_) => {
                    return broken(at, "a key must be a plain word: put a text that begins with { or [ in quotes");
                }
                Event::DocumentEnd | Event::TextEnd => return broken(at, "a value is missing here"),
            };
            let merges = scalar.plain && scalar.text == "<<" && scalar.marks.tag == Tag::None;
            if merges && merge.is_some() {
                return broken(at, "a second << in one map: make a list of both, <<: [*a, *b]");
            }
            let name = if merges { None } else { Some(self.name(&scalar, at)?) };
            let (event, value_at) = self.events.read()?;
            let node = self.value(event, value_at, depth + 1)?;
            match name {
                Some(name) => fields.push(Field { name, at, node }),
                None => merge = Some((fields.len(), merged(node)?)),
            }
        }
        once(&fields)?;
        match merge {
            Some((before, brought)) => joined(fields, before, brought),
            None => Ok(fields),
        }
    }

    fn name(&mut self, scalar: &Scalar<'s>, at: Spot) -> Result<Box<str>, Broken> {
        let name = scalar::key(scalar).or_else(|why| broken(at, why))?;
        if scalar.marks.anchor > 0 && self.keeps {
            self.keep(scalar.marks.anchor, &Node { at, value: Value::Text(name.clone()) })?;
        }
        Ok(name)
    }
}

/// How much a node is, taken from what is left.
fn weigh(node: &Node, copies: &mut usize, copied: &mut usize) -> Option<()> {
    *copies = copies.checked_sub(1)?;
    match &node.value {
        Value::Text(text) => *copied = copied.checked_sub(text.len())?,
        Value::List(items) => items.iter().try_for_each(|item| weigh(item, copies, copied))?,
        Value::Map(fields) => fields.iter().try_for_each(|field| {
            *copied = copied.checked_sub(field.name.len())?;
            weigh(&field.node, copies, copied)
        })?,
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) => {}
    }
    Some(())
}

/// The fields that `<<` brings. Of a list the first that has a field counts.
fn merged(node: Node) -> Result<Vec<Field>, Broken> {
    const WANTS: &str = "<< wants a map, or a list of maps";
    let at = node.at;
    let parts = match node.value {
        Value::Map(fields) => return Ok(fields),
        Value::List(items) => items,
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) => {
            return broken(at, WANTS);
        }
    };
    let (mut fields, mut known) = (Vec::new(), HashSet::new());
    for part in parts {
        let Value::Map(part_fields) = part.value else { return broken(part.at, WANTS) };
        fields.extend(part_fields.into_iter().filter(|field| known.insert(field.name.clone())));
    }
    Ok(fields)
}

/// Own fields and those that `<<` brings. An own one counts when it stands below `<<`; of one above, kubectl takes the
/// brought value and other readers its own.
fn joined(mut fields: Vec<Field>, before: usize, brought: Vec<Field>) -> Result<Vec<Field>, Broken> {
    let own: HashMap<Box<str>, usize> = fields.iter().enumerate().map(|(i, field)| (field.name.clone(), i)).collect();
    for field in brought {
        match own.get(&field.name) {
            None => fields.push(field),
            Some(i) if *i >= before => {}
            Some(i) => {
                let why =
                    "this key stands above a << that brings it too, and readers disagree which counts: put << first";
                return broken(fields[*i].at, why);
            }
        }
    }
    Ok(fields)
}

/// No name twice. Kubectl keeps the last of them and says nothing.
pub fn once(fields: &[Field]) -> Result<(), Broken> {
    const FEW: usize = 16;
    let twice = if fields.len() <= FEW {
        let before = |i: usize| fields[..i].iter().position(|field| field.name == fields[i].name);
        (1..fields.len()).find_map(|i| before(i).map(|first| (first, i)))
    } else {
        let mut known: HashMap<&str, usize> = HashMap::with_capacity(fields.len());
        fields.iter().enumerate().find_map(|(i, field)| known.insert(&field.name, i).map(|first| (first, i)))
    };
    match twice {
        None => Ok(()),
        Some((first, second)) => {
            let line = fields[first].at.line;
            broken(fields[second].at, &format!("this key stands twice in its map, first in line {line}: take one out"))
        }
    }
}
