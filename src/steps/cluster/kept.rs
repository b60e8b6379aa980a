//! What is kept of a cluster before it is deleted, in the folder of the run: its objects as they stood there, and the sealing keys
//! that the store lacks. A cluster that does not answer is no reason to stop, and is said.

use super::kept_keys;
use crate::steps::scene::Scene;
use crate::sys::files;
use crate::sys::kube::{Kube, many};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The folder of what was kept, in that of the run.
pub const FOLDER: &str = "saved";

/// Made anew all the time, or about the moment only.
const PASSING: &[&str] = &[
    "Binding",
    "ComponentStatus",
    "ControllerRevision",
    "EndpointSlice",
    "Endpoints",
    "Event",
    "IPAddress",
    "Lease",
    "NodeMetrics",
    "PodMetrics",
    "ReplicaSet",
];

/// Keeps the objects and the sealing keys; a line for each sort of thing.
pub async fn keep(kube: &Kube, scene: &Scene<'_>) -> Result<Vec<String>, String> {
    let folder = scene.run.join(FOLDER);
    let made = files::make_private_folder(scene.touch, &folder.join("objects"));
    made.map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut told = objects(kube, scene, &folder.join("objects")).await;
    told.extend(kept_keys::keep(kube, scene, &folder).await?);
    Ok(told)
}

/// One file a kind.
async fn objects(kube: &Kube, scene: &Scene<'_>, folder: &Path) -> Vec<String> {
    let kinds = match scene.pace.keep(kube.kinds()).await {
        Ok(Ok(kinds)) => kinds.listable(),
        Ok(Err(trouble)) => return vec![format!("no object was saved: {trouble}")],
        Err(_) => return vec!["no object was saved: broken off".to_owned()],
    };
    // The values of Secrets are in no file that is not encrypted.
    let wanted: Vec<(String, String)> =
        kinds.into_iter().filter(|(_, kind)| kind != "Secret" && !PASSING.contains(&kind.as_str())).collect();
    let each = many(&wanted, async |(api_version, kind)| one(kube, scene, folder, api_version, kind).await);
    let Ok(each) = scene.pace.keep(each).await else {
        return vec!["objects were saved in part: broken off".to_owned()];
    };
    let (mut count, mut kinds, mut troubles) = (0, 0, Vec::new());
    for done in each {
        match done {
            Ok(0) => {}
            Ok(saved) => (count, kinds) = (count + saved, kinds + 1),
            Err(why) => troubles.push(why),
        }
    }
    let mut told = vec![format!("{count} objects of {kinds} kinds saved in {}", folder.display())];
    told.extend(troubles.into_iter().map(|why| format!("not saved: {why}")));
    told
}

async fn one(kube: &Kube, scene: &Scene<'_>, folder: &Path, api_version: &str, kind: &str) -> Result<usize, String> {
    let mut items = kube.list(api_version, kind, None).await.map_err(|trouble| format!("{kind}: {trouble}"))?;
    if items.is_empty() {
        return Ok(0);
    }
    items.iter_mut().filter_map(|item| item["metadata"].as_object_mut()).for_each(|about| {
        about.remove("managedFields");
    });
    let count = items.len();
    let mut text = text(items).map_err(|error| format!("{kind}: {error}"))?;
    // What somebody wrote into a ConfigMap by mistake stays in the cluster.
    if let Some(std::borrow::Cow::Owned(hidden)) = scene.vault.map(|vault| vault.redactor().hide(&text)) {
        text = hidden;
    }
    let path = file(folder, api_version, kind);
    files::replace(scene.touch, &path, text.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(count)
}

fn text(items: Vec<Value>) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&json!({"apiVersion": "v1", "kind": "List", "items": items}))
}

/// A kind is a word of a server, and must lead nowhere else.
fn file(folder: &Path, api_version: &str, kind: &str) -> PathBuf {
    let name = format!("{kind}.{api_version}.json");
    folder.join(name.replace(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'), "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_a_server_leads_to_no_other_folder() {
        let path = file(Path::new("/run/saved"), "../../etc/v1", "../passwd");
        assert_eq!(path, Path::new("/run/saved/.._passwd..._.._etc_v1.json"));
        assert_eq!(path.parent(), Some(Path::new("/run/saved")));
    }
}
