//! Volumes as they are applied: pinned to a node that is there, and free of what only the old cluster knew. Pure; every line
//! and column stays what it was in the file.

use crate::manifests::{Field, Node, Object, Value};
use crate::model::Place;
use std::fmt;

/// The label by which volumes are pinned to one host.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// An object made fit for this cluster, and what was changed about it, in words.
#[derive(Debug)]
pub struct Fitted {
    pub object: Object,
    pub changes: Vec<String>,
}

/// A volume that no node of this cluster can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    pub at: Place,
    pub object: String,
    pub why: String,
    pub fix: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}; {}", self.at, self.object, self.why, self.fix)
    }
}

/// The nodes of a cluster, and which node of the files is which of them.
#[derive(Clone, Copy, Debug)]
pub struct Nodes<'n> {
    pub names: &'n [String],
    /// Nobody named them: the only one there is stands for whichever the files mean.
    pub nameless: bool,
    pub renamed: &'n [(String, String)],
}

pub fn fit(object: &Object, nodes: Nodes<'_>) -> Result<Fitted, Misfit> {
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
        let (file, spot) = (object.file.to_string(), host.at);
        let new = node_for(&old, nodes).map_err(|(why, fix)| Misfit {
            at: Place { file, spot },
            object: format!("PersistentVolume {name}"),
            why,
            fix,
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

/// The node that is meant, or why there is none and what to do.
fn node_for(old: &str, nodes: Nodes<'_>) -> Result<String, (String, String)> {
    let all = nodes.names.join(", ");
    if let Some((_, new)) = nodes.renamed.iter().find(|(from, _)| from == old) {
        return match nodes.names.contains(new) {
            true => Ok(new.clone()),
            false => {
                let why = format!("`nodes` says that {old} is {new}, and no node is called that: {all}");
                Err((why, "name one that is there".to_owned()))
            }
        };
    }
    match nodes.names {
        names if names.iter().any(|node| node == old) => Ok(old.to_owned()),
        [only] if nodes.nameless => Ok(only.clone()),
        names => {
            let one = names.first().map_or("a-node", String::as_str);
            let why = format!("it is pinned to node {old}, and the cluster has {all}");
            Err((why, format!("pin it to one of these, or say under `nodes` of its step which it is, as {old}: {one}")))
        }
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
    fn fit_to(nodes: &[&str], nameless: bool, renamed: &[(String, String)]) -> Result<Fitted, Misfit> {
        fit(&volume(), Nodes { names: &names(nodes), nameless, renamed })
    }

    #[test]
    fn a_volume_of_another_host_is_pinned_to_the_only_node_where_nobody_named_it() {
        let fitted = fit_to(&["homelab"], true, &[]).unwrap();
        let text = fitted.object.root.json().to_string();
        assert!(text.contains("[\"homelab\"]") && text.contains("[\"linux\"]") && !text.contains("old-host"), "{text}");
        assert_eq!(fitted.changes.len(), 2);
        assert!(fit_to(&["homelab"], false, &[]).unwrap_err().to_string().contains("old-host"));
    }
    #[test]
    fn what_only_the_old_cluster_knew_is_left_out() {
        let fitted = fit_to(&["old-host"], false, &[]).unwrap();
        let claim = fitted.object.root.json()["spec"]["claimRef"].to_string();
        assert_eq!(claim, r#"{"name":"data","namespace":"db"}"#);
        assert_eq!(fitted.changes.len(), 1);
    }
    #[test]
    fn with_several_nodes_a_stranger_is_refused_unless_the_plan_says_who_it_is() {
        let refused = fit_to(&["a", "b"], true, &[]).unwrap_err().to_string();
        assert!(refused.contains("pv.yaml:10") && refused.contains("pv-db"), "{refused}");
        let renamed = [("old-host".to_owned(), "b".to_owned())];
        assert!(fit_to(&["a", "b"], true, &renamed).unwrap().object.root.json().to_string().contains("[\"b\"]"));
        let wrong = [("old-host".to_owned(), "c".to_owned())];
        assert!(fit_to(&["a", "b"], true, &wrong).is_err());
    }
}
