//! An event as either of its two APIs writes it.

use super::item::moment;
use crate::model::{ObjectId, Stamp};
use serde_json::Value;

#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    pub reason: &'a str,
    /// Without the mark that stands before what was said often.
    pub message: &'a str,
    /// As it was written.
    pub whole: &'a str,
    pub warning: bool,
    pub first: Option<Stamp>,
    pub last: Option<Stamp>,
    pub count: u64,
    /// The uid of what it is about, where it says so.
    uid: Option<&'a str>,
    /// The part of the object it is about: `spec.containers{web}`.
    pub part: Option<&'a str>,
}

const OFTEN: &str = "(combined from similar events): ";

pub(super) fn is_event(id: &ObjectId) -> bool {
    &*id.kind == "Event" && matches!(id.group(), "" | "events.k8s.io")
}

/// Kind, namespace and name of what an event is about.
pub(super) fn about(event: &Value) -> Option<(&str, &str, &str)> {
    let about = involved(event);
    let text = |name: &str| about[name].as_str();
    Some((text("kind")?, text("namespace").unwrap_or_default(), text("name")?))
}

fn involved(event: &Value) -> &Value {
    event.get("involvedObject").unwrap_or(&event["regarding"])
}

impl<'a> Event<'a> {
    pub(super) fn read(event: &'a Value) -> Self {
        let either = |one: &str, other: &str| event[one].as_str().or(event[other].as_str()).unwrap_or_default();
        let whole = either("message", "note");
        let times = |names: &[&str]| names.iter().find_map(|name| moment(&event[*name]));
        let series = &event["series"];
        let first = times(&["firstTimestamp", "deprecatedFirstTimestamp", "eventTime"]);
        let last = moment(&series["lastObservedTime"])
            .or_else(|| times(&["lastTimestamp", "deprecatedLastTimestamp", "eventTime"]))
            .or_else(|| moment(&event["metadata"]["creationTimestamp"]));
        let count = [&series["count"], &event["count"], &event["deprecatedCount"]];
        Self {
            reason: event["reason"].as_str().unwrap_or_default(),
            message: whole.strip_prefix(OFTEN).unwrap_or(whole),
            whole,
            warning: event["type"] == "Warning",
            first: first.or(last),
            last,
            count: count.into_iter().find_map(Value::as_u64).unwrap_or(1),
            uid: involved(event)["uid"].as_str().filter(|uid| !uid.is_empty()),
            part: involved(event)["fieldPath"].as_str(),
        }
    }
    /// Not about another object that once had this name. (The uid of a Node in events is its name.)
    pub(super) fn is_about(&self, uid: Option<&str>) -> bool {
        match (self.uid, uid) {
            (Some(said), Some(uid)) => said == uid || said.len() != uid.len(),
            (Some(_) | None, None) | (None, Some(_)) => true,
        }
    }
}
