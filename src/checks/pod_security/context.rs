//! The checks of `baseline` that are about security contexts: seccomp, SELinux, /proc and sysctls.

use super::pod::{Container, Pod, names, there};
use super::registry::Broken;
use super::words::{containers, listed, plural, quoted, setters};
use crate::manifests::Node;
use crate::manifests::pods::each;
use crate::model::Spot;
use std::collections::BTreeSet;

/// Before pods with users of their own could do as they like.
const BEFORE_OWN_USERS: u64 = 34;

pub fn proc_mount(pod: &Pod<'_>, minor: u64) -> Broken {
    if minor > BEFORE_OWN_USERS && pod.users_of_its_own() {
        return None;
    }
    masked(pod)
}

pub fn masked(pod: &Pod<'_>) -> Broken {
    let mount = |container: &Container<'_>| {
        let mount = container.context(&["procMount"])?;
        Some(mount.text().unwrap_or_default().to_owned()).filter(|kind| kind != "Default")
    };
    let bad = pod.which(|container| mount(container).is_some());
    let at = bad.first()?.place(&["procMount"]);
    let kinds: BTreeSet<String> = bad.iter().filter_map(|container| mount(container)).collect();
    let detail = format!("{} must not set securityContext.procMount to {}", containers(&names(&bad)), listed(&kinds));
    Some(("procMount", detail, at))
}

const SE_LINUX: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t"];

pub fn se_linux(pod: &Pod<'_>, minor: u64) -> Broken {
    let fine = |kind: &str| SE_LINUX.contains(&kind) || (minor >= 31 && kind == "container_engine_t");
    let word = |options: &Node, name: &str| options.text_at(&[name]).unwrap_or_default().to_owned();
    let wrong = |options: &Node| {
        let fields = [("type", !fine(&word(options, "type"))), ("user", !word(options, "user").is_empty())];
        let role = ("role", !word(options, "role").is_empty());
        fields.into_iter().chain([role]).find(|(_, wrong)| *wrong).map(|(name, _)| name)
    };
    let of_pod = there(pod.spec, &["securityContext", "seLinuxOptions"]);
    let own = |container: &Container<'_>| wrong(container.context(&["seLinuxOptions"])?);
    let bad_pod = of_pod.and_then(wrong);
    let bad = pod.which(|container| own(container).is_some());
    let at: Spot = match (bad_pod, bad.first()) {
        (Some(field), _) => pod.place(&["securityContext", "seLinuxOptions", field]),
        (None, Some(first)) => first.place(&["seLinuxOptions", own(first)?]),
        (None, None) => return None,
    };
    let all: Vec<&Node> =
        of_pod.into_iter().chain(bad.iter().filter_map(|container| container.context(&["seLinuxOptions"]))).collect();
    let types: BTreeSet<String> = all.iter().map(|options| word(options, "type")).filter(|kind| !fine(kind)).collect();
    let mut told = Vec::new();
    if !types.is_empty() {
        told.push(format!("{} {}", plural("type", "types", types.len()), listed(&types)));
    }
    for name in ["user", "role"] {
        if all.iter().any(|options| !word(options, name).is_empty()) {
            told.push(format!("{name} may not be set"));
        }
    }
    let who = setters(bad_pod.is_some(), &names(&bad));
    let detail = format!("{who} set forbidden securityContext.seLinuxOptions: {}", told.join("; "));
    Some(("seLinuxOptions", detail, at))
}

pub fn confined(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

/// Who sets a seccomp profile that may not be, and where.
#[derive(Debug, Default)]
pub struct Unconfined<'n> {
    pub pod: bool,
    pub containers: Vec<&'n str>,
    kinds: BTreeSet<String>,
    at: Option<Spot>,
}

impl<'n> Unconfined<'n> {
    pub fn of(pod: &Pod<'n>) -> Self {
        let mut found = Self::default();
        let kind = |profile: &Node| profile.text_at(&["type"]).unwrap_or_default().to_owned();
        let of_pod = there(pod.spec, &["securityContext", "seccompProfile"]).map(kind);
        if let Some(kind) = of_pod.filter(|kind| !confined(kind)) {
            found.pod = true;
            found.kinds.insert(kind);
            found.at = Some(pod.place(&["securityContext", "seccompProfile", "type"]));
        }
        for container in &pod.containers {
            let own = container.context(&["seccompProfile"]).map(kind);
            if let Some(kind) = own.filter(|kind| !confined(kind)) {
                found.containers.push(container.name);
                found.kinds.insert(kind);
                found.at = found.at.or(Some(container.place(&["seccompProfile", "type"])));
            }
        }
        found
    }
    pub fn told(&self) -> Broken {
        let who = setters(self.pod, &self.containers);
        let detail = format!("{who} must not set securityContext.seccompProfile.type to {}", listed(&self.kinds));
        Some(("seccompProfile", detail, self.at?))
    }
}

/// By annotations before 1.19, by fields since.
pub fn seccomp(pod: &Pod<'_>, minor: u64) -> Broken {
    if minor >= 19 {
        return Unconfined::of(pod).told();
    }
    let of_pod = "seccomp.security.alpha.kubernetes.io/pod".to_owned();
    let own = pod
        .containers
        .iter()
        .map(|container| format!("container.seccomp.security.alpha.kubernetes.io/{}", container.name));
    let fine = |value: &str| matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/");
    let mut forbidden: BTreeSet<String> = BTreeSet::new();
    let mut first = None;
    for name in std::iter::once(of_pod).chain(own) {
        if let Some((at, value)) = pod.annotation(&name).filter(|(_, value)| !fine(value)) {
            forbidden.insert(format!("{name}={}", quoted(value)));
            first = first.or(Some(at));
        }
    }
    let told: Vec<&str> = forbidden.iter().map(String::as_str).collect();
    let detail = format!("forbidden {} {}", plural("annotation", "annotations", told.len()), told.join(", "));
    Some(("seccompProfile", detail, first?))
}

/// Which sysctls are safe, and since when.
const SYSCTLS: &[(u64, &[&str])] = &[
    (
        0,
        &[
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range",
            "net.ipv4.ip_unprivileged_port_start",
        ],
    ),
    (27, &["net.ipv4.ip_local_reserved_ports"]),
    (
        29,
        &[
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes",
        ],
    ),
    (32, &["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]),
    (37, &["net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"]),
];

pub fn sysctls(pod: &Pod<'_>, minor: u64) -> Broken {
    let fine = |name: &str| SYSCTLS.iter().any(|(from, names)| *from <= minor && names.contains(&name));
    let context = there(pod.spec, &["securityContext"])?;
    let bad = each(context, "sysctls").map(|sysctl| (sysctl.text_at(&["name"]).unwrap_or_default(), sysctl.at));
    let bad: Vec<(&str, Spot)> = bad.filter(|(name, _)| !fine(name)).collect();
    let (_, at) = *bad.first()?;
    let names: Vec<&str> = bad.iter().map(|(name, _)| *name).collect();
    Some(("forbidden sysctls", names.join(", "), at))
}
