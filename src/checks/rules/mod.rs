//! The rules that look at all objects together, one file a rule. A new rule is a file here, a line in `RULES`, and two files of
//! YAML in `tests/check/rules/`: the smallest that turns it red, and the nearest that stays green.

mod amounts;
mod architectures;
mod balancer;
mod certificates;
mod circle;
mod clear;
pub mod cluster;
mod cluster_dns;
mod cookie;
mod corefile;
mod crd_wave;
mod credentials;
mod delivery;
mod disruption;
mod fail_closed;
mod finalizers;
mod gone;
mod granting;
pub mod ground;
mod host_ports;
mod hosts;
mod image;
mod images;
mod large;
mod local_images;
mod memory_alert;
mod nfs;
pub mod nodes;
mod own_hand;
mod parents;
mod placement;
mod probes;
mod provisioners;
mod recovery;
mod registries;
mod restore;
mod retries;
mod room;
mod runners;
mod sealed_text;
mod sealing;
mod selects;
mod spread;
mod static_pods;
mod storage;
mod tunnels;
mod uncovered;
mod watchdog;

pub use ground::Ground;

use super::causes::Cause;
use super::told::Told;

/// One rule.
pub struct Rule {
    /// What its findings are called.
    pub ids: &'static [&'static str],
    /// What `explain` tells of those of them that the ladder does not know.
    pub pages: &'static [Cause],
    pub look: fn(&Ground<'_>, &mut Told),
}

/// By the first of their ids.
pub const RULES: &[Rule] = &[
    sealing::RULE,
    storage::RULE,
    large::RULE,
    crd_wave::RULE,
    fail_closed::RULE,
    credentials::RULE,
    balancer::RULE,
    parents::RULE,
    retries::RULE,
    images::RULE,
    gone::RULE,
    registries::RULE,
    certificates::RULE,
    tunnels::RULE,
    circle::RULE,
    recovery::RULE,
    sealed_text::RULE,
    cookie::RULE,
    uncovered::RULE,
    restore::RULE,
    runners::RULE,
    granting::RULE,
    cluster_dns::RULE,
    memory_alert::RULE,
    architectures::RULE,
    clear::RULE,
    watchdog::RULE,
    host_ports::RULE,
    local_images::RULE,
    room::RULE,
    own_hand::RULE,
    nfs::RULE,
    placement::RULE,
    corefile::RULE,
    static_pods::RULE,
    disruption::RULE,
    probes::RULE,
    selects::RULE,
    spread::RULE,
    finalizers::RULE,
    provisioners::RULE,
];

/// Everything that the rules find.
pub fn check(ground: &Ground<'_>) -> Told {
    let mut told = Told::default();
    RULES.iter().for_each(|rule| (rule.look)(ground, &mut told));
    told
}
