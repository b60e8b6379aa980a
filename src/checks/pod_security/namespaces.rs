//! Namespaces and their labels: those that files make, those that a step makes, and those that every cluster has.

use super::level::{Malformed, PREFIX, Policies};
use crate::manifests::facts::makes_namespace;
use crate::manifests::{Object, Papers, Value};
use crate::model::Place;
use std::collections::BTreeMap;

/// A namespace whose labels are known, and who says so.
#[derive(Clone, Debug)]
pub struct Namespace {
    pub name: String,
    /// Only those that the admission plugin reads.
    pub labels: Vec<(String, String)>,
    /// Labels whose value is no text, as `1.24` is none without quotes: the server takes no such object.
    pub no_text: Vec<String>,
    pub place: Place,
    /// Of the label that enforces a level, where there is one.
    pub enforced_at: Place,
}

impl Namespace {
    /// None where the object is no Namespace.
    pub fn of_file(object: &Object) -> Option<Self> {
        if object.kind() != "Namespace" || !object.id.group().is_empty() {
            return None;
        }
        let way = ["metadata", "labels"];
        Some(Self::labelled(object, object.name(), &way, object.place_of(&["metadata", "name"])))
    }
    /// One that a controller makes, as this object tells it to.
    fn of_controller(object: &Object) -> Option<Self> {
        let (name, labels) = makes_namespace(object)?;
        Some(Self::labelled(object, name, labels.unwrap_or_default(), object.place_of(labels.unwrap_or(&["spec"]))))
    }
    /// With the labels that stand there in the object; at the end of no way there are none.
    fn labelled(object: &Object, name: &str, way: &[&str], place: Place) -> Self {
        let labels = object.root.walk(way).filter(|_| !way.is_empty()).map_or(&[][..], |labels| labels.fields());
        let (mut read, mut no_text) = (Vec::new(), Vec::new());
        for field in labels.iter().filter(|field| field.name.starts_with(PREFIX)) {
            match &field.node.value {
                Value::Text(text) => read.push((field.name.to_string(), text.to_string())),
                Value::Nothing => read.push((field.name.to_string(), String::new())),
                Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::List(_) | Value::Map(_) => {
                    no_text.push(field.name.to_string());
                }
            }
        }
        let way: Vec<&str> = way.iter().copied().chain([super::level::ENFORCE]).collect();
        Self { name: name.to_owned(), labels: read, no_text, place, enforced_at: object.place_of(&way) }
    }
    pub fn policies(&self, defaults: Policies) -> (Policies, Vec<Malformed>) {
        let labels: Vec<(&str, &str)> = self.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        Policies::read(&labels, defaults)
    }
    /// Whether both say the same about pods.
    fn agrees(&self, other: &Namespace) -> bool {
        let sorted = |namespace: &Namespace| namespace.labels.iter().cloned().collect::<BTreeMap<_, _>>();
        sorted(self) == sorted(other)
    }
}

/// Those that a fresh cluster comes with; it gives them no label of Pod Security.
const STANDING: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease"];

/// All that are known, by name.
#[derive(Debug, Default)]
pub struct Known {
    by_name: BTreeMap<String, Namespace>,
    /// Two sources of one namespace that say different things.
    pub torn: Vec<(Namespace, Namespace)>,
}

/// What is known of the labels of one namespace.
#[derive(Debug)]
pub enum Labels<'k> {
    Of(&'k Namespace),
    /// There without any.
    Bare,
    Unknown,
}

impl Known {
    pub fn of(papers: &[Papers], more: &[Namespace]) -> Self {
        let mut known = Self::default();
        let objects = || papers.iter().flat_map(|papers| &papers.objects);
        let files = objects().filter_map(|object| Namespace::of_file(object));
        for namespace in files.chain(more.iter().cloned()) {
            match known.by_name.get(&namespace.name) {
                Some(first) if !first.agrees(&namespace) => known.torn.push((first.clone(), namespace)),
                Some(_) => {}
                None => {
                    known.by_name.insert(namespace.name.clone(), namespace);
                }
            }
        }
        // A controller leaves one alone that is there; of several that make it, the one that says more is believed.
        let mut made: Vec<Namespace> = objects().filter_map(|object| Namespace::of_controller(object)).collect();
        made.sort_by_key(|namespace| namespace.labels.is_empty());
        for namespace in made {
            known.by_name.entry(namespace.name.clone()).or_insert(namespace);
        }
        known
    }
    pub fn labels(&self, name: &str) -> Labels<'_> {
        match self.by_name.get(name) {
            Some(namespace) => Labels::Of(namespace),
            None if STANDING.contains(&name) => Labels::Bare,
            None => Labels::Unknown,
        }
    }
    pub fn all(&self) -> impl Iterator<Item = &Namespace> {
        self.by_name.values()
    }
    /// Whether two sources say different things about it.
    pub fn is_torn(&self, name: &str) -> bool {
        self.torn.iter().any(|(first, _)| first.name == name)
    }
}
