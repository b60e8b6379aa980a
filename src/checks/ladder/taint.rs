//! F65: nodes that keep a pod away. What a node says of itself (pressure, not ready) is told as that.

use super::cause::Cause;
use super::edit::Edit;
use super::node;
use super::scene::Scene;
use super::schedule::Reason;
use super::way::Way;
use crate::checks::live::Item;
use crate::model::Stamp;
use serde_json::{Value, json};

const USUAL: &[&str] = &["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

#[derive(Clone, Debug)]
struct Taint {
    key: String,
    value: String,
    effect: String,
}

fn taints(node: &Item) -> impl Iterator<Item = Taint> {
    let list = node.value["spec"]["taints"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list.map(move |taint| Taint {
        key: text(&taint["key"]),
        value: text(&taint["value"]),
        effect: text(&taint["effect"]),
    })
}

fn tolerated(pod: &Item, taint: &Taint) -> bool {
    let list = pod.value["spec"]["tolerations"].as_array().into_iter().flatten();
    list.into_iter().any(|one| {
        let text = |name: &str| one[name].as_str().unwrap_or_default();
        let effect = text("effect").is_empty() || text("effect") == taint.effect;
        let key = (text("key").is_empty() && text("operator") == "Exists") || text("key") == taint.key;
        effect && key && (text("operator") == "Exists" || text("value") == taint.value)
    })
}

/// The taint of this node that this pod does not tolerate.
fn keeps_out(node: &Item, pod: &Item) -> Option<Taint> {
    taints(node).find(|taint| taint.effect != "PreferNoSchedule" && !tolerated(pod, taint))
}

/// No taint of the node keeps the pod away.
pub fn lets_in(node: &Item, pod: &Item) -> bool {
    keeps_out(node, pod).is_none()
}

/// The taint that a control plane has: no reason where there is another.
pub fn is_usual(scene: &Scene<'_>, reason: &Reason<'_>) -> bool {
    if !reason.text.contains("taint") {
        return false;
    }
    let named = USUAL.iter().any(|key| reason.text.contains(key));
    let holders = || {
        let nodes = scene.live.of_kind("", "Node");
        nodes
            .filter(|node| {
                taints(node).any(|taint| taint.effect != "PreferNoSchedule" && !USUAL.contains(&taint.key.as_str()))
            })
            .count()
    };
    named || (!reason.text.contains('{') && scene.live.of_kind("", "Node").next().is_some() && holders() == 0)
}

/// `node(s) had untolerated taint {key: value}`, as older schedulers say it.
fn of_text(text: &str) -> Option<Taint> {
    let (_, rest) = text.split_once('{')?;
    let inner = rest.split('}').next()?;
    let (key, value) = inner.split_once(':').unwrap_or((inner, ""));
    Some(Taint { key: key.trim().to_owned(), value: value.trim().to_owned(), effect: "NoSchedule".to_owned() })
}

pub fn cause<'a>(scene: &Scene<'a>, pod: &'a Item, text: &str, since: Option<Stamp>) -> Option<Cause> {
    let mut found: Vec<(&Item, Taint)> =
        scene.live.of_kind("", "Node").filter_map(|node| keeps_out(node, pod).map(|taint| (node, taint))).collect();
    found.sort_by_key(|(_, taint)| USUAL.contains(&taint.key.as_str()));
    let (node, taint) = match found.into_iter().next() {
        Some((node, taint)) => (Some(node), taint),
        None => (None, of_text(text)?),
    };
    if let (Some(node), true) = (node, taint.key.starts_with("node.kubernetes.io/")) {
        let of_node = match taint.key.as_str() {
            "node.kubernetes.io/disk-pressure" => {
                Some(node::pressure(scene, node).unwrap_or_else(|| node::disk(node).may_heal(60, since)))
            }
            "node.kubernetes.io/unschedulable" => cordoned(scene),
            "node.kubernetes.io/memory-pressure" | "node.kubernetes.io/pid-pressure" => node::pressure(scene, node),
            _ => node::not_ready(scene, node),
        };
        if of_node.is_some() {
            return of_node;
        }
    }
    Some(untolerated(scene, pod, node, &taint, since))
}

fn untolerated<'a>(
    scene: &Scene<'a>,
    pod: &'a Item,
    node: Option<&Item>,
    taint: &Taint,
    since: Option<Stamp>,
) -> Cause {
    let origin = scene.origin(pod);
    let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
    let shown = format!("{}{value}:{}", taint.key, taint.effect);
    let on = node.map_or_else(|| "every node that is left".to_owned(), |node| node.id.to_string());
    let message = format!("taint {shown} of {on} keeps out what does not tolerate it");
    let away = node.map_or_else(String::new, |node| {
        format!(", or take it from the node: kubectl taint node {} {}:{}-", node.name(), taint.key, taint.effect)
    });
    let fix = format!("let the pods of {} tolerate it{away}", origin.item.id);
    let mut toleration = json!({"key": taint.key, "operator": "Exists", "effect": taint.effect});
    if !taint.value.is_empty() {
        toleration["operator"] = json!("Equal");
        toleration["value"] = json!(taint.value);
    }
    let way = Way::to(&["spec", "tolerations"]);
    let cause = match node {
        Some(node) => {
            Cause::new("F65", &node.id, message, fix).field_of(scene, &node.id, &Way::to(&["spec", "taints"]))
        }
        None => Cause::new("F65", &origin.item.id, message, fix).field_in_pod(scene, pod, &way),
    };
    // What Kubernetes' own controllers put on comes off again; what a person put on stays.
    let own =
        taint.key.starts_with("node.kubernetes.io/") || taint.key.starts_with("node.cloudprovider.kubernetes.io/");
    let cause = if own { cause.may_heal(60, since) } else { cause };
    let Some(template) = origin.template.filter(|_| !own) else { return cause };
    // The list is replaced as a whole: what stood in it stays in it.
    let whole = way.under(template);
    let mut all = whole.find(&origin.item.value).as_array().cloned().unwrap_or_default();
    all.push(toleration);
    cause.mended_by(scene, Edit::of(&origin.item.id).set(whole, Value::Array(all)))
}

/// A person closed the nodes, or a drain did.
pub fn cordoned(scene: &Scene<'_>) -> Option<Cause> {
    let node = scene.live.of_kind("", "Node").find(|node| node.value["spec"]["unschedulable"] == true)?;
    let message = format!("{} is closed for new pods (cordoned)", node.id);
    let cause = Cause::new("F65", &node.id, message, format!("kubectl uncordon {}", node.name()));
    Some(cause.field_of(scene, &node.id, &Way::to(&["spec", "unschedulable"])))
}
