//! What an object needs of others: its Namespace, the definition of its kind, and everything that it names.

use super::givers::{all, fact, home, kind};
use super::kinds::{Builtin, Scopes, builtin};
use super::pods::{self, Target, each};
use super::{Node, Object};
use crate::model::{Fact, Place, Severity, Spot};

/// A fact that an object needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    pub fact: Fact,
    /// In words, to be shown with an edge.
    pub because: String,
    pub at: Place,
    /// Whether it must be there first. Of the others Kubernetes puts both together in whatever order they come.
    pub firm: bool,
    /// How bad it is when nobody gives it; None where that is nothing bad.
    pub unmet: Option<Severity>,
    /// The key of the Secret or ConfigMap that is named.
    pub key: Option<Box<str>>,
}

/// Fields of other kinds that name a Secret beside them: group, kind, path, what is done with it.
const NAMES_SECRET: &[(&str, &str, &str, &str)] = &[
    ("networking.k8s.io", "Ingress", "spec.tls.*.secretName", "serves with"),
    ("gateway.networking.k8s.io", "Gateway", "spec.listeners.*.tls.certificateRefs.*.name", "serves with"),
    ("traefik.io", "IngressRoute", "spec.tls.secretName", "serves with"),
    ("traefik.io", "Middleware", "spec.basicAuth.secret", "asks users with"),
    ("traefik.io", "Middleware", "spec.digestAuth.secret", "asks users with"),
    ("cert-manager.io", "Issuer", "spec.ca.secretName", "signs with"),
    ("", "ServiceAccount", "imagePullSecrets.*.name", "pulls images with"),
];

/// Fields that name a Service beside them.
const NAMES_SERVICE: &[(&str, &str, &str)] = &[
    ("networking.k8s.io", "Ingress", "spec.defaultBackend.service.name"),
    ("networking.k8s.io", "Ingress", "spec.rules.*.http.paths.*.backend.service.name"),
];

/// What must be, or should be, there for this object. `scopes` are the kinds that all files together define.
pub fn wants(object: &Object, scopes: &Scopes<'_>) -> Vec<Want> {
    let mut needs = Needs { object, wants: Vec::new() };
    needs.place(scopes);
    needs.pods();
    match (object.id.group(), object.kind()) {
        ("", "PersistentVolumeClaim") => needs.claim(object.root.get("spec")),
        ("", "PersistentVolume") => needs.volume(),
        ("apps", "StatefulSet") => needs.stateful(),
        ("networking.k8s.io", "Ingress") => needs.ingress(),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => needs.binding(),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration") => {
            needs.webhooks();
        }
        ("apiregistration.k8s.io", "APIService") => {
            let service = object.root.walk(&["spec", "service"]);
            needs.service(service, Severity::Warning);
        }
        _ => {}
    }
    needs.fields();
    needs.wants
}

struct Needs<'o> {
    object: &'o Object,
    wants: Vec<Want>,
}

