//! Volumes as they are applied: pinned to a node that is there, and free of what only the old cluster knew. Pure; every line
//! and column stays what it was in the file.

use crate::manifests::{Field, Node, Object, Value};

/// The label by which volumes are pinned to one host.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// An object made fit for this cluster, and what was changed about it, in words.
#[derive(Debug)]
pub struct Fitted {
    pub object: Object,
    pub changes: Vec<String>,
}

/// `nodes` are those of the cluster; `renamed` says which node of the files is which of those.
pub fn fit(object: &Object, nodes: &[String], renamed: &[(String, String)]) -> Result<Fitted, String> {
    let (mut object, mut changes) = (object.clone(), Vec::new());
    if object.kind() != "PersistentVolume" {
        return Ok(Fitted { object, changes });
    }
    let name = object.name().to_owned();
    let Some(spec) = inner(&mut object.root, "spec") else { return Ok(Fitted { object, changes }) };
    if let Some(Value::Map(claim)) = inner(spec, "claimRef").map(|claim| &mut claim.value) {
        let stale = |field: &Field| matches!(&*field.name, "uid" | "resourceVersion");
        let dropped: Vec<String> = claim.iter().filter(|f| stale(f)).map(|f| f.name.to_string()).collect();
        if !dropped.is_empty() {
            claim.retain(|field| !stale(field));
            changes.push(format!("{name}: left {} out of its claimRef", dropped.join(" and ")));
        }
    }
    for host in hosts(spec) {
        let Some(old) = host.text().map(str::to_owned) else { continue };
        let place = (host.at.line, host.at.column);
        let new = node_for(&old, nodes, renamed).map_err(|why| {
            let file = &object.file;
            format!("{file}:{}:{}: PersistentVolume {name}: {why}", place.0, place.1)
        })?;
        if new != old {
            changes.push(format!("{name}: pinned to node {new} instead of {old}"));
            host.value = Value::Text(new.into());
        }
    }
    Ok(Fitted { object, changes })
}

fn inner<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Node> {
    match &mut node.value {
        Value::Map(fields) => fields.iter_mut().find(|field| &*field.name == name).map(|field| &mut field.node),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::List(_) => None,
    }
}

fn items(node: Option<&mut Node>) -> impl Iterator<Item = &mut Node> {
    let items = node.and_then(|node| match &mut node.value {
        Value::List(items) => Some(items),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::Map(_) => None,
    });
    items.into_iter().flatten()
}

/// Every name of a host that the volume is pinned to.
fn hosts(spec: &mut Node) -> Vec<&mut Node> {
    let required = inner(spec, "nodeAffinity").and_then(|affinity| inner(affinity, "required"));
    let terms = items(required.and_then(|required| inner(required, "nodeSelectorTerms")));
    let expressions = terms.flat_map(|term| items(inner(term, "matchExpressions")));
    let pins = |expression: &&mut Node| {
        expression.text_at(&["key"]) == Some(HOSTNAME) && expression.text_at(&["operator"]) == Some("In")
    };
    expressions.filter(pins).flat_map(|expression| items(inner(expression, "values"))).collect()
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
    use crate::manifests::read_all;
    use crate::sys::Look;

    fn volume() -> Object {
        let text = "apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-db}
spec:
  claimRef: {namespace: db, name: data, uid: old, resourceVersion: '7'}
  nodeAffinity:
    required:
      nodeSelectorTerms:
      - matchExpressions:
        - {key: kubernetes.io/hostname, operator: In, values: [old-host]}
        - {key: kubernetes.io/os, operator: In, values: [linux]}
";
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pv.yaml"), text).unwrap();
        let papers = read_all(Look::new(), folder.path(), "", &[vec!["pv.yaml".to_owned()]]).unwrap();
        Object::clone(&papers[0].objects[0])
    }
    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_volume_of_another_host_is_pinned_to_the_only_node() {
        let fitted = fit(&volume(), &names(&["homelab"]), &[]).unwrap();
        let text = fitted.object.root.json().to_string();
        assert!(text.contains("[\"homelab\"]") && text.contains("[\"linux\"]") && !text.contains("old-host"), "{text}");
        assert_eq!(fitted.changes.len(), 2);
    }
    #[test]
    fn what_only_the_old_cluster_knew_is_left_out() {
        let fitted = fit(&volume(), &names(&["old-host"]), &[]).unwrap();
        let claim = fitted.object.root.json()["spec"]["claimRef"].to_string();
        assert_eq!(claim, r#"{"name":"data","namespace":"db"}"#);
        assert_eq!(fitted.changes.len(), 1);
    }
    #[test]
    fn with_several_nodes_a_stranger_is_refused_unless_the_plan_says_who_it_is() {
        let nodes = names(&["a", "b"]);
        let refused = fit(&volume(), &nodes, &[]).unwrap_err();
        assert!(refused.contains("pv.yaml:10") && refused.contains("pv-db"), "{refused}");
        let renamed = [("old-host".to_owned(), "b".to_owned())];
        assert!(fit(&volume(), &nodes, &renamed).unwrap().object.root.json().to_string().contains("[\"b\"]"));
        let wrong = [("old-host".to_owned(), "c".to_owned())];
        assert!(fit(&volume(), &nodes, &wrong).is_err());
    }
}
