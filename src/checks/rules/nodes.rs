//! Which of the planned nodes a pod may go to: by its node selector, its required affinity, and the taints that it tolerates.
//! What else may put labels on nodes is not known here: a label of such a kind is neither there nor missing.

use super::cluster::{Cluster, Planned};
use super::ground::Workload;
use crate::checks::selector::{Labels, NodeChoice, Selector, Want};
use crate::manifests::Node;
use crate::manifests::pods::each;

/// The planned nodes, with their labels as selectors read them.
pub struct Nodes<'c>(Vec<(&'c Planned, Labels)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    No,
    Perhaps,
    Yes,
}

/// What a pod demands of its node.
pub struct Demand {
    plain: Selector,
    choice: NodeChoice,
}

/// A taint as files write it: `key=value:Effect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taint<'t> {
    pub key: &'t str,
    pub value: &'t str,
    pub effect: &'t str,
}

impl<'c> Nodes<'c> {
    pub fn of(cluster: &'c Cluster) -> Self {
        let labels = |node: &Planned| {
            let own = node.labels.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
            own.chain([("metadata.name".into(), node.name.as_str().into())]).collect()
        };
        Self(cluster.nodes.iter().map(|node| (node, labels(node))).collect())
    }
    /// Those whose labels are what is demanded, or may be.
    pub fn fit<'n>(&'n self, demand: &'n Demand) -> impl Iterator<Item = (&'c Planned, Fit)> + use<'n, 'c> {
        self.0.iter().map(|(node, labels)| (*node, demand.fit(labels))).filter(|(_, fit)| *fit > Fit::No)
    }
    /// Those that a pod of this workload may go to, as far as can be known.
    pub fn open_to(&self, workload: &Workload<'_>) -> Vec<&'c Planned> {
        let demand = Demand::of(workload.spec);
        let open = self.fit(&demand).filter(|(node, _)| keeps_out(node, workload).is_none());
        open.map(|(node, _)| node).collect()
    }
}

impl Demand {
    pub fn of(spec: &Node) -> Self {
        let plain = spec.get("nodeSelector").map(|map| Selector::of_map(&map.json())).unwrap_or_default();
        let way = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
        let choice = spec.walk(&way).map(|required| NodeChoice::read(&required.json())).unwrap_or_default();
        Self { plain, choice }
    }
    pub fn wants(&self) -> impl Iterator<Item = &Want> {
        self.plain.wants.iter().chain(self.choice.wants())
    }
    /// Names one node, by its name or its host.
    pub fn is_of_one_node(&self) -> bool {
        let one = |want: &Want| &*want.key == "kubernetes.io/hostname" && want.value().is_some_and(|v| !v.is_empty());
        self.plain.wants.iter().any(one)
    }
    fn fit(&self, labels: &Labels) -> Fit {
        let terms = self.choice.terms().map(|terms| terms.iter().map(|term| fit(term, labels)).max());
        fit(&self.plain, labels).min(terms.map_or(Fit::Yes, |best| best.unwrap_or(Fit::No)))
    }
}

impl std::fmt::Display for Demand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let both = [self.plain.to_string(), self.choice.to_string()];
        f.write_str(&both.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" and "))
    }
}

fn fit(selector: &Selector, labels: &Labels) -> Fit {
    let of_one = |want: &Want| match want.met(labels) {
        true => Fit::Yes,
        false if !labels.contains_key(&want.key) && is_put_on(&want.key) => Fit::Perhaps,
        false => Fit::No,
    };
    selector.wants.iter().map(of_one).min().unwrap_or(Fit::Yes)
}

/// Whether kubelets, cloud providers or controllers put labels of this name on nodes.
pub fn is_put_on(key: &str) -> bool {
    const OTHERS: &[&str] = &[
        "kubernetes.io",
        "k8s.io",
        "k3s.io",
        "cattle.io",
        "longhorn.io",
        "nvidia.com",
        "intel.com",
        "amd.com",
        "cilium.io",
        "karpenter.sh",
        "amazonaws.com",
        "google.com",
        "azure.com",
        "hetzner.cloud",
        "csi.hetzner.cloud",
        "openebs.io",
        "linbit.com",
        "talos.dev",
    ];
    let Some((domain, _)) = key.split_once('/') else { return false };
    key != "kubernetes.io/hostname"
        && key != "kubernetes.io/os"
        && OTHERS
            .iter()
            .any(|other| domain.strip_suffix(other).is_some_and(|before| before.is_empty() || before.ends_with('.')))
}

impl<'t> Taint<'t> {
    pub fn read(text: &'t str) -> Option<Self> {
        let (name, effect) = text.rsplit_once(':')?;
        let (key, value) = name.split_once('=').unwrap_or((name, ""));
        Some(Self { key, value, effect })
    }
    fn is_tolerated(&self, spec: &Node) -> bool {
        each(spec, "tolerations").any(|one| {
            let text = |name: &str| one.text_at(&[name]).unwrap_or_default();
            let (effect, key) = (text("effect"), text("key"));
            let same = match text("operator") {
                "Exists" => true,
                "" | "Equal" => text("value") == self.value,
                _ => false,
            };
            same && (effect.is_empty() || effect == self.effect) && (key.is_empty() || key == self.key)
        })
    }
}

/// The taint of this node that the pods do not tolerate. Those that Kubernetes' own controllers put on come off again.
pub fn keeps_out<'n>(node: &'n Planned, workload: &Workload<'_>) -> Option<Taint<'n>> {
    let own =
        |key: &str| key.starts_with("node.kubernetes.io/") || key.starts_with("node.cloudprovider.kubernetes.io/");
    let taints = node.taints.iter().filter_map(|taint| Taint::read(taint));
    let mut hard = taints.filter(|taint| matches!(taint.effect, "NoSchedule" | "NoExecute") && !own(taint.key));
    hard.find(|taint| !taint.is_tolerated(workload.spec))
}
