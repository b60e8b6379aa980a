//! Pods drawn from a seed: over every field that Pod Security looks at, with the values that people write and odd ones.

use serde_json::{Map, Value, json};

pub use crate::drawing::Draw;

/// Whether a server has to take them: then they are made to pass what it asks before Pod Security is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Tame,
    Wild,
}

/// A field that is there with this chance.
fn put(draw: &mut Draw, percent: usize, into: &mut Value, name: &str, value: impl FnOnce(&mut Draw) -> Value) {
    if draw.chance(percent) {
        into[name] = value(draw);
    }
}

/// How strict the pod tries to be: with chance alone nearly none would pass.
struct Care {
    good: usize,
    bad: usize,
}

const SYSCTLS: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
    "kernel.msgmax",
    "net.core.somaxconn",
    "net/ipv4/tcp_rmem",
];

const CAPABILITIES: &[&str] = &[
    "NET_BIND_SERVICE",
    "CHOWN",
    "SYS_CHROOT",
    "NET_RAW",
    "NET_ADMIN",
    "SYS_TIME",
    "ALL",
    "all",
    "CAP_CHOWN",
    "MKNOD",
];

fn profile(draw: &mut Draw, kind: Kind, care: &Care) -> Value {
    if draw.chance(care.good) {
        return json!({"type": "RuntimeDefault"});
    }
    let mut odd = vec![
        json!({"type": "Localhost", "localhostProfile": "a.json"}),
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Unconfined"}),
    ];
    if kind == Kind::Wild {
        odd.extend([
            json!({}),
            Value::Null,
            json!({"type": ""}),
            json!({"type": "runtime/default"}),
            json!({"type": "Localhost"}),
        ]);
        odd.extend([json!({"type": null}), json!({"type": "unconfined"}), json!({"type": "a\"b"})]);
    }
    draw.pick(&odd)
}

fn se_linux(draw: &mut Draw) -> Value {
    let mut options = json!({});
    let types = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t", "x"];
    put(draw, 70, &mut options, "type", |draw| json!(draw.pick(&types)));
    put(draw, 25, &mut options, "user", |draw| json!(draw.pick(&["", "u"])));
    put(draw, 25, &mut options, "role", |draw| json!(draw.pick(&["", "r"])));
    put(draw, 30, &mut options, "level", |_| json!("s0"));
    options
}

fn flag(draw: &mut Draw, yes: usize, kind: Kind) -> Value {
    if kind == Kind::Wild && draw.chance(8) { Value::Null } else { json!(draw.chance(yes)) }
}

/// What pods and containers both may say.
fn shared(draw: &mut Draw, kind: Kind, care: &Care) -> Value {
    let mut context = json!({});
    put(draw, 30 + care.good / 2, &mut context, "runAsNonRoot", |draw| flag(draw, 60 + care.good / 3, kind));
    put(draw, 25, &mut context, "runAsUser", |draw| json!(draw.usual(&[1, 1000, 65532, 0], 3, care.bad)));
    put(draw, 20 + care.good / 2, &mut context, "seccompProfile", |draw| profile(draw, kind, care));
    put(draw, care.bad / 2, &mut context, "appArmorProfile", |draw| profile(draw, kind, care));
    put(draw, care.bad / 2, &mut context, "seLinuxOptions", se_linux);
    let options =
        [json!({"hostProcess": true}), json!({"hostProcess": false}), json!({}), json!({"hostProcess": null})];
    put(draw, care.bad / if kind == Kind::Tame { 9 } else { 4 }, &mut context, "windowsOptions", |draw| {
        draw.pick(&options)
    });
    context
}

fn own(draw: &mut Draw, kind: Kind, care: &Care) -> Value {
    let mut context = shared(draw, kind, care);
    put(draw, 30 + care.good * 2 / 3, &mut context, "allowPrivilegeEscalation", |draw| flag(draw, care.bad / 2, kind));
    put(draw, care.bad / 2, &mut context, "privileged", |draw| flag(draw, 60, kind));
    let mounts =
        if kind == Kind::Tame { &["Default", "Unmasked"][..] } else { &["Default", "Unmasked", "", "default"][..] };
    put(draw, care.bad / 3, &mut context, "procMount", |draw| json!(draw.pick(mounts)));
    put(draw, 30 + care.good * 2 / 3, &mut context, "capabilities", |draw| {
        let mut capabilities = json!({});
        let drop = if draw.chance(care.good) { json!(["ALL"]) } else { json!(draw.some(CAPABILITIES, 25)) };
        put(draw, 90, &mut capabilities, "drop", |_| drop);
        let most = if draw.chance(care.bad) { CAPABILITIES.len() } else { 1 };
        put(draw, 45, &mut capabilities, "add", |draw| json!(draw.some(&CAPABILITIES[..most], 25)));
        capabilities
    });
    put(draw, 15, &mut context, "readOnlyRootFilesystem", |draw| json!(draw.chance(50)));
    context
}

