//! What an object gives: itself as a fact, and what controllers make of it later.

use super::pods::each;
use super::{Node, Object};
use crate::model::{Fact, Place};

/// A fact, and the object that gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub fact: Fact,
    pub at: Place,
    /// A controller makes it later; what keys it will have is mostly not known.
    pub generated: bool,
}

/// StatefulSets of more pods than this are not counted through.
const MOST_CLAIMS: i64 = 1000;

/// Kinds that are a fact by their name: group, kind, kind of fact, whether a namespace belongs to the name.
const PLAIN: &[(&str, &str, &str, bool)] = &[
    ("", "Namespace", "namespace", false),
    ("", "Secret", "secret", true),
    ("", "ConfigMap", "configmap", true),
    ("", "ServiceAccount", "serviceaccount", true),
    ("", "Service", "service", true),
    ("", "PersistentVolume", "pv", false),
    ("", "PersistentVolumeClaim", "pvc", true),
    ("storage.k8s.io", "StorageClass", "storageclass", false),
    ("scheduling.k8s.io", "PriorityClass", "priorityclass", false),
    ("networking.k8s.io", "IngressClass", "ingressclass", false),
    ("node.k8s.io", "RuntimeClass", "runtimeclass", false),
    ("rbac.authorization.k8s.io", "Role", "role", true),
    ("rbac.authorization.k8s.io", "ClusterRole", "clusterrole", false),
];

/// Kinds of which a controller makes a Secret in their namespace: group, kind, where its name stands. Behind `name` alone
/// stands what is added to the object's own name.
const MAKERS: &[(&str, &str, &str, &str)] = &[
    ("bitnami.com", "SealedSecret", "name", ""),
    ("cert-manager.io", "Certificate", "spec.secretName", ""),
    ("cert-manager.io", "Issuer", "spec.acme.privateKeySecretRef.name", ""),
    ("external-secrets.io", "ExternalSecret", "spec.target.name", ""),
    ("onepassword.com", "OnePasswordItem", "name", ""),
    ("secrets.hashicorp.com", "VaultStaticSecret", "spec.destination.name", ""),
    ("secrets.hashicorp.com", "VaultDynamicSecret", "spec.destination.name", ""),
    ("secrets.hashicorp.com", "VaultPKISecret", "spec.destination.name", ""),
    ("k8s.bitwarden.com", "BitwardenSecret", "spec.secretName", ""),
    ("secrets.infisical.com", "InfisicalSecret", "spec.managedSecretReference.secretName", ""),
    ("isindir.github.com", "SopsSecret", "spec.secretTemplates.*.name", ""),
    ("postgresql.cnpg.io", "Cluster", "name", "-app"),
    ("postgresql.cnpg.io", "Cluster", "name", "-superuser"),
    ("postgresql.cnpg.io", "Cluster", "name", "-ca"),
    ("postgresql.cnpg.io", "Cluster", "name", "-server"),
    ("postgresql.cnpg.io", "Cluster", "name", "-replication"),
    ("rabbitmq.com", "RabbitmqCluster", "name", "-default-user"),
    ("kafka.strimzi.io", "KafkaUser", "name", ""),
    ("kafka.strimzi.io", "Kafka", "name", "-cluster-ca-cert"),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch", "name", "-es-elastic-user"),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch", "name", "-es-http-certs-public"),
];

/// Kinds of which a controller makes a Service: what is added to the object's own name.
const SERVERS: &[(&str, &str, &str)] = &[
    ("postgresql.cnpg.io", "Cluster", "-rw"),
    ("postgresql.cnpg.io", "Cluster", "-ro"),
    ("postgresql.cnpg.io", "Cluster", "-r"),
    ("acid.zalan.do", "postgresql", ""),
    ("acid.zalan.do", "postgresql", "-repl"),
    ("rabbitmq.com", "RabbitmqCluster", ""),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch", "-es-http"),
];

/// The namespace of an object that has one; what names none goes where Kubernetes puts it.
pub fn home(object: &Object) -> &str {
    object.namespace().unwrap_or("default")
}

/// `kind/namespace/name`.
pub fn fact(kind: &str, namespace: &str, name: &str) -> Fact {
    Fact::of(kind, &format!("{namespace}/{name}"))
}

/// The fact of a kind: `crd/Certificate.cert-manager.io`.
pub fn kind(group: &str, kind: &str) -> Fact {
    Fact::of("crd", &format!("{kind}.{group}"))
}

