//! The papers of a plan as a drill takes them: what would reach out of it becomes something that does not, and each change is
//! kept to be told.

use super::change;
use super::table::{Becomes, Mark, Row, TABLE};
use crate::manifests::papers::Swap;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object, Papers, Value};
use std::sync::Arc;

/// A label that no node has.
const NOWHERE: &str = "blackstart.drill/none";
/// This very cluster, as Argo CD calls it.
const HERE: &[&str] = &["https://kubernetes.default.svc", "in-cluster"];

/// Changes what has to be changed; what was changed stands in the papers themselves.
pub fn substitute(papers: &mut [Papers]) {
    for papers in papers {
        let mut swapped = Vec::new();
        papers.objects.retain_mut(|object| {
            let before = swapped.len();
            let kept = TABLE.iter().filter(|row| row.mark.is_of(object)).collect::<Vec<_>>();
            let Some(changed) = changed(object, &kept, &mut swapped) else { return false };
            if swapped.len() > before {
                *object = Arc::new(changed);
            }
            true
        });
        papers.swapped = swapped;
    }
}

/// The object as these rows leave it; none where it is left out.
fn changed(object: &Object, rows: &[&Row], swapped: &mut Vec<Swap>) -> Option<Object> {
    let mut changed = object.clone();
    for row in rows {
        let Some(now) = row.becomes.put(&mut changed) else {
            swapped.push(told(object, "is left out", row.would));
            return None;
        };
        if !now.is_empty() {
            swapped.push(told(object, &now, row.would));
        }
    }
    Some(changed)
}

fn told(object: &Object, now: &str, would: &str) -> Swap {
    Swap { id: object.id.clone(), place: object.place(), told: format!("{now}; it would {would}") }
}

impl Mark {
    fn is_of(&self, object: &Object) -> bool {
        let group = object.id.group();
        match self {
            Mark::Group(of) => group == *of || group.strip_suffix(of).is_some_and(|rest| rest.ends_with('.')),
            Mark::Kind(of, kind) => group == *of && object.kind() == *kind,
            Mark::With(of, kind, way) => {
                let there = |node: &Node| node.value != Value::Nothing;
                group == *of && object.kind() == *kind && object.root.walk(way).is_some_and(there)
            }
            Mark::Image(names) => containers(object).any(|container| {
                let image = container.text_at(&["image"]).unwrap_or_default();
                names.iter().any(|name| is_image(image, name))
            }),
            Mark::Argument(word) => containers(object).any(|container| {
                let words = each(container, "command").chain(each(container, "args"));
                words.filter_map(Node::text).any(|text| text.contains(word))
            }),
            Mark::Elsewhere => {
                let to = |key: &str| object.root.text_at(&["spec", "destination", key]).filter(|to| !to.is_empty());
                let is_foreign = |to: &str| !HERE.contains(&to.trim_end_matches('/'));
                let is_argo = group == "argoproj.io" && object.kind() == "Application";
                is_argo && [to("server"), to("name")].into_iter().flatten().any(is_foreign)
            }
        }
    }
}

fn containers(object: &Object) -> impl Iterator<Item = &Node> {
    let pod = object.pod_template().and_then(|(template, _)| template.get("spec"));
    pod.into_iter().flat_map(|pod| each(pod, "containers").chain(each(pod, "initContainers")))
}

/// Whether the name of an image ends in these parts.
fn is_image(image: &str, name: &str) -> bool {
    let path = image.split('@').next().unwrap_or(image);
    let path = match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => path,
        _ => path,
    };
    path == name || path.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
}

impl Becomes {
    /// Does it, and says what the object is now: nothing where it is so already, and none where it is no more.
    fn put(&self, object: &mut Object) -> Option<String> {
        let root = &mut object.root;
        Some(match self {
            Becomes::LeftOut => return None,
            Becomes::Stopped => return stop(object),
            Becomes::Switched(way, to) => {
                let value = if *to == "true" { Value::Flag(true) } else { Value::Text((*to).into()) };
                if root.walk(way).is_some_and(|node| node.value == value) {
                    return Some(String::new());
                }
                change::set(root, way, value);
                format!("has {}: {to}", way.join("."))
            }
            Becomes::Without(way) => match change::remove(root, way) {
                true => format!("has no {}", way.join(".")),
                false => String::new(),
            },
            Becomes::SelfSigned => {
                change::remove(root, &["spec", "acme"]);
                change::set(root, &["spec", "selfSigned"], Value::Map(Vec::new()));
                "signs by itself, without ACME".to_owned()
            }
            Becomes::Quiet(prefix) => match change::without_arguments(object, &|word| word.starts_with(prefix)) {
                0 => String::new(),
                n => format!("has {} of its arguments taken out, {prefix}…", n),
            },
        })
    }
}

/// A workload without pods. A Job that rests is never done, and who waits for it waits for ever: it is left out.
fn stop(object: &mut Object) -> Option<String> {
    let root = &mut object.root;
    match &*object.id.kind {
        "Pod" | "Job" => None,
        "CronJob" => {
            change::set(root, &["spec", "suspend"], Value::Flag(true));
            Some("has spec.suspend: true".to_owned())
        }
        "DaemonSet" => {
            let way = ["spec", "template", "spec", "nodeSelector", NOWHERE];
            change::set(root, &way, Value::Text("true".into()));
            Some("runs on no node".to_owned())
        }
        _ => {
            change::set(root, &["spec", "replicas"], Value::Whole(0));
            Some("has 0 replicas".to_owned())
        }
    }
}