fn asks(draw: &mut Draw, care: &Care) -> Value {
    let host = draw.usual(&["", "127.0.0.1", "10.0.0.1", "example.org", "::1"], 1, care.bad);
    let mut asked = json!({"port": 80});
    put(draw, 70, &mut asked, "host", |_| json!(host));
    let way = draw.pick(&["httpGet", "tcpSocket"]);
    if way == "httpGet" {
        asked["path"] = json!("/");
    }
    json!({way: asked})
}

fn container(draw: &mut Draw, kind: Kind, care: &Care, name: &str, part: &str) -> Value {
    let mut all =
        json!({"name": name, "image": draw.pick(&["x:1", "cloudflare/cloudflared:2025.9.1", "docker.io/library/web"])});
    if kind == Kind::Wild && draw.chance(3) {
        all["name"] = json!(draw.pick(&["", "same", "a\"b", "é"]));
    }
    put(draw, 65 + care.good / 3, &mut all, "securityContext", |draw| match kind {
        Kind::Wild if draw.chance(4) => Value::Null,
        Kind::Wild | Kind::Tame => own(draw, kind, care),
    });
    put(draw, 40, &mut all, "ports", |draw| {
        let ports = draw.some(&[80, 443, 8080, 53, 9100], 35);
        let port = |port: &u32| {
            let mut one = json!({"containerPort": port});
            put(draw, care.bad, &mut one, "hostPort", |draw| {
                json!(draw.pick(&[0, *port, if kind == Kind::Tame { *port } else { 8 }]))
            });
            put(draw, 10, &mut one, "protocol", |_| json!("UDP"));
            one
        };
        ports.iter().map(port).collect()
    });
    let stays = part == "containers" || draw.chance(30);
    if part == "initContainers" && stays {
        all["restartPolicy"] = json!("Always");
    }
    if stays || kind == Kind::Wild {
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            put(draw, care.bad / 2, &mut all, probe, |draw| asks(draw, care));
        }
        put(draw, care.bad / 2, &mut all, "lifecycle", |draw| {
            let mut hooks = json!({});
            put(draw, 50, &mut hooks, "postStart", |draw| asks(draw, care));
            put(draw, 50, &mut hooks, "preStop", |draw| asks(draw, care));
            hooks
        });
    }
    all
}

