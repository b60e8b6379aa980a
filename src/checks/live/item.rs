//! One object as a cluster showed it, and what every object has.

use crate::model::{ObjectId, Stamp};
use serde_json::Value;

#[derive(Debug)]
pub struct Item {
    pub id: ObjectId,
    pub value: Value,
    uid: Option<Box<str>>,
    deleted: bool,
    started: bool,
}

/// Who made an object, or holds it.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    pub kind: &'a str,
    pub name: &'a str,
    pub uid: &'a str,
    /// It is the controller of the object.
    pub rules: bool,
}

pub(super) fn id_of(value: &Value) -> Option<ObjectId> {
    let meta = &value["metadata"];
    let namespace = meta["namespace"].as_str().filter(|name| !name.is_empty());
    let (version, kind) = (value["apiVersion"].as_str()?, value["kind"].as_str()?);
    Some(ObjectId::new(version, kind, namespace, meta["name"].as_str()?))
}

impl Item {
    pub(super) fn new(id: ObjectId, mut value: Value) -> Self {
        // Half of an object's bytes, and of no use here.
        if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            meta.remove("managedFields");
        }
        let uid = value["metadata"]["uid"].as_str().map(Into::into);
        let deleted = value["metadata"]["deletionTimestamp"].is_string();
        let started = started(&value["status"]);
        Self { id, value, uid, deleted, started }
    }
    pub fn name(&self) -> &str {
        &self.id.name
    }
    /// Empty for what belongs to no namespace.
    pub fn namespace(&self) -> &str {
        self.id.namespace.as_deref().unwrap_or_default()
    }
    pub fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }
    pub fn created(&self) -> Option<Stamp> {
        moment(&self.value["metadata"]["creationTimestamp"])
    }
    /// Since when it is being deleted.
    pub fn deleted(&self) -> Option<Stamp> {
        moment(&self.value["metadata"]["deletionTimestamp"])
    }
    pub fn is_deleted(&self) -> bool {
        self.deleted
    }
    /// Of a pod: no container of it waits to be started. Asked of every pod there is, so it is worked out once.
    pub fn is_started(&self) -> bool {
        self.started
    }
    pub fn finalizers(&self) -> Vec<&str> {
        texts(&self.value["metadata"]["finalizers"]).collect()
    }
    pub fn owners(&self) -> impl Iterator<Item = Owner<'_>> {
        let owners = self.value["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        owners.filter_map(|owner| {
            let text = |name: &str| owner[name].as_str();
            let rules = owner["controller"].as_bool().unwrap_or(false);
            Some(Owner { kind: text("kind")?, name: text("name")?, uid: text("uid")?, rules })
        })
    }
    /// The condition of this type.
    pub fn condition(&self, name: &str) -> Option<&Value> {
        self.conditions().find(|condition| condition["type"] == name)
    }
    pub fn conditions(&self) -> impl Iterator<Item = &Value> {
        self.value["status"]["conditions"].as_array().into_iter().flatten()
    }
    /// The condition is there, and its status is this.
    pub fn is(&self, name: &str, status: &str) -> bool {
        self.condition(name).is_some_and(|condition| condition["status"] == status)
    }
}

fn started(status: &Value) -> bool {
    let mut states = status["containerStatuses"].as_array().into_iter().flatten();
    status["phase"] != "Pending" && !states.any(|state| state["state"]["waiting"].is_object())
}

/// A moment in a field, where there is one.
pub fn moment(value: &Value) -> Option<Stamp> {
    value.as_str().and_then(Stamp::read)
}

/// The texts of a list.
pub fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
