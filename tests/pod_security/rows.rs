//! Each check with the smallest pod that turns it red and the nearest one that leaves it green, and both sides of each version
//! at which one changes.

use blackstart::checks::pod_security::Level;
use serde_json::{Value, json};

/// A pod that passes `restricted`, changed by this: a field that is null goes away.
fn good(change: Value) -> Value {
    let mut pod = json!({"spec": {
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "a", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}});
    merge(&mut pod, change);
    pod
}

fn merge(into: &mut Value, change: Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (name, value) in change {
                match value {
                    Value::Null => drop(into.remove(&name)),
                    value => merge(into.entry(name).or_insert(Value::Null), value),
                }
            }
        }
        (Value::Array(into), Value::Array(change)) => {
            for (at, value) in change.into_iter().enumerate() {
                match into.get_mut(at) {
                    Some(there) => merge(there, value),
                    None => into.push(value),
                }
            }
        }
        (into, change) => *into = change,
    }
}

fn of_pod(context: Value) -> Value {
    good(json!({"spec": {"securityContext": context}}))
}

fn of_container(context: Value) -> Value {
    good(json!({"spec": {"containers": [{"securityContext": context}]}}))
}

fn within(spec: Value) -> Value {
    good(json!({"spec": spec}))
}

fn noted(name: &str, value: &str) -> Value {
    good(json!({"metadata": {"annotations": {name: value}}}))
}

/// A check, where it is red and where it is green: pods, and the minor version of each.
pub struct Row {
    pub id: &'static str,
    pub level: Level,
    pub red: (Value, u64),
    pub green: (Value, u64),
    pub detail: &'static str,
}

fn row(id: &'static str, level: Level, red: (Value, u64), green: (Value, u64), detail: &'static str) -> Row {
    Row { id, level, red, green, detail }
}

