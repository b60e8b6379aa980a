//! Pod Security as the admission plugin of Kubernetes judges it, in its words and without a cluster: levels, versions, labels of
//! namespaces, every check; what mends a pod; and findings over files. Pure.

mod baseline;
mod context;
mod exempt;
mod findings;
pub mod level;
mod namespaces;
pub mod pod;
mod registry;
pub mod remedy;
mod restricted;
mod user;
mod volumes;
mod words;

pub use baseline::DEFAULT_CAPABILITIES;
pub use exempt::{Exempt, Exemptions, maker};
pub use findings::{Found, Rules, check};
pub use level::{Level, Malformed, Mode, Policies, Policy, Version};
pub use namespaces::Namespace;
pub use pod::{Pod, Seen};
pub use registry::{CHECKS, Check, NEWEST, evaluate};
pub use remedy::{Remedy, edit, remedy};
pub use user::{named_user, user_of};

use crate::model::Spot;

/// One check that a pod breaks, in the words of the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub id: &'static str,
    /// The level that has this check.
    pub level: Level,
    pub reason: &'static str,
    pub detail: String,
    /// The field that is wrong, or the nearest around the one that is missing.
    pub at: Spot,
}

/// All of them as the plugin says it, behind `violates PodSecurity "restricted:latest": `.
pub fn told(violations: &[Violation]) -> String {
    let each: Vec<String> =
        violations.iter().map(|violation| format!("{} ({})", violation.reason, violation.detail)).collect();
    each.join(", ")
}

/// The sentence with which a pod is refused.
pub fn refusal(policy: Policy, violations: &[Violation]) -> String {
    format!("violates PodSecurity \"{policy}\": {}", told(violations))
}

/// The sentence of a warning, or of a line in the audit log.
pub fn warning(policy: Policy, violations: &[Violation]) -> String {
    format!("would violate PodSecurity \"{policy}\": {}", told(violations))
}
