//! Whether every node was told of registries what the file says: k3d writes a file of its own, and leaves out what it does not know.

use super::Asked;
use crate::manifests;
use crate::model::count::many;
use crate::steps::cluster::k3d::registries::PATH;
use crate::steps::contract::Seen;

pub async fn ask(asked: &Asked<'_>) -> Result<Option<String>, Seen> {
    let Some(registries) = asked.registries.as_ref().filter(|registries| !registries.is_empty()) else {
        return Ok(None);
    };
    let nodes = asked.nodes();
    for node in &nodes {
        let text = asked.docker.file(&node.id, PATH).await;
        let text = text.map_err(|why| Seen::Unknown(format!("{}:{PATH}: {why}", node.name)))?;
        let Some(text) = text else {
            return Err(Seen::Absent(format!("{} has no {PATH}: it was told of no registry", node.name)));
        };
        // Its text is not shown, nor where it breaks: passwords are in it.
        let (documents, broken) = manifests::nodes_of(text.as_bytes());
        let [own] = documents.as_slice() else {
            return Err(Seen::Absent(format!("{}:{PATH} cannot be read", node.name)));
        };
        if !broken.is_empty() {
            return Err(Seen::Absent(format!("{}:{PATH} cannot be read", node.name)));
        }
        if let Some((place, key)) = registries.missing_in(own).into_iter().next() {
            let at = format!("{}:{}", place.file, place.spot.line);
            return Err(Seen::Absent(format!("{at}: {key} is not in {PATH} of {}: k3d left it out", node.name)));
        }
    }
    Ok(Some(format!("registries as written on {}", many(nodes.len(), "node"))))
}
