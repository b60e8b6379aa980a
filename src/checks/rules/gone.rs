//! F18: charts and images at addresses that have been given up. It knows those that many people used, and asks nobody.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::checks::ladder::Mend;
use crate::checks::ladder::edit::Set;
use crate::checks::ladder::way::Way;
use crate::manifests::Object;
use crate::manifests::pods::each;
use crate::model::{Severity, Spot};
use Severity::{Error, Warning};
use std::sync::Arc;

pub const RULE: Rule = Rule {
    ids: &["F18"],
    pages: &[cause(
        "F18",
        "A chart or an image that has moved away",
        "What runs has been fetched long ago, and nobody asks again. The repository of the chart was given up meanwhile, or \
         the registry of the image was. The rebuild stops at its first step: 404 Not Found, is not a valid chart repository, \
         manifest unknown.",
        "Use the new address; keep what you cannot do without in a registry of your own that outlives the cluster.",
    )],
    look,
};

/// An address, how sure it is that nothing is there, since when and why, and where it went.
struct Gone {
    at: &'static str,
    severity: Severity,
    why: &'static str,
    now: &'static str,
}

const fn gone(at: &'static str, severity: Severity, why: &'static str, now: &'static str) -> Gone {
    Gone { at, severity, why, now }
}

const CHARTS: &[Gone] = &[
    gone(
        "https://bitnami-labs.github.io/sealed-secrets",
        Error,
        "gone since June 2026",
        "https://bitnami.github.io/sealed-secrets",
    ),
    gone(
        "https://kubernetes-charts.storage.googleapis.com",
        Error,
        "refuses all since December 2020",
        "https://charts.helm.sh/stable",
    ),
    gone(
        "https://kubernetes-charts-incubator.storage.googleapis.com",
        Error,
        "refuses all since December 2020",
        "https://charts.helm.sh/incubator",
    ),
    gone(
        "https://kubernetes.github.io/dashboard",
        Error,
        "gone since January 2026",
        "https://kubernetes-retired.github.io/dashboard",
    ),
    gone("https://charts.helm.sh/stable", Warning, "an archive since November 2020: nothing in it is mended", ""),
    gone("https://charts.helm.sh/incubator", Warning, "an archive since November 2020: nothing in it is mended", ""),
    gone(
        "https://charts.bitnami.com/bitnami",
        Warning,
        "most images that its charts name were taken down in September 2025",
        "",
    ),
    gone(
        "oci://registry-1.docker.io/bitnamicharts",
        Warning,
        "most images that its charts name were taken down in September 2025",
        "",
    ),
];

const IMAGES: &[Gone] = &[
    gone(
        "gcr.io/kubebuilder/kube-rbac-proxy",
        Error,
        "taken down in 2025",
        "registry.k8s.io/kubebuilder/kube-rbac-proxy",
    ),
    gone("k8s.gcr.io/", Warning, "gets no images since April 2023, and is only redirected", "registry.k8s.io/"),
];

fn look(ground: &Ground<'_>, told: &mut Told) {
    for object in &ground.objects {
        let Some(spec) = object.root.get("spec") else { continue };
        match (object.id.group(), object.kind()) {
            ("argoproj.io", "Application" | "ApplicationSet") => {
                let (spec, way) = match spec.walk(&["template", "spec"]) {
                    Some(inner) => (inner, &["spec", "template", "spec"][..]),
                    None => (spec, &["spec"][..]),
                };
                if let Some(field) = spec.get("source").and_then(|source| source.field("repoURL")) {
                    chart(object, field.node.text(), field.at, Way::to(way).keys(&["source", "repoURL"]), told);
                }
                for (at, source) in each(spec, "sources").enumerate() {
                    let Some(field) = source.field("repoURL") else { continue };
                    chart(object, field.node.text(), field.at, Way::to(way).key("sources").at(at).key("repoURL"), told);
                }
            }
            ("source.toolkit.fluxcd.io", "HelmRepository" | "OCIRepository") => {
                if let Some(field) = spec.field("url") {
                    chart(object, field.node.text(), field.at, Way::to(&["spec", "url"]), told);
                }
            }
            ("helm.cattle.io", "HelmChart") => {
                if let Some(field) = spec.field("repo") {
                    chart(object, field.node.text(), field.at, Way::to(&["spec", "repo"]), told);
                }
            }
            _ => {}
        }
    }
    for workload in &ground.workloads {
        for (list, container) in workload.containers() {
            let (Some(field), Some(name)) = (container.field("image"), container.text_at(&["name"])) else { continue };
            let image = field.node.text().unwrap_or_default();
            let Some(known) = IMAGES.iter().find(|known| image.starts_with(known.at)) else { continue };
            let way = Way::to(workload.way).keys(&["spec", list]).named(name).key("image");
            say(workload.object, known, format!("image {image}"), image, field.at, way, told);
        }
    }
}

fn chart(object: &Arc<Object>, url: Option<&str>, at: Spot, way: Way, told: &mut Told) {
    // With a credential in it the address is none of these.
    let Some(url) = url else { return };
    let is_at = |known: &&Gone| url.strip_prefix(known.at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if let Some(known) = CHARTS.iter().find(is_at) {
        say(object, known, known.at.to_owned(), url, at, way, told);
    }
}

fn say(object: &Arc<Object>, known: &Gone, what: String, text: &str, at: Spot, way: Way, told: &mut Told) {
    let message = format!("{what}: {}", known.why);
    let fix = match known.now {
        "" => "see where this chart or image lives now, or keep a copy outside of this cluster".to_owned(),
        now => format!("write {now}"),
    };
    let mend = told.say("F18", known.severity, object, object.place_at(at), message, fix);
    if !known.now.is_empty() {
        let value = text.replacen(known.at, known.now, 1);
        *mend = Some(Mend::new(object, vec![Set { way, value: value.into() }], "moved"));
    }
}
