//! Whom the admission plugin does not look at: what its configuration names.

/// As in the plugin's configuration, word for word; nothing in it is a pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemptions {
    pub usernames: Vec<String>,
    pub namespaces: Vec<String>,
    pub runtime_classes: Vec<String>,
}

/// Why a pod is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exempt {
    Namespace,
    User,
    RuntimeClass,
}

impl Exemptions {
    /// `user` is who makes the object, where that is known.
    pub fn of(&self, user: Option<&str>, namespace: &str, runtime_class: Option<&str>) -> Option<Exempt> {
        let named = |list: &[String], name: Option<&str>| {
            name.is_some_and(|name| !name.is_empty() && list.iter().any(|listed| listed == name))
        };
        if named(&self.namespaces, Some(namespace)) {
            Some(Exempt::Namespace)
        } else if named(&self.usernames, user) {
            Some(Exempt::User)
        } else if named(&self.runtime_classes, runtime_class) {
            Some(Exempt::RuntimeClass)
        } else {
            None
        }
    }
}

/// The user under whose name the pods of an object of this kind are made; None for a Pod, which is made by whoever applies it.
pub fn maker(kind: &str) -> Option<&'static str> {
    match kind {
        "Deployment" | "ReplicaSet" => Some("system:serviceaccount:kube-system:replicaset-controller"),
        "StatefulSet" => Some("system:serviceaccount:kube-system:statefulset-controller"),
        "DaemonSet" => Some("system:serviceaccount:kube-system:daemon-set-controller"),
        "Job" | "CronJob" => Some("system:serviceaccount:kube-system:job-controller"),
        "ReplicationController" => Some("system:serviceaccount:kube-system:replication-controller"),
        _ => None,
    }
}
