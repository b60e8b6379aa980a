//! F43: images of one architecture that may come to a node of another. What an image is built for is known from its name
//! only, where that tells.

use super::ground::Ground;
use super::image::{Image, images};
use super::nodes::Nodes;
use super::{Rule, Told};
use crate::checks::names::listed;
use crate::model::Severity;
use std::collections::BTreeSet;

pub const RULE: Rule = Rule { ids: &["F43"], pages: &[], look };

fn look(ground: &Ground<'_>, told: &mut Told) {
    let Some(cluster) = &ground.cluster else { return };
    let architectures: BTreeSet<&str> = cluster.nodes.iter().filter_map(|node| node.architecture()).collect();
    if architectures.is_empty() {
        return;
    }
    let nodes = Nodes::of(cluster);
    let mut unsure = BTreeSet::new();
    let mut first = None;
    for workload in &ground.workloads {
        let mut open = None;
        for (_, field, image) in images(workload) {
            let known = architecture(&image);
            if known.is_none() && (architectures.len() == 1 || is_of_many(&image)) {
                continue;
            }
            let open = open.get_or_insert_with(|| -> BTreeSet<&str> {
                nodes.open_to(workload).into_iter().filter_map(|node| node.architecture()).collect()
            });
            match known {
                Some(known) => {
                    let Some(other) = open.iter().find(|open| **open != known) else { continue };
                    let message = format!(
                        "image {} is built for {known} and may come to a node of {other} ({})",
                        image.text, cluster.place
                    );
                    let fix = format!(
                        "use an image that is built for both, or send the pods to a node that fits: nodeSelector kubernetes.io/arch: {known}"
                    );
                    told.say(
                        "F43",
                        Severity::Warning,
                        workload.object,
                        workload.object.place_at(field.at),
                        message,
                        fix,
                    );
                }
                None if open.len() > 1 => {
                    unsure.insert(image.text);
                    first.get_or_insert((workload.object, workload.object.place_at(field.at)));
                }
                None => {}
            }
        }
    }
    let Some((object, place)) = first else { return };
    let unsure: Vec<&str> = unsure.into_iter().collect();
    let (are, have) = if unsure.len() == 1 { ("image", "it is") } else { ("images", "they are") };
    let all: Vec<&str> = architectures.into_iter().collect();
    let message = format!(
        "{are} {} may come to nodes of {} ({}), and nothing says that {have} built for each",
        listed(&unsure, 5),
        all.join(" and of "),
        cluster.place
    );
    let fix = "look at what each is built for (docker buildx imagetools inspect), and give those of one architecture a nodeSelector on kubernetes.io/arch";
    told.say("F43", Severity::Warning, object, place, message, fix);
}

/// What an image is built for, where its name says so.
fn architecture(image: &Image<'_>) -> Option<&'static str> {
    let user = image.path.split('/').next().unwrap_or_default();
    let words = || image.tag.into_iter().chain([image.path]).flat_map(|text| text.split(['-', '_', '.', '/']));
    let says = |names: &[&str]| words().any(|word| names.contains(&word));
    if image.digest.is_some() && image.tag.is_none() {
        None
    } else if user == "arm64v8" || says(&["arm64", "aarch64", "arm64v8"]) {
        Some("arm64")
    } else if user == "amd64" || says(&["amd64"]) {
        Some("amd64")
    } else if user == "arm32v7" || says(&["armhf", "armv7", "arm32v7"]) {
        Some("arm")
    } else {
        None
    }
}

/// Publishers that build for every usual architecture.
fn is_of_many(image: &Image<'_>) -> bool {
    match image.host {
        "docker.io" => {
            !image.path.contains('/') || image.path.starts_with("library/") || image.path.starts_with("rancher/")
        }
        "registry.k8s.io" | "lscr.io" => true,
        "quay.io" => image.path.starts_with("prometheus/") || image.path.starts_with("jetstack/"),
        _ => false,
    }
}
