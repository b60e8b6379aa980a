//! What an apply would change, told by the names of fields. Values are not told: they may be secret.

use super::proof;
use serde_json::{Map, Value};

/// So many fields are named; more do not make it clearer.
const MOST: usize = 5;

/// The fields that are otherwise after a dry apply. What controllers write of their own accord is left out: how far they
/// are, and the books of others.
pub fn after_dry(live: &Value, dry: &Value, ours: &Value) -> Vec<String> {
    let mut fields = Vec::new();
    compare("", &content(live, ours), &content(dry, ours), &mut fields);
    if proof::books(live, &ours["apiVersion"]) != proof::books(dry, &ours["apiVersion"]) {
        fields.push("metadata.managedFields".to_owned());
    }
    fields.truncate(MOST);
    fields
}

/// The fields of ours that stand there otherwise, or do not.
pub fn from_file(ours: &Value, live: &Value) -> Vec<String> {
    let mut fields = Vec::new();
    within("", ours, live, &mut fields);
    fields.truncate(MOST);
    fields
}

fn content(object: &Value, ours: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        if ours.get("status").is_none() {
            fields.remove("status");
        }
        if let Some(about) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            for name in ["resourceVersion", "generation", "managedFields"] {
                about.remove(name);
            }
        }
    }
    object
}

fn compare(at: &str, one: &Value, other: &Value, fields: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let none = Value::Null;
            let names: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for name in names {
                compare(&inner(at, name), get(one, name, &none), get(other, name, &none), fields);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (i, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{at}[{i}]"), one, other, fields);
            }
        }
        _ if one == other => {}
        _ => fields.push(at.to_owned()),
    }
}

fn within(at: &str, ours: &Value, live: &Value, fields: &mut Vec<String>) {
    match (ours, live) {
        (Value::Object(ours), Value::Object(live)) => {
            for (name, value) in ours {
                within(&inner(at, name), value, get(live, name, &Value::Null), fields);
            }
        }
        _ if ours == live => {}
        _ => fields.push(at.to_owned()),
    }
}

fn get<'a>(map: &'a Map<String, Value>, name: &str, none: &'a Value) -> &'a Value {
    map.get(name).unwrap_or(none)
}

fn inner(at: &str, name: &str) -> String {
    match (at, name.contains(['.', '/'])) {
        ("", _) => name.to_owned(),
        (_, false) => format!("{at}.{name}"),
        (_, true) => format!("{at}[{name}]"),
    }
}
