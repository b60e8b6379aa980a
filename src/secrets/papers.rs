//! What a store holds, as manifests: names, kinds and keys with their places, and no value. From these come the edges of
//! the graph and the checks of references, as from every other file.

use super::store::Held;
use crate::manifests::{Field, Node, Object, Papers, Value};
use crate::model::{ObjectId, Spot};
use std::sync::Arc;

/// What the objects are in the cluster: SealedSecrets, of which a controller makes Secrets, or Secrets themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    Sealed,
    Plain,
}

/// The papers of these; `files` counts the files they come from.
pub fn papers<'h>(held: impl Iterator<Item = &'h Held>, what: As) -> Papers {
    let objects: Vec<Arc<Object>> = held.map(|held| Arc::new(object(held, what))).collect();
    let mut files: Vec<&str> = objects.iter().map(|object| &*object.file).collect();
    files.sort_unstable();
    files.dedup();
    let files = files.len();
    Papers { objects, files, ..Papers::default() }
}

fn node(at: Spot, value: Value) -> Node {
    Node { at, value }
}

fn text(at: Spot, text: &str) -> Node {
    node(at, Value::Text(text.into()))
}

fn map(at: Spot, fields: Vec<(&str, Spot, Node)>) -> Node {
    let fields = fields.into_iter().map(|(name, at, node)| Field { name: name.into(), at, node });
    node(at, Value::Map(fields.collect()))
}

fn object(held: &Held, what: As) -> Object {
    let at = held.at;
    let about = map(at, vec![("name", at, text(at, &held.name)), ("namespace", at, text(at, &held.namespace))]);
    let keys = held.keys.iter().map(|(key, (at, _))| (key.as_str(), *at, text(*at, "")));
    let keys = map(at, keys.collect());
    let (api_version, kind, rest) = match what {
        As::Plain => ("v1", "Secret", vec![("type", at, text(at, &held.sort)), ("data", at, keys)]),
        As::Sealed => {
            let template = map(at, vec![("type", at, text(at, &held.sort))]);
            let spec = map(at, vec![("encryptedData", at, keys), ("template", at, template)]);
            ("bitnami.com/v1alpha1", "SealedSecret", vec![("spec", at, spec)])
        }
    };
    let mut fields =
        vec![("apiVersion", at, text(at, api_version)), ("kind", at, text(at, kind)), ("metadata", at, about)];
    fields.extend(rest);
    let id = ObjectId::new(api_version, kind, Some(&held.namespace), &held.name);
    Object { file: held.file.clone(), at, id, root: map(at, fields) }
}
