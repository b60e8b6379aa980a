//! Label selectors of claims and node selectors of pods and volumes: what they ask for, and what a set of labels lacks.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

pub type Labels = BTreeMap<Box<str>, Box<str>>;

/// One demand on the labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    pub key: Box<str>,
    pub how: How,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    In(Vec<Box<str>>),
    NotIn(Vec<Box<str>>),
    Exists,
    Absent,
    Above(i64),
    Below(i64),
    /// An operator that nobody knows, or a number that is none: matches nothing.
    Unread(Box<str>),
}

/// Demands that have to hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    pub wants: Vec<Want>,
}

/// The labels of an object.
pub fn labels(object: &Value) -> Labels {
    pairs(&object["metadata"]["labels"]).collect()
}

fn pairs(map: &Value) -> impl Iterator<Item = (Box<str>, Box<str>)> + '_ {
    let fields = map.as_object().into_iter().flatten();
    fields.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap_or_default().into()))
}

fn list<'a>(value: &'a Value) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.as_array().into_iter().flatten()
}

impl Selector {
    /// A label selector: `matchLabels` and `matchExpressions`.
    pub fn of_labels(selector: &Value) -> Self {
        let mut wants = Self::of_map(&selector["matchLabels"]).wants;
        wants.extend(list(&selector["matchExpressions"]).map(Want::read));
        Self { wants }
    }
    /// A plain map, as `nodeSelector` and the selector of a Service are.
    pub fn of_map(map: &Value) -> Self {
        Self { wants: pairs(map).map(|(key, value)| Want { key, how: How::In(vec![value]) }).collect() }
    }
    /// The demands that these labels do not meet.
    pub fn lacks<'a>(&'a self, labels: &Labels) -> Vec<&'a Want> {
        self.wants.iter().filter(|want| !want.met(labels)).collect()
    }
    pub fn holds(&self, labels: &Labels) -> bool {
        self.wants.iter().all(|want| want.met(labels))
    }
}

impl Want {
    fn read(expression: &Value) -> Self {
        let values =
            || list(&expression["values"]).filter_map(Value::as_str).map(Into::into).collect::<Vec<Box<str>>>();
        let number = || values().first().and_then(|value| value.parse::<i64>().ok());
        let operator = expression["operator"].as_str().unwrap_or_default();
        let unread = || How::Unread(operator.into());
        let how = match operator {
            "In" => How::In(values()),
            "NotIn" => How::NotIn(values()),
            "Exists" => How::Exists,
            "DoesNotExist" => How::Absent,
            "Gt" => number().map_or_else(unread, How::Above),
            "Lt" => number().map_or_else(unread, How::Below),
            _ => unread(),
        };
        Self { key: expression["key"].as_str().unwrap_or_default().into(), how }
    }
    pub fn met(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.how {
            How::In(values) => value.is_some_and(|value| values.contains(value)),
            How::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            How::Exists => value.is_some(),
            How::Absent => value.is_none(),
            How::Above(least) => number().is_some_and(|number| number > *least),
            How::Below(most) => number().is_some_and(|number| number < *most),
            How::Unread(_) => false,
        }
    }
    /// The one value that would do, where there is one.
    pub fn value(&self) -> Option<&str> {
        match &self.how {
            How::In(values) => values.first().map(|value| &**value),
            How::Exists => Some(""),
            How::NotIn(_) | How::Absent | How::Above(_) | How::Below(_) | How::Unread(_) => None,
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.how {
            How::In(values) if values.len() == 1 => write!(f, "{key}={}", values[0]),
            How::In(values) => write!(f, "{key} in ({})", values.join(", ")),
            How::NotIn(values) => write!(f, "{key} not in ({})", values.join(", ")),
            How::Exists => write!(f, "{key}"),
            How::Absent => write!(f, "no {key}"),
            How::Above(number) => write!(f, "{key} > {number}"),
            How::Below(number) => write!(f, "{key} < {number}"),
            How::Unread(operator) => write!(f, "{key} {operator}?"),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wants: Vec<String> = self.wants.iter().map(Want::to_string).collect();
        f.write_str(&wants.join(", "))
    }
}

/// What a pod or a volume demands of its node: any one of these selectors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeChoice {
    /// None: every node will do. Empty: no node will.
    terms: Option<Vec<Selector>>,
}

impl NodeChoice {
    /// `nodeSelectorTerms`, under `required`.
    pub fn read(required: &Value) -> Self {
        let terms = required["nodeSelectorTerms"].as_array();
        let read = |term: &Value| {
            let mut wants: Vec<Want> = list(&term["matchExpressions"]).map(Want::read).collect();
            // The one field there is: the name of the node. It stands beside the labels under a name that no label has.
            wants.extend(list(&term["matchFields"]).map(Want::read));
            Selector { wants }
        };
        // A term that asks for nothing matches nothing.
        let some = |terms: &Vec<Value>| terms.iter().map(read).filter(|term| !term.wants.is_empty()).collect();
        Self { terms: terms.map(some) }
    }
    pub fn holds(&self, labels: &Labels) -> bool {
        self.terms.as_ref().is_none_or(|terms| terms.iter().any(|term| term.holds(labels)))
    }
    /// Any one of these has to hold; None where every node will do.
    pub fn terms(&self) -> Option<&[Selector]> {
        self.terms.as_deref()
    }
    pub fn is_free(&self) -> bool {
        self.terms.is_none()
    }
    /// Each demand, of whichever term.
    pub fn wants(&self) -> impl Iterator<Item = &Want> {
        self.terms.iter().flatten().flat_map(|term| &term.wants)
    }
}

impl fmt::Display for NodeChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms: Vec<String> = self.terms.iter().flatten().map(Selector::to_string).collect();
        f.write_str(&terms.join(" or "))
    }
}
