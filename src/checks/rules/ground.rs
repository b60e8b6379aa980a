//! What rules look at: all objects, found by kind; the pods they make; and what is known of the cluster that will hold them.

use super::cluster::Cluster;
use crate::checks::references::opaque;
use crate::checks::selector::Labels;
use crate::manifests::kinds::{Builtin, builtin};
use crate::manifests::pods::each;
use crate::manifests::repository::Beside;
use crate::manifests::{Node, Object, Papers};
use crate::model::{Fact, Place};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub struct Ground<'o> {
    pub objects: Vec<&'o Arc<Object>>,
    by_kind: HashMap<(&'o str, &'o str), Vec<&'o Arc<Object>>>,
    pub workloads: Vec<Workload<'o>>,
    /// Those of a namespace, as places in `workloads`.
    by_namespace: HashMap<&'o str, Vec<usize>>,
    /// Objects behind which there are others that no file shows: charts and Applications.
    pub hidden: Vec<&'o Arc<Object>>,
    /// Namespaces with objects of which an operator may make Services and pods.
    operated: HashSet<&'o str>,
    /// None where no file says what the cluster is made of.
    pub cluster: Option<Cluster>,
    /// Whether these files are all that a recovery applies. Of a part of them an absence proves nothing.
    pub whole: bool,
    /// Files of other programs.
    pub beside: &'o [Beside],
    /// Whether the keys of SealedSecrets are known to outlive the cluster, or are looked after otherwise.
    pub keeps_keys: bool,
    /// What no manifest gives and is there all the same.
    pub elsewhere: &'o dyn Fn(&Fact) -> bool,
}

/// An object that makes pods.
#[derive(Clone, Copy)]
pub struct Workload<'o> {
    pub object: &'o Arc<Object>,
    /// With metadata and spec; of a Pod the object itself.
    pub template: &'o Node,
    /// Of the pods.
    pub spec: &'o Node,
    /// The names that lead to the template.
    pub way: &'static [&'static str],
}

impl<'o> Ground<'o> {
    pub fn of(papers: &'o [Papers], cluster: Option<Cluster>, elsewhere: &'o dyn Fn(&Fact) -> bool) -> Self {
        let objects: Vec<&Arc<Object>> = papers.iter().flat_map(|papers| &papers.objects).collect();
        let mut by_kind: HashMap<(&str, &str), Vec<&Arc<Object>>> = HashMap::new();
        for object in &objects {
            by_kind.entry((object.id.group(), object.kind())).or_default().push(object);
        }
        let workload = |object: &&'o Arc<Object>| {
            let (template, way) = object.pod_template()?;
            Some(Workload { object, template, spec: template.get("spec")?, way })
        };
        let workloads: Vec<Workload<'_>> = objects.iter().filter_map(workload).collect();
        let mut by_namespace: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, workload) in workloads.iter().enumerate() {
            by_namespace.entry(workload.namespace()).or_default().push(at);
        }
        let hidden = objects.iter().copied().filter(|object| opaque(object)).collect();
        let operated = objects.iter().filter(|object| may_make_pods(object)).filter_map(|object| object.namespace());
        let operated = operated.collect();
        Self {
            operated,
            objects,
            by_kind,
            workloads,
            by_namespace,
            hidden,
            cluster,
            whole: true,
            beside: &[],
            keeps_keys: false,
            elsewhere,
        }
    }
    /// The objects of a kind, in the order of the files. The group of what Kubernetes calls core is empty.
    pub fn of_kind(&self, group: &str, kind: &str) -> &[&'o Arc<Object>] {
        let found = self.by_kind.iter().find(|((of, name), _)| *of == group && *name == kind);
        found.map_or(&[], |(_, objects)| objects)
    }
    pub fn find(&self, group: &str, kind: &str, namespace: Option<&str>, name: &str) -> Option<&'o Arc<Object>> {
        let mut all = self.of_kind(group, kind).iter().copied();
        all.find(|object| object.namespace() == namespace && object.name() == name)
    }
    /// Whether what these files do not put into this namespace is not in it.
    pub fn is_closed(&self, namespace: &str) -> bool {
        self.whole && self.hidden.is_empty() && !self.operated.contains(namespace)
    }
    /// Whether an operator may put Services and pods into this namespace.
    pub fn is_operated(&self, namespace: &str) -> bool {
        self.operated.contains(namespace)
    }
    /// The workloads of a namespace.
    pub fn workloads_in<'g>(&'g self, namespace: &str) -> impl Iterator<Item = &'g Workload<'o>> + use<'g, 'o> {
        let places = self.by_namespace.get(namespace).map_or(&[][..], Vec::as_slice);
        places.iter().map(|at| &self.workloads[*at])
    }
}

