//! F01, F08, F09, F35, F82, F83: objects in files that refer to what no file gives. What a cluster brings itself is known, and
//! what a chart or an operator may make is not held against the files.

use crate::manifests::facts::{Givers, Keys, Standing, Want, standing, wants};
use crate::manifests::kinds::{Builtin, RELEASE, Scopes, builtin, gone_since};
use crate::manifests::{Object, Papers};
use crate::model::{Fact, Finding, Severity};
use std::collections::{HashMap, HashSet};

/// A Secret, a ConfigMap, one of their keys, or a ServiceAccount.
pub const MISSING: &str = "F01";
/// A kind that nobody defines, or a version of one that is not served.
pub const KIND: &str = "F08";
/// A webhook whose Service nobody gives.
pub const WEBHOOK: &str = "F09";
/// An object that lies in a namespace and names none.
pub const HOMELESS: &str = "F35";
/// A Namespace that nobody makes.
pub const NAMESPACE: &str = "F82";
/// Any other name that leads to nothing: a claim, a volume, a class, a Service, a Role.
pub const NOTHING: &str = "F83";

/// Looks at all papers together, each with the name of its step. `elsewhere` knows what no manifest gives and is there all
/// the same: a step of the plan provides it, or it outlives the disaster.
pub fn check(papers: &[(&str, &Papers)], elsewhere: &dyn Fn(&Fact) -> bool) -> Vec<Finding> {
    on(papers, elsewhere, None)
}

/// The same for a server whose version is known to be 1.N.
pub fn on(papers: &[(&str, &Papers)], elsewhere: &dyn Fn(&Fact) -> bool, server: Option<u64>) -> Vec<Finding> {
    let objects = || papers.iter().flat_map(|(_, papers)| papers.objects.iter()).map(|object| -> &Object { object });
    let mut eye = Eye {
        givers: Givers::of(papers.iter().map(|(_, papers)| *papers)),
        elsewhere,
        keys: Keys::of(objects()),
        scopes: Scopes::of(objects()),
        opaque: behind(papers),
        classes: objects().filter_map(class_of_volume).collect(),
        findings: Vec::new(),
        server,
        once: HashMap::new(),
    };
    objects().for_each(|object| eye.object(object));
    let mut counted: Vec<(usize, usize)> = eye.once.into_values().filter(|(_, count)| *count > 1).collect();
    counted.sort_unstable();
    for (at, count) in counted {
        let message = &mut eye.findings[at].message;
        message.push_str(&format!("; {count} objects want it"));
    }
    eye.findings
}

/// What may bring what no file shows, in words; None where there is no such thing.
fn behind(papers: &[(&str, &Papers)]) -> Option<String> {
    let hidden = |papers: &&Papers| {
        let objects = papers.objects.iter().filter(|object| opaque(object) && !papers.opened.contains(&object.id));
        objects.map(|object| object.id.to_string()).collect::<Vec<_>>()
    };
    let hidden: Vec<String> = papers.iter().flat_map(|(_, papers)| hidden(papers)).collect();
    match hidden.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        [first, others @ ..] => Some(format!("{first} or {} more like it", others.len())),
    }
}

/// Kinds behind which there are objects that no file shows.
pub fn opaque(object: &Object) -> bool {
    matches!(
        (object.id.group(), object.kind()),
        ("helm.cattle.io", "HelmChart")
            | ("helm.toolkit.fluxcd.io", "HelmRelease")
            | ("kustomize.toolkit.fluxcd.io", "Kustomization")
            | ("argoproj.io", "Application" | "ApplicationSet")
    )
}

/// A volume may carry the name of a class that no object defines, and a claim of that class still finds it.
fn class_of_volume(object: &Object) -> Option<&str> {
    let volume = object.kind() == "PersistentVolume" && object.id.group().is_empty();
    volume.then(|| object.root.text_at(&["spec", "storageClassName"])).flatten()
}

struct Eye<'o> {
    givers: Givers,
    elsewhere: &'o dyn Fn(&Fact) -> bool,
    keys: Keys,
    scopes: Scopes<'o>,
    /// The objects behind which others may be hidden, in words.
    opaque: Option<String>,
    classes: HashSet<&'o str>,
    findings: Vec<Finding>,
    /// The version of the server, where somebody has named it.
    server: Option<u64>,
    /// What is told once for all that want it: the place of its finding, and how many want it.
    once: HashMap<Fact, (usize, usize)>,
}

