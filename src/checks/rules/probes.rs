//! F80: probes that contradict each other, and backends that are asked before they can answer. How long a program takes to
//! start is not known.

use super::ground::{Ground, Workload};
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::checks::selector::Selector;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::Severity;
use std::collections::HashSet;

pub const RULE: Rule = Rule {
    ids: &["F80"],
    pages: &[cause(
        "F80",
        "A probe that does not fit how the program starts",
        "The liveness probe gives up before the readiness probe has asked for the first time: on a slow first start, with \
         cold disks and images to fetch, the program is killed again and again. Or there is no readiness probe behind a \
         webhook or an API, and requests go to a program that does not listen yet.",
        "Give slow starts a startupProbe; give whatever answers the API server a readinessProbe.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    for workload in ground.workloads.iter().filter(|workload| workload.serves()) {
        each(workload.spec, "containers").for_each(|container| impatient(workload, container, told));
    }
    let mut seen = HashSet::new();
    for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
        for object in ground.of_kind("admissionregistration.k8s.io", kind) {
            for hook in each(&object.root, "webhooks").filter(|hook| hook.text_at(&["failurePolicy"]) != Some("Ignore"))
            {
                backend(ground, object, hook.walk(&["clientConfig", "service"]), &mut seen, told);
            }
        }
    }
    for object in ground.of_kind("apiregistration.k8s.io", "APIService") {
        backend(ground, object, object.root.walk(&["spec", "service"]), &mut seen, told);
    }
}

/// Both probes ask the same, and the one that kills is done before the other has begun.
fn impatient(workload: &Workload<'_>, container: &Node, told: &mut Told) {
    let (Some(live), Some(ready)) = (container.field("livenessProbe"), container.get("readinessProbe")) else { return };
    if container.get("startupProbe").is_some() || !ask_the_same(&live.node, ready) {
        return;
    }
    let number = |probe: &Node, name: &str, or: i64| probe.get(name).and_then(Node::whole).unwrap_or(or);
    let first = number(ready, "initialDelaySeconds", 0);
    let live_number = |name: &str, or: i64| number(&live.node, name, or);
    let end = live_number("initialDelaySeconds", 0)
        + live_number("periodSeconds", 10) * live_number("failureThreshold", 3)
        + live_number("timeoutSeconds", 1);
    if end < first {
        let name = container.text_at(&["name"]).unwrap_or_default();
        let message = format!(
            "container {name} is first asked whether it is ready after {first} s, and is killed for the same answer after {end} s"
        );
        let fix = "let a startupProbe wait for the start, and liveness begin after it";
        told.say("F80", Severity::Note, workload.object, workload.object.place_at(live.at), message, fix);
    }
}

fn ask_the_same(a: &Node, b: &Node) -> bool {
    ["httpGet", "tcpSocket", "exec", "grpc"].iter().any(|how| match (a.get(how), b.get(how)) {
        (Some(a), Some(b)) => a.json() == b.json(),
        (None, _) | (_, None) => false,
    })
}

/// What the API server asks, and gets no answer from while it starts.
fn backend<'o>(
    ground: &Ground<'o>,
    asks: &Object,
    service: Option<&'o Node>,
    seen: &mut HashSet<(&'o str, &'o str)>,
    told: &mut Told,
) {
    let Some((namespace, name)) = service.and_then(|one| Some((one.text_at(&["namespace"])?, one.text_at(&["name"])?)))
    else {
        return;
    };
    if !seen.insert((namespace, name)) {
        return;
    }
    let selector =
        ground.find("", "Service", Some(namespace), name).and_then(|one| one.root.walk(&["spec", "selector"]));
    let Some(selector) = selector.filter(|selector| !selector.fields().is_empty()) else { return };
    let selector = Selector::of_map(&selector.json());
    let behind =
        ground.workloads_in(namespace).filter(|one| one.serves() && one.is_whole() && selector.holds(&one.labels()));
    for workload in behind {
        if each(workload.spec, "containers").any(|container| container.get("readinessProbe").is_some()) {
            continue;
        }
        let message = format!("has no readinessProbe, and {} asks it ({}) as soon as it runs", asks.id, asks.place());
        let fix = "add a readinessProbe on the port that it serves";
        told.say("F80", Severity::Warning, workload.object, workload.place(&["containers"]), message, fix);
    }
}
