//! From a document to the objects in it: what a Kubernetes object must have, and lists taken apart.

use super::tree::{Node, Value};
use crate::model::{ObjectId, Spot};
use crate::sys::yaml::Broken;

/// What stands in a document.
#[derive(Debug, Default)]
pub struct Assembled {
    pub objects: Vec<(ObjectId, Node)>,
    pub wrong: Vec<Broken>,
    /// A file of kustomize, which says what to put together and is no object.
    pub kustomize: Option<Spot>,
    /// The file itself, where it holds a comment for this program.
    pub marked: Option<std::sync::Arc<super::papers::Marked>>,
}

/// A list may hold lists, but not for ever.
const DEEPEST_LIST: usize = 4;

pub fn assemble(node: Node, kustomization: bool, into: &mut Assembled) {
    let has = |name: &str| node.get(name).is_some_and(|node| node.value != Value::Nothing);
    let group = node.text_at(&["apiVersion"]).unwrap_or_default().split('/').next().unwrap_or_default();
    if group == "kustomize.config.k8s.io" || (kustomization && !has("apiVersion") && !has("kind")) {
        into.kustomize.get_or_insert(node.at);
        return;
    }
    object(node, None, 0, into);
}

fn object(mut node: Node, within: Option<(&str, &str)>, depth: usize, into: &mut Assembled) {
    let at = node.at;
    let id = match identity(&node, within) {
        Ok(id) => id,
        Err(broken) => return into.wrong.push(broken),
    };
    let is_list = node.get("items").is_some();
    if &*id.kind == "List" || (is_list && id.kind.ends_with("List")) {
        return list(node, &id, depth, into);
    }
    if is_list {
        let why = "has `items`, and so is a list to kubectl, but its kind does not end in List";
        return into.wrong.push(Broken { at, message: format!("{} {why}", id.kind) });
    }
    match named(&node, &id) {
        Ok((name, namespace)) => {
            let id = ObjectId { name, namespace, ..id };
            if within.is_some() && node.get("kind").is_none() {
                complete(&mut node, &id);
            }
            into.objects.push((id, node));
        }
        Err(broken) => into.wrong.push(broken),
    }
}

/// An element of a typed list need not say what it is; as an object it must.
fn complete(node: &mut Node, id: &ObjectId) {
    let at = node.at;
    if let Value::Map(fields) = &mut node.value {
        for (name, text) in [("apiVersion", &id.api_version), ("kind", &id.kind)] {
            let node = Node { at, value: Value::Text(text.clone()) };
            fields.push(super::tree::Field { name: name.into(), at, node });
        }
    }
}

fn list(mut node: Node, id: &ObjectId, depth: usize, into: &mut Assembled) {
    let at = node.at;
    if depth == DEEPEST_LIST {
        return into.wrong.push(Broken { at, message: "lists of lists of lists of objects are not read".to_owned() });
    }
    let items = match &mut node.value {
        Value::Map(fields) => fields.iter_mut().find(|field| &*field.name == "items"),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::List(_) => None,
    };
    let Some(items) = items else {
        return into.wrong.push(Broken { at, message: "a List without `items`".to_owned() });
    };
    let kind = id.kind.strip_suffix("List").unwrap_or_default();
    let within = (!kind.is_empty()).then_some((&*id.api_version, kind));
    match std::mem::replace(&mut items.node.value, Value::Nothing) {
        Value::List(items) => items.into_iter().for_each(|item| object(item, within, depth + 1, into)),
        Value::Nothing => {}
        Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::Map(_) => {
            into.wrong.push(Broken { at: items.node.at, message: "`items` wants a list of objects".to_owned() });
        }
    }
}

/// The id without name and namespace.
fn identity(node: &Node, within: Option<(&str, &str)>) -> Result<ObjectId, Broken> {
    let wrong = |names: &[&str], message: String| Err(Broken { at: node.nearest(names), message });
    let no_object = "this is no Kubernetes object; a folder of manifests holds nothing else: name the files themselves";
    if !matches!(node.value, Value::Map(_)) {
        return wrong(&[], format!("not a map: {no_object}"));
    }
    let texts =
        ["apiVersion", "kind"].map(|name| node.get(name).map(|node| (node.text(), node.value == Value::Nothing)));
    let (version, kind) = match (texts, within) {
        ([Some((Some(version), _)), Some((Some(kind), _))], _) => (version, kind),
        ([None | Some((_, true)), None | Some((_, true))], Some(within)) => within,
        ([None | Some((_, true)), None | Some((_, true))], None) => {
            return wrong(&[], format!("neither `apiVersion` nor `kind`: {no_object}"));
        }
        ([None | Some((_, true)), _], _) => return wrong(&["kind"], format!("`apiVersion` is missing: {no_object}")),
        ([_, None | Some((_, true))], _) => return wrong(&["apiVersion"], format!("`kind` is missing: {no_object}")),
        ([Some((None, _)), _], _) => return wrong(&["apiVersion"], "`apiVersion` wants a text, as apps/v1".to_owned()),
        ([_, Some((None, _))], _) => return wrong(&["kind"], "`kind` wants a text, as Deployment".to_owned()),
    };
    let plain = |text: &str| {
        !text.is_empty() && text.len() <= 253 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
    };
    let (group, last) = version.split_once('/').unwrap_or(("v", version));
    if !plain(group) || !plain(last) {
        return wrong(
            &["apiVersion"],
            "`apiVersion` wants a version, as v1, or a group and one, as apps/v1".to_owned(),
        );
    }
    if !plain(kind) || !kind.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return wrong(&["kind"], "`kind` wants one word, as Deployment".to_owned());
    }
    Ok(ObjectId::new(version, kind, None, ""))
}

fn named(node: &Node, id: &ObjectId) -> Result<(Box<str>, Option<Box<str>>), Broken> {
    let kind = &id.kind;
    let broken = |names: &[&str], message: String| Broken { at: node.nearest(names), message };
    let text = |name: &'static str| match node.walk(&["metadata", name]).map(|node| &node.value) {
        None | Some(Value::Nothing) => Ok(None),
        Some(Value::Text(text)) if text.is_empty() => Ok(None),
        Some(Value::Text(text)) if fit(text) => Ok(Some(text.clone())),
        Some(Value::Text(_)) => Err(broken(
            &["metadata", name],
            format!("`metadata.{name}` of this {kind} is no name that Kubernetes takes"),
        )),
        Some(Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::List(_) | Value::Map(_)) => {
            Err(broken(&["metadata", name], format!("`metadata.{name}` of this {kind} wants a text: put it in quotes")))
        }
    };
    let namespace = text("namespace")?;
    if let Some(name) = text("name")? {
        return Ok((name, namespace));
    }
    if node.walk(&["metadata", "generateName"]).is_some() {
        let why = "has `generateName`: each time it is applied another one is made; give it a `name`";
        return Err(broken(&["metadata", "generateName"], format!("this {kind} {why}")));
    }
    Err(broken(&["metadata"], format!("this {kind} has no `metadata.name`")))
}

/// What the server takes as a part of a path. Each kind wants more than this; that is for the server to say.
fn fit(name: &str) -> bool {
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '/' || c == '%';
    name.len() <= 253 && name != "." && name != ".." && !name.contains(odd)
}
