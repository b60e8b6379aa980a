//! A SealedSecret as it stands in a file, with the place of each value. Nothing of it is secret.

use super::document::{Fault, OPAQUE, is_key, shown, texts};
use super::scope::Scope;
use super::seal::KIND;
use crate::manifests::tree::Value;
use crate::manifests::{Field, Node, Object};
use crate::model::{ObjectId, Spot};
use std::collections::BTreeMap;

pub struct Sealed {
    /// With its namespace: `default` where it names none.
    pub id: ObjectId,
    pub at: Spot,
    /// What its own annotations say, which is what counts when it is opened.
    pub scope: Scope,
    /// All that they say. The widest counts.
    pub says: Vec<Scope>,
    /// Where that is said, or would be.
    pub scope_at: Spot,
    pub values: BTreeMap<String, Text>,
    /// What the Secret will be beside its values.
    pub sort: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub immutable: bool,
    /// What stands in the template in the clear: a text, or nothing where a key shall be left out.
    pub plain: BTreeMap<String, (Spot, Option<String>)>,
}

/// A sealed value and where its key stands.
pub struct Text {
    pub at: Spot,
    pub text: String,
}

/// Whether an object is meant to be one.
pub fn is_one(object: &Object) -> bool {
    object.id.group() == "bitnami.com" && object.kind() == KIND
}

/// Reads one, or tells everything that is wrong with it.
pub fn read(object: &Object) -> Result<Sealed, Vec<Fault>> {
    let mut faults = Vec::new();
    let root = &object.root;
    let mut wrong = |at: Spot, text: &str| faults.push(Fault { at, text: text.to_owned() });
    if !is_one(object) {
        wrong(object.at, &format!("is a {} and no SealedSecret", object.kind()));
        return Err(faults);
    }
    let there = |node: &&Node| node.value != Value::Nothing;
    if let Some(old) = root.walk(&["spec", "data"]).filter(there) {
        wrong(old.at, "spec.data is the oldest form, in which the keys cannot be seen: seal the Secret anew");
    }
    let sort = match root.walk(&["spec", "template", "type"]).filter(there) {
        None => OPAQUE.to_owned(),
        Some(node) => node.text().filter(|text| !text.is_empty()).map(str::to_owned).unwrap_or_else(|| {
            wrong(node.at, "spec.template.type: must be a text");
            String::new()
        }),
    };
    let immutable = root.walk(&["spec", "template", "immutable"]).filter(there).is_some_and(|node| {
        node.flag().unwrap_or_else(|| {
            wrong(node.at, "spec.template.immutable: must be true or false");
            false
        })
    });
    if root.walk(&["spec", "encryptedData"]).filter(there).is_none() {
        wrong(root.nearest(&["spec", "encryptedData"]), "spec.encryptedData is missing: it holds no sealed value");
    }
    let own = texts(root.walk(&["metadata", "annotations"]), "annotations", &mut faults);
    let mut of_template = |name: &str| texts(root.walk(&["spec", "template", "metadata", name]), name, &mut faults);
    let (labels, annotations) = (of_template("labels"), of_template("annotations"));
    let values = keyed(root, &["spec", "encryptedData"], &mut faults, |field| {
        let text = field.node.text().ok_or("must be a text; the controller drops all values where one is not")?;
        Ok(Text { at: field.at, text: text.to_owned() })
    });
    let plain = keyed(root, &["spec", "template", "data"], &mut faults, plain);
    if !faults.is_empty() {
        return Err(faults);
    }
    let (scope, says) = (Scope::of(&own), Scope::said(&own));
    let named = scope.annotation().unwrap_or_default();
    let scope_at = root.nearest(&["metadata", "annotations", named]);
    let id = ObjectId { namespace: Some(object.namespace().unwrap_or("default").into()), ..object.id.clone() };
    let at = object.at;
    Ok(Sealed { id, at, scope, says, scope_at, values, sort, labels, annotations, immutable, plain })
}

/// What the template gives in the clear. The controller takes each text for a template of Go and fills it in.
fn plain(field: &Field) -> Result<(Spot, Option<String>), &'static str> {
    match &field.node.value {
        Value::Nothing => Ok((field.at, None)),
        Value::Text(text) if text.contains("{{") => {
            Err("is a template that only the controller fills in; what is sealed beside it cannot be shown without it")
        }
        Value::Text(text) => Ok((field.at, Some(text.to_string()))),
        Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::List(_) | Value::Map(_) => Err("must be a text"),
    }
}

fn keyed<T>(
    root: &Node,
    path: &[&str],
    faults: &mut Vec<Fault>,
    read: fn(&Field) -> Result<T, &'static str>,
) -> BTreeMap<String, T> {
    let (mut found, whole) = (BTreeMap::new(), path.join("."));
    let node = root.walk(path);
    if let Some(node) = node.filter(|node| !matches!(node.value, Value::Map(_) | Value::Nothing)) {
        faults.push(Fault { at: node.at, text: format!("{whole}: must be a map from keys to texts") });
    }
    for field in node.map_or(&[][..], Node::fields) {
        let told = match read(field) {
            _ if !is_key(&field.name) => Err("is no key that a Secret may have"),
            Ok(value) => Ok(value),
            Err(why) => Err(why),
        };
        match told {
            Ok(value) => drop(found.insert(field.name.to_string(), value)),
            Err(why) => {
                faults.push(Fault { at: field.at, text: format!("{whole}.{}: {why}", shown(&field.name)) });
            }
        }
    }
    found
}
