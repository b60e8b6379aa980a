//! Proves, without asking the server, that an apply would change nothing: every field that we would send stands there as
//! we would send it, and the server's books say that we own exactly these. Whatever is not certain is no proof, and then
//! the server is asked; so a mistake here can only be one of being too sure, and the tests look for those.

use crate::sys::kube::MANAGER;
use serde_json::{Map, Value};

/// True when it is certain that applying `ours` to `live` again is no change.
pub fn holds(ours: &Value, live: &Value) -> bool {
    let nothing = Map::new();
    let owned = match books(live, &ours["apiVersion"]) {
        Some(owned) => owned,
        // An object that says no more than its name has no entry, and nothing of it can be otherwise. Applied again, it
        // would change all the same where nobody has an entry yet: the server would then begin its books.
        None if entries(live).next().is_none() => &nothing,
        None => return false,
    };
    ours["kind"] == live["kind"] && ours["apiVersion"] == live["apiVersion"] && top(ours, live, owned)
}

/// What the books hold under our name.
fn entries(live: &Value) -> impl Iterator<Item = &Value> {
    let all = live["metadata"]["managedFields"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|entry| entry["manager"] == MANAGER)
}

/// The fields that we own by an apply in this version of the API; None when there are no such books, or several.
pub fn books<'a>(live: &'a Value, api_version: &Value) -> Option<&'a Map<String, Value>> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    let mut ours = entries
        .iter()
        .filter(|entry| entry["manager"] == MANAGER && entry["operation"] == "Apply" && entry["subresource"].is_null());
    let entry = ours.next()?;
    let alone = ours.next().is_none() && entry["fieldsType"] == "FieldsV1" && entry["apiVersion"] == *api_version;
    if alone { entry["fieldsV1"].as_object() } else { None }
}

/// The object itself. What names it is in nobody's books.
fn top(ours: &Value, live: &Value, owned: &Map<String, Value>) -> bool {
    let (Some(fields), Some(live)) = (ours.as_object(), live.as_object()) else { return false };
    let about = fields.get("metadata").and_then(Value::as_object);
    let (Some(about), Some(live_about)) = (about, live.get("metadata").and_then(Value::as_object)) else {
        return false;
    };
    let named = ["name", "namespace"].iter().all(|part| about.get(*part) == live_about.get(*part));
    let own = |fields: &Map<String, Value>, without: &[&str]| -> Map<String, Value> {
        let kept = fields.iter().filter(|(name, _)| !without.contains(&name.as_str()));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let (about, mut rest) = (own(about, &["name", "namespace"]), own(fields, &["apiVersion", "kind", "metadata"]));
    if !about.is_empty() {
        rest.insert("metadata".to_owned(), about.into());
    }
    named && map(&rest, live, owned)
}

/// One value against what stands there and what we own below this point.
fn value(ours: &Value, live: &Value, owned: &Value) -> bool {
    let Some(owned) = owned.as_object() else { return false };
    if owned.is_empty() {
        // A leaf of the books: one value to the server, however much is in it. What is null asks for a default.
        return !has_null(ours) && ours == live;
    }
    match (ours, live) {
        (Value::Object(ours), Value::Object(live)) if !ours.is_empty() => map(ours, live, owned),
        (Value::Array(ours), Value::Array(live)) if !ours.is_empty() => list(ours, live, owned),
        _ => false,
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Each of our fields is owned and as it is there, and no field is owned that we no longer have.
fn map(ours: &Map<String, Value>, live: &Map<String, Value>, owned: &Map<String, Value>) -> bool {
    let each = ours.iter().all(|(name, ours)| {
        let (owned, live) = (owned.get(&format!("f:{name}")), live.get(name));
        owned.zip(live).is_some_and(|(owned, live)| value(ours, live, owned))
    });
    each && owned.keys().all(|name| match name.strip_prefix("f:") {
        Some(name) => ours.contains_key(name),
        // That the whole is ours too.
        None => name == ".",
    })
}

/// A list whose items have keys, or that is a set. Items are found by these, and must stand in the same order.
fn list(ours: &[Value], live: &[Value], owned: &Map<String, Value>) -> bool {
    let (mut after, mut found) = (0, 0);
    for item in ours {
        let mut entries = owned.iter().filter(|(name, owned)| is_for(name, item, Some(owned)));
        let (Some((name, owned)), None) = (entries.next(), entries.next()) else { return false };
        let mut places = live.iter().enumerate().filter(|(_, live)| is_for(name, live, None));
        let (Some((at, live)), None) = (places.next(), places.next()) else { return false };
        // That of two items neither stands before the other also keeps them from sharing an entry.
        if at < after || !value(item, live, owned) {
            return false;
        }
        (after, found) = (at + 1, found + 1);
    }
    found == owned.keys().filter(|name| *name != ".").count()
}

/// Whether an entry of the books, `k:{"name":"x"}` or `v:"x"`, is the one of this item. Positions are no proof of anything.
/// An item of ours may leave out a part of its key that has a default: then the entry, too, does not own that part.
fn is_for(entry: &str, item: &Value, ours: Option<&Value>) -> bool {
    if let Some(key) = entry.strip_prefix("k:") {
        let Ok(Value::Object(key)) = serde_json::from_str::<Value>(key) else { return false };
        let by_default = |name: &str| ours.is_some_and(|owned| owned.get(format!("f:{name}")).is_none());
        let part = |(name, value): (&String, &Value)| match item.get(name) {
            Some(there) => there == value,
            None => by_default(name),
        };
        return item.is_object() && key.keys().any(|name| item.get(name).is_some()) && key.iter().all(part);
    }
    let Some(value) = entry.strip_prefix("v:") else { return false };
    serde_json::from_str::<Value>(value).is_ok_and(|value| value == *item)
}
