//! A Secret as the body of an apply: JSON written by hand, so that no value passes through a type that could show it.

use super::Document;
use crate::model::Hidden;
use crate::sys::base64;
use serde_json::json;

/// The body, as long as it gets from the start: what is moved while it grows would stay behind in memory.
pub fn body(document: &Document) -> Hidden {
    let annotations: serde_json::Map<String, serde_json::Value> =
        document.annotations.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
    let mut head = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": &*document.id.name,
            "namespace": document.id.namespace,
            "labels": document.labels,
            "annotations": annotations,
        },
        "type": document.sort,
    });
    if document.immutable {
        head["immutable"] = true.into();
    }
    let head = head.to_string();
    let size = |(key, entry): (&String, &super::Entry)| key.len() * 2 + entry.value.len() * 4 / 3 + 16;
    let mut body = Vec::with_capacity(head.len() + 16 + document.entries.iter().map(size).sum::<usize>());
    body.extend_from_slice(&head.as_bytes()[..head.len() - 1]);
    body.extend_from_slice(b",\"data\":{");
    for (i, (key, entry)) in document.entries.iter().enumerate() {
        if i > 0 {
            body.push(b',');
        }
        body.extend_from_slice(json!(key).to_string().as_bytes());
        body.extend_from_slice(b":\"");
        let mut value = base64::encode(entry.value.reveal()).into_boxed_str();
        body.extend_from_slice(value.as_bytes());
        crate::model::hidden::wipe(&mut value);
        body.push(b'"');
    }
    body.extend_from_slice(b"}}");
    Hidden::new(body)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_out_as_it_was_written() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  namespace: b\n  labels: {l: m}\n  annotations: {note: o, kubectl.kubernetes.io/last-applied-configuration: x}\ntype: t\nimmutable: true\nstringData: {k: v, 'e.f': \"\"}\n";
        let documents = crate::secrets::document::read(&Hidden::from(text.to_owned()), false);
        let documents = documents.unwrap_or_default();
        let body: serde_json::Value = serde_json::from_slice(body(&documents[0]).reveal()).unwrap();
        let wanted = json!({"apiVersion": "v1", "kind": "Secret", "type": "t", "immutable": true,
            "metadata": {"name": "a", "namespace": "b", "labels": {"l": "m"}, "annotations": {"note": "o"}},
            "data": {"k": "dg==", "e.f": ""}});
        assert_eq!(body, wanted);
    }
}
