//! Whether every node that the files describe is there and Ready. Nodes get Ready a while after k3d is done, so they are watched.

use super::Asked;
use crate::steps::cluster::{is_ready, nodes_ready};
use crate::steps::contract::Seen;
use crate::sys::clock;
use crate::sys::kube::Change;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long they may take after k3d called the cluster usable.
const READY: Duration = Duration::from_secs(180);

/// What was seen of the nodes so far.
#[derive(Default)]
struct Nodes {
    /// Whether each is Ready, by name.
    ready: BTreeMap<String, bool>,
    /// Why nothing is heard of them just now.
    silent: Option<String>,
}

pub async fn ask(asked: &Asked<'_>) -> Result<String, Seen> {
    let planned = asked.blueprint.planned();
    let own = format!("k3d-{}-", planned.name);
    let wanted: Vec<String> = planned
        .nodes
        .iter()
        // A drill's nodes are called after its own cluster.
        .map(|node| match node.name.strip_prefix(&own) {
            Some(rest) => format!("k3d-{}-{rest}", asked.up.name),
            None => node.name.clone(),
        })
        .collect();
    let mut seen = Nodes::default();
    if clock::within(READY, until(asked, &wanted, &mut seen)).await.is_none() {
        return Err(match seen.silent {
            // What a server does not say is not known: whoever took it for no would make the cluster anew.
            Some(why) => Seen::Unknown(format!("{}: {why}", asked.up.server)),
            None => Seen::Absent(missing(&wanted, &seen.ready)),
        });
    }
    match nodes_ready(asked.scene, asked.up).await {
        Seen::Present(told) => Ok(told),
        other => Err(other),
    }
}

/// Waits until all of them are Ready.
async fn until(asked: &Asked<'_>, wanted: &[String], seen: &mut Nodes) {
    let mut watch = asked.up.kube.watch(&[("v1", "Node")], None);
    loop {
        match watch.next().await {
            Change::Is(node) => {
                let name = node["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                seen.ready.insert(name, is_ready(&node));
            }
            Change::Gone(node) => drop(seen.ready.remove(&*node.name)),
            Change::Synced => seen.silent = None,
            Change::Lost { why } => seen.silent = Some(why.to_string()),
        }
        if wanted.iter().all(|name| seen.ready.get(name) == Some(&true)) {
            return;
        }
    }
}

fn missing(wanted: &[String], seen: &BTreeMap<String, bool>) -> String {
    let of = |state: Option<bool>| -> Vec<&str> {
        wanted.iter().filter(|name| seen.get(*name).copied() == state).map(String::as_str).collect()
    };
    let mut words = Vec::new();
    for (names, what) in [(of(None), "not there"), (of(Some(false)), "not Ready")] {
        if !names.is_empty() {
            words.push(format!("{what}: {}", names.join(", ")));
        }
    }
    format!("nodes {}", words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_not_there_is_told_from_one_that_is_not_ready() {
        let wanted = ["a", "b", "c"].map(str::to_owned);
        let seen = [("a".to_owned(), true), ("b".to_owned(), false)].into();
        assert_eq!(missing(&wanted, &seen), "nodes not there: c; not Ready: b");
    }
}
