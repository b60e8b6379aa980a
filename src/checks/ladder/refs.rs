//! Which Secrets and ConfigMaps a pod cannot start without, and where it says so.

use super::way::Way;
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// `Secret` or `ConfigMap`.
    pub kind: &'static str,
    pub name: Box<str>,
    /// None where all keys will do.
    pub key: Option<Box<str>>,
    pub way: Way,
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn name_of(value: &Value, field: &str) -> Option<Box<str>> {
    value[field].as_str().filter(|name| !name.is_empty()).map(Into::into)
}

/// All that is not optional, in the order of the pod.
pub fn all(pod: &Value) -> Vec<Ref> {
    let mut refs = Vec::new();
    let spec = &pod["spec"];
    for volume in list(&spec["volumes"]) {
        let at = Way::to(&["spec", "volumes"]).named(volume["name"].as_str().unwrap_or_default());
        of_volume(&volume["secret"], "Secret", "secretName", &at.clone().key("secret"), &mut refs);
        of_volume(&volume["configMap"], "ConfigMap", "name", &at.clone().key("configMap"), &mut refs);
        for (i, source) in list(&volume["projected"]["sources"]).iter().enumerate() {
            let at = at.clone().keys(&["projected", "sources"]).at(i);
            of_volume(&source["secret"], "Secret", "name", &at.clone().key("secret"), &mut refs);
            of_volume(&source["configMap"], "ConfigMap", "name", &at.key("configMap"), &mut refs);
        }
    }
    for containers in ["initContainers", "containers"] {
        for container in list(&spec[containers]) {
            let at = Way::to(&["spec", containers]).named(container["name"].as_str().unwrap_or_default());
            of_container(container, &at, &mut refs);
        }
    }
    refs
}

fn of_volume(source: &Value, kind: &'static str, field: &str, at: &Way, refs: &mut Vec<Ref>) {
    let Some(name) = name_of(source, field).filter(|_| source["optional"] != true) else { return };
    refs.push(Ref { kind, name: name.clone(), key: None, way: at.clone().key(field) });
    for (i, item) in list(&source["items"]).iter().enumerate() {
        let way = at.clone().key("items").at(i).key("key");
        refs.push(Ref { kind, name: name.clone(), key: name_of(item, "key"), way });
    }
}

fn of_container(container: &Value, at: &Way, refs: &mut Vec<Ref>) {
    for (i, from) in list(&container["envFrom"]).iter().enumerate() {
        for (field, kind) in [("secretRef", "Secret"), ("configMapRef", "ConfigMap")] {
            if let Some(name) = name_of(&from[field], "name").filter(|_| from[field]["optional"] != true) {
                refs.push(Ref { kind, name, key: None, way: at.clone().key("envFrom").at(i).keys(&[field, "name"]) });
            }
        }
    }
    for env in list(&container["env"]) {
        for (field, kind) in [("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")] {
            let from = &env["valueFrom"][field];
            if let Some(name) = name_of(from, "name").filter(|_| from["optional"] != true) {
                let at = at.clone().key("env").named(env["name"].as_str().unwrap_or_default());
                refs.push(Ref { kind, name, key: name_of(from, "key"), way: at.keys(&["valueFrom", field, "key"]) });
            }
        }
    }
}

/// Where a pod asks for this object, or this key of it.
pub fn find(pod: &Value, kind: &str, name: &str, key: Option<&str>) -> Option<Way> {
    let refs = all(pod);
    let same = |one: &&Ref| one.kind == kind && *one.name == *name;
    let exact = refs.iter().filter(same).find(|one| one.key.as_deref() == key);
    exact.or_else(|| refs.iter().find(same)).map(|found| found.way.clone())
}
