//! What `check` says of generated manifests, against what a real Kubernetes does with the same: the volume binder, the API
//! server, the scheduler and the kubelet. A rule is one file, or one folder: what is drawn, our verdict, the real outcome.
//! Every disagreement fails. Pod Security has judges of its own in `tests/pod_security`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/drawing.rs"]
mod drawing;
#[path = "../support/sandbox.rs"]
mod sandbox;
#[path = "../support/written.rs"]
mod written;

mod hand;
mod placement;
mod quota;
mod references;
mod selects;
mod storage;

use blackstart::checks::rules::cluster::Cluster;
use blackstart::checks::rules::{Ground, RULES};
use blackstart::checks::told::Told;
use blackstart::checks::{files, pod_security};
use blackstart::model::Finding;
use common::seed;
use hand::Hand;
use sandbox::{Sandbox, not_run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// How many cases: many when there is time for them.
pub fn cases(few: usize, many: usize) -> usize {
    if common::long() { many } else { few }
}

/// The nodes of the cluster, as a k3d config has them. The sandbox is told the same.
const K3D: &str = r#"apiVersion: k3d.io/v1alpha5
kind: Simple
metadata: {name: lab}
servers: 1
agents: 2
options:
  k3s:
    extraArgs:
      - {arg: --disable=local-storage, nodeFilters: [server:*]}
      - {arg: "--node-taint=dedicated=gpu:NoSchedule", nodeFilters: ["agent:0"]}
      - {arg: "--node-taint=repair=yes:NoExecute", nodeFilters: ["agent:1"]}
      - {arg: "--node-taint=slow=yes:PreferNoSchedule", nodeFilters: ["agent:1"]}
    nodeLabels:
      - {label: zone=a, nodeFilters: [server:*]}
      - {label: zone=b, nodeFilters: ["agent:0"]}
      - {label: zone=c, nodeFilters: ["agent:1"]}
      - {label: disk=ssd, nodeFilters: ["agent:0", "agent:1"]}
      - {label: rank=3, nodeFilters: ["agent:0"]}
      - {label: rank=7, nodeFilters: ["agent:1"]}
"#;
const NODES: [&str; 3] = [
    "name=k3d-lab-server-0,label.zone=a",
    "name=k3d-lab-agent-0,label.zone=b,label.disk=ssd,label.rank=3,taint=dedicated=gpu:NoSchedule",
    "name=k3d-lab-agent-1,label.zone=c,label.disk=ssd,label.rank=7,taint=repair=yes:NoExecute,taint=slow=yes:PreferNoSchedule",
];

/// One cluster for all of these tests; None, and counted, where there is no program for one.
fn judge(test: &str) -> Option<&'static Sandbox> {
    static ONE: OnceLock<Option<Sandbox>> = OnceLock::new();
    let words: Vec<&str> = NODES.iter().flat_map(|node| ["--node", node]).collect();
    let found = ONE.get_or_init(|| sandbox::own(test, &words)).as_ref();
    if found.is_none() && sandbox::program().is_none() {
        not_run(test, "blackstart-sandbox is not built");
    }
    found
}

/// Work with a hand in that cluster.
pub fn with(test: &str, work: impl AsyncFnOnce(Hand)) {
    let Some(sandbox) = judge(test) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { work(Hand::at(&sandbox.kubeconfig).await).await });
}

/// What check finds in these objects, as if they were a whole repository.
pub fn checked(objects: &[Value]) -> Told {
    let text: Vec<String> = objects.iter().map(|object| format!("---\n{object}\n")).collect();
    let papers = [written::papers(&[("all.yaml", &text.concat())])];
    let k3d = written::papers(&[("k3d.yaml", K3D)]);
    let ground = Ground::of(&papers, Cluster::of_k3d(&k3d.objects[0]), &|_| false);
    files::check(&papers, &ground, &pod_security::Rules::default())
}

/// What is found, by the object that it is said of.
pub fn by_object(told: &Told) -> BTreeMap<String, Vec<&Finding>> {
    let mut all: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for fault in &told.faults {
        all.entry(fault.finding.object.clone()).or_default().push(&fault.finding);
    }
    all
}

/// Whether there is such a rule at all.
pub fn has_rule(id: &str) -> bool {
    RULES.iter().any(|rule| rule.ids.contains(&id))
}

/// Cases and disagreements, by what they are about.
#[derive(Default)]
pub struct Tally {
    by: BTreeMap<&'static str, (usize, usize)>,
    wrong: Vec<String>,
    /// What the server did not take, for reasons that no rule is about.
    pub refused: usize,
    /// Where check itself says that it cannot know.
    pub open: usize,
}

impl Tally {
    pub fn agree(&mut self, about: &'static str, positive: bool) {
        let count = self.by.entry(about).or_default();
        count.0 += usize::from(positive);
        count.1 += usize::from(!positive);
    }
    pub fn disagree(&mut self, about: &'static str, what: String) {
        self.by.entry(about).or_default();
        self.wrong.push(format!("{about}: {what}"));
    }
    pub fn count(&self) -> usize {
        self.by.values().map(|(good, bad)| good + bad).sum::<usize>() + self.wrong.len()
    }
    /// Prints it all; any disagreement is a failure.
    pub fn end(&self, name: &str, what: &str, words: (&str, &str)) {
        self.wrong.iter().take(cases(4, 12)).for_each(|wrong| println!("{wrong}"));
        println!("{name}: {} {what}, {} disagreements", self.count(), self.wrong.len());
        let (good, bad) = self.by.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let by: Vec<String> = self.by.iter().map(|(about, (good, bad))| format!("{about} {good}+{bad}")).collect();
        println!(
            "{name}: {good} {}, {bad} {}; {} left open by check, {} not taken by the server; {}",
            words.0,
            words.1,
            self.open,
            self.refused,
            by.join(", ")
        );
        assert!(self.wrong.is_empty(), "{} disagreements", self.wrong.len());
        let all = good + bad;
        assert!(good * 10 > all && bad * 10 > all, "the cases are one-sided: {good} and {bad}");
        assert!(self.open * 2 < all, "check leaves most of it open");
    }
}
