//! What a cluster showed: its objects by kind and name, who owns whom, what was said about whom. It asks nobody; others hand
//! in what they see, one change after the other.

mod event;
mod hidden;
mod item;

pub use event::Event;
pub use item::{Item, Owner, moment, texts};

use crate::model::ObjectId;
use hidden::Hidden;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

type Names = BTreeMap<Box<str>, Arc<Item>>;

/// The objects of one kind, by namespace (the empty text for none) and name.
#[derive(Default)]
struct Table {
    group: Box<str>,
    spaces: BTreeMap<Box<str>, Names>,
}

/// Where an object stands in the list of what its owner owns.
type Within = (Box<str>, Box<str>, Box<str>);

#[derive(Default)]
pub struct Live {
    /// Each object by its whole name: what is asked for most.
    named: HashMap<Box<str>, Arc<Item>>,
    tables: HashMap<Box<str>, Vec<Table>>,
    owned: HashMap<Box<str>, BTreeMap<Within, Arc<Item>>>,
    uids: HashMap<Box<str>, Arc<Item>>,
    events: HashMap<Box<str>, Names>,
    /// What each event is about, by the event's own namespace and name.
    said: HashMap<Box<str>, Box<str>>,
    logs: HashMap<Box<str>, Vec<String>>,
    listed: HashSet<Box<str>>,
    hidden: Hidden,
    many: usize,
}

fn joined(kind: &str, namespace: &str, name: &str) -> String {
    format!("{kind}\0{namespace}\0{name}")
}

impl Live {
    pub fn new() -> Self {
        Self::default()
    }
    /// How many objects there are, events left out.
    pub fn len(&self) -> usize {
        self.many
    }
    pub fn is_empty(&self) -> bool {
        self.many == 0
    }

