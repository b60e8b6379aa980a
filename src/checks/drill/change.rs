//! Fields of an object set, taken out, or made anew, with the places of the rest kept.

use crate::manifests::{Field, Node, Object, Value};

fn fields(node: &mut Node) -> Option<&mut Vec<Field>> {
    match &mut node.value {
        Value::Map(fields) => Some(fields),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::List(_) => None,
    }
}

/// Sets the value behind these names; maps on the way there are made where they are missing.
pub fn set(node: &mut Node, names: &[&str], value: Value) {
    let at = node.at;
    let Some((name, rest)) = names.split_first() else {
        node.value = value;
        return;
    };
    if fields(node).is_none() {
        node.value = Value::Map(Vec::new());
    }
    let Some(fields) = fields(node) else { return };
    let place = match fields.iter().position(|field| &*field.name == *name) {
        Some(place) => place,
        None => {
            fields.push(Field { name: (*name).into(), at, node: Node { at, value: Value::Nothing } });
            fields.len() - 1
        }
    };
    set(&mut fields[place].node, rest, value);
}

/// Takes out the field behind these names. False where there was none.
pub fn remove(node: &mut Node, names: &[&str]) -> bool {
    let (Some((name, rest)), Some(fields)) = (names.split_first(), fields(node)) else { return false };
    let Some(place) = fields.iter().position(|field| &*field.name == *name) else { return false };
    match rest.is_empty() {
        true => {
            fields.remove(place);
            true
        }
        false => remove(&mut fields[place].node, rest),
    }
}

fn step<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Node> {
    fields(node)?.iter_mut().find(|field| &*field.name == name).map(|field| &mut field.node)
}

fn items(node: &mut Node) -> Option<&mut Vec<Node>> {
    match &mut node.value {
        Value::List(items) => Some(items),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::Map(_) => None,
    }
}

/// Takes arguments out of all containers of a workload: how many.
pub fn without_arguments(object: &mut Object, is: &dyn Fn(&str) -> bool) -> usize {
    let Some((_, way)) = object.pod_template() else { return 0 };
    let mut pod = Some(&mut object.root);
    for name in way.iter().chain(&["spec", "containers"]) {
        pod = pod.and_then(|node| step(node, name));
    }
    let mut taken = 0;
    for container in pod.and_then(items).into_iter().flatten() {
        for list in ["command", "args"] {
            let Some(words) = step(container, list).and_then(items) else { continue };
            let before = words.len();
            words.retain(|word| !word.text().is_some_and(is));
            taken += before - words.len();
        }
    }
    taken
}