impl Eye<'_> {
    fn object(&mut self, object: &Object) {
        self.home(object);
        self.version(object);
        let mut told: HashSet<(Fact, Option<Box<str>>)> = HashSet::new();
        for want in wants(object, &self.scopes) {
            let Some(severity) = want.unmet else { continue };
            if (self.elsewhere)(&want.fact) {
                continue;
            }
            let given = !self.givers.get(&want.fact).is_empty();
            if given {
                self.key(object, want, severity, &mut told);
                continue;
            }
            match standing(&want.fact) {
                Standing::Everywhere | Standing::ByHabit => {}
                Standing::WithK3s => self.missing(object, want, Severity::Note),
                Standing::No if told.insert((want.fact.clone(), None)) => self.missing(object, want, severity),
                Standing::No => {}
            }
        }
    }

    fn say(
        &mut self,
        id: &'static str,
        severity: Severity,
        object: &Object,
        want: &Want,
        message: String,
        fix: String,
    ) {
        let (severity, message) = match &self.opaque {
            Some(maker) if severity == Severity::Error => {
                (Severity::Warning, format!("{message}, unless something brings it that is not seen here: {maker}"))
            }
            Some(_) | None => (severity, message),
        };
        let (place, object) = (want.at.clone(), object.id.to_string());
        self.findings.push(Finding { id, severity, place, object, message, fix, patch: None });
    }

    fn missing(&mut self, object: &Object, want: Want, severity: Severity) {
        let (kind, name) = want.fact.as_str().split_once('/').unwrap_or_default();
        let (called, id) = match kind {
            "namespace" => ("Namespace", NAMESPACE),
            "crd" => ("kind", KIND),
            "secret" => ("Secret", MISSING),
            "configmap" => ("ConfigMap", MISSING),
            "serviceaccount" => ("ServiceAccount", MISSING),
            "storageclass" if self.classes.contains(name) => return,
            "storageclass" => ("StorageClass", NOTHING),
            "pv" => ("PersistentVolume", NOTHING),
            "pvc" => ("PersistentVolumeClaim", NOTHING),
            "priorityclass" => ("PriorityClass", NOTHING),
            "runtimeclass" => ("RuntimeClass", NOTHING),
            "ingressclass" => ("IngressClass", NOTHING),
            "role" => ("Role", NOTHING),
            "clusterrole" => ("ClusterRole", NOTHING),
            "service" if object.id.group() == "admissionregistration.k8s.io" => ("Service", WEBHOOK),
            _ => ("Service", NOTHING),
        };
        // A whole folder may lie in one namespace or be of one kind: that is one finding, and a number.
        if matches!(kind, "namespace" | "crd") || severity == Severity::Note {
            if let Some((_, count)) = self.once.get_mut(&want.fact) {
                *count += 1;
                return;
            }
            self.once.insert(want.fact.clone(), (self.findings.len(), 1));
        }
        let (message, fix) = match kind {
            _ if severity == Severity::Note => (
                format!("{called} {name} comes with k3s, and is in no file"),
                "nothing, where k3s is what runs".to_owned(),
            ),
            "namespace" => (
                format!("Namespace {name} is in no file"),
                format!("add a file with `apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}`"),
            ),
            "crd" => (
                format!("no file defines the kind {name}"),
                "add the CustomResourceDefinition of its product to the files".to_owned(),
            ),
            "secret" => (
                format!("Secret {name} is in no file and no generator makes it"),
                "add it to the files, encrypted; write `optional: true` where pods start without it".to_owned(),
            ),
            "serviceaccount" => {
                (format!("ServiceAccount {name} is in no file"), "add it to the files, or take the name out".to_owned())
            }
            _ => (format!("{called} {name} is in no file"), "add it to the files, or mend the name".to_owned()),
        };
        self.say(id, severity, object, &want, message, fix);
    }

    /// A key that is named, of what is given.
    fn key(&mut self, object: &Object, want: Want, severity: Severity, told: &mut HashSet<(Fact, Option<Box<str>>)>) {
        let Some(key) = &want.key else { return };
        let Some(keys) = self.keys.get(&want.fact) else { return };
        if keys.contains(key) || !told.insert((want.fact.clone(), Some(key.clone()))) {
            return;
        }
        let (kind, name) = want.fact.as_str().split_once('/').unwrap_or_default();
        let called = if kind == "secret" { "Secret" } else { "ConfigMap" };
        let message = format!("key {key} of {called} {name} is in no file");
        let near: Vec<&str> = keys.iter().map(|key| &**key).take(5).collect();
        let has = if near.is_empty() { "it has none".to_owned() } else { format!("it has {}", near.join(", ")) };
        self.say(MISSING, severity, object, &want, message, format!("add the key, or mend its name: {has}"));
    }

    /// An object that names no namespace goes into `default`, beside the one that is meant.
    fn home(&mut self, object: &Object) {
        if object.namespace().is_none() && self.scopes.namespaced(&object.id) == Some(true) {
            let place = object.place_of(&["metadata", "name"]);
            let message = "has no namespace, and so goes into default".to_owned();
            let fix = "write metadata.namespace".to_owned();
            let (id, severity, object) = (HOMELESS, Severity::Warning, object.id.to_string());
            self.findings.push(Finding { id, severity, place, object, message, fix, patch: None });
        }
    }

    /// Whether Kubernetes or the CRD serves this version of the kind.
    fn version(&mut self, object: &Object) {
        let id = &object.id;
        let gone = gone_since(id.group(), id.version(), &id.kind);
        if self.server.zip(gone).is_some_and(|(server, gone)| server < gone) {
            return;
        }
        let server = self.server.unwrap_or(RELEASE);
        let (message, fix) = match builtin(id.group(), &id.kind) {
            Builtin::Known { versions, .. } if !versions.split(' ').any(|known| known == id.version()) => (
                format!("Kubernetes 1.{server} has no {} in {}", id.kind, id.api_version),
                format!("write it for {}", with_group(id.group(), versions.split(' ').next().unwrap_or_default())),
            ),
            Builtin::Gone => (
                format!("Kubernetes 1.{server} has no kind {} in {}", id.kind, id.api_version),
                "write it for the kind that took its place, or take it out".to_owned(),
            ),
            Builtin::Known { .. } => return,
            Builtin::Foreign => match self.scopes.get(id) {
                Some(defined) if !defined.versions.is_empty() && !defined.versions.contains(&id.version()) => (
                    format!("CRD {} does not serve {}", defined.object.name(), id.api_version),
                    format!("write it for {}", with_group(id.group(), defined.versions[0])),
                ),
                Some(_) | None => return,
            },
        };
        let place = object.place_of(&["apiVersion"]);
        let object = id.to_string();
        self.findings.push(Finding { id: KIND, severity: Severity::Error, place, object, message, fix, patch: None });
    }
}

fn with_group(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}
