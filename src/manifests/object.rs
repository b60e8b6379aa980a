//! One Kubernetes object of a file.

use super::tree::Node;
use crate::model::{ObjectId, Place, Spot};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The file as people know it: the plan's folder and the path in it.
    pub file: Arc<str>,
    /// Where the object begins.
    pub at: Spot,
    pub id: ObjectId,
    pub root: Node,
}

impl Object {
    pub fn place(&self) -> Place {
        self.place_at(self.at)
    }
    pub fn place_at(&self, spot: Spot) -> Place {
        Place { file: self.file.to_string(), spot }
    }
    /// Where this field stands, or the nearest one around it that does.
    pub fn place_of(&self, names: &[&str]) -> Place {
        self.place_at(self.root.nearest(names))
    }
    pub fn kind(&self) -> &str {
        &self.id.kind
    }
    pub fn name(&self) -> &str {
        &self.id.name
    }
    pub fn namespace(&self) -> Option<&str> {
        self.id.namespace.as_deref()
    }
    /// The template of the pods that this object makes, and the names that lead to it.
    pub fn pod_template(&self) -> Option<(&Node, &'static [&'static str])> {
        let path: &'static [&'static str] = match (self.id.group(), &*self.id.kind) {
            ("", "Pod") => &[],
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("batch", "Job")
            | ("", "ReplicationController") => &["spec", "template"],
            ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template"],
            _ => return None,
        };
        self.root.walk(path).map(|node| (node, path))
    }
}
