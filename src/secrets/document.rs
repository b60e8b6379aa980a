//! Secret manifests as they stand in a plaintext, each with its place. What is wrong is told by place and name, never by value.

use crate::manifests::tree::Value;
use crate::manifests::{Node, Object, objects_of};
use crate::model::hidden::wipe;
use crate::model::{Hidden, ObjectId, Spot};
use crate::sys::base64;
use std::collections::BTreeMap;

/// What a Secret is when it does not say.
pub const OPAQUE: &str = "Opaque";

/// Notes of tools that hold the whole object as it was applied, values and all.
pub const LAST_APPLIED: [&str; 2] =
    ["kubectl.kubernetes.io/last-applied-configuration", "kubecfg.ksonnet.io/last-applied-configuration"];

/// All values of one Secret together, by the server's rule.
pub const LARGEST: usize = 1 << 20;

/// One Secret.
pub struct Document {
    /// With its namespace: `default` where it names none.
    pub id: ObjectId,
    /// Where it begins in the plaintext.
    pub at: Spot,
    /// Its `type`.
    pub sort: String,
    pub labels: BTreeMap<String, String>,
    /// Without those that hold the values.
    pub annotations: BTreeMap<String, String>,
    pub immutable: bool,
    /// By key, each once: `stringData` wins over `data`, as on a server.
    pub entries: BTreeMap<String, Entry>,
}

/// One value, and where its key stands.
pub struct Entry {
    pub at: Spot,
    pub value: Hidden,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: Spot,
    pub text: String,
}

/// The Secrets of a plaintext, or everything that is wrong with it.
pub fn read(plain: &Hidden, is_json: bool) -> Result<Vec<Document>, Vec<Fault>> {
    let (mut objects, broken) = objects_of(plain.reveal(), is_json, "");
    let mut faults: Vec<Fault> = broken.into_iter().map(|(at, text)| Fault { at, text }).collect();
    let mut documents = Vec::new();
    for object in &objects {
        match document(object) {
            Ok(document) => documents.push(document),
            Err(wrong) => faults.extend(wrong),
        }
    }
    if objects.is_empty() && faults.is_empty() {
        faults.push(Fault { at: Spot { line: 1, column: 1 }, text: "holds no Secret".to_owned() });
    }
    objects.iter_mut().for_each(|object| object.root.wipe());
    if faults.is_empty() { Ok(documents) } else { Err(faults) }
}

fn document(object: &Object) -> Result<Document, Vec<Fault>> {
    let root = &object.root;
    let fault = |at: Spot, text: String| Fault { at, text };
    if (object.id.group(), object.kind()) != ("", "Secret") {
        let text = format!("is a {}, and only Secrets belong into the store", object.kind());
        return Err(vec![fault(object.at, text)]);
    }
    let mut faults = Vec::new();
    let allowed = ["apiVersion", "kind", "metadata", "type", "data", "stringData", "immutable"];
    for field in root.fields().iter().filter(|field| !allowed.contains(&&*field.name)) {
        faults.push(fault(field.at, "is no field of a Secret".to_owned()));
    }
    let mut about = |name: &str| texts(root.walk(&["metadata", name]), name, &mut faults);
    let (labels, mut annotations) = (about("labels"), about("annotations"));
    for name in LAST_APPLIED {
        if let Some(text) = annotations.remove(name) {
            wipe(&mut text.into_boxed_str());
        }
    }
    let sort = match root.get("type").map(|node| (node.at, node.text())) {
        None => OPAQUE.to_owned(),
        Some((_, Some(text))) if !text.is_empty() => text.to_owned(),
        Some((at, _)) => {
            faults.push(fault(at, "type: must be a text".to_owned()));
            String::new()
        }
    };
    let immutable = match root.get("immutable").map(|node| (node.at, node.flag())) {
        None => false,
        Some((_, Some(flag))) => flag,
        Some((at, None)) => {
            faults.push(fault(at, "immutable: must be true or false".to_owned()));
            false
        }
    };
    let mut entries = BTreeMap::new();
    for (part, encoded) in [("data", true), ("stringData", false)] {
        entries_of(root.get(part), part, encoded, &mut entries, &mut faults);
    }
    let size: usize = entries.values().map(|entry: &Entry| entry.value.len()).sum();
    if size > LARGEST {
        faults.push(fault(object.at, format!("holds {size} bytes, and a server takes {LARGEST} at most")));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let namespace = object.namespace().unwrap_or("default");
    let id = ObjectId::new("v1", "Secret", Some(namespace), object.name());
    Ok(Document { id, at: object.at, sort, labels, annotations, immutable, entries })
}

pub(super) fn texts(node: Option<&Node>, name: &str, faults: &mut Vec<Fault>) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for field in node.map_or(&[][..], Node::fields) {
        match field.node.text() {
            Some(text) => drop(texts.insert(field.name.to_string(), text.to_owned())),
            None => faults.push(Fault { at: field.at, text: format!("{name}.{}: must be a text", shown(&field.name)) }),
        }
    }
    if let Some(node) = node.filter(|node| !matches!(node.value, Value::Map(_) | Value::Nothing)) {
        faults.push(Fault { at: node.at, text: format!("{name}: must be a map of texts") });
    }
    texts
}

