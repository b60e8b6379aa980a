//! What goes to the server of an object in a file: what stands there, in the form in which the server keeps it.

use crate::manifests::Object;
use crate::model::ObjectId;
use crate::sys::kube::{Kube, Resource, Trouble, base64, is_secret};
use serde_json::{Map, Value};
use std::sync::Arc;

/// An object on its way.
#[derive(Clone, Debug)]
pub struct Item {
    pub object: Arc<Object>,
    /// With the namespace that the server puts it into.
    pub id: ObjectId,
    pub body: Value,
}

impl Item {
    pub async fn of(kube: &Kube, object: &Arc<Object>) -> Result<Self, Trouble> {
        let resource = kube.resource(&object.id.api_version, &object.id.kind).await?;
        Ok(Self::placed(object, &resource))
    }

    /// An object that belongs to a namespace and names none goes into `default`; one that belongs to none loses it.
    pub fn placed(object: &Arc<Object>, resource: &Resource) -> Self {
        let mut body = body(object);
        let namespace = resource.namespaced.then(|| object.namespace().unwrap_or("default"));
        if let Some(about) = body.get_mut("metadata").and_then(Value::as_object_mut) {
            match namespace {
                Some(namespace) => drop(about.insert("namespace".to_owned(), namespace.into())),
                None => drop(about.remove("namespace")),
            }
        }
        let id = ObjectId { namespace: namespace.map(Into::into), ..object.id.clone() };
        Self { object: object.clone(), id, body }
    }
}

/// The object as JSON. Generators leave `creationTimestamp: null` and `status: {}` behind; sent, these would be claims.
pub fn body(object: &Object) -> Value {
    let mut body = object.root.json();
    without_remains(&mut body);
    if let Some(fields) = body.as_object_mut() {
        let empty = |status: &Value| status.is_null() || status.as_object().is_some_and(Map::is_empty);
        if fields.get("status").is_some_and(empty) {
            fields.remove("status");
        }
    }
    if is_secret(&body) {
        encode(&mut body);
    }
    body
}

fn without_remains(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(about) = fields.get_mut("metadata").and_then(Value::as_object_mut)
                && about.get("creationTimestamp").is_some_and(Value::is_null)
            {
                about.remove("creationTimestamp");
            }
            fields.values_mut().for_each(without_remains);
        }
        Value::Array(items) => items.iter_mut().for_each(without_remains),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `stringData` is a way to write `data` and is never read back: it is written as what it becomes, and can be compared.
fn encode(secret: &mut Value) {
    let Some(fields) = secret.as_object_mut() else { return };
    let all_texts = |texts: &Map<String, Value>| texts.values().all(Value::is_string);
    // What is no text is left for the server to refuse.
    if !fields.get("stringData").and_then(Value::as_object).is_some_and(all_texts) {
        return;
    }
    let Some(Value::Object(texts)) = fields.remove("stringData") else { return };
    if fields.get("data").is_none_or(Value::is_null) {
        fields.insert("data".to_owned(), Map::new().into());
    }
    if let Some(data) = fields.get_mut("data").and_then(Value::as_object_mut) {
        for (key, text) in texts {
            data.insert(key, base64(text.as_str().unwrap_or_default().as_bytes()).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn string_data_becomes_data_and_wins_over_it() {
        let mut secret = json!({"apiVersion": "v1", "kind": "Secret",
            "data": {"a": "b2xk", "b": "Yg=="}, "stringData": {"a": "new", "c": ""}});
        encode(&mut secret);
        assert_eq!(secret["data"], json!({"a": "bmV3", "b": "Yg==", "c": ""}));
        assert_eq!(secret.get("stringData"), None);
    }

    #[test]
    fn what_is_no_text_is_left_for_the_server_to_refuse() {
        let before = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": 1}});
        let mut after = before.clone();
        encode(&mut after);
        assert_eq!(after, before);
    }

    #[test]
    fn what_generators_leave_behind_is_not_claimed() {
        let mut value = json!({"metadata": {"name": "a", "creationTimestamp": null},
            "spec": {"template": {"metadata": {"creationTimestamp": null, "labels": {"creationTimestamp": null}}}}});
        without_remains(&mut value);
        let left = json!({"metadata": {"name": "a"}, "spec": {"template": {"metadata": {"labels": {"creationTimestamp": null}}}}});
        assert_eq!(value, left);
    }
}