    /// Takes an object in, in the place of an older state of it. The items of a list are taken one by one. What has no kind
    /// or no name is not taken: the answer is false.
    pub fn insert(&mut self, mut value: Value) -> bool {
        if let Some(items) = value.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take) {
            let refused = items.into_iter().map(|item| self.insert(item)).filter(|taken| !taken).count();
            return refused == 0;
        }
        let Some(id) = item::id_of(&value) else { return false };
        if event::is_event(&id) {
            let Some((kind, namespace, name)) = event::about(&value) else { return false };
            let about = joined(kind, namespace, name).into_boxed_str();
            self.remove(&id);
            self.said.insert(said_by(&id), about.clone());
            self.events.entry(about).or_default().insert(said_by(&id), Arc::new(Item::new(id, value)));
            return true;
        }
        self.remove(&id);
        self.hidden.take_in(&id, &mut value);
        let item = Arc::new(Item::new(id, value));
        if let Some(uid) = item.uid() {
            self.uids.insert(uid.into(), Arc::clone(&item));
        }
        for owner in item.owners() {
            self.owned.entry(owner.uid.into()).or_default().insert(within(&item.id), Arc::clone(&item));
        }
        self.named.insert(whole(&item.id), Arc::clone(&item));
        let tables = self.tables.entry(item.id.kind.clone()).or_default();
        let at = tables.iter().position(|table| *table.group == *item.id.group()).unwrap_or_else(|| {
            tables.push(Table { group: item.id.group().into(), spaces: BTreeMap::new() });
            tables.len() - 1
        });
        let space = item.id.namespace.clone().unwrap_or_default();
        tables[at].spaces.entry(space).or_default().insert(item.id.name.clone(), item);
        self.many += 1;
        true
    }

    /// Takes an object out. False when it was not there.
    pub fn remove(&mut self, id: &ObjectId) -> bool {
        if event::is_event(id) {
            let Some(about) = self.said.remove(&said_by(id)) else { return false };
            let Some(names) = self.events.get_mut(&about) else { return false };
            let there = names.remove(&said_by(id)).is_some();
            if names.is_empty() {
                self.events.remove(&about);
            }
            return there;
        }
        let space = id.namespace.as_deref().unwrap_or_default();
        let tables = self.tables.get_mut(&id.kind);
        let table = tables.and_then(|tables| tables.iter_mut().find(|table| *table.group == *id.group()));
        let Some(names) = table.and_then(|table| table.spaces.get_mut(space)) else { return false };
        let Some(item) = names.remove(&id.name) else { return false };
        self.named.remove(&whole(id));
        if let Some(uid) = item.uid() {
            self.uids.remove(uid);
        }
        for owner in item.owners() {
            if let Some(owned) = self.owned.get_mut(owner.uid) {
                owned.remove(&within(&item.id));
                if owned.is_empty() {
                    self.owned.remove(owner.uid);
                }
            }
        }
        self.hidden.forget(id);
        if &*id.kind == "Pod" {
            let of_pod = format!("{space}\0{}\0", id.name);
            self.logs.retain(|key, _| !key.starts_with(&of_pod));
        }
        self.many -= 1;
        true
    }

    /// Says that all there is of this kind was handed in: from now on, what is not here is not there.
    pub fn listed(&mut self, kind: &str) {
        self.listed.insert(kind.into());
    }
    pub fn is_listed(&self, kind: &str) -> bool {
        self.listed.contains(kind)
    }

    /// Takes the last lines that a container wrote before it ended.
    pub fn hear(&mut self, namespace: &str, pod: &str, container: &str, lines: Vec<String>) {
        self.logs.insert(format!("{namespace}\0{pod}\0{container}").into(), lines);
    }
    pub fn heard(&self, namespace: &str, pod: &str, container: &str) -> &[String] {
        self.logs.get(&*format!("{namespace}\0{pod}\0{container}")).map_or(&[], Vec::as_slice)
    }
    /// The text without any value of a Secret of this namespace.
    pub fn hide(&self, namespace: &str, text: &str) -> String {
        self.hidden.hide(namespace, text)
    }

    /// By name, whatever version of the API it was seen in.
    pub fn get(&self, id: &ObjectId) -> Option<&Item> {
        self.find(id.group(), &id.kind, id.namespace.as_deref().unwrap_or_default(), &id.name)
    }
    /// `namespace` is empty for what belongs to none.
    pub fn find(&self, group: &str, kind: &str, namespace: &str, name: &str) -> Option<&Item> {
        self.named.get(full(group, kind, namespace, name).as_str()).map(|item| &**item)
    }
    pub fn by_uid(&self, uid: &str) -> Option<&Item> {
        self.uids.get(uid).map(|item| &**item)
    }
    /// All of a kind of a group, ordered by namespace and name.
    pub fn of_kind<'a>(&'a self, group: &'a str, kind: &str) -> impl Iterator<Item = &'a Item> {
        let tables = self.tables.get(kind).into_iter().flatten().filter(move |table| *table.group == *group);
        tables.flat_map(|table| table.spaces.values()).flat_map(|names| names.values().map(|item| &**item))
    }
    /// The same, in one namespace.
    pub fn of_kind_in<'a>(&'a self, group: &'a str, kind: &str, space: &'a str) -> impl Iterator<Item = &'a Item> {
        let tables = self.tables.get(kind).into_iter().flatten().filter(move |table| *table.group == *group);
        tables.filter_map(move |table| table.spaces.get(space)).flat_map(|names| names.values().map(|item| &**item))
    }
    /// Everything, in no order that means anything.
    pub fn all(&self) -> impl Iterator<Item = &Item> {
        let tables = self.tables.values().flatten();
        tables.flat_map(|table| table.spaces.values()).flat_map(|names| names.values().map(|item| &**item))
    }
    /// What this object owns, of one kind, by name.
    pub fn owned_by<'a>(&'a self, owner: &Item, kind: &'a str) -> impl Iterator<Item = &'a Item> {
        let owned = owner.uid().and_then(|uid| self.owned.get(uid)).into_iter().flat_map(BTreeMap::iter);
        owned.filter(move |(within, _)| *within.0 == *kind).map(|(_, item)| &**item)
    }
    /// The object that made this one, where it is known.
    pub fn owner_of(&self, item: &Item) -> Option<&Item> {
        item.owners().find(|owner| owner.rules).and_then(|owner| self.by_uid(owner.uid))
    }
    /// What was said about an object, oldest first. What was said about an older object of the same name is left out.
    pub fn events_of(&self, item: &Item) -> Vec<Event<'_>> {
        let about = self.events_about(&item.id);
        about.into_iter().filter(|event| event.is_about(item.uid())).collect()
    }
    /// The same, of an object that is not there, or of which only the name is known.
    pub fn events_about(&self, id: &ObjectId) -> Vec<Event<'_>> {
        let about = joined(&id.kind, id.namespace.as_deref().unwrap_or_default(), &id.name);
        let names = self.events.get(about.as_str()).into_iter().flat_map(BTreeMap::values);
        let mut events: Vec<Event<'_>> = names.map(|item| Event::read(&item.value)).collect();
        events.sort_by_key(|event| (event.last, event.warning));
        events
    }
}

fn full(group: &str, kind: &str, namespace: &str, name: &str) -> String {
    let mut whole = String::with_capacity(group.len() + kind.len() + namespace.len() + name.len() + 3);
    for part in [group, "\0", kind, "\0", namespace, "\0", name] {
        whole.push_str(part);
    }
    whole
}

fn whole(id: &ObjectId) -> Box<str> {
    full(id.group(), &id.kind, id.namespace.as_deref().unwrap_or_default(), &id.name).into()
}

fn said_by(id: &ObjectId) -> Box<str> {
    format!("{}\0{}", id.namespace.as_deref().unwrap_or_default(), id.name).into()
}

fn within(id: &ObjectId) -> Within {
    (id.kind.clone(), id.namespace.clone().unwrap_or_default(), id.name.clone())
}
