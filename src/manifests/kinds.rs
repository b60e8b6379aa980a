//! The kinds that Kubernetes 1.34 brings itself, and those that definitions (CRDs) in the files add: which versions, and
//! whether their objects lie in a namespace.

use super::Object;
use crate::model::ObjectId;
use std::collections::HashMap;

const NAMESPACED: bool = true;
const CLUSTER: bool = false;

/// Group, scope, versions, kinds; taken from the discovery documents of the release. Versions that are served only where
/// somebody switched them on are here too.
const BUILTIN: &[(&str, bool, &str, &str)] = &[
    (
        "",
        NAMESPACED,
        "v1",
        "Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount",
    ),
    ("", CLUSTER, "v1", "ComponentStatus Namespace Node PersistentVolume"),
    (
        "admissionregistration.k8s.io",
        CLUSTER,
        "v1alpha1 v1beta1",
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding",
    ),
    (
        "admissionregistration.k8s.io",
        CLUSTER,
        "v1",
        "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
    ),
    ("apiextensions.k8s.io", CLUSTER, "v1", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", CLUSTER, "v1", "APIService"),
    ("apps", NAMESPACED, "v1", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
    ("authentication.k8s.io", CLUSTER, "v1", "SelfSubjectReview TokenReview"),
    ("authorization.k8s.io", NAMESPACED, "v1", "LocalSubjectAccessReview"),
    ("authorization.k8s.io", CLUSTER, "v1", "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"),
    ("autoscaling", NAMESPACED, "v1 v2", "HorizontalPodAutoscaler"),
    ("batch", NAMESPACED, "v1", "CronJob Job"),
    ("certificates.k8s.io", CLUSTER, "v1", "CertificateSigningRequest"),
    ("certificates.k8s.io", CLUSTER, "v1alpha1 v1beta1", "ClusterTrustBundle"),
    ("certificates.k8s.io", NAMESPACED, "v1alpha1", "PodCertificateRequest"),
    ("coordination.k8s.io", NAMESPACED, "v1", "Lease"),
    ("coordination.k8s.io", NAMESPACED, "v1alpha2 v1beta1", "LeaseCandidate"),
    ("discovery.k8s.io", NAMESPACED, "v1", "EndpointSlice"),
    ("events.k8s.io", NAMESPACED, "v1", "Event"),
    ("flowcontrol.apiserver.k8s.io", CLUSTER, "v1", "FlowSchema PriorityLevelConfiguration"),
    ("internal.apiserver.k8s.io", CLUSTER, "v1alpha1", "StorageVersion"),
    ("networking.k8s.io", CLUSTER, "v1 v1beta1", "IPAddress ServiceCIDR"),
    ("networking.k8s.io", NAMESPACED, "v1", "Ingress NetworkPolicy"),
    ("networking.k8s.io", CLUSTER, "v1", "IngressClass"),
    ("node.k8s.io", CLUSTER, "v1", "RuntimeClass"),
    ("policy", NAMESPACED, "v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io", CLUSTER, "v1", "ClusterRole ClusterRoleBinding"),
    ("rbac.authorization.k8s.io", NAMESPACED, "v1", "Role RoleBinding"),
    ("resource.k8s.io", CLUSTER, "v1 v1beta1 v1beta2", "DeviceClass ResourceSlice"),
    ("resource.k8s.io", CLUSTER, "v1alpha3", "DeviceTaintRule"),
    ("resource.k8s.io", NAMESPACED, "v1 v1beta1 v1beta2", "ResourceClaim ResourceClaimTemplate"),
    ("scheduling.k8s.io", CLUSTER, "v1", "PriorityClass"),
    ("storage.k8s.io", CLUSTER, "v1", "CSIDriver CSINode StorageClass VolumeAttachment"),
    ("storage.k8s.io", NAMESPACED, "v1", "CSIStorageCapacity"),
    ("storage.k8s.io", CLUSTER, "v1 v1alpha1 v1beta1", "VolumeAttributesClass"),
    ("storagemigration.k8s.io", CLUSTER, "v1alpha1", "StorageVersionMigration"),
    // Nothing of it is left, but files of those days are.
    ("extensions", NAMESPACED, "", ""),
];

/// The release that these kinds are of.
pub const RELEASE: u64 = 34;

/// What was served once: group, versions, kinds (none: all of them), and the release without it.
const GONE: &[(&str, &str, &str, u64)] = &[
    ("extensions", "v1beta1", "Ingress", 22),
    ("extensions", "v1beta1", "", 16),
    ("apps", "v1beta1 v1beta2", "", 16),
    ("policy", "v1beta1", "", 25),
    ("batch", "v1beta1", "CronJob", 25),
    ("autoscaling", "v2beta1", "", 25),
    ("autoscaling", "v2beta2", "", 26),
    ("discovery.k8s.io", "v1beta1", "", 25),
    ("events.k8s.io", "v1beta1", "", 25),
    ("node.k8s.io", "v1beta1", "", 25),
    ("flowcontrol.apiserver.k8s.io", "v1beta1", "", 26),
    ("flowcontrol.apiserver.k8s.io", "v1beta2", "", 29),
    ("flowcontrol.apiserver.k8s.io", "v1beta3", "", 32),
    ("storage.k8s.io", "v1beta1", "CSIStorageCapacity", 27),
    ("storage.k8s.io", "v1beta1", "CSIDriver CSINode StorageClass VolumeAttachment", 22),
    ("networking.k8s.io", "v1beta1", "Ingress IngressClass", 22),
    ("admissionregistration.k8s.io", "v1beta1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration", 22),
    ("apiextensions.k8s.io", "v1beta1", "", 22),
    ("apiregistration.k8s.io", "v1beta1", "", 22),
    ("certificates.k8s.io", "v1beta1", "CertificateSigningRequest", 22),
    ("coordination.k8s.io", "v1beta1", "Lease", 22),
    ("rbac.authorization.k8s.io", "v1beta1", "", 22),
    ("scheduling.k8s.io", "v1beta1", "", 22),
];

/// The release 1.N since which this is not served any more, where that is known.
pub fn gone_since(group: &str, version: &str, kind: &str) -> Option<u64> {
    let named = |list: &str, word: &str| list.is_empty() || list.split(' ').any(|known| known == word);
    let mut all = GONE.iter().filter(|(of, ..)| *of == group);
    all.find(|(_, versions, kinds, _)| named(versions, version) && named(kinds, kind)).map(|(.., gone)| *gone)
}

/// What Kubernetes itself knows of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// The group is not one of Kubernetes: a CRD has to bring it.
    Foreign,
    /// The group is, the kind is not, or not any more.
    Gone,
    Known {
        namespaced: bool,
        versions: &'static str,
    },
}

pub fn builtin(group: &str, kind: &str) -> Builtin {
    let mut found = Builtin::Foreign;
    for (_, namespaced, versions, kinds) in BUILTIN.iter().filter(|(of, ..)| *of == group) {
        if kinds.split(' ').any(|known| known == kind) {
            return Builtin::Known { namespaced: *namespaced, versions };
        }
        found = Builtin::Gone;
    }
    found
}

/// A definition of a kind, as a CRD gives it.
#[derive(Debug)]
pub struct Defined<'o> {
    pub object: &'o Object,
    pub namespaced: bool,
    pub versions: Vec<&'o str>,
}

