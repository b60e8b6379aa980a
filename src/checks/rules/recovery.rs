//! F27: a database of CloudNativePG that is restored from an archive and would write into the same one.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::{Severity, Spot};

pub const RULE: Rule = Rule {
    ids: &["F27"],
    pages: &[cause(
        "F27",
        "A restored database that writes over its own backup",
        "CloudNativePG restores a cluster from an archive, and the new cluster archives to the same place under the same \
         name. It refuses to: Expected empty archive. If it did not, it would write over what it was restored from.",
        "Give the new cluster a serverName of its own for its backups.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    for object in ground.of_kind("postgresql.cnpg.io", "Cluster") {
        let skips = ["metadata", "annotations", "cnpg.io/skipEmptyWalArchiveCheck"];
        if object.root.text_at(&skips) == Some("enabled") {
            continue;
        }
        let (Some(from), Some(to)) = (source(object), target(object)) else { continue };
        if from.archive == to.archive {
            let fix = format!("give the backup another serverName, as {}-2", object.name());
            let line = from.at.line;
            let message = format!("is restored from the archive that it would write to (line {line}): it refuses to");
            told.say("F27", Severity::Error, object, object.place_at(to.at), message, fix);
        }
    }
}

/// Where an archive is: its store, and the name within.
#[derive(PartialEq)]
struct Archive<'o>(Vec<&'o str>);

struct Named<'o> {
    archive: Archive<'o>,
    at: Spot,
}

fn store<'o>(node: &'o Node, name: &'o str, at: Spot) -> Option<Named<'o>> {
    let path = node.text_at(&["destinationPath"])?.trim_end_matches('/');
    let own = node.text_at(&["serverName"]).unwrap_or(name);
    Some(Named { archive: Archive(vec![path, node.text_at(&["endpointURL"]).unwrap_or_default(), own]), at })
}

/// Of the plugin that took the place of what was built in.
fn plugin<'o>(node: &'o Node, name: &'o str, at: Spot) -> Option<Named<'o>> {
    let given = node.get("parameters")?;
    let own = given.text_at(&["serverName"]).unwrap_or(name);
    Some(Named { archive: Archive(vec![given.text_at(&["barmanObjectName"])?, own]), at })
}

fn source(object: &Object) -> Option<Named<'_>> {
    let spec = object.root.get("spec")?;
    let name = spec.text_at(&["bootstrap", "recovery", "source"])?;
    let outside = each(spec, "externalClusters").find(|one| one.text_at(&["name"]) == Some(name))?;
    let at = outside.at;
    let built_in = outside.get("barmanObjectStore").and_then(|node| store(node, name, at));
    built_in.or_else(|| plugin(outside.get("plugin")?, name, at))
}

fn target(object: &Object) -> Option<Named<'_>> {
    let spec = object.root.get("spec")?;
    let built_in = spec.walk(&["backup", "barmanObjectStore"]);
    let at = spec.nearest(&["backup", "barmanObjectStore"]);
    built_in.and_then(|node| store(node, object.name(), at)).or_else(|| {
        let writes = |node: &&Node| node.get("isWALArchiver").and_then(Node::flag) == Some(true);
        let node = each(spec, "plugins").find(writes)?;
        plugin(node, object.name(), node.at)
    })
}