pub fn baseline() -> Vec<Row> {
    let level = Level::Baseline;
    let row = |id, red, green, detail| row(id, level, red, green, detail);
    let armor = "container.apparmor.security.beta.kubernetes.io/a";
    let old = "seccomp.security.alpha.kubernetes.io/pod";
    let probe = |host: &str| within(json!({"containers": [{"livenessProbe": {"httpGet": {"port": 1, "host": host}}}]}));
    let sysctl = |name: &str| of_pod(json!({"sysctls": [{"name": name, "value": "1"}]}));
    let linux = |kind: &str| of_pod(json!({"seLinuxOptions": {"type": kind}}));
    let unmasked =
        |own: bool| within(json!({"hostUsers": own, "containers": [{"securityContext": {"procMount": "Unmasked"}}]}));
    let mount = "container \"a\" must not set securityContext.procMount to \"Unmasked\"";
    vec![
        row(
            "appArmorProfile",
            (noted(armor, "x"), 0),
            (noted(armor, "localhost/x"), 0),
            "annotation must not set AppArmor profile type to \"container.apparmor.security.beta.kubernetes.io/a=\"x\"\"",
        ),
        row(
            "appArmorProfile",
            (of_pod(json!({"appArmorProfile": {"type": "Unconfined"}})), 37),
            (of_pod(json!({"appArmorProfile": {"type": "RuntimeDefault"}})), 37),
            "pod must not set AppArmor profile type to \"Unconfined\"",
        ),
        row(
            "capabilities_baseline",
            (of_container(json!({"capabilities": {"add": ["NET_RAW"]}})), 37),
            (of_container(json!({"capabilities": {"add": ["CHOWN"]}})), 37),
            "container \"a\" must not include \"NET_RAW\" in securityContext.capabilities.add",
        ),
        row(
            "hostNamespaces",
            (within(json!({"hostPID": true})), 37),
            (within(json!({"hostPID": false})), 37),
            "hostPID=true",
        ),
        row(
            "hostPathVolumes",
            (within(json!({"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]})), 37),
            (within(json!({"volumes": [{"name": "v", "nfs": {"server": "s", "path": "/"}}]})), 37),
            "volume \"v\"",
        ),
        row(
            "hostPorts",
            (within(json!({"containers": [{"ports": [{"containerPort": 1, "hostPort": 1}]}]})), 37),
            (within(json!({"containers": [{"ports": [{"containerPort": 1, "hostPort": 0}]}]})), 37),
            "container \"a\" uses hostPort 1",
        ),
        row(
            "hostProbesAndHostLifecycle",
            (probe("x"), 34),
            (probe(""), 34),
            "container \"a\" uses probe or lifecycle host \"x\"",
        ),
        row(
            "hostProbesAndHostLifecycle",
            (probe("x"), 34),
            (probe("x"), 33),
            "container \"a\" uses probe or lifecycle host \"x\"",
        ),
        row(
            "privileged",
            (of_container(json!({"privileged": true})), 37),
            (of_container(json!({"privileged": false})), 37),
            "container \"a\" must not set securityContext.privileged=true",
        ),
        row("procMount", (unmasked(true), 37), (unmasked(false), 37), mount),
        row("procMount", (unmasked(false), 34), (unmasked(false), 35), mount),
        row(
            "seLinuxOptions",
            (linux("spc_t"), 37),
            (linux("container_t"), 37),
            "pod set forbidden securityContext.seLinuxOptions: type \"spc_t\"",
        ),
        row(
            "seLinuxOptions",
            (linux("container_engine_t"), 30),
            (linux("container_engine_t"), 31),
            "pod set forbidden securityContext.seLinuxOptions: type \"container_engine_t\"",
        ),
        row(
            "seLinuxOptions",
            (of_pod(json!({"seLinuxOptions": {"user": "u"}})), 37),
            (of_pod(json!({"seLinuxOptions": {"level": "s0"}})), 37),
            "pod set forbidden securityContext.seLinuxOptions: user may not be set",
        ),
        row(
            "seccompProfile_baseline",
            (of_pod(json!({"seccompProfile": {"type": "Unconfined"}})), 19),
            (of_pod(json!({"seccompProfile": {"type": "Unconfined"}})), 18),
            "pod must not set securityContext.seccompProfile.type to \"Unconfined\"",
        ),
        row(
            "seccompProfile_baseline",
            (noted(old, "unconfined"), 18),
            (noted(old, "unconfined"), 19),
            "forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\"",
        ),
        row(
            "seccompProfile_baseline",
            (noted(old, "x"), 0),
            (noted(old, "docker/default"), 0),
            "forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"x\"",
        ),
        row("sysctls", (sysctl("kernel.msgmax"), 37), (sysctl("kernel.shm_rmid_forced"), 0), "kernel.msgmax"),
        row(
            "sysctls",
            (sysctl("net.ipv4.ip_local_reserved_ports"), 26),
            (sysctl("net.ipv4.ip_local_reserved_ports"), 27),
            "net.ipv4.ip_local_reserved_ports",
        ),
        row(
            "sysctls",
            (sysctl("net.ipv4.tcp_fin_timeout"), 28),
            (sysctl("net.ipv4.tcp_fin_timeout"), 29),
            "net.ipv4.tcp_fin_timeout",
        ),
        row("sysctls", (sysctl("net.ipv4.tcp_rmem"), 31), (sysctl("net.ipv4.tcp_rmem"), 32), "net.ipv4.tcp_rmem"),
        row(
            "sysctls",
            (sysctl("net.ipv4.tcp_notsent_lowat"), 36),
            (sysctl("net.ipv4.tcp_notsent_lowat"), 37),
            "net.ipv4.tcp_notsent_lowat",
        ),
        row(
            "windowsHostProcess",
            (of_pod(json!({"windowsOptions": {"hostProcess": true}})), 37),
            (of_pod(json!({"windowsOptions": {"hostProcess": false}})), 37),
            "pod must not set securityContext.windowsOptions.hostProcess=true",
        ),
    ]
}

pub fn restricted() -> Vec<Row> {
    let level = Level::Restricted;
    let row = |id, red, green, detail| row(id, level, red, green, detail);
    let windows = |minor| {
        let mut pod = within(json!({"os": {"name": "windows"}, "containers": [{"securityContext": null}]}));
        if minor {
            pod["spec"]["securityContext"].as_object_mut().unwrap().remove("seccompProfile");
        }
        pod
    };
    let escalates = of_container(json!({"allowPrivilegeEscalation": null}));
    let keeps = of_container(json!({"capabilities": {"drop": null}}));
    let root = |own: bool| within(json!({"hostUsers": own, "securityContext": {"runAsUser": 0}}));
    let silent = |own: bool| within(json!({"hostUsers": own, "securityContext": {"runAsNonRoot": null}}));
    let unmasked =
        |kind: &str| within(json!({"hostUsers": false, "containers": [{"securityContext": {"procMount": kind}}]}));
    let unconfined = || of_pod(json!({"seccompProfile": null}));
    vec![
        row(
            "allowPrivilegeEscalation",
            (escalates.clone(), 8),
            (escalates, 7),
            "container \"a\" must set securityContext.allowPrivilegeEscalation=false",
        ),
        row(
            "allowPrivilegeEscalation",
            (of_container(json!({"allowPrivilegeEscalation": true})), 37),
            (good(json!({})), 37),
            "container \"a\" must set securityContext.allowPrivilegeEscalation=false",
        ),
        row(
            "allowPrivilegeEscalation",
            (windows(false), 21),
            (windows(false), 25),
            "container \"a\" must set securityContext.allowPrivilegeEscalation=false",
        ),
        row(
            "capabilities_restricted",
            (keeps.clone(), 22),
            (keeps, 21),
            "container \"a\" must set securityContext.capabilities.drop=[\"ALL\"]",
        ),
        row(
            "capabilities_restricted",
            (of_container(json!({"capabilities": {"add": ["CHOWN"]}})), 37),
            (of_container(json!({"capabilities": {"add": ["NET_BIND_SERVICE"]}})), 37),
            "container \"a\" must not include \"CHOWN\" in securityContext.capabilities.add",
        ),
        row(
            "procMount_restricted",
            (unmasked("Unmasked"), 35),
            (unmasked("Default"), 35),
            "container \"a\" must not set securityContext.procMount to \"Unmasked\"",
        ),
        row(
            "restrictedVolumes",
            (within(json!({"volumes": [{"name": "v", "nfs": {"server": "s", "path": "/"}}]})), 37),
            (within(json!({"volumes": [{"name": "v"}]})), 37),
            "volume \"v\" uses restricted volume type \"nfs\"",
        ),
        row(
            "restrictedVolumes",
            (within(json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]})), 0),
            (within(json!({"volumes": [{"name": "v", "emptyDir": {}}]})), 0),
            "volume \"v\" uses restricted volume type \"hostPath\"",
        ),
        row(
            "runAsNonRoot",
            (of_pod(json!({"runAsNonRoot": null})), 37),
            (good(json!({})), 37),
            "pod or container \"a\" must set securityContext.runAsNonRoot=true",
        ),
        row(
            "runAsNonRoot",
            (of_container(json!({"runAsNonRoot": false})), 37),
            (of_container(json!({"runAsNonRoot": true})), 37),
            "container \"a\" must not set securityContext.runAsNonRoot=false",
        ),
        row(
            "runAsNonRoot",
            (silent(true), 35),
            (silent(false), 35),
            "pod or container \"a\" must set securityContext.runAsNonRoot=true",
        ),
        row(
            "runAsNonRoot",
            (silent(false), 34),
            (silent(false), 35),
            "pod or container \"a\" must set securityContext.runAsNonRoot=true",
        ),
        row("runAsUser", (root(true), 23), (root(true), 22), "pod must not set runAsUser=0"),
        row("runAsUser", (root(false), 34), (root(false), 35), "pod must not set runAsUser=0"),
        row(
            "runAsUser",
            (of_container(json!({"runAsUser": 0})), 37),
            (of_container(json!({"runAsUser": 1})), 37),
            "container \"a\" must not set runAsUser=0",
        ),
        row(
            "seccompProfile_restricted",
            (unconfined(), 19),
            (unconfined(), 18),
            "pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
        ),
        row(
            "seccompProfile_restricted",
            (of_container(json!({"seccompProfile": {"type": "Unconfined"}})), 37),
            (of_container(json!({"seccompProfile": {"type": "Localhost"}})), 37),
            "container \"a\" must not set securityContext.seccompProfile.type to \"Unconfined\"",
        ),
        row(
            "seccompProfile_restricted",
            (
                {
                    let mut pod = windows(true);
                    pod["spec"]["containers"][0]["securityContext"] =
                        json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
                    pod
                },
                24,
            ),
            (windows(true), 25),
            "pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
        ),
    ]
}