fn volumes() -> Vec<(&'static str, Value)> {
    vec![
        ("emptyDir", json!({})),
        ("configMap", json!({"name": "c"})),
        ("secret", json!({"secretName": "s"})),
        ("persistentVolumeClaim", json!({"claimName": "p"})),
        ("projected", json!({"sources": []})),
        ("downwardAPI", json!({"items": []})),
        ("csi", json!({"driver": "d.example.org"})),
        (
            "ephemeral",
            json!({"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}),
        ),
        ("image", json!({"reference": "x:1"})),
        ("hostPath", json!({"path": "/x"})),
        ("nfs", json!({"server": "s", "path": "/"})),
        ("iscsi", json!({"targetPortal": "1.2.3.4", "iqn": "iqn.2001-04.com.example:x", "lun": 0})),
        ("gcePersistentDisk", json!({"pdName": "x"})),
        ("awsElasticBlockStore", json!({"volumeID": "x"})),
        ("gitRepo", json!({"repository": "x"})),
        ("glusterfs", json!({"endpoints": "x", "path": "x"})),
        ("rbd", json!({"monitors": ["x"], "image": "x"})),
        ("flexVolume", json!({"driver": "x"})),
        ("cinder", json!({"volumeID": "x"})),
        ("cephfs", json!({"monitors": ["x"]})),
        ("flocker", json!({"datasetName": "x"})),
        ("fc", json!({"targetWWNs": ["x"], "lun": 1})),
        ("azureFile", json!({"secretName": "x", "shareName": "x"})),
        ("vsphereVolume", json!({"volumePath": "x"})),
        ("quobyte", json!({"registry": "x:1", "volume": "x"})),
        ("azureDisk", json!({"diskName": "x", "diskURI": "/subscriptions/x"})),
        ("photonPersistentDisk", json!({"pdID": "x"})),
        ("portworxVolume", json!({"volumeID": "x"})),
        ("scaleIO", json!({"gateway": "x", "system": "x", "secretRef": {"name": "x"}, "volumeName": "x"})),
        ("storageos", json!({"volumeName": "x"})),
    ]
}

fn volume(draw: &mut Draw, kind: Kind, care: &Care, name: String) -> Value {
    let all = volumes();
    // The first are those that `restricted` takes; the one behind them is the one that people have.
    let most = if draw.chance(care.bad) { all.len() } else { 9 };
    let at = if most > 9 && draw.chance(30) { 9 } else { draw.below(most) };
    let (source, value) = all[at].clone();
    let mut volume = json!({"name": name});
    if draw.chance(90) {
        volume[source] = if kind == Kind::Wild && draw.chance(5) { Value::Null } else { value };
    }
    if kind == Kind::Wild && draw.chance(5) {
        let (other, value) = draw.pick(&all);
        volume[other] = value;
    }
    volume
}

fn annotations(draw: &mut Draw, kind: Kind, names: &[String]) -> Value {
    let mut all = Map::new();
    let seccomp = [
        "runtime/default",
        "docker/default",
        "localhost/x",
        "unconfined",
        "",
        "localhost",
        "it's \"quoted\"\n\u{1}é\u{200b}e\u{301}\u{a0}",
    ];
    let armor: &[&str] = match kind {
        Kind::Tame => &["runtime/default", "localhost/x", "unconfined"],
        Kind::Wild => {
            &["runtime/default", "localhost/x", "unconfined", "", "localhost/", "x", "\\\t\u{1f600}\u{e0001}"]
        }
    };
    if draw.chance(50) {
        all.insert("seccomp.security.alpha.kubernetes.io/pod".into(), json!(draw.pick(&seccomp)));
    }
    let mut names = names.to_vec();
    if kind == Kind::Wild {
        names.push("nobody".into());
    }
    for name in names {
        if draw.chance(30) {
            all.insert(format!("container.seccomp.security.alpha.kubernetes.io/{name}"), json!(draw.pick(&seccomp)));
        }
        if draw.chance(30) {
            all.insert(format!("container.apparmor.security.beta.kubernetes.io/{name}"), json!(draw.pick(armor)));
        }
    }
    Value::Object(all)
}

/// `{"metadata": …, "spec": …}`
pub fn pod(draw: &mut Draw, kind: Kind) -> Value {
    let care = draw.pick(
        &[Care { good: 98, bad: 1 }, Care { good: 95, bad: 8 }, Care { good: 85, bad: 20 }, Care { good: 30, bad: 60 }]
            .map(std::rc::Rc::new),
    );
    let (mut metadata, mut spec) = (json!({}), json!({}));
    let mut names = Vec::new();
    let lists = if kind == Kind::Tame {
        &["initContainers", "containers"][..]
    } else {
        &["initContainers", "containers", "ephemeralContainers"][..]
    };
    for list in lists {
        let count = if *list == "containers" { 1 + draw.below(3) } else { draw.below(3).saturating_sub(draw.below(2)) };
        let each = (0..count).map(|at| {
            let name = format!("{}{at}", &list[..1]);
            names.push(name.clone());
            container(draw, kind, &care, &name, list)
        });
        let all: Vec<Value> = each.collect();
        if !all.is_empty() {
            spec[*list] = json!(all);
        }
    }
    put(draw, 60 + care.good / 3, &mut spec, "securityContext", |draw| {
        let mut context = shared(draw, kind, &care);
        put(draw, 10 + care.bad / 2, &mut context, "sysctls", |draw| {
            let names = draw.some(SYSCTLS, 20);
            names.iter().map(|name| json!({"name": name, "value": "1"})).collect()
        });
        put(draw, 20, &mut context, "fsGroup", |_| json!(1000));
        context
    });
    for name in ["hostNetwork", "hostPID", "hostIPC"] {
        put(draw, care.bad / 3, &mut spec, name, |draw| flag(draw, 60, kind));
    }
    put(draw, 12, &mut spec, "hostUsers", |draw| flag(draw, 30, kind));
    put(
        draw,
        if kind == Kind::Tame { 2 } else { 12 },
        &mut spec,
        "os",
        |draw| json!({"name": draw.pick(&["windows", "linux"])}),
    );
    put(draw, 60, &mut spec, "volumes", |draw| {
        let count = draw.below(4);
        (0..count).map(|at| volume(draw, kind, &care, format!("v{at}"))).collect()
    });
    put(draw, 5 + care.bad / 2, &mut metadata, "annotations", |draw| annotations(draw, kind, &names));
    json!({"metadata": metadata, "spec": spec})
}