/// What there is when this object was applied.
pub fn gives(object: &Object) -> Vec<Given> {
    let group = object.id.group();
    let mut giver = Giver { object, given: Vec::new() };
    if let Some((_, _, name, spaced)) = PLAIN.iter().find(|(of, kind, ..)| *of == group && *kind == object.kind()) {
        let fact = if *spaced { fact(name, home(object), object.name()) } else { Fact::of(name, object.name()) };
        giver.add(fact, false);
    }
    if let Some((namespace, _)) = makes_namespace(object) {
        giver.add(Fact::of("namespace", namespace), true);
    }
    match (group, object.kind()) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            let text = |path: &[&str]| object.root.text_at(path);
            if let (Some(of), Some(name)) = (text(&["spec", "group"]), text(&["spec", "names", "kind"])) {
                giver.add(kind(of, name), false);
            }
        }
        ("apps", "StatefulSet") => giver.claims(),
        ("networking.k8s.io", "Ingress") if certified(object) => {
            let spec = object.root.get("spec");
            let names =
                spec.into_iter().flat_map(|spec| each(spec, "tls")).filter_map(|tls| tls.text_at(&["secretName"]));
            names.for_each(|name| giver.secret(name));
        }
        ("acid.zalan.do", "postgresql") => {
            let users = object.root.walk(&["spec", "users"]).map_or(&[][..], Node::fields);
            for user in users {
                let name = format!("{}.{}.credentials.postgresql.acid.zalan.do", user.name, object.name());
                giver.secret(&name);
            }
        }
        _ => {}
    }
    giver.made();
    giver.given
}

/// The namespace that a controller is told to make for what it brings, and where the labels stand that it gives it. The one that
/// the object lies in itself has to be there before.
pub fn makes_namespace(object: &Object) -> Option<(&str, Option<&'static [&'static str]>)> {
    const LABELS: &[&str] = &["spec", "syncPolicy", "managedNamespaceMetadata", "labels"];
    let spec = object.root.get("spec")?;
    let is_on = |names: &[&str]| spec.walk(names).and_then(Node::flag) == Some(true);
    let (asked, way, labels) = match (object.id.group(), object.kind()) {
        ("argoproj.io", "Application") => {
            let options = spec.walk(&["syncPolicy", "syncOptions"]).map_or(&[][..], Node::items);
            let asked = options.iter().any(|option| option.text() == Some("CreateNamespace=true"));
            (asked, &["destination", "namespace"][..], Some(LABELS))
        }
        ("helm.toolkit.fluxcd.io", "HelmRelease") => {
            (is_on(&["install", "createNamespace"]), &["targetNamespace"][..], None)
        }
        ("helm.cattle.io", "HelmChart") => (is_on(&["createNamespace"]), &["targetNamespace"][..], None),
        _ => return None,
    };
    let name = spec.text_at(way).filter(|name| asked && !name.is_empty() && *name != home(object))?;
    Some((name, labels))
}

/// Cert-manager makes what an Ingress names where it is told to by one of these.
fn certified(object: &Object) -> bool {
    let notes = object.root.walk(&["metadata", "annotations"]).map_or(&[][..], Node::fields);
    notes.iter().any(|note| {
        matches!(&*note.name, "cert-manager.io/cluster-issuer" | "cert-manager.io/issuer" | "kubernetes.io/tls-acme")
    })
}

struct Giver<'o> {
    object: &'o Object,
    given: Vec<Given>,
}

impl Giver<'_> {
    fn add(&mut self, fact: Fact, generated: bool) {
        self.given.push(Given { fact, at: self.object.place(), generated });
    }
    fn secret(&mut self, name: &str) {
        self.add(fact("secret", home(self.object), name), true);
    }

    fn made(&mut self) {
        let (group, kind, root) = (self.object.id.group(), self.object.kind(), &self.object.root);
        // A foreign kind has a dot in its group; this ends it for most objects.
        if !group.contains('.') {
            return;
        }
        for (_, _, path, end) in MAKERS.iter().filter(|(of, name, ..)| *of == group && *name == kind) {
            let mut names = Vec::new();
            match *path {
                "name" => names.push(self.object.name()),
                path => all(root, path, &mut |_, node| names.extend(node.text())),
            }
            if names.is_empty() && kind == "ExternalSecret" {
                names.push(self.object.name());
            }
            names.into_iter().for_each(|name| self.secret(&format!("{name}{end}")));
        }
        for (_, _, end) in SERVERS.iter().filter(|(of, name, ..)| *of == group && *name == kind) {
            let name = format!("{}{end}", self.object.name());
            self.add(fact("service", home(self.object), &name), true);
        }
    }

    /// The claims that the StatefulSet controller makes, one a template and pod.
    fn claims(&mut self) {
        let Some(spec) = self.object.root.get("spec") else { return };
        let replicas = spec.get("replicas").and_then(Node::whole).unwrap_or(1).clamp(0, MOST_CLAIMS);
        let start = spec.walk(&["ordinals", "start"]).and_then(Node::whole).unwrap_or(0);
        for template in each(spec, "volumeClaimTemplates") {
            let Some(name) = template.text_at(&["metadata", "name"]) else { continue };
            for ordinal in 0..replicas {
                let claim = format!("{name}-{}-{}", self.object.name(), start.saturating_add(ordinal));
                self.add(fact("pvc", home(self.object), &claim), true);
            }
        }
    }
}

/// Every value behind a path of names with points between them; `*` is each element of a list.
pub fn all<'o>(node: &'o Node, path: &str, found: &mut dyn FnMut(crate::model::Spot, &'o Node)) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let mut go = |at, node: &'o Node| match rest {
        Some(rest) => all(node, rest, found),
        None => found(at, node),
    };
    if first == "*" {
        node.items().iter().for_each(|item| go(item.at, item));
    } else if let Some(field) = node.field(first) {
        go(field.at, &field.node);
    }
}
