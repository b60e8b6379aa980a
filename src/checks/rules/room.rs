//! F51: what pods ask for against what there is: the quota of their namespace, and the planned nodes where their size is
//! known. What is not in the files takes room too, and is not counted.

use super::amounts::{Amounts, COUNTED, Defaults, amount, plus, times};
use super::cluster::{Cluster, Planned};
use super::ground::{Ground, Workload};
use super::nodes::Nodes;
use super::{Rule, Told};
use crate::checks::names::listed;
use crate::checks::quantity::Quantity;
use crate::manifests::{Node, Object};
use crate::model::{Finding, Severity};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

pub const RULE: Rule = Rule { ids: &["F51"], pages: &[], look };

fn look(ground: &Ground<'_>, told: &mut Told) {
    let defaults = Defaults::of(ground);
    silent(ground, &defaults, told);
    for quota in ground.of_kind("", "ResourceQuota") {
        let spec = quota.root.get("spec");
        // One with scopes is about some of the pods only.
        if spec.is_some_and(|spec| spec.get("scopes").is_none() && spec.get("scopeSelector").is_none()) {
            self::quota(ground, quota, &defaults, told);
        }
    }
    if let Some(cluster) = &ground.cluster {
        capacity(ground, cluster, &defaults, told);
    }
}

