//! In which order objects of one set go to the server: what others need to be let in comes first, what can refuse others
//! comes last. Within a rank there is no order.

use crate::model::ObjectId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Without them the server does not know the kinds of others.
    Definitions,
    Namespaces,
    /// What is referred to by name, or limits what may come.
    Grounds,
    /// What refers to those and is referred to itself.
    Between,
    /// What runs, and everything of kinds that others define.
    Workloads,
    /// What is asked about every object that comes after it, and stands in the way while its own pods do not run.
    Gates,
}

pub const RANKS: [Rank; 6] =
    [Rank::Definitions, Rank::Namespaces, Rank::Grounds, Rank::Between, Rank::Workloads, Rank::Gates];

pub fn of(id: &ObjectId) -> Rank {
    match (id.group(), &*id.kind) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => Rank::Definitions,
        ("", "Namespace") => Rank::Namespaces,
        ("", "ConfigMap" | "Secret" | "ServiceAccount" | "PersistentVolume" | "LimitRange" | "ResourceQuota")
        | ("storage.k8s.io", "StorageClass" | "CSIDriver" | "VolumeAttributesClass")
        | ("scheduling.k8s.io", "PriorityClass")
        | ("node.k8s.io", "RuntimeClass")
        | ("networking.k8s.io", "IngressClass" | "NetworkPolicy")
        | ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => Rank::Grounds,
        ("", "PersistentVolumeClaim" | "Service")
        | ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding")
        | ("policy", "PodDisruptionBudget") => Rank::Between,
        ("admissionregistration.k8s.io" | "apiregistration.k8s.io", _) => Rank::Gates,
        _ => Rank::Workloads,
    }
}
