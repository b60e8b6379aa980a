//! A document as a tree in which every field knows its line and column. It has not heard of Kubernetes.

use crate::model::Spot;
use crate::model::hidden::wipe;

/// A value, and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub at: Spot,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Nothing,
    Flag(bool),
    Whole(i64),
    Real(f64),
    Text(Box<str>),
    List(Vec<Node>),
    /// In the order of the file; no name comes twice.
    Map(Vec<Field>),
}

/// A named value; `at` is the place of the name.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: Box<str>,
    pub at: Spot,
    pub node: Node,
}

impl Node {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields().iter().find(|field| &*field.name == name)
    }
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.field(name).map(|field| &field.node)
    }
    /// The value behind these names, one within the other.
    pub fn walk(&self, names: &[&str]) -> Option<&Node> {
        names.iter().try_fold(self, |node, name| node.get(name))
    }
    /// The place of the innermost of these names that is there: where a missing field belongs.
    pub fn nearest(&self, names: &[&str]) -> Spot {
        let mut found = (self, self.at);
        for name in names {
            match found.0.field(name) {
                Some(field) => found = (&field.node, field.at),
                None => break,
            }
        }
        found.1
    }
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::List(_) | Value::Map(_) => None,
        }
    }
    pub fn text_at(&self, names: &[&str]) -> Option<&str> {
        self.walk(names)?.text()
    }
    pub fn whole(&self) -> Option<i64> {
        match self.value {
            Value::Whole(number) => Some(number),
            Value::Nothing | Value::Flag(_) | Value::Real(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
        }
    }
    pub fn flag(&self) -> Option<bool> {
        match self.value {
            Value::Flag(flag) => Some(flag),
            Value::Nothing | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
        }
    }
    /// The elements of a list; none of anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::Map(_) => &[],
        }
    }
    /// The fields of a map; none of anything else.
    pub fn fields(&self) -> &[Field] {
        match &self.value {
            Value::Map(fields) => fields,
            Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::List(_) => &[],
        }
    }
    /// Overwrites every text in it, for one that held secrets.
    pub fn wipe(&mut self) {
        match &mut self.value {
            Value::Text(text) => wipe(text),
            Value::List(items) => items.iter_mut().for_each(Node::wipe),
            Value::Map(fields) => fields.iter_mut().for_each(|field| field.node.wipe()),
            Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) => {}
        }
    }
    /// As the API takes it.
    pub fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Nothing => serde_json::Value::Null,
            Value::Flag(flag) => (*flag).into(),
            Value::Whole(number) => (*number).into(),
            Value::Real(number) => (*number).into(),
            Value::Text(text) => (&**text).into(),
            Value::List(items) => items.iter().map(Node::json).collect(),
            Value::Map(fields) => {
                serde_json::Value::Object(fields.iter().map(|f| (f.name.to_string(), f.node.json())).collect())
            }
        }
    }
}
