//! F84: selectors that select nothing: a Service without pods or without the port that it names, an object whose selector does
//! not meet the pods that it makes itself, a scaler without what it scales. Pods that a chart or an operator makes are in no
//! file, and labels that a program gives its own pods are not known.

use super::ground::{Ground, Workload};
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::checks::selector::{Selector, Want};
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::Severity;
use std::sync::Arc;

pub const RULE: Rule = Rule {
    ids: &["F84"],
    pages: &[cause(
        "F84",
        "A selector that selects nothing",
        "A Service selects by labels that no pod has, or names a port that no container has. Nothing is refused and nothing \
         is logged: whoever asks it is told that the connection is refused, or gets 503. In the old cluster somebody had \
         mended one side by hand. A Deployment whose selector misses its own template is refused.",
        "Make the labels of both sides agree in the files, and give ports the names that are asked for.",
    )],
    look,
};

/// Labels that Kubernetes itself puts on pods.
const PUT_ON: &[&str] = &[
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "job-name",
    "controller-uid",
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
];

fn look(ground: &Ground<'_>, told: &mut Told) {
    for workload in &ground.workloads {
        own(workload, told);
    }
    for service in ground.of_kind("", "Service") {
        if service.root.text_at(&["spec", "type"]) == Some("ExternalName") {
            continue;
        }
        let Some(selector) = service.root.walk(&["spec", "selector"]).filter(|one| !one.fields().is_empty()) else {
            continue;
        };
        let mut selector = Selector::of_map(&selector.json());
        selector.wants.retain(|want| !PUT_ON.contains(&&*want.key));
        let behind: Vec<&Workload<'_>> = ground
            .workloads_in(service.namespace().unwrap_or("default"))
            .filter(|workload| selector.holds(&workload.labels()))
            .collect();
        if behind.is_empty() {
            nobody(ground, service, &selector, told);
        } else {
            ports(ground, service, &behind, told);
        }
    }
    for scaler in ground.of_kind("autoscaling", "HorizontalPodAutoscaler") {
        target(ground, scaler, told);
    }
}

/// The server refuses an object that would not know its own pods.
fn own(workload: &Workload<'_>, told: &mut Told) {
    let object = workload.object;
    if !matches!(object.kind(), "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") || !workload.is_whole() {
        return;
    }
    let Some(selector) = object.root.walk(&["spec", "selector"]) else { return };
    let selector = Selector::of_labels(&selector.json());
    let labels = workload.labels();
    let lacks: Vec<String> = selector.lacks(&labels).into_iter().map(Want::to_string).collect();
    if !lacks.is_empty() {
        let template = object.place_at(workload.template.nearest(&["metadata", "labels"]));
        let message = format!(
            "selects {}, which its own pods do not have ({template}): the API server refuses it",
            lacks.join(", ")
        );
        let fix = "put the label into spec.template.metadata.labels, or take it out of the selector";
        told.say("F84", Severity::Error, object, object.place_of(&["spec", "selector"]), message, fix);
    }
}

fn nobody(ground: &Ground<'_>, service: &Arc<Object>, selector: &Selector, told: &mut Told) {
    let namespace = service.namespace().unwrap_or("default");
    if selector.wants.is_empty() || ground.is_operated(namespace) || fills(ground, namespace) {
        return;
    }
    let place = service.place_of(&["spec", "selector"]);
    let near = ground.workloads_in(namespace).filter(|workload| workload.is_whole()).find_map(|workload| {
        let labels = workload.labels();
        let lacks = selector.lacks(&labels);
        let named = workload.object.name() == service.name();
        (lacks.len() < selector.wants.len() || named)
            .then(|| (workload, lacks.into_iter().cloned().collect::<Vec<_>>()))
    });
    if let Some((workload, lacks)) = near {
        // A label that no template has may be given by the program itself, as those of leaders are.
        let other = |want: &Want| workload.labels().contains_key(&want.key);
        let certain = ground.is_closed(namespace) && lacks.iter().all(other);
        let severity = if certain { Severity::Error } else { Severity::Warning };
        let lacks: Vec<String> = lacks.iter().map(Want::to_string).collect();
        let message = format!(
            "selects no pods: those of {} lack {} ({})",
            workload.object.id,
            lacks.join(", "),
            workload.object.place_at(workload.template.nearest(&["metadata", "labels"]))
        );
        told.say("F84", severity, service, place, message, "make the labels of both agree");
        return;
    }
    let mut elsewhere = ground.workloads.iter().filter(|workload| workload.namespace() != namespace);
    if let Some(workload) = elsewhere.find(|workload| workload.serves() && selector.holds(&workload.labels())) {
        let message = format!(
            "selects no pods in its namespace {namespace}; those of {} are in {} ({})",
            workload.object.id,
            workload.namespace(),
            workload.object.place()
        );
        told.say("F84", Severity::Warning, service, place, message, "put the Service into the namespace of the pods");
    } else if ground.is_closed(namespace) && ground.workloads_in(namespace).next().is_some() {
        let message = format!("selects {selector}, which no pods of these files have");
        told.say("F84", Severity::Warning, service, place, message, "mend the selector, or take the Service out");
    }
}

