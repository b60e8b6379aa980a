//! Whether an image comes by each mirror: one is pulled that the plan will run, or that the cluster runs by itself. A mirror of
//! which nobody runs anything is said.

use super::Asked;
use crate::manifests::Field;
use crate::model::count::many;
use crate::steps::contract::Seen;
use crate::sys::docker;
use crate::sys::process::Exit;
use serde_json::Value;
use std::collections::BTreeSet;

pub async fn ask(asked: &Asked<'_>) -> Result<Option<String>, Seen> {
    let mirrors = asked.registries.as_ref().map_or_else(Vec::new, super::Registries::mirrors);
    let Some(node) = asked.nodes().into_iter().next().filter(|_| !mirrors.is_empty()) else { return Ok(None) };
    let pods = asked.up.kube.list("v1", "Pod", None).await;
    let pods = pods.map_err(|trouble| Seen::Unknown(format!("{}: {trouble}", asked.up.server)))?;
    let running: BTreeSet<&str> = pods.iter().flat_map(images).collect();
    // What is on the node already proves less.
    let images: Vec<&str> = asked.images.iter().map(String::as_str).chain(running).collect();
    let mut pulled = 0;
    for mirror in mirrors {
        let Some(image) = images.iter().find(|image| is_of(image, mirror)) else {
            (asked.scene.say)(format!(
                "mirror {}: neither the plan nor the cluster runs anything of it, so nothing was pulled by it",
                mirror.name
            ));
            continue;
        };
        let said = asked.docker.exec(&node.id, &["crictl", "pull", image]).await;
        let said = said.map_err(|why| Seen::Unknown(format!("{}: {why}", node.name)))?;
        if said.exit != Exit::Code(0) {
            let place = asked.registries.as_ref().map(|registries| registries.place(mirror.at));
            let at = place.map_or_else(String::new, |place| format!("{}:{}: ", place.file, place.spot.line));
            let why = docker::words(&said);
            return Err(Seen::Absent(format!("{at}mirror {}: {} cannot pull {image}: {why}", mirror.name, node.name)));
        }
        pulled += 1;
    }
    Ok((pulled > 0).then(|| format!("{} pulled from", many(pulled, "mirror"))))
}

/// The images of a pod.
pub fn images(pod: &Value) -> impl Iterator<Item = &str> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    containers.filter_map(|container| container["image"].as_str())
}

/// Whether an image comes by this mirror.
pub fn is_of(image: &str, mirror: &Field) -> bool {
    &*mirror.name == "*" || registry(image) == &*mirror.name
}

/// The registry of an image; one without a dot, a colon or `localhost` in front is no registry but a part of its name.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        Some(_) | None => "docker.io",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_of_the_registry_that_its_name_begins_with() {
        for (image, of) in [
            ("busybox:1.36", "docker.io"),
            ("rancher/mirrored-pause:3.6", "docker.io"),
            ("registry:5000/app@sha256:00", "registry:5000"),
            ("ghcr.io/a/b", "ghcr.io"),
            ("localhost/a", "localhost"),
        ] {
            assert_eq!(registry(image), of, "{image}");
        }
    }
}