/// The kinds that CRDs among some objects define, by group and kind.
#[derive(Debug, Default)]
pub struct Scopes<'o>(HashMap<&'o str, HashMap<&'o str, Defined<'o>>>);

impl<'o> Scopes<'o> {
    pub fn of(objects: impl Iterator<Item = &'o Object>) -> Self {
        let mut groups: HashMap<&str, HashMap<&str, Defined<'_>>> = HashMap::new();
        for (group, kind, defined) in objects.filter_map(defined) {
            groups.entry(group).or_default().insert(kind, defined);
        }
        Self(groups)
    }
    pub fn get(&self, id: &ObjectId) -> Option<&Defined<'o>> {
        self.0.get(id.group())?.get(&*id.kind)
    }
    /// Whether objects of this kind lie in a namespace; None where nobody says.
    pub fn namespaced(&self, id: &ObjectId) -> Option<bool> {
        match builtin(id.group(), &id.kind) {
            Builtin::Known { namespaced, .. } => Some(namespaced),
            Builtin::Gone => None,
            Builtin::Foreign => self.get(id).map(|defined| defined.namespaced),
        }
    }
}

fn defined(object: &Object) -> Option<(&str, &str, Defined<'_>)> {
    if &*object.id.kind != "CustomResourceDefinition" || object.id.group() != "apiextensions.k8s.io" {
        return None;
    }
    let spec = object.root.get("spec")?;
    let (group, kind) = (spec.text_at(&["group"])?, spec.text_at(&["names", "kind"])?);
    let served = spec.get("versions").map_or(&[][..], |versions| versions.items()).iter().filter(|version| {
        // Required, so what is not there is told by the server.
        version.get("served").and_then(super::Node::flag) != Some(false)
    });
    let versions = served.filter_map(|version| version.text_at(&["name"])).collect();
    let namespaced = spec.text_at(&["scope"]) != Some("Cluster");
    Some((group, kind, Defined { object, namespaced, versions }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_its_group_and_not_by_its_name_alone() {
        let known = |namespaced, versions| Builtin::Known { namespaced, versions };
        assert_eq!(builtin("", "Secret"), known(true, "v1"));
        assert_eq!(builtin("autoscaling", "HorizontalPodAutoscaler"), known(true, "v1 v2"));
        assert_eq!(builtin("rbac.authorization.k8s.io", "ClusterRole"), known(false, "v1"));
        assert_eq!(builtin("networking.k8s.io", "IngressClass"), known(false, "v1"));
        assert_eq!(builtin("policy", "PodSecurityPolicy"), Builtin::Gone);
        assert_eq!(builtin("extensions", "Ingress"), Builtin::Gone);
        assert_eq!(builtin("gateway.networking.k8s.io", "Gateway"), Builtin::Foreign);
        assert_eq!(builtin("serving.knative.dev", "Service"), Builtin::Foreign);
    }

    #[test]
    fn what_was_served_once_is_known_with_the_release_that_dropped_it() {
        assert_eq!(gone_since("policy", "v1beta1", "PodDisruptionBudget"), Some(25));
        assert_eq!(gone_since("extensions", "v1beta1", "Ingress"), Some(22));
        assert_eq!(gone_since("extensions", "v1beta1", "Deployment"), Some(16));
        assert_eq!(gone_since("policy", "v1", "PodDisruptionBudget"), None);
    }
}
