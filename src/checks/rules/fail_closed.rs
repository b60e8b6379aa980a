//! F09: webhooks that must answer, and are asked about the very pods that would answer. A webhook whose Service nobody gives is
//! told where all names are looked at.

use super::ground::{Ground, Workload};
use super::{Rule, Told};
use crate::checks::selector::{Labels, Selector, labels};
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::Severity;

pub const RULE: Rule = Rule { ids: &["F09"], pages: &[], look };

const GROUP: &str = "admissionregistration.k8s.io";

fn look(ground: &Ground<'_>, told: &mut Told) {
    for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
        for object in ground.of_kind(GROUP, kind) {
            each(&object.root, "webhooks").for_each(|webhook| one(ground, object, webhook, told));
        }
    }
}

fn one(ground: &Ground<'_>, object: &Object, webhook: &Node, told: &mut Told) {
    // In the version before, what does not answer is passed over unless somebody says Fail.
    let fails = match webhook.text_at(&["failurePolicy"]) {
        Some(policy) => policy == "Fail",
        None => object.id.version() == "v1",
    };
    let Some(service) = webhook.walk(&["clientConfig", "service"]) else { return };
    // Conditions are programs, and may let through whatever they like.
    let conditions = webhook.get("matchConditions").is_some_and(|list| !list.items().is_empty());
    if !fails || conditions || !asked_about_pods(webhook) {
        return;
    }
    let (Some(name), Some(home)) = (service.text_at(&["name"]), service.text_at(&["namespace"])) else { return };
    let backend = backend(ground, home, name);
    let Some(backend) = backend else { return };
    if !covers(ground, webhook, home) {
        return;
    }
    let chosen = webhook.get("objectSelector").map(|selector| Selector::of_labels(&selector.json()));
    if chosen.is_some_and(|selector| !selector.holds(&backend.labels())) {
        return;
    }
    let others = ["kube-system", "argocd"].into_iter().filter(|space| *space != home && covers(ground, webhook, space));
    let others: Vec<&str> = others.collect();
    let more = match others.as_slice() {
        [] => String::new(),
        some => format!(", and about those of {}", some.join(" and ")),
    };
    let called = webhook.text_at(&["name"]).unwrap_or_default();
    let place = backend.object.place();
    let message = format!(
        "{called} must answer before a pod is made, and is asked about the pods of {} ({}:{}), which answer for it{more}: \
         once all of them are gone none can start",
        backend.object.id, place.file, place.spot.line
    );
    let fix = format!(
        "except its namespace: namespaceSelector with key kubernetes.io/metadata.name, operator NotIn, values [{home}, \
         kube-system]"
    );
    let at = webhook.field("failurePolicy").map_or(webhook.at, |field| field.at);
    told.say("F09", Severity::Warning, object, object.place_at(at), message, fix);
}

fn asked_about_pods(webhook: &Node) -> bool {
    let any = |rule: &Node, list: &str, words: &[&str]| {
        each(rule, list).filter_map(Node::text).any(|word| words.contains(&word))
    };
    each(webhook, "rules").any(|rule| {
        let cluster_only = rule.text_at(&["scope"]) == Some("Cluster");
        any(rule, "apiGroups", &["", "*"])
            && any(rule, "resources", &["pods", "*", "*/*"])
            && any(rule, "operations", &["CREATE", "*"])
            && !cluster_only
    })
}

/// The workload whose pods stand behind a Service.
fn backend<'g, 'o>(ground: &'g Ground<'o>, home: &'g str, service: &str) -> Option<&'g Workload<'o>> {
    let service = ground.find("", "Service", Some(home), service)?;
    let selector = Selector::of_map(&service.root.walk(&["spec", "selector"])?.json());
    let mut all = ground.workloads_in(home);
    all.find(|workload| workload.serves() && !selector.wants.is_empty() && selector.holds(&workload.labels()))
}

/// Whether the webhook is asked about what lies in a namespace.
fn covers(ground: &Ground<'_>, webhook: &Node, space: &str) -> bool {
    let Some(selector) = webhook.get("namespaceSelector") else { return true };
    let own = ground.find("", "Namespace", None, space);
    let mut own: Labels = own.map(|object| labels(&object.root.json())).unwrap_or_default();
    own.insert("kubernetes.io/metadata.name".into(), space.into());
    Selector::of_labels(&selector.json()).holds(&own)
}