/// Whether a chart or an Application may put pods into the namespace.
fn fills(ground: &Ground<'_>, namespace: &str) -> bool {
    ground.hidden.iter().any(|object| {
        let spec = |names: &[&str]| object.root.text_at(names);
        let into = match object.kind() {
            "Application" => spec(&["spec", "destination", "namespace"]),
            "ApplicationSet" => spec(&["spec", "template", "spec", "destination", "namespace"]),
            "HelmRelease" | "HelmChart" => spec(&["spec", "targetNamespace"]).or(object.namespace()),
            // What it points to is mostly in these very files.
            _ => return false,
        };
        into.is_none_or(|into| into == namespace || into.contains(['{', '$']))
    })
}

/// A port that is named has to be one of the containers.
fn ports(ground: &Ground<'_>, service: &Arc<Object>, behind: &[&Workload<'_>], told: &mut Told) {
    if !behind.iter().all(|workload| workload.is_whole()) {
        return;
    }
    for port in service.root.get("spec").into_iter().flat_map(|spec| each(spec, "ports")) {
        let Some(field) = port.field("targetPort") else { continue };
        let Some(name) = field.node.text().filter(|name| name.parse::<u16>().is_err()) else { continue };
        let protocol = port.text_at(&["protocol"]).unwrap_or("TCP");
        let has = |container: &Node| {
            each(container, "ports").any(|own| {
                own.text_at(&["name"]) == Some(name) && own.text_at(&["protocol"]).unwrap_or("TCP") == protocol
            })
        };
        if behind.iter().any(|workload| workload.containers().any(|(_, container)| has(container))) {
            continue;
        }
        let (object, names) = (behind[0].object, named_ports(behind[0]));
        let names =
            if names.is_empty() { "no port with a name".to_owned() } else { format!("only {}", names.join(", ")) };
        let message = format!(
            "leads to port {name}, and the containers of {} have {names} ({})",
            object.id,
            behind[0].place(&["containers"])
        );
        let fix = format!("name the container's port {name}, or write its number in targetPort");
        let severity = if ground.is_closed(service.namespace().unwrap_or("default")) {
            Severity::Error
        } else {
            Severity::Warning
        };
        told.say("F84", severity, service, service.place_at(field.at), message, fix);
    }
}

fn named_ports<'o>(workload: &Workload<'o>) -> Vec<&'o str> {
    let ports = workload.containers().flat_map(|(_, container)| each(container, "ports"));
    ports.filter_map(|port| port.text_at(&["name"])).collect()
}

fn target(ground: &Ground<'_>, scaler: &Arc<Object>, told: &mut Told) {
    let Some(of) = scaler.root.walk(&["spec", "scaleTargetRef"]) else { return };
    let (Some(kind), Some(name)) = (of.text_at(&["kind"]), of.text_at(&["name"])) else { return };
    let namespace = scaler.namespace().unwrap_or("default");
    if !matches!(kind, "Deployment" | "StatefulSet" | "ReplicaSet")
        || ground.is_operated(namespace)
        || fills(ground, namespace)
    {
        return;
    }
    let there = ground.workloads_in(namespace).any(|one| one.object.kind() == kind && one.object.name() == name);
    if !there {
        let message = format!("scales {kind} {namespace}/{name}, which is in no file");
        let place = scaler.place_of(&["spec", "scaleTargetRef", "name"]);
        told.say("F84", Severity::Warning, scaler, place, message, "add it to the files, or mend the name");
    }
}
