//! Whether volumes and claims stand as the files want them, from what the server answered. Pure.

use crate::checks::binder::{self, ClaimFacts, VolumeFacts};
use crate::checks::names::listed;
use crate::checks::selector::labels;
use crate::sys::kube::Verdict;
use serde_json::Value;

/// What is wrong with a live volume, measured by the one that was applied and the labels that the plan asks for.
pub fn volume(wanted: &Value, live: Option<&Value>, asked: &[(String, String)], nodes: &[Value]) -> Vec<String> {
    let name = wanted["metadata"]["name"].as_str().unwrap_or_default();
    let Some(live) = live else { return vec![format!("{name}: is not there")] };
    let mut wrong = Vec::new();
    let has = &live["metadata"]["labels"];
    let own = wanted["metadata"]["labels"].as_object().into_iter().flatten();
    let own = own.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
    for (key, value) in own.chain(asked.iter().cloned()) {
        match has[&key].as_str() {
            Some(now) if now == value => {}
            Some(now) => wrong.push(format!("label {key} is {now}, not {value}")),
            None => wrong.push(format!("label {key}={value} is missing")),
        }
    }
    let fields = ["storageClassName", "capacity", "accessModes", "volumeMode", "persistentVolumeReclaimPolicy"];
    for field in fields {
        let (want, now) = (&wanted["spec"][field], &live["spec"][field]);
        if !want.is_null() && !alike(field, want, now) {
            wrong.push(format!("{field} is {now}, not {want}"));
        }
    }
    match live["status"]["phase"].as_str() {
        Some("Available" | "Bound") => {}
        Some("Released") => wrong.push("is Released: its claimRef is that of a claim which is gone".to_owned()),
        Some("Failed") => {
            let why = live["status"]["message"].as_str().unwrap_or("no reason given");
            wrong.push(format!("is Failed: {why}"));
        }
        Some(phase) => wrong.push(format!("is {phase}")),
        None => wrong.push("has no phase yet".to_owned()),
    }
    let facts = VolumeFacts::of(live);
    let names: Vec<&str> = nodes.iter().filter_map(|node| node["metadata"]["name"].as_str()).collect();
    if let Some(facts) = &facts
        && !nodes.iter().any(|node| facts.nodes.holds(&labels(node)))
    {
        wrong.push(format!("is pinned to a node that is not there; the nodes are {}", names.join(", ")));
    }
    wrong.into_iter().map(|wrong| format!("{name}: {wrong}")).collect()
}

/// Whether Kubernetes has made up its mind about a volume.
pub fn settled(volume: Option<&Value>) -> Verdict {
    match volume.and_then(|volume| volume["status"]["phase"].as_str()) {
        None => Verdict::NotYet("it has no phase yet".to_owned()),
        Some("Pending") => Verdict::NotYet("it is Pending".to_owned()),
        Some(_) => Verdict::Met,
    }
}

fn alike(field: &str, want: &Value, now: &Value) -> bool {
    let size = |value: &Value| crate::checks::quantity::Quantity::of(&value["storage"]);
    match field {
        // The server may write a quantity in another way.
        "capacity" => size(want) == size(now),
        _ => want == now,
    }
}

/// What is wrong with the claims that these volumes are for: each has exactly one volume that serves it, and one that is
/// bound is bound to that.
pub fn claims(claims: &[Value], volumes: &[Value]) -> Vec<String> {
    let facts: Vec<VolumeFacts> = volumes.iter().filter_map(VolumeFacts::of).collect();
    let mut wrong = Vec::new();
    for live in claims {
        let Some(claim) = ClaimFacts::of(live) else { continue };
        let name = format!("{}/{}", claim.namespace, claim.name);
        match live["status"]["phase"].as_str() {
            Some("Lost") => wrong.push(format!("claim {name}: is Lost, the volume that it was bound to is gone")),
            Some("Bound") => {}
            Some(_) | None => {
                let serving = binder::candidates(&claim, &facts);
                if serving.len() > 1 {
                    let names: Vec<&str> = serving.iter().map(|volume| &*volume.name).collect();
                    wrong.push(format!("claim {name}: {} volumes can serve it ({})", names.len(), listed(&names, 3)));
                }
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn applied() -> Value {
        json!({"metadata": {"name": "pv-db", "labels": {"environment": "prod"}}, "spec": {
            "storageClassName": "local", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
        }})
    }
    fn live() -> Value {
        let mut live = applied();
        live["spec"]["capacity"]["storage"] = "1024Mi".into();
        live["spec"]["volumeMode"] = "Filesystem".into();
        live["status"] = json!({"phase": "Available"});
        live
    }
    fn node(name: &str) -> Value {
        json!({"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}})
    }
    fn wrong(live: &Value) -> Vec<String> {
        volume(&applied(), Some(live), &[("tier".to_owned(), "data".to_owned())], &[node("homelab")])
    }

    #[test]
    fn a_volume_as_it_was_applied_is_right_however_the_server_writes_its_size() {
        let mut live = live();
        live["metadata"]["labels"]["tier"] = "data".into();
        assert_eq!(wrong(&live), Vec::<String>::new());
    }
    #[test]
    fn each_thing_that_is_wrong_turns_it_red() {
        let faults: &[(&str, Value)] = &[
            ("/metadata/labels/environment", "test".into()),
            ("/metadata/labels", json!({"environment": "prod"})),
            ("/spec/storageClassName", "other".into()),
            ("/spec/capacity/storage", "2Gi".into()),
            ("/spec/accessModes", json!(["ReadOnlyMany"])),
            ("/spec/persistentVolumeReclaimPolicy", "Delete".into()),
            ("/status/phase", "Released".into()),
            ("/status/phase", "Failed".into()),
        ];
        for (path, value) in faults {
            let mut live = live();
            live["metadata"]["labels"]["tier"] = "data".into();
            if let Some(field) = live.pointer_mut(path) {
                *field = value.clone();
            }
            assert_eq!(wrong(&live).len(), 1, "{path}: {:?}", wrong(&live));
        }
        assert_eq!(volume(&applied(), None, &[], &[]).len(), 1);
    }
    #[test]
    fn a_volume_that_is_pinned_to_nobody_is_told_with_the_nodes_there_are() {
        let mut live = live();
        live["metadata"]["labels"]["tier"] = "data".into();
        live["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [
            {"key": "kubernetes.io/hostname", "operator": "In", "values": ["elsewhere"]}]}]}});
        assert!(wrong(&live).iter().any(|wrong| wrong.contains("homelab")), "{:?}", wrong(&live));
    }
}
