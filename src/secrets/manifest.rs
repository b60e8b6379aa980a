//! A Secret as YAML. The text is a secret as a whole.

use super::document::Document;
use crate::manifests::write::{flow, write};
use crate::model::Hidden;
use crate::sys::base64;
use serde_json::{Value, json};

/// With every value as base64, so that each byte of it survives.
pub fn yaml(document: &Document) -> Hidden {
    let mut about = json!({"name": &*document.id.name, "namespace": document.id.namespace});
    for (field, texts) in [("labels", &document.labels), ("annotations", &document.annotations)] {
        if !texts.is_empty() {
            about[field] = json!(texts);
        }
    }
    let mut head = json!({"apiVersion": "v1", "kind": "Secret", "metadata": about, "type": document.sort});
    if document.immutable {
        head["immutable"] = true.into();
    }
    let head = write(&head);
    let name = |key: &str| flow(&Value::from(key));
    let encoded = document.entries.values().map(|entry| entry.value.len().div_ceil(3) * 4 + 300).sum::<usize>();
    // Made as large as it can become, for what grows leaves copies behind.
    let mut text = Vec::with_capacity(head.len() + encoded + 300);
    text.extend_from_slice(head.as_bytes());
    text.extend_from_slice(if document.entries.is_empty() { b"data: {}\n" } else { b"data:\n" });
    for (key, entry) in &document.entries {
        let value = Hidden::from(base64::encode(entry.value.reveal()));
        for part in [b"  ", name(key).as_bytes(), b": \"", value.reveal(), b"\"\n"] {
            text.extend_from_slice(part);
        }
    }
    Hidden::new(text)
}
