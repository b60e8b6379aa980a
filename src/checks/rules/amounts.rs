//! What pods ask for and may use, as the API server and the scheduler count it: with what it fills in, and with init
//! containers, which need room before the others do.

use super::ground::{Ground, Workload};
use crate::checks::quantity::Quantity;
use crate::manifests::Node;
use crate::manifests::pods::each;
use std::collections::HashMap;

/// What is counted: where it stands in `resources`, and what quotas call it.
pub const COUNTED: [(&str, &str, &[&str]); 4] = [
    ("requests", "cpu", &["requests.cpu", "cpu"]),
    ("requests", "memory", &["requests.memory", "memory"]),
    ("limits", "cpu", &["limits.cpu"]),
    ("limits", "memory", &["limits.memory"]),
];

/// One amount of each that is counted; None where nothing is said.
pub type Amounts = [Option<Quantity>; 4];

/// What LimitRanges give to containers that say nothing, by namespace.
pub struct Defaults<'o>(HashMap<&'o str, Amounts>);

impl<'o> Defaults<'o> {
    pub fn of(ground: &Ground<'o>) -> Self {
        let mut all: HashMap<&str, Amounts> = HashMap::new();
        for range in ground.of_kind("", "LimitRange") {
            let own = all.entry(range.namespace().unwrap_or("default")).or_default();
            let limits = range.root.get("spec").into_iter().flat_map(|spec| each(spec, "limits"));
            for limit in limits.filter(|limit| limit.text_at(&["type"]) == Some("Container")) {
                let read = |name: &str, what: &str| amount(limit.walk(&[name, what]));
                for (at, what) in [(0, "cpu"), (1, "memory")] {
                    let most = read("default", what).or_else(|| read("max", what));
                    let asked = read("defaultRequest", what).or_else(|| most.clone()).or_else(|| read("min", what));
                    own[at] = own[at].take().or(asked);
                    own[at + 2] = own[at + 2].take().or(most);
                }
            }
        }
        Self(all)
    }

    /// Of one container. What it may use is what it asks for, where it asks for nothing.
    pub fn container(&self, namespace: &str, container: &Node) -> Amounts {
        let mut own = said(container);
        for at in [0, 1] {
            own[at] = own[at].take().or_else(|| own[at + 2].clone());
        }
        if let Some(more) = self.0.get(namespace) {
            for (own, more) in own.iter_mut().zip(more) {
                *own = own.take().or_else(|| more.clone());
            }
        }
        own
    }

    /// Of a pod. Init containers run before the others and alone, but for those that stay.
    pub fn pod(&self, workload: &Workload<'_>) -> Amounts {
        let namespace = workload.namespace();
        let mut whole = said(workload.spec);
        for (at, whole) in whole.iter_mut().enumerate().filter(|(_, whole)| whole.is_none()) {
            let (mut stay, mut most): (Option<Quantity>, Option<Quantity>) = (None, None);
            for (list, container) in workload.containers() {
                let own = self.container(namespace, container)[at].clone();
                let stays = list == "containers" || container.text_at(&["restartPolicy"]) == Some("Always");
                let with = plus(stay.as_ref(), own.as_ref());
                if stays { stay = with } else { most = most.max(with) }
            }
            *whole = stay.max(most);
        }
        whole
    }
}

pub fn plus(a: Option<&Quantity>, b: Option<&Quantity>) -> Option<Quantity> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.plus(b)),
        (one, other) => one.or(other).cloned(),
    }
}

/// So many times an amount; what is beyond counting is not counted through.
pub fn times(amount: &Quantity, count: i64) -> Quantity {
    (1..count.min(1000)).fold(amount.clone(), |sum, _| sum.plus(amount))
}

/// What stands in the `resources` of a container or a pod.
pub fn said(node: &Node) -> Amounts {
    COUNTED.map(|(list, what, _)| amount(node.walk(&["resources", list, what])))
}

pub fn amount(node: Option<&Node>) -> Option<Quantity> {
    Quantity::of(&node?.json())
}
