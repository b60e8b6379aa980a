//! The checks of `baseline` that are about the node: its namespaces, ports, devices and addresses.

use super::pod::{Container, Pod, Seen, names, there};
use super::registry::Broken;
use super::words::{containers, listed, plural, quoted, setters};
use crate::manifests::Node;
use crate::model::Spot;
use std::collections::BTreeSet;

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The profile that a container has of its own: by its field, or by the annotation that the server makes into the field.
fn profile_of<'n>(pod: &Pod<'n>, container: &Container<'n>) -> Option<(&'n str, Spot)> {
    if let Some(profile) = container.context(&["appArmorProfile"]) {
        return Some((profile.text_at(&["type"]).unwrap_or_default(), container.place(&["appArmorProfile", "type"])));
    }
    if pod.seen == Seen::Template || pod.windows() {
        return None;
    }
    let (at, _) =
        pod.annotation(&format!("{APP_ARMOR}{}", container.name)).filter(|(_, value)| *value == "unconfined")?;
    let of_pod = there(pod.spec, &["securityContext", "appArmorProfile", "type"]).and_then(Node::text);
    (of_pod != Some("Unconfined")).then_some(("Unconfined", at))
}

pub fn app_armor(pod: &Pod<'_>, _: u64) -> Broken {
    let fine = |kind: &str| matches!(kind, "RuntimeDefault" | "Localhost");
    let mut values: BTreeSet<String> = BTreeSet::new();
    let mut places: Vec<Spot> = Vec::new();
    let of_pod = there(pod.spec, &["securityContext", "appArmorProfile"])
        .map(|profile| profile.text_at(&["type"]).unwrap_or_default())
        .filter(|kind| !fine(kind));
    if let Some(kind) = of_pod {
        values.insert(kind.to_owned());
        places.push(pod.place(&["securityContext", "appArmorProfile", "type"]));
    }
    let mut bad = Vec::new();
    for container in &pod.containers {
        if let Some((kind, at)) = profile_of(pod, container).filter(|(kind, _)| !fine(kind)) {
            bad.push(container.name);
            values.insert(kind.to_owned());
            places.push(at);
        }
    }
    let allowed = |value: &str| value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
    let mut annotations = Vec::new();
    for (field, value) in pod.annotations.iter().filter(|(field, _)| field.name.starts_with(APP_ARMOR)) {
        if !allowed(value) {
            annotations.push(format!("{}={}", field.name, quoted(value)));
            places.push(field.at);
        }
    }
    annotations.sort();
    let setters = setters(of_pod.is_some(), &bad);
    let noted = (!annotations.is_empty()).then(|| plural("annotation", "annotations", annotations.len()).to_owned());
    let who = (!setters.is_empty()).then_some(setters).into_iter().chain(noted).collect::<Vec<_>>().join(" and ");
    let what: Vec<String> = values.into_iter().chain(annotations).collect();
    let reason = plural("forbidden AppArmor profile", "forbidden AppArmor profiles", what.len());
    let at = *places.first()?;
    Some((reason, format!("{who} must not set AppArmor profile type to {}", listed(&what)), at))
}

/// What a container runtime gives without being asked; to ask for it changes nothing.
pub const DEFAULT_CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

pub fn capabilities(pod: &Pod<'_>, _: u64) -> Broken {
    let (who, what, at) = added(pod, DEFAULT_CAPABILITIES)?;
    Some(("non-default capabilities", format!("{who} must not include {what} in securityContext.capabilities.add"), at))
}

/// Who adds capabilities that are not among these, and which.
pub fn added(pod: &Pod<'_>, allowed: &[&str]) -> Option<(String, String, Spot)> {
    let more = |container: &Container<'_>| -> Vec<(String, Spot)> {
        let names = container.texts(&["capabilities", "add"]);
        let names = names.map(|node| (node.text().unwrap_or_default().to_owned(), node.at));
        names.filter(|(name, _)| !allowed.contains(&name.as_str())).collect()
    };
    let bad = pod.which(|container| !more(container).is_empty());
    let all: Vec<(String, Spot)> = bad.iter().flat_map(|container| more(container)).collect();
    let (_, at) = all.first()?;
    let what: BTreeSet<&String> = all.iter().map(|(name, _)| name).collect();
    Some((containers(&names(&bad)), listed(what), *at))
}

