//! The way to a field, through lists too: `spec.containers[web].image`. The same way works in a file and in what a cluster showed.

use crate::manifests::{Node, Object};
use crate::model::Place;
use serde_json::{Value, json};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seg {
    Key(Box<str>),
    /// The element of a list whose `name` is this.
    Named(Box<str>),
    At(usize),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way(pub Vec<Seg>);

impl Way {
    pub fn to(keys: &[&str]) -> Self {
        Self(keys.iter().map(|key| Seg::Key((*key).into())).collect())
    }
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.0.push(Seg::Key(key.into()));
        self
    }
    #[must_use]
    pub fn keys(self, keys: &[&str]) -> Self {
        keys.iter().fold(self, |way, key| way.key(key))
    }
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.0.push(Seg::Named(name.into()));
        self
    }
    #[must_use]
    pub fn at(mut self, index: usize) -> Self {
        self.0.push(Seg::At(index));
        self
    }
    /// The same way, seen from what holds its beginning.
    #[must_use]
    pub fn under(&self, keys: &[&str]) -> Self {
        let mut whole = Self::to(keys);
        whole.0.extend(self.0.iter().cloned());
        whole
    }

    /// Where the field stands in its file, or the nearest around it that does.
    pub fn place(&self, object: &Object) -> Place {
        let mut found = (&object.root, object.root.at);
        for seg in &self.0 {
            let next = match seg {
                Seg::Key(key) => found.0.field(key).map(|field| (&field.node, field.at)),
                Seg::Named(name) => element(found.0, name).map(|node| (node, node.at)),
                Seg::At(index) => found.0.items().get(*index).map(|node| (node, node.at)),
            };
            match next {
                Some(next) => found = next,
                None => break,
            }
        }
        object.place_at(found.1)
    }
    /// The value at the end, null where there is none.
    pub fn find<'v>(&self, value: &'v Value) -> &'v Value {
        self.0.iter().fold(value, |value, seg| match seg {
            Seg::Key(key) => &value[&**key],
            Seg::Named(name) => position(value, name).map_or(&Value::Null, |at| &value[at]),
            Seg::At(index) => &value[*index],
        })
    }
    /// Puts a value at the end, and what is missing on the way.
    pub fn set(&self, value: &mut Value, end: Value) {
        let mut at = value;
        for seg in &self.0 {
            at = match seg {
                Seg::Key(key) => {
                    if !at.is_object() {
                        *at = json!({});
                    }
                    &mut at[&**key]
                }
                Seg::Named(name) => {
                    if !at.is_array() {
                        *at = json!([]);
                    }
                    let place = position(at, name).unwrap_or_else(|| {
                        at.as_array_mut().map_or(0, |list| {
                            list.push(json!({"name": name}));
                            list.len() - 1
                        })
                    });
                    &mut at[place]
                }
                Seg::At(index) => match at.get_mut(*index) {
                    Some(next) => next,
                    None => return,
                },
            };
        }
        *at = end;
    }
}

pub fn element<'n>(list: &'n Node, name: &str) -> Option<&'n Node> {
    list.items().iter().find(|item| item.text_at(&["name"]) == Some(name))
}

fn position(list: &Value, name: &str) -> Option<usize> {
    list.as_array()?.iter().position(|item| item["name"] == name)
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, seg) in self.0.iter().enumerate() {
            match seg {
                Seg::Key(key) if key.contains(['.', '/']) => write!(f, "[\"{key}\"]")?,
                Seg::Key(key) => write!(f, "{}{key}", if i == 0 { "" } else { "." })?,
                Seg::Named(name) => write!(f, "[{name}]")?,
                Seg::At(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
