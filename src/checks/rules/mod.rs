//! The rules that look at all objects together, one file a rule. A new rule is a file here, a line in `RULES`, and two files of
//! YAML in `tests/check/rules/`: the smallest that turns it red, and the nearest that stays green.

mod balancer;
mod certificates;
mod circle;
pub mod cluster;
mod crd_wave;
mod credentials;
mod delivery;
mod disruption;
mod gone;
pub mod ground;
mod hosts;
mod own_hand;
mod parents;
mod restore;
mod retries;
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
    crd_wave::RULE,
    credentials::RULE,
    balancer::RULE,
    parents::RULE,
    retries::RULE,
    gone::RULE,
    certificates::RULE,
    circle::RULE,
    uncovered::RULE,
    restore::RULE,
    watchdog::RULE,
    own_hand::RULE,
    disruption::RULE,
];

/// Everything that the rules find.
pub fn check(ground: &Ground<'_>) -> Told {
    let mut told = Told::default();
    RULES.iter().for_each(|rule| (rule.look)(ground, &mut told));
    told
}
