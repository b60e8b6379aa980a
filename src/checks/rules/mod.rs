//! The rules that look at all objects together, one file a rule. A new rule is a file here, a line in `RULES`, and two files of
//! YAML in `tests/check/rules/`: the smallest that turns it red, and the nearest that stays green.

mod amounts;
mod architectures;
mod clear;
pub mod cluster;
mod cluster_dns;
mod cookie;
mod corefile;
mod disruption;
mod fail_closed;
mod finalizers;
mod granting;
pub mod ground;
mod host_ports;
mod image;
mod images;
mod large;
mod local_images;
mod memory_alert;
mod nfs;
pub mod nodes;
mod placement;
mod probes;
mod provisioners;
mod recovery;
mod registries;
mod room;
mod runners;
mod sealed_text;
mod sealing;
mod selects;
mod spread;
mod static_pods;
mod storage;
mod tunnels;

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
    storage::RULE,
    sealing::RULE,
    registries::RULE,
    images::RULE,
    tunnels::RULE,
    cluster_dns::RULE,
    architectures::RULE,
    host_ports::RULE,
    local_images::RULE,
    room::RULE,
    nfs::RULE,
    placement::RULE,
    disruption::RULE,
    probes::RULE,
    selects::RULE,
    spread::RULE,
    large::RULE,
    fail_closed::RULE,
    recovery::RULE,
    sealed_text::RULE,
    cookie::RULE,
    runners::RULE,
    granting::RULE,
    memory_alert::RULE,
    clear::RULE,
    corefile::RULE,
    static_pods::RULE,
    finalizers::RULE,
    provisioners::RULE,
];

/// Everything that the rules find.
pub fn check(ground: &Ground<'_>) -> Told {
    let mut told = Told::default();
    RULES.iter().for_each(|rule| (rule.look)(ground, &mut told));
    told
}