/// The containers of a namespace that ask for nothing: one word of all of them.
fn silent(ground: &Ground<'_>, defaults: &Defaults<'_>, told: &mut Told) {
    let mut found: BTreeMap<&str, Vec<(&Workload<'_>, &Node)>> = BTreeMap::new();
    for workload in ground.workloads.iter().filter(|workload| workload.serves() && workload.is_whole()) {
        let namespace = workload.namespace();
        let nothing = |container: &&Node| {
            let amounts = defaults.container(namespace, container);
            amounts[0].is_none() && amounts[1].is_none()
        };
        let mut containers = workload.containers().filter(|(list, _)| *list == "containers").map(|(_, one)| one);
        if workload.spec.get("resources").is_none()
            && let Some(container) = containers.find(nothing)
        {
            found.entry(namespace).or_default().push((workload, container));
        }
    }
    for (namespace, silent) in found {
        let Some((workload, container)) = silent.first() else { continue };
        let names: Vec<&str> = silent.iter().map(|(workload, _)| workload.object.name()).collect();
        let message = format!(
            "no requests in namespace {namespace}: {}; nobody can tell whether they have room",
            listed(&names, 5)
        );
        let fix = "write resources.requests of cpu and memory, or a LimitRange with defaultRequest";
        let place = workload.object.place_at(container.nearest(&["resources"]));
        told.say("F51", Severity::Note, workload.object, place, message, fix);
    }
}

fn quota(ground: &Ground<'_>, quota: &Arc<Object>, defaults: &Defaults<'_>, told: &mut Told) {
    let namespace = quota.namespace().unwrap_or("default");
    let Some(hard) = quota.root.walk(&["spec", "hard"]) else { return };
    let allowed: Amounts = COUNTED.map(|(_, _, names)| names.iter().find_map(|name| amount(hard.get(name))));
    // What fills in requests on the way is in no file, or in one that is not read for it.
    let certain = ground.whole
        && ground.hidden.is_empty()
        && ground.of_kind("autoscaling.k8s.io", "VerticalPodAutoscaler").is_empty()
        && ground.of_kind("kyverno.io", "ClusterPolicy").is_empty();
    let severity = if certain { Severity::Error } else { Severity::Warning };
    let mut sums = Amounts::default();
    let mut seen = HashSet::new();
    let mut pods = 0_i64;
    for workload in ground.workloads_in(namespace).filter(|workload| workload.is_whole()) {
        if workload.replicas() == Some(0) || !seen.insert((workload.object.kind(), workload.object.name())) {
            continue;
        }
        if workload.spec.get("resources").is_none() {
            unsaid(workload, quota, &allowed, defaults, severity, told);
        }
        let own = defaults.pod(workload);
        let count = if workload.serves() { workload.replicas().unwrap_or(1) } else { 0 };
        pods = pods.saturating_add(count);
        for (at, (_, _, names)) in COUNTED.iter().enumerate() {
            let (Some(own), Some(allowed)) = (&own[at], &allowed[at]) else { continue };
            if own > allowed {
                let message = format!(
                    "one pod has {} {own}, and ResourceQuota {namespace}/{} allows {allowed} ({})",
                    names[0],
                    quota.name(),
                    quota.place_of(&["spec", "hard"])
                );
                let fix = "ask for less, or raise the quota";
                told.say("F51", Severity::Error, workload.object, workload.place(&["containers"]), message, fix);
            }
            if count > 0 {
                sums[at] = plus(sums[at].as_ref(), Some(&times(own, count)));
            }
        }
    }
    for (at, (_, _, names)) in COUNTED.iter().enumerate() {
        let (Some(sum), Some(allowed)) = (&sums[at], &allowed[at]) else { continue };
        if sum > allowed {
            over(quota, hard, names, &format!("{} {sum}", names[0]), allowed, told);
        }
    }
    let most = hard.get("pods").or_else(|| hard.get("count/pods"));
    if let Some(most) = amount(most)
        && Quantity::read(&pods.to_string()).is_some_and(|pods| pods > most)
    {
        over(quota, hard, &["pods", "count/pods"], &format!("{pods} pods"), &most, told);
    }
}

fn over(quota: &Object, hard: &Node, names: &[&str], wanted: &str, allowed: &Quantity, told: &mut Told) {
    let field = names.iter().find_map(|name| hard.field(name));
    let place = field.map_or_else(|| quota.place(), |field| quota.place_at(field.at));
    let message = format!(
        "allows {allowed}, and what the files put into its namespace wants {wanted}: the last pods are refused"
    );
    told.say("F51", Severity::Warning, quota, place, message, "raise the quota, or ask for less");
}

/// The API server refuses a pod of which a container does not say what the quota counts.
fn unsaid(
    workload: &Workload<'_>,
    quota: &Object,
    allowed: &Amounts,
    defaults: &Defaults<'_>,
    severity: Severity,
    told: &mut Told,
) {
    for (_, container) in workload.containers() {
        let own = defaults.container(workload.namespace(), container);
        let missing: Vec<&str> = COUNTED
            .iter()
            .enumerate()
            .filter(|(at, _)| allowed[*at].is_some() && own[*at].is_none())
            .map(|(_, (_, _, names))| names[0])
            .collect();
        if missing.is_empty() {
            continue;
        }
        let name = container.text_at(&["name"]).unwrap_or_default();
        let message = format!(
            "container {name} has no {}, which ResourceQuota {}/{} counts ({}): its pods are refused",
            missing.join(" and no "),
            workload.namespace(),
            quota.name(),
            quota.place_of(&["spec", "hard"])
        );
        let fix = format!(
            "write resources.{} of the container, or a LimitRange with defaults",
            missing.join(" and resources.")
        );
        let place = workload.object.place_at(container.nearest(&["resources"]));
        told.say("F51", severity, workload.object, place, message, fix);
        return;
    }
}

/// What a node has of something.
type Size = fn(&Planned) -> Option<&Quantity>;

/// What all pods ask for, and the biggest of them, against the planned nodes.
fn capacity(ground: &Ground<'_>, cluster: &Cluster, defaults: &Defaults<'_>, told: &mut Told) {
    const SIZES: [(usize, &str, Size); 2] =
        [(0, "cpu", |node| node.cpu.as_ref()), (1, "memory", |node| node.memory.as_ref())];
    let whole = SIZES.map(|(_, _, size)| {
        let mut sizes = cluster.nodes.iter().map(size);
        sizes.try_fold(Quantity::zero(), |sum, size| Some(sum.plus(size?)))
    });
    if cluster.nodes.is_empty() || whole.iter().all(Option::is_none) {
        return;
    }
    let nodes = Nodes::of(cluster);
    let mut sums = [Quantity::zero(), Quantity::zero()];
    let mut seen = HashSet::new();
    for workload in ground.workloads.iter().filter(|workload| workload.is_whole() && workload.replicas() != Some(0)) {
        if !seen.insert((workload.object.kind(), workload.namespace(), workload.object.name())) {
            continue;
        }
        let own = defaults.pod(workload);
        let open = nodes.open_to(workload);
        for (at, what, size) in SIZES {
            let Some(own) = &own[at] else { continue };
            let biggest = open.iter().map(|node| size(node)).max().flatten();
            let known = open.iter().all(|node| size(node).is_some());
            if let Some(biggest) = biggest.filter(|biggest| known && *own > **biggest) {
                let message = format!(
                    "one pod asks for {own} of {what}, and the biggest node that takes it has {biggest} ({})",
                    cluster.place
                );
                let place = workload.place(&["containers"]);
                told.say(
                    "F51",
                    Severity::Error,
                    workload.object,
                    place,
                    message,
                    "ask for less, or plan a bigger node",
                );
            }
            if workload.serves() {
                let count = workload.replicas().unwrap_or_else(|| i64::try_from(open.len()).unwrap_or(i64::MAX));
                if count > 0 {
                    sums[at] = sums[at].plus(&times(own, count));
                }
            }
        }
    }
    for ((at, what, _), whole) in SIZES.into_iter().zip(&whole) {
        let Some(whole) = whole else { continue };
        let sum = &sums[at];
        let severity = if sum > whole && cluster.is_whole() && ground.whole {
            Severity::Error
        } else if times(sum, 5) > times(whole, 4) {
            Severity::Warning
        } else {
            continue;
        };
        told.add(Finding {
            id: "F51",
            severity,
            place: cluster.place.clone(),
            object: format!("cluster {}", cluster.name),
            message: format!("has {whole} of {what}, and the pods of these files ask for {sum}"),
            fix: "ask for less, or plan more or bigger nodes; the system itself needs a part".to_owned(),
            patch: None,
        });
    }
}
