//! F07: objects that are too large for a client to write down beside themselves, as `kubectl apply` does.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::{Node, Object, Value};
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F07"],
    pages: &[cause(
        "F07",
        "An object that is too large to be applied by a client",
        "kubectl apply without --server-side, and Argo CD without ServerSideApply, write the whole object into one of its \
         annotations. Annotations may have 262144 bytes together, and the definitions of some operators are larger: the \
         API server refuses them. blackstart itself applies on the server's side and does not meet this.",
        "Apply it with --server-side, or with the sync option ServerSideApply=true.",
    )],
    look,
};

/// What all annotations of an object may have together.
const MOST: usize = 262_144;

fn look(ground: &Ground<'_>, told: &mut Told) {
    // Flux applies on the server's side.
    if !ground.of_kind("kustomize.toolkit.fluxcd.io", "Kustomization").is_empty() {
        return;
    }
    let applications = ["Application", "ApplicationSet"].map(|kind| ground.of_kind("argoproj.io", kind));
    let client = applications.concat().into_iter().find(|object| !on_the_server(&object.root));
    for object in &ground.objects {
        let size = length(&object.root, MOST * 2);
        if size <= MOST {
            continue;
        }
        let message = format!("has about {} KB, and kubectl apply can write down 256 KB", size / 1024);
        let (severity, message) = match client {
            Some(client) => (Severity::Warning, format!("{message}; {} applies as it does", at(client))),
            None => (Severity::Note, message),
        };
        let fix = "apply it with --server-side (Argo CD: syncOptions ServerSideApply=true)";
        told.say("F07", severity, object, object.place(), message, fix);
    }
}

fn at(object: &Object) -> String {
    let place = object.place();
    format!("{} ({}:{})", object.id, place.file, place.spot.line)
}

/// Whether a sync option somewhere in it says so.
fn on_the_server(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => text.contains("ServerSideApply=true"),
        Value::List(items) => items.iter().any(on_the_server),
        Value::Map(fields) => fields.iter().any(|field| on_the_server(&field.node)),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) => false,
    }
}

/// How long it is as JSON, without what has to be escaped; counted no further than to `most`.
fn length(node: &Node, most: usize) -> usize {
    let many = |items: &mut dyn Iterator<Item = usize>| {
        let mut sum = 2;
        for item in items {
            sum += item + 1;
            if sum > most {
                break;
            }
        }
        sum
    };
    match &node.value {
        Value::Text(text) => text.len() + 2,
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) => 4,
        Value::List(items) => many(&mut items.iter().map(|item| length(item, most))),
        Value::Map(fields) => many(&mut fields.iter().map(|field| field.name.len() + 3 + length(&field.node, most))),
    }
}
