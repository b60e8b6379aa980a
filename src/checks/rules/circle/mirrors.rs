//! What stands between a name and its host: mirrors of registries, and the resolver of the cluster.

use super::served::Served;
use crate::checks::rules::ground::Ground;
use crate::checks::rules::hosts;
use crate::manifests::Node;
use crate::manifests::pods::each;
use crate::manifests::repository::Sorted;
use crate::model::Place;
use std::collections::HashSet;

/// Registries whose images also come from a mirror that does not live in this cluster.
pub fn outside(ground: &Ground<'_>, served: &Served<'_>) -> HashSet<String> {
    let mut found = HashSet::new();
    ground.besides(Sorted::Registries).for_each(|file| read(&file.root, served, &mut found));
    for tool in ground.tools.iter().filter(|tool| tool.id.group() == "k3d.io") {
        let field = tool.root.get("registries").and_then(|registries| registries.field("config"));
        if let Some((node, _)) = field.and_then(hosts::within) {
            read(&node, served, &mut found);
        }
    }
    found
}

fn read(node: &Node, served: &Served<'_>, found: &mut HashSet<String>) {
    for mirror in node.get("mirrors").map_or(&[][..], Node::fields) {
        let is_outside = |url: &str| {
            let host = hosts::of_url(url).unwrap_or_default();
            !host.is_empty() && served.get(host).0.is_empty() && hosts::service(host).is_none()
        };
        if each(&mirror.node, "endpoint").filter_map(Node::text).any(is_outside) {
            found.extend(hosts::bare(&mirror.name).map(hosts::lower));
        }
    }
}

/// The one address that the cluster's own DNS asks about everything else.
pub fn resolver(ground: &Ground<'_>) -> Option<(String, Place)> {
    for map in ground.of_kind("", "ConfigMap").iter().filter(|map| map.name() == "coredns") {
        let Some(field) = map.root.get("data").and_then(|data| data.field("Corefile")) else { continue };
        for (at, line) in (1..).zip(field.node.text().unwrap_or_default().lines()) {
            let mut words = line.split_whitespace();
            if (words.next(), words.next()) != (Some("forward"), Some(".")) {
                continue;
            }
            let to: Vec<&str> = words.take_while(|word| *word != "{").collect();
            if let [one] = to.as_slice()
                && let Some(host) = hosts::bare(one.trim_start_matches("dns://").trim_start_matches("tls://"))
            {
                let line = field.at.line.saturating_add(at);
                let place = map.place_at(crate::model::Spot { line, column: 1 });
                return Some((host.to_owned(), place));
            }
        }
    }
    None
}