fn entries_of(
    node: Option<&Node>,
    part: &str,
    encoded: bool,
    entries: &mut BTreeMap<String, Entry>,
    faults: &mut Vec<Fault>,
) {
    if let Some(node) = node.filter(|node| !matches!(node.value, Value::Map(_) | Value::Nothing)) {
        faults.push(Fault { at: node.at, text: format!("{part}: must be a map from keys to texts") });
    }
    for field in node.map_or(&[][..], Node::fields) {
        let wrong = |what: &str| Fault { at: field.at, text: format!("{part}.{}: {what}", shown(&field.name)) };
        if !is_key(&field.name) {
            // Not quoted: a line of a value that slipped out of its place looks like this.
            let text = format!("{part}: this key has other letters than A-Z a-z 0-9 - _ . or more than 253 of them");
            faults.push(Fault { at: field.at, text });
            continue;
        }
        let text = match &field.node.value {
            Value::Text(text) => &**text,
            // What a server takes: an empty value.
            Value::Nothing => "",
            Value::Flag(_) | Value::Whole(_) | Value::Real(_) => {
                faults.push(wrong("is read as a number or a word of YAML and not as text: put it in quotes"));
                continue;
            }
            Value::List(_) | Value::Map(_) => {
                faults.push(wrong("must be a text"));
                continue;
            }
        };
        let value = match encoded {
            true => base64::decode(text),
            false => Some(Hidden::new(text.as_bytes().to_vec())),
        };
        match value {
            Some(value) => drop(entries.insert(field.name.to_string(), Entry { at: field.at, value })),
            None => faults.push(wrong("is not base64; a plain text belongs under stringData")),
        }
    }
}

/// A name as it may be shown: it comes from a file, and what it holds must not move the cursor of who reads of it.
pub(super) fn shown(name: &str) -> String {
    const MOST: usize = 80;
    let text: String = name.chars().take(MOST).flat_map(char::escape_debug).collect();
    if name.chars().nth(MOST).is_some() { text + "…" } else { text }
}

/// What Kubernetes takes for a key of a Secret.
pub fn is_key(key: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=253).contains(&key.len()) && key.bytes().all(letters) && key != "." && !key.starts_with("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Document>, Vec<Fault>> {
        read(&Hidden::from(text.to_owned()), false)
    }

    #[test]
    fn a_secret_is_read_with_its_places() {
        let text = "# one\napiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b, labels: {x: z}}\ntype: t\nimmutable: true\ndata:\n  one: AAEC\n  two: aGVsbG8=\nstringData:\n  two: wins\n";
        let read = read_text(text).unwrap_or_default();
        let [one] = read.as_slice() else { unreachable!("{}", read.len()) };
        assert_eq!((one.id.to_string().as_str(), one.sort.as_str(), one.immutable), ("Secret b/a", "t", true));
        let values: Vec<(&str, &[u8], u32)> =
            one.entries.iter().map(|(key, entry)| (key.as_str(), entry.value.reveal(), entry.at.line)).collect();
        assert_eq!(values, [("one", &[0, 1, 2][..], 8), ("two", b"wins", 11)]);
        assert_eq!(one.labels["x"], "z");
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place_and_without_its_value() {
        let cases = [
            ("stringData: {a: 4711001}", "stringData.a: is read as a number"),
            ("stringData: {a: [canary-4711]}", "stringData.a: must be a text"),
            ("data: {a: canary-4711}", "data.a: is not base64"),
            ("data: [canary-4711]", "data: must be a map"),
            ("stringData: canary-4711", "stringData: must be a map"),
            ("stringData: {'a b': canary-4711}", "stringData: this key has other letters"),
            ("stringData: {\"a\\e[31m\": canary-4711}", "stringData: this key has other letters"),
            ("immutable: canary-4711", "immutable: must be true or false"),
            ("type: [canary-4711]", "type: must be a text"),
            ("canary: canary-4711", "is no field of a Secret"),
            ("stringData: {a: 'canary-4711}", ""),
        ];
        for (line, wanted) in cases {
            let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a, namespace: b}}\n{line}\n");
            let faults = read_text(&text).err().unwrap_or_default();
            assert_eq!(faults.len(), 1, "{line}: {faults:?}");
            assert!(faults[0].text.starts_with(wanted) && faults[0].at.line >= 4, "{line}: {faults:?}");
            assert!(!format!("{faults:?}").contains("4711"), "{faults:?}");
        }
        let large = |bytes: usize| {
            let value = "x".repeat(bytes);
            read_text(&format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: {value}, b: z}}\n"
            ))
        };
        assert!(large(LARGEST - 1).is_ok());
        let faults = large(LARGEST).err().unwrap_or_default();
        assert!(faults[0].text.contains("holds 1048577 bytes") && !faults[0].text.contains("xx"), "{faults:?}");
        assert!(read_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n").is_err());
        assert_eq!(read_text("# nothing\n").err().unwrap_or_default()[0].text, "holds no Secret");
    }

    #[test]
    fn an_annotation_that_holds_the_values_is_not_kept() {
        let notes = LAST_APPLIED.map(|name| format!("{name}: canary-4711")).join(", ");
        let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a, annotations: {{{notes}, b: c}}}}\n");
        let read = read_text(&text).unwrap_or_default();
        assert_eq!(read[0].annotations, BTreeMap::from([("b".to_owned(), "c".to_owned())]));
    }

    #[test]
    fn keys_are_those_that_a_server_takes() {
        for good in ["a", "tls.crt", "A_b-c.d", "...x".trim_start_matches("..")] {
            assert!(is_key(good), "{good}");
        }
        for bad in ["", ".", "..", "..a", "a b", "a/b", "ä", &"a".repeat(254)] {
            assert!(!is_key(bad), "{bad}");
        }
    }
}