pub fn host_namespaces(pod: &Pod<'_>, _: u64) -> Broken {
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|name| pod.flag(&[name]) == Some(true));
    let shared: Vec<&str> = shared.collect();
    let at = pod.place(&[shared.first()?]);
    let told: Vec<String> = shared.iter().map(|name| format!("{name}=true")).collect();
    Some(("host namespaces", told.join(", "), at))
}

pub fn host_ports(pod: &Pod<'_>, _: u64) -> Broken {
    let bad = pod.which(|container| !pod.host_ports(container).is_empty());
    let ports: Vec<(Spot, i64)> = bad.iter().flat_map(|container| pod.host_ports(container)).collect();
    let (at, _) = *ports.first()?;
    let numbers: BTreeSet<String> = ports.iter().map(|(_, number)| number.to_string()).collect();
    let detail = format!(
        "{} {} {} {}",
        containers(&names(&bad)),
        plural("uses", "use", bad.len()),
        plural("hostPort", "hostPorts", numbers.len()),
        numbers.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    );
    Some(("hostPort", detail, at))
}

const ASKING: &[[&str; 2]] = &[
    ["livenessProbe", "httpGet"],
    ["livenessProbe", "tcpSocket"],
    ["readinessProbe", "httpGet"],
    ["readinessProbe", "tcpSocket"],
    ["startupProbe", "httpGet"],
    ["startupProbe", "tcpSocket"],
];
const HOOKS: &[[&str; 3]] = &[
    ["lifecycle", "postStart", "httpGet"],
    ["lifecycle", "postStart", "tcpSocket"],
    ["lifecycle", "preStop", "httpGet"],
    ["lifecycle", "preStop", "tcpSocket"],
];

/// Hosts other than the pod itself that the kubelet would be made to ask.
pub fn hosts_of_probes(pod: &Pod<'_>, _: u64) -> Broken {
    let hosts = |container: &Container<'_>| -> Vec<(String, Spot)> {
        let ways = ASKING.iter().map(|way| way.as_slice()).chain(HOOKS.iter().map(|way| way.as_slice()));
        let asked = ways.filter_map(|way| container.node.walk(way)?.field("host"));
        let asked = asked.map(|field| (field.node.text().unwrap_or_default().to_owned(), field.at));
        asked.filter(|(host, _)| !host.is_empty()).collect()
    };
    let bad = pod.which(|container| !hosts(container).is_empty());
    let all: Vec<(String, Spot)> = bad.iter().flat_map(|container| hosts(container)).collect();
    let (_, at) = all.first()?;
    // Here the plugin sorts the containers, and tells of two with one name once.
    let who: BTreeSet<&str> = bad.iter().map(|container| container.name).collect();
    let what: BTreeSet<&String> = all.iter().map(|(host, _)| host).collect();
    let detail = format!(
        "{} {} {} {}",
        containers(&who.iter().copied().collect::<Vec<_>>()),
        plural("uses", "use", who.len()),
        plural("probe or lifecycle host", "probe or lifecycle hosts", what.len()),
        listed(&what)
    );
    Some(("probe or lifecycle host", detail, *at))
}

pub fn privileged(pod: &Pod<'_>, _: u64) -> Broken {
    let bad = pod.which(|container| container.context_flag("privileged") == Some(true));
    let at = bad.first()?.place(&["privileged"]);
    Some(("privileged", format!("{} must not set securityContext.privileged=true", containers(&names(&bad))), at))
}

pub fn host_process(pod: &Pod<'_>, _: u64) -> Broken {
    let way = ["windowsOptions", "hostProcess"];
    let of_pod = pod.flag(&["securityContext", "windowsOptions", "hostProcess"]) == Some(true);
    let bad = pod.which(|container| container.context(&way).and_then(Node::flag) == Some(true));
    let at = match of_pod {
        true => pod.place(&["securityContext", "windowsOptions", "hostProcess"]),
        false => bad.first()?.place(&way),
    };
    let who = setters(of_pod, &names(&bad));
    Some(("hostProcess", format!("{who} must not set securityContext.windowsOptions.hostProcess=true"), at))
}
