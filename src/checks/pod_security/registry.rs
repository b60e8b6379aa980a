//! The table of all checks: which level has them, since which version, and which stand aside for a stricter one.

use super::baseline as base;
use super::level::{Level, Policy};
use super::pod::Pod;
use super::restricted as strict;
use super::{Violation, context, volumes};
use crate::model::Spot;

/// What a check found wrong: the reason, the detail, and where.
pub type Broken = Option<(&'static str, String, Spot)>;

#[derive(Clone, Copy)]
pub struct Check {
    pub id: &'static str,
    pub level: Level,
    /// Of Kubernetes 1.N.
    pub from: u64,
    /// The check of `baseline` that this one takes the place of; empty where there is none.
    pub instead: &'static str,
    /// Takes the version too, where later ones are milder or stricter.
    run: fn(&Pod<'_>, u64) -> Broken,
}

const fn baseline(id: &'static str, from: u64, run: fn(&Pod<'_>, u64) -> Broken) -> Check {
    Check { id, level: Level::Baseline, from, instead: "", run }
}

const fn restricted(id: &'static str, from: u64, instead: &'static str, run: fn(&Pod<'_>, u64) -> Broken) -> Check {
    Check { id, level: Level::Restricted, from, instead, run }
}

/// In the order in which the plugin tells of them.
pub const CHECKS: &[Check] = &[
    baseline("appArmorProfile", 0, base::app_armor),
    baseline("capabilities_baseline", 0, base::capabilities),
    baseline("hostNamespaces", 0, base::host_namespaces),
    baseline("hostPathVolumes", 0, volumes::host_path),
    baseline("hostPorts", 0, base::host_ports),
    baseline("hostProbesAndHostLifecycle", 34, base::hosts_of_probes),
    baseline("privileged", 0, base::privileged),
    baseline("procMount", 0, context::proc_mount),
    baseline("seLinuxOptions", 0, context::se_linux),
    baseline("seccompProfile_baseline", 0, context::seccomp),
    baseline("sysctls", 0, context::sysctls),
    baseline("windowsHostProcess", 0, base::host_process),
    restricted("allowPrivilegeEscalation", 8, "", strict::escalation),
    restricted("capabilities_restricted", 22, "capabilities_baseline", strict::capabilities),
    restricted("procMount_restricted", 35, "procMount", strict::proc_mount),
    restricted("restrictedVolumes", 0, "hostPathVolumes", volumes::kinds),
    restricted("runAsNonRoot", 0, "", strict::non_root),
    restricted("runAsUser", 23, "", strict::user),
    restricted("seccompProfile_restricted", 19, "seccompProfile_baseline", strict::seccomp),
];

/// The newest version that this table knows, for servers of which nothing else is known.
pub const NEWEST: u64 = 37;

/// Every check that the pod breaks, on a server whose newest version is `newest`.
pub fn evaluate(pod: &Pod<'_>, policy: Policy, newest: u64) -> Vec<Violation> {
    let minor = policy.version.minor(newest);
    let asked: Vec<&Check> = CHECKS.iter().filter(|check| check.level <= policy.level && check.from <= minor).collect();
    let stands = |check: &&&Check| !asked.iter().any(|other| other.instead == check.id);
    let broken = asked.iter().filter(stands).filter_map(|check| {
        let (reason, detail, at) = (check.run)(pod, minor)?;
        Some(Violation { id: check.id, level: check.level, reason, detail, at })
    });
    broken.collect()
}