impl Needs<'_> {
    fn add(&mut self, fact: Fact, at: Spot, firm: bool, unmet: Option<Severity>, because: String) {
        let at = self.object.place_at(at);
        self.wants.push(Want { fact, because, at, firm, unmet, key: None });
    }

    /// The namespace and the kind: without them the server takes nothing.
    fn place(&mut self, scopes: &Scopes<'_>) {
        let (id, error) = (&self.object.id, Some(Severity::Error));
        if let Some(namespace) = self.object.namespace() {
            let at = self.object.root.nearest(&["metadata", "namespace"]);
            let because = format!("{id} is in Namespace {namespace}");
            self.add(Fact::of("namespace", namespace), at, true, error, because);
        }
        if builtin(id.group(), &id.kind) == Builtin::Foreign {
            let at = self.object.root.nearest(&["kind"]);
            let because = match scopes.get(id) {
                Some(defined) => format!("{id} is of a kind that CRD {} defines", defined.object.name()),
                None => format!("{id} is of kind {}.{}", id.kind, id.group()),
            };
            self.add(kind(id.group(), &id.kind), at, true, error, because);
        }
    }

    fn pods(&mut self) {
        let space = home(self.object);
        for reference in pods::references(self.object) {
            let (called, fact) = match reference.target {
                Target::Secret => ("Secret", fact("secret", space, reference.name)),
                Target::ConfigMap => ("ConfigMap", fact("configmap", space, reference.name)),
                Target::PersistentVolumeClaim => ("PersistentVolumeClaim", fact("pvc", space, reference.name)),
                Target::ServiceAccount => ("ServiceAccount", fact("serviceaccount", space, reference.name)),
                Target::PriorityClass => ("PriorityClass", Fact::of("priorityclass", reference.name)),
                Target::RuntimeClass => ("RuntimeClass", Fact::of("runtimeclass", reference.name)),
            };
            let spaced = !matches!(reference.target, Target::PriorityClass | Target::RuntimeClass);
            let shown = if spaced { format!("{space}/{}", reference.name) } else { reference.name.to_owned() };
            let because = format!("{} {} {called} {shown}", self.object.id, reference.does);
            let unmet = if !reference.optional {
                Some(Severity::Error)
            } else if reference.does == pods::PULLS {
                Some(Severity::Warning)
            } else {
                None
            };
            self.add(fact, reference.at, !reference.optional, unmet, because);
            if let Some(want) = self.wants.last_mut() {
                want.key = reference.key.map(Into::into);
            }
        }
    }

    fn claim(&mut self, spec: Option<&Node>) {
        let Some(spec) = spec else { return };
        let id = &self.object.id;
        if let Some((name, at)) = named(spec, "storageClassName") {
            let because = format!("{id} asks for StorageClass {name}");
            self.add(Fact::of("storageclass", name), at, true, Some(Severity::Warning), because);
        }
        if let Some((name, at)) = named(spec, "volumeName") {
            let because = format!("{id} asks for PersistentVolume {name}");
            self.add(Fact::of("pv", name), at, true, Some(Severity::Warning), because);
        }
    }

    /// A volume is kept for a claim whether that is there or not.
    fn volume(&mut self) {
        let Some(claim) = self.object.root.walk(&["spec", "claimRef"]) else { return };
        if let (Some((name, at)), Some(space)) = (named(claim, "name"), claim.text_at(&["namespace"])) {
            let because = format!("{} is kept for PersistentVolumeClaim {space}/{name}", self.object.id);
            self.add(fact("pvc", space, name), at, false, None, because);
        }
    }

    fn stateful(&mut self) {
        let Some(spec) = self.object.root.get("spec") else { return };
        each(spec, "volumeClaimTemplates").for_each(|template| self.claim(template.get("spec")));
        if let Some((name, at)) = named(spec, "serviceName") {
            let space = home(self.object);
            let because = format!("{} names its pods by Service {space}/{name}", self.object.id);
            self.add(fact("service", space, name), at, false, None, because);
        }
    }

    fn ingress(&mut self) {
        if let Some((name, at)) = self.object.root.get("spec").and_then(|spec| named(spec, "ingressClassName")) {
            let because = format!("{} asks for IngressClass {name}", self.object.id);
            self.add(Fact::of("ingressclass", name), at, false, Some(Severity::Warning), because);
        }
    }

    fn binding(&mut self) {
        let (id, root) = (&self.object.id, &self.object.root);
        if let Some(role) = root.get("roleRef")
            && let Some((name, at)) = named(role, "name")
        {
            let (fact, shown) = match role.text_at(&["kind"]) {
                Some("Role") => (fact("role", home(self.object), name), format!("Role {}/{name}", home(self.object))),
                Some(_) | None => (Fact::of("clusterrole", name), format!("ClusterRole {name}")),
            };
            self.add(fact, at, false, Some(Severity::Warning), format!("{id} grants {shown}"));
        }
        for subject in each(root, "subjects").filter(|subject| subject.text_at(&["kind"]) == Some("ServiceAccount")) {
            let space = subject.text_at(&["namespace"]).unwrap_or_else(|| home(self.object));
            if let Some((name, at)) = named(subject, "name") {
                let because = format!("{id} grants to ServiceAccount {space}/{name}");
                self.add(fact("serviceaccount", space, name), at, false, None, because);
            }
        }
    }

    fn webhooks(&mut self) {
        for hook in each(&self.object.root, "webhooks") {
            let closed = hook.text_at(&["failurePolicy"]) != Some("Ignore");
            let unmet = if closed { Severity::Error } else { Severity::Warning };
            self.service(hook.walk(&["clientConfig", "service"]), unmet);
        }
    }

    fn service(&mut self, service: Option<&Node>, unmet: Severity) {
        let Some(service) = service else { return };
        if let (Some((name, at)), Some(space)) = (named(service, "name"), service.text_at(&["namespace"])) {
            let because = format!("{} is answered by Service {space}/{name}", self.object.id);
            self.add(fact("service", space, name), at, false, Some(unmet), because);
        }
    }

    /// The references that need no more than their path.
    fn fields(&mut self) {
        let (object, group, kind) = (self.object, self.object.id.group(), self.object.kind());
        let space = home(object);
        for (_, _, path, does) in NAMES_SECRET.iter().filter(|(of, name, ..)| *of == group && *name == kind) {
            all(&object.root, path, &mut |at, node| {
                if let Some(name) = node.text().filter(|name| !name.is_empty()) {
                    let because = format!("{} {does} Secret {space}/{name}", object.id);
                    self.add(fact("secret", space, name), at, false, Some(Severity::Warning), because);
                }
            });
        }
        for (_, _, path) in NAMES_SERVICE.iter().filter(|(of, name, ..)| *of == group && *name == kind) {
            all(&object.root, path, &mut |at, node| {
                if let Some(name) = node.text().filter(|name| !name.is_empty()) {
                    let because = format!("{} leads to Service {space}/{name}", object.id);
                    self.add(fact("service", space, name), at, false, Some(Severity::Warning), because);
                }
            });
        }
    }
}

fn named<'o>(within: &'o Node, name: &str) -> Option<(&'o str, Spot)> {
    let field = within.field(name)?;
    field.node.text().filter(|text| !text.is_empty()).map(|text| (text, field.at))
}
