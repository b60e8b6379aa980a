//! What the pods of an object refer to: Secrets, ConfigMaps and their keys, claims, accounts, classes.

use super::{Node, Object};
use crate::model::Spot;
use std::collections::HashSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Secret,
    ConfigMap,
    PersistentVolumeClaim,
    ServiceAccount,
    PriorityClass,
    RuntimeClass,
}

/// What a pod does with the Secret of a registry.
pub const PULLS: &str = "pulls images with";

/// A word in a pod that names another object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference<'o> {
    pub target: Target,
    pub name: &'o str,
    /// Of a Secret or ConfigMap, when one is named.
    pub key: Option<&'o str>,
    /// The pod starts without it.
    pub optional: bool,
    pub at: Spot,
    /// What the pod does with it, to stand between it and its name.
    pub does: &'static str,
}

/// Everything that the pods of this object refer to, in the order of the file as far as kinds of places allow.
pub fn references(object: &Object) -> Vec<Reference<'_>> {
    let mut found = Finder(Vec::new());
    if let Some(spec) = object.pod_template().and_then(|(template, _)| template.get("spec")) {
        found.spec(spec);
    }
    found.0
}

struct Finder<'o>(Vec<Reference<'o>>);

impl<'o> Finder<'o> {
    fn spec(&mut self, spec: &'o Node) {
        for list in CONTAINERS {
            each(spec, list).for_each(|container| self.container(container));
        }
        let mounted = mounted(spec);
        for volume in each(spec, "volumes") {
            let before = self.0.len();
            self.volume(volume);
            // Kubelet passes over a volume that no container mounts. The scheduler does not: it asks for every claim.
            if volume.text_at(&["name"]).is_some_and(|name| !mounted.contains(name)) {
                let asked = |reference: &&mut Reference<'o>| reference.target != Target::PersistentVolumeClaim;
                self.0[before..].iter_mut().filter(asked).for_each(|reference| reference.optional = true);
            }
        }
        for secret in each(spec, "imagePullSecrets") {
            // Kubelet tries without it, and public images come.
            self.named(secret, "name", Target::Secret, PULLS);
            self.lenient();
        }
        let account = ["serviceAccountName", "serviceAccount"].into_iter().find(|name| spec.get(name).is_some());
        self.named(spec, account.unwrap_or_default(), Target::ServiceAccount, "runs as");
        self.named(spec, "priorityClassName", Target::PriorityClass, "asks for");
        self.named(spec, "runtimeClassName", Target::RuntimeClass, "asks for");
    }

    fn container(&mut self, container: &'o Node) {
        for variable in each(container, "env") {
            let Some(from) = variable.get("valueFrom") else { continue };
            for (name, target) in [("secretKeyRef", Target::Secret), ("configMapKeyRef", Target::ConfigMap)] {
                if let Some(source) = from.get(name) {
                    self.source(source, "name", target, "reads", source.text_at(&["key"]));
                }
            }
        }
        for all in each(container, "envFrom") {
            for (name, target) in [("secretRef", Target::Secret), ("configMapRef", Target::ConfigMap)] {
                if let Some(source) = all.get(name) {
                    self.source(source, "name", target, "reads", None);
                }
            }
        }
    }

    fn volume(&mut self, volume: &'o Node) {
        if let Some(source) = volume.get("secret") {
            self.files(source, "secretName", Target::Secret);
        }
        if let Some(source) = volume.get("configMap") {
            self.files(source, "name", Target::ConfigMap);
        }
        for source in volume.get("projected").into_iter().flat_map(|projected| each(projected, "sources")) {
            for (name, target) in [("secret", Target::Secret), ("configMap", Target::ConfigMap)] {
                if let Some(source) = source.get(name) {
                    self.files(source, "name", target);
                }
            }
        }
        if let Some(claim) = volume.get("persistentVolumeClaim") {
            self.named(claim, "claimName", Target::PersistentVolumeClaim, "mounts");
        }
        for driver in ["cephfs", "rbd", "iscsi", "scaleIO", "storageos", "flexVolume"] {
            if let Some(secret) = volume.walk(&[driver, "secretRef"]) {
                self.named(secret, "name", Target::Secret, "mounts a volume with");
            }
        }
        if let Some(secret) = volume.walk(&["csi", "nodePublishSecretRef"]) {
            self.named(secret, "name", Target::Secret, "mounts a volume with");
        }
        if let Some(file) = volume.get("azureFile") {
            self.named(file, "secretName", Target::Secret, "mounts a volume with");
        }
    }

    /// A Secret or ConfigMap as files: all of it, or the keys under `items`.
    fn files(&mut self, source: &'o Node, name: &str, target: Target) {
        let mut items = each(source, "items").filter_map(|item| item.field("key")).peekable();
        if items.peek().is_none() {
            return self.source(source, name, target, "mounts", None);
        }
        for key in items {
            let before = self.0.len();
            self.source(source, name, target, "mounts", key.node.text());
            self.0[before..].iter_mut().for_each(|reference| reference.at = key.at);
        }
    }

    fn source(&mut self, source: &'o Node, name: &str, target: Target, does: &'static str, key: Option<&'o str>) {
        let before = self.0.len();
        self.named(source, name, target, does);
        let optional = source.get("optional").and_then(Node::flag) == Some(true);
        for reference in &mut self.0[before..] {
            reference.key = key;
            reference.optional = optional;
        }
    }

    fn named(&mut self, within: &'o Node, name: &str, target: Target, does: &'static str) {
        let Some(field) = within.field(name) else { return };
        if let Some(name) = field.node.text().filter(|name| !name.is_empty()) {
            self.0.push(Reference { target, name, key: None, optional: false, at: field.at, does });
        }
    }

    fn lenient(&mut self) {
        if let Some(last) = self.0.last_mut() {
            last.optional = true;
        }
    }
}

const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The names of the volumes that some container mounts.
fn mounted(spec: &Node) -> HashSet<&str> {
    let containers = CONTAINERS.into_iter().flat_map(|list| each(spec, list));
    let mounts =
        containers.flat_map(|container| each(container, "volumeMounts").chain(each(container, "volumeDevices")));
    mounts.filter_map(|mount| mount.text_at(&["name"])).collect()
}

/// The elements of a list within a node.
pub fn each<'o>(node: &'o Node, name: &str) -> impl Iterator<Item = &'o Node> + use<'o> {
    node.get(name).map_or(&[][..], Node::items).iter()
}
