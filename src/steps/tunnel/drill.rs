//! The connectors of a drill: none at all, or one that has a token of its own. Which of the two, the plan says; with production's
//! token a drill would be given production's requests.

use super::connector::{Source, connectors};
use crate::manifests::papers::Swap;
use crate::manifests::{Field, Node, Object, Papers, Value};
use crate::model::{EntryName, ObjectId};
use std::collections::HashSet;
use std::sync::Arc;

/// The papers with connectors that do not run.
pub fn stopped(papers: &Papers) -> Papers {
    changed(papers, "has 0 replicas", |object| stop(&mut object.root))
}

/// The papers with one connector each that has this token instead of its own.
pub fn with_token(papers: &Papers, entry: &EntryName) -> Papers {
    let sources: Vec<Source> = connectors(papers).iter().filter_map(super::connector::Connector::source).collect();
    let told = format!("has 1 replica, with the token of {entry}");
    changed(papers, &told, |object| {
        sources.iter().for_each(|source| swap(&mut object.root, source, entry));
        set(&mut object.root, &["spec", "replicas"], Value::Whole(1));
    })
}

fn changed(papers: &Papers, told: &str, change: impl Fn(&mut Object)) -> Papers {
    let ours: HashSet<ObjectId> = connectors(papers).iter().map(|one| one.object.id.clone()).collect();
    let mut papers = papers.clone();
    // What a fence has changed before is told there.
    let known: HashSet<ObjectId> = papers.swapped.iter().map(|swap| swap.id.clone()).collect();
    for object in papers.objects.iter_mut().filter(|object| ours.contains(&object.id)) {
        let mut other = Object::clone(object);
        change(&mut other);
        if other != **object && !known.contains(&object.id) {
            let told = format!("{told}; it would be given production's requests");
            papers.swapped.push(Swap { id: object.id.clone(), place: object.place(), told });
        }
        *object = Arc::new(other);
    }
    // A Pod that has to rest cannot be there.
    papers.objects.retain(|object| object.kind() != "Pod" || !ours.contains(&object.id));
    papers
}

fn stop(root: &mut Node) {
    match root.text_at(&["kind"]) {
        Some("DaemonSet") => {
            let way = ["spec", "template", "spec", "nodeSelector", "blackstart.drill/none"];
            set(root, &way, Value::Text("true".into()));
        }
        _ => set(root, &["spec", "replicas"], Value::Whole(0)),
    }
}

fn fields(node: &mut Node) -> Option<&mut Vec<Field>> {
    match &mut node.value {
        Value::Map(fields) => Some(fields),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::List(_) => None,
    }
}

fn set(node: &mut Node, names: &[&str], value: Value) {
    let at = node.at;
    let Some((name, rest)) = names.split_first() else {
        node.value = value;
        return;
    };
    if fields(node).is_none() {
        node.value = Value::Map(Vec::new());
    }
    let Some(fields) = fields(node) else { return };
    let place = fields.iter().position(|field| &*field.name == *name).unwrap_or_else(|| {
        fields.push(Field { name: (*name).into(), at, node: Node { at, value: Value::Nothing } });
        fields.len() - 1
    });
    set(&mut fields[place].node, rest, value);
}

/// Every reference to this key of this Secret becomes one to that value of the store.
fn swap(node: &mut Node, source: &Source, entry: &EntryName) {
    let text = |node: &Node, name: &str| node.text_at(&[name]).map(str::to_owned);
    if let Some(from) = node.get("secretKeyRef")
        && text(from, "name").as_ref() == Some(&source.name)
        && text(from, "key").as_ref() == Some(&source.key)
    {
        set(node, &["secretKeyRef", "name"], Value::Text((&*entry.name).into()));
        set(node, &["secretKeyRef", "key"], Value::Text((&*entry.key).into()));
    }
    if let Some(volume) = node.get("secret").filter(|volume| text(volume, "secretName").as_ref() == Some(&source.name))
    {
        let at = volume.at;
        let items = volume.get("items").map_or(&[][..], Node::items);
        let item = items.iter().find(|item| text(item, "key").as_ref() == Some(&source.key));
        let path = item.and_then(|item| text(item, "path")).unwrap_or_else(|| source.key.clone());
        let word = |text: &str| Node { at, value: Value::Text(text.into()) };
        let field = |name: &str, text: &str| Field { name: name.into(), at, node: word(text) };
        let item = Node { at, value: Value::Map(vec![field("key", &entry.key), field("path", &path)]) };
        set(node, &["secret", "secretName"], Value::Text((&*entry.name).into()));
        set(node, &["secret", "items"], Value::List(vec![item]));
    }
    match &mut node.value {
        Value::Map(fields) => fields.iter_mut().for_each(|field| swap(&mut field.node, source, entry)),
        Value::List(items) => items.iter_mut().for_each(|item| swap(item, source, entry)),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) => {}
    }
}
