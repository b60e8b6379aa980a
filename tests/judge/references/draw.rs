//! Pods that refer to what is there and to what is not, each reference with its own word.

use crate::drawing::Draw;
use serde_json::{Value, json};

pub const SPACE: &str = "refs";

/// What there is.
pub fn ground() -> Vec<Value> {
    let mut all = Vec::new();
    for at in 0..3 {
        let meta = |name: String| json!({"name": name, "namespace": SPACE});
        all.push(json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta(format!("secret-{at}")), "stringData": {"user": "u", "pass": "p"}}));
        all.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(format!("config-{at}")),
            "data": {"level": "info"}, "binaryData": {"blob": "AAAA"}}));
        all.push(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(format!("account-{at}"))}));
        all.push(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": format!("priority-{at}")}, "value": at}));
        all.push(json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": format!("runtime-{at}")}, "handler": "runc"}));
        let name = format!("claim-{at}");
        all.push(json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": format!("refs-{at}")}, "spec": {
            "storageClassName": "refs", "accessModes": ["ReadWriteMany"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/refs"},
            "claimRef": {"namespace": SPACE, "name": name}}}));
        all.push(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(name), "spec": {
            "storageClassName": "refs", "accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}, "volumeName": format!("refs-{at}")}}));
    }
    all
}

/// What the cases are about.
pub const ABOUT: [&str; 16] = [
    "Secret in env",
    "ConfigMap in env",
    "Secret in envFrom",
    "ConfigMap in envFrom",
    "Secret as volume",
    "ConfigMap as volume",
    "key of Secret in env",
    "key of ConfigMap in env",
    "key of Secret as volume",
    "key of ConfigMap as volume",
    "projected",
    "claim",
    "ServiceAccount",
    "PriorityClass",
    "RuntimeClass",
    "imagePullSecrets",
];

pub struct Case {
    pub about: &'static str,
    pub body: Value,
}

impl Case {
    pub fn name(&self) -> &str {
        self.body["metadata"]["name"].as_str().unwrap()
    }
}

/// A pod, or a Deployment of one. It has one reference that may lead to nothing, and others that do not.
pub fn case(draw: &mut Draw, name: &str) -> Case {
    let about = draw.pick(&ABOUT);
    let mut spec = json!({"tolerations": [{"operator": "Exists"}], "terminationGracePeriodSeconds": 0, "volumes": [],
        "containers": [{"name": "a", "image": "example.org/a:1", "env": [], "envFrom": [], "volumeMounts": []}]});
    for _ in 0..draw.below(3) {
        let other = draw.pick(&ABOUT);
        refer(draw, &mut spec, other, false);
    }
    let missing = draw.chance(60);
    refer(draw, &mut spec, about, missing);
    // What nobody mounts is not asked for.
    let volumes: Vec<Value> = spec["volumes"].as_array().unwrap().clone();
    for volume in volumes.iter().filter(|_| draw.chance(85)) {
        let name = &volume["name"];
        push(
            &mut spec["containers"][0]["volumeMounts"],
            json!({"name": name, "mountPath": format!("/{}", name.as_str().unwrap())}),
        );
    }
    if draw.chance(25) {
        spec["initContainers"] = json!([spec["containers"][0].take()]);
        spec["initContainers"][0]["name"] = json!("first");
        spec["containers"][0] = json!({"name": "a", "image": "example.org/a:1"});
    }
    let meta = json!({"name": name, "namespace": SPACE, "labels": {"judge": "references", "case": name}});
    let body = match draw.chance(20) {
        true => {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"selector": {"matchLabels": {"case": name}},
            "template": {"metadata": {"labels": {"judge": "references", "case": name}}, "spec": spec}}})
        }
        false => json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}),
    };
    Case { about, body }
}

fn push(list: &mut Value, what: Value) {
    list.as_array_mut().unwrap().push(what);
}

fn refer(draw: &mut Draw, spec: &mut Value, about: &str, missing: bool) {
    let at = draw.below(3);
    let is_key = about.starts_with("key");
    let name = |kind: &str| if missing && !is_key { format!("no-{kind}") } else { format!("{kind}-{at}") };
    let optional = draw.pick(&[Some(true), Some(false), None, None]);
    let (kind, key) =
        if about.contains("Secret") { ("secret", "user") } else { ("config", draw.pick(&["level", "blob"])) };
    let in_env = about.ends_with("in env");
    // Bytes are no text, and no variable.
    let key = if in_env && key == "blob" { "level" } else { key };
    let key = if missing && is_key { "no-key" } else { key };
    let with = |mut source: Value| {
        if let Some(optional) = optional {
            source["optional"] = json!(optional);
        }
        source
    };
    let number = spec["volumes"].as_array().unwrap().len();
    let volume = |source: Value| {
        let mut volume = source;
        volume["name"] = json!(format!("v{number}"));
        volume
    };
    let container = &mut spec["containers"][0];
    let variable = format!("V{}", container["env"].as_array().unwrap().len());
    match about {
        _ if in_env => {
            let from = if kind == "secret" { "secretKeyRef" } else { "configMapKeyRef" };
            let source = with(json!({"name": name(kind), "key": key}));
            push(&mut container["env"], json!({"name": variable, "valueFrom": {from: source}}));
        }
        _ if about.ends_with("in envFrom") => {
            let from = if kind == "secret" { "secretRef" } else { "configMapRef" };
            push(&mut container["envFrom"], json!({from: with(json!({"name": name(kind)}))}));
        }
        _ if about.ends_with("as volume") => {
            let (from, called) = if kind == "secret" { ("secret", "secretName") } else { ("configMap", "name") };
            let mut source = with(json!({called: name(kind)}));
            if is_key {
                source["items"] = json!([{"key": key, "path": "file"}]);
            }
            push(&mut spec["volumes"], volume(json!({from: source})));
        }
        "projected" => {
            let sources = json!([{"secret": with(json!({"name": name("secret")}))}, {"configMap": {"name": format!("config-{at}")}},
                {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}}]);
            push(&mut spec["volumes"], volume(json!({"projected": {"sources": sources}})));
        }
        "claim" => push(&mut spec["volumes"], volume(json!({"persistentVolumeClaim": {"claimName": name("claim")}}))),
        "ServiceAccount" => spec["serviceAccountName"] = json!(name("account")),
        "PriorityClass" => spec["priorityClassName"] = json!(name("priority")),
        "RuntimeClass" => spec["runtimeClassName"] = json!(name("runtime")),
        "imagePullSecrets" => spec["imagePullSecrets"] = json!([{"name": name("secret")}]),
        other => panic!("{other}"),
    }
}