/// Whether the object is of a foreign kind that may be more than itself. Those that are known to make neither pods nor
/// Services are not.
fn may_make_pods(object: &Object) -> bool {
    const PLAIN: &[&str] = &[
        "cert-manager.io",
        "acme.cert-manager.io",
        "traefik.io",
        "traefik.containo.us",
        "bitnami.com",
        "external-secrets.io",
        "kyverno.io",
        "metallb.io",
        "cilium.io",
        "source.toolkit.fluxcd.io",
        "image.toolkit.fluxcd.io",
        "notification.toolkit.fluxcd.io",
        "kustomize.toolkit.fluxcd.io",
        "snapshot.storage.k8s.io",
        "gateway.networking.k8s.io",
        "autoscaling.k8s.io",
        "isindir.github.com",
        "onepassword.com",
        "volsync.backube",
    ];
    let group = object.id.group();
    let of_monitoring = group == "monitoring.coreos.com"
        && !matches!(object.kind(), "Prometheus" | "Alertmanager" | "ThanosRuler" | "PrometheusAgent");
    let builtin =
        !group.contains('.') || matches!(builtin(group, object.kind()), Builtin::Known { .. } | Builtin::Gone);
    !builtin && !of_monitoring && !PLAIN.contains(&group)
}

impl<'o> Workload<'o> {
    pub fn namespace(&self) -> &'o str {
        self.object.namespace().unwrap_or("default")
    }
    /// How many pods it wants: what is written, or what Kubernetes puts in. None for what runs on every node.
    pub fn replicas(&self) -> Option<i64> {
        match self.object.kind() {
            "DaemonSet" => None,
            "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController" => {
                Some(self.object.root.walk(&["spec", "replicas"]).and_then(Node::whole).unwrap_or(1))
            }
            _ => Some(1),
        }
    }
    /// Runs until it is told to end, and not just once.
    pub fn serves(&self) -> bool {
        matches!(
            self.object.kind(),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController"
        )
    }
    /// The labels of its pods, as selectors read them.
    pub fn labels(&self) -> Labels {
        let labels = self.template.walk(&["metadata", "labels"]).map_or(&[][..], Node::fields);
        labels.iter().filter_map(|field| Some((field.name.clone(), field.node.text()?.into()))).collect()
    }
    /// Its init containers and containers, each with the name of its list.
    pub fn containers(&self) -> impl Iterator<Item = (&'static str, &'o Node)> + use<'o> {
        let spec = self.spec;
        let of = move |list: &'static str| each(spec, list).map(move |container| (list, container));
        of("initContainers").chain(of("containers"))
    }
    /// Looks like the object itself. A patch of one, as kustomize has them, lacks what the server would ask for.
    pub fn is_whole(&self) -> bool {
        let selects = matches!(self.object.kind(), "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet");
        let mut containers = each(self.spec, "containers").peekable();
        containers.peek().is_some()
            && containers.all(|container| container.get("image").is_some())
            && (!selects || self.object.root.walk(&["spec", "selector"]).is_some())
    }
    /// Where a field of the pods' spec stands, or the nearest around it.
    pub fn place(&self, names: &[&str]) -> Place {
        self.object.place_at(self.spec.nearest(names))
    }
}
