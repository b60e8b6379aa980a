//! Volumes as they are applied: pinned to a node that is there, and free of what only the old cluster knew. Pure.

use serde_json::{Map, Value};

/// The label by which volumes are pinned to one host.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// A volume made fit for this cluster, and what was changed about it, in words.
#[derive(Debug)]
pub struct Fitted {
    pub body: Value,
    pub changes: Vec<String>,
}

/// `nodes` are those of the cluster; `renamed` says which node of the files is which of those.
pub fn fit(mut body: Value, nodes: &[String], renamed: &[(String, String)]) -> Result<Fitted, String> {
    let name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let mut changes = Vec::new();
    if body["kind"] == "PersistentVolume" {
        if let Some(claim) = body["spec"].get_mut("claimRef").and_then(Value::as_object_mut) {
            let dropped: Vec<&str> =
                ["uid", "resourceVersion"].into_iter().filter(|key| claim.remove(*key).is_some()).collect();
            if !dropped.is_empty() {
                changes.push(format!("{name}: left {} out of its claimRef", dropped.join(" and ")));
            }
        }
        // What a static volume is for is to keep its data: the server's own default, said aloud.
        if let Some(spec) = body["spec"].as_object_mut()
            && !spec.contains_key("persistentVolumeReclaimPolicy")
        {
            spec.insert("persistentVolumeReclaimPolicy".to_owned(), "Retain".into());
        }
        for host in hosts(&mut body) {
            let Some(old) = host.as_str().map(str::to_owned) else { continue };
            let new = node_for(&old, nodes, renamed).map_err(|why| format!("PersistentVolume {name}: {why}"))?;
            if new != old {
                changes.push(format!("{name}: pinned to node {new} instead of {old}"));
                *host = new.into();
            }
        }
    }
    Ok(Fitted { body, changes })
}

/// Every name of a host that the volume is pinned to.
fn hosts(body: &mut Value) -> Vec<&mut Value> {
    let terms = body["spec"].pointer_mut("/nodeAffinity/required/nodeSelectorTerms").and_then(Value::as_array_mut);
    let expressions = terms
        .into_iter()
        .flatten()
        .filter_map(|term| term.as_object_mut()?.get_mut("matchExpressions").and_then(Value::as_array_mut));
    let pins = |expression: &&mut Map<String, Value>| {
        expression.get("key").is_some_and(|key| key == HOSTNAME)
            && expression.get("operator").is_some_and(|operator| operator == "In")
    };
    let pinned = expressions.flatten().filter_map(Value::as_object_mut).filter(pins);
    pinned.filter_map(|expression| expression.get_mut("values")?.as_array_mut()).flatten().collect()
}

fn node_for(old: &str, nodes: &[String], renamed: &[(String, String)]) -> Result<String, String> {
    if let Some((_, new)) = renamed.iter().find(|(from, _)| from == old) {
        return match nodes.contains(new) {
            true => Ok(new.clone()),
            false => Err(format!("`nodes` says that {old} is {new}, and no node is called that: {}", nodes.join(", "))),
        };
    }
    match nodes {
        _ if nodes.iter().any(|node| node == old) => Ok(old.to_owned()),
        // With one node there is no choice.
        [only] => Ok(only.clone()),
        several => Err(format!(
            "it is pinned to node {old}, and the cluster has {}: say which is meant under `nodes`, as {old}: {}",
            several.join(", "),
            several.first().map_or("a-node", String::as_str)
        )),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn volume(host: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-db"},
            "spec": {
                "claimRef": {"namespace": "db", "name": "data", "uid": "old", "resourceVersion": "7"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                    {"key": "kubernetes.io/hostname", "operator": "In", "values": [host]},
                    {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
                ]}]}},
            },
        })
    }
    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_volume_of_another_host_is_pinned_to_the_only_node() {
        let fitted = fit(volume("old-host"), &names(&["homelab"]), &[]).unwrap();
        let text = fitted.body.to_string();
        assert!(text.contains("\"values\":[\"homelab\"]") && text.contains("\"values\":[\"linux\"]"), "{text}");
        assert_eq!(fitted.changes.len(), 2);
    }
    #[test]
    fn what_only_the_old_cluster_knew_is_left_out() {
        let fitted = fit(volume("homelab"), &names(&["homelab"]), &[]).unwrap();
        assert_eq!(fitted.body["spec"]["claimRef"], json!({"namespace": "db", "name": "data"}));
        assert_eq!(fitted.body["spec"]["persistentVolumeReclaimPolicy"], "Retain");
    }
    #[test]
    fn with_several_nodes_a_stranger_is_refused_unless_the_plan_says_who_it_is() {
        let nodes = names(&["a", "b"]);
        assert!(fit(volume("old-host"), &nodes, &[]).unwrap_err().contains("pv-db"));
        let renamed = [("old-host".to_owned(), "b".to_owned())];
        assert!(fit(volume("old-host"), &nodes, &renamed).unwrap().body.to_string().contains("[\"b\"]"));
        let wrong = [("old-host".to_owned(), "c".to_owned())];
        assert!(fit(volume("old-host"), &nodes, &wrong).is_err());
    }
}
