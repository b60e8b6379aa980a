//! The checks that `restricted` has and `baseline` has not: what every container must say of itself.

use super::context::{Unconfined, masked};
use super::pod::{Container, Pod, names, there};
use super::registry::Broken;
use super::words::{containers, setters};
use crate::manifests::Node;

/// Since this version a pod for Windows need not say what Windows does not have.
fn spared(pod: &Pod<'_>, minor: u64) -> bool {
    minor >= 25 && pod.windows()
}

/// Since this version a pod whose root is nobody on the node may be root.
fn harmless(pod: &Pod<'_>, minor: u64) -> bool {
    minor >= 35 && pod.users_of_its_own()
}

pub fn escalates(container: &Container<'_>) -> bool {
    container.context_flag("allowPrivilegeEscalation") != Some(false)
}

pub fn escalation(pod: &Pod<'_>, minor: u64) -> Broken {
    if spared(pod, minor) {
        return None;
    }
    let bad = pod.which(escalates);
    let at = bad.first()?.place(&["allowPrivilegeEscalation"]);
    let detail = format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(&names(&bad)));
    Some(("allowPrivilegeEscalation != false", detail, at))
}

pub fn keeps_some(container: &Container<'_>) -> bool {
    !container.texts(&["capabilities", "drop"]).any(|name| name.text() == Some("ALL"))
}

pub const MAY_ADD: &[&str] = &["NET_BIND_SERVICE"];

pub fn capabilities(pod: &Pod<'_>, minor: u64) -> Broken {
    if spared(pod, minor) {
        return None;
    }
    let bad = pod.which(keeps_some);
    let mut told = Vec::new();
    let mut at = bad.first().map(|container| container.place(&["capabilities", "drop"]));
    if !bad.is_empty() {
        told.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", containers(&names(&bad))));
    }
    if let Some((who, what, first)) = super::baseline::added(pod, MAY_ADD) {
        told.push(format!("{who} must not include {what} in securityContext.capabilities.add"));
        at = at.or(Some(first));
    }
    Some(("unrestricted capabilities", told.join("; "), at?))
}

pub fn proc_mount(pod: &Pod<'_>, _: u64) -> Broken {
    masked(pod)
}

pub fn non_root(pod: &Pod<'_>, minor: u64) -> Broken {
    if harmless(pod, minor) {
        return None;
    }
    let reason = "runAsNonRoot != true";
    let of_pod = pod.flag(&["securityContext", "runAsNonRoot"]);
    let explicit = pod.which(|container| container.context_flag("runAsNonRoot") == Some(false));
    let at_pod = || pod.place(&["securityContext", "runAsNonRoot"]);
    if of_pod == Some(false) || !explicit.is_empty() {
        let at = match (of_pod, explicit.first()) {
            (None | Some(true), Some(first)) => first.place(&["runAsNonRoot"]),
            (Some(false), _) | (_, None) => at_pod(),
        };
        let who = setters(of_pod == Some(false), &names(&explicit));
        return Some((reason, format!("{who} must not set securityContext.runAsNonRoot=false"), at));
    }
    let silent = pod.which(|container| of_pod.is_none() && container.context_flag("runAsNonRoot").is_none());
    silent.first()?;
    let detail = format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&names(&silent)));
    Some((reason, detail, at_pod()))
}

pub fn user(pod: &Pod<'_>, minor: u64) -> Broken {
    if harmless(pod, minor) {
        return None;
    }
    let root = |user: Option<&Node>| user.and_then(Node::whole) == Some(0);
    let of_pod = root(there(pod.spec, &["securityContext", "runAsUser"]));
    let bad = pod.which(|container| root(container.context(&["runAsUser"])));
    let at = match of_pod {
        true => pod.place(&["securityContext", "runAsUser"]),
        false => bad.first()?.place(&["runAsUser"]),
    };
    Some(("runAsUser=0", format!("{} must not set runAsUser=0", setters(of_pod, &names(&bad))), at))
}

pub fn seccomp(pod: &Pod<'_>, minor: u64) -> Broken {
    if spared(pod, minor) {
        return None;
    }
    if let Some(told) = Unconfined::of(pod).told() {
        return Some(told);
    }
    // Whoever is still here and has a profile has a good one.
    let of_pod = there(pod.spec, &["securityContext", "seccompProfile"]).is_some();
    let silent = pod.which(|container| !of_pod && container.context(&["seccompProfile"]).is_none());
    silent.first()?;
    let detail = format!(
        "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
        containers(&names(&silent))
    );
    Some(("seccompProfile", detail, pod.place(&["securityContext", "seccompProfile"])))
}
