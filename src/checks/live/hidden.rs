//! What must not be shown: the values of Secrets are taken out of each object that comes in, and kept only to find them again
//! in texts that others wrote.

use crate::model::ObjectId;
use serde_json::Value;
use std::collections::HashMap;

/// Shorter values would black out words that mean nothing: `true`, `admin`.
const SHORTEST: usize = 8;

type Values = Vec<Box<str>>;

/// By namespace and name of the Secret. It has no way to be shown.
#[derive(Default)]
pub(super) struct Hidden {
    spaces: HashMap<Box<str>, HashMap<Box<str>, Values>>,
}

impl Hidden {
    /// Leaves the keys of a Secret and a ConfigMap, and takes the values out.
    pub(super) fn take_in(&mut self, id: &ObjectId, value: &mut Value) {
        if !id.group().is_empty() || !matches!(&*id.kind, "Secret" | "ConfigMap") {
            return;
        }
        let secret = &*id.kind == "Secret";
        let mut kept: Vec<Box<str>> = Vec::new();
        for part in ["data", "stringData", "binaryData"] {
            let values = value.get_mut(part).and_then(Value::as_object_mut).into_iter().flatten();
            for (_, value) in values {
                if let (true, Some(text)) = (secret, value.as_str()) {
                    if part == "data"
                        && let Some(raw) = decoded(text)
                    {
                        kept.extend(worth_hiding(&raw));
                    }
                    kept.extend(worth_hiding(text));
                }
                *value = Value::Null;
            }
        }
        if let Some(notes) = value.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            // Client-side apply leaves the whole object here, values included.
            notes.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        if !kept.is_empty() {
            // The longest first: a value may be a part of another.
            kept.sort_by_key(|value| std::cmp::Reverse(value.len()));
            let space = id.namespace.clone().unwrap_or_default();
            self.spaces.entry(space).or_default().insert(id.name.clone(), kept);
        }
    }
    pub(super) fn forget(&mut self, id: &ObjectId) {
        if &*id.kind == "Secret"
            && let Some(names) = self.spaces.get_mut(id.namespace.as_deref().unwrap_or_default())
        {
            names.remove(&id.name);
        }
    }
    pub(super) fn hide(&self, namespace: &str, text: &str) -> String {
        let mut shown = text.to_owned();
        let values = self.spaces.get(namespace).into_iter().flat_map(HashMap::values).flatten();
        for value in values.filter(|value| text.contains(&***value)) {
            shown = shown.replace(&**value, "(hidden)");
        }
        shown
    }
}

/// The value, and each line of one that has several: texts show them one by one.
fn worth_hiding(text: &str) -> impl Iterator<Item = Box<str>> + '_ {
    let lines = text.lines().filter(move |line| line.len() != text.len());
    std::iter::once(text).chain(lines).map(str::trim).filter(|part| part.len() >= SHORTEST).map(Into::into)
}

/// base64, of which a Secret's values are made. None for what is not text within it.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}
