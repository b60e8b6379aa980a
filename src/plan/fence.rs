//! What a plan says of the world outside, as the fence of its drill takes it; and the same for people.

use super::file::PlanFile;
use super::load::Planned;
use crate::checks::drill::{self, Allowed};
use crate::checks::rules::Ground;
use crate::manifests::{Node, Papers, reread};
use std::collections::{BTreeMap, BTreeSet};

/// The places that a drill may reach; what makes the cluster is told of them.
pub fn allowed(file: &PlanFile, papers: &[Papers]) -> Allowed {
    let mirrors = file.registries.iter().filter_map(|text| reread(text)).flatten().collect::<Vec<_>>();
    let outside = file.outside.iter().map(|(fact, _)| fact);
    let named = file.allow.iter().map(|(place, _)| place.clone());
    let allowed = drill::allowed(outside, papers, &mirrors.iter().collect::<Vec<_>>(), named);
    if let Some(maker) = &file.maker {
        maker.may_reach(&allowed);
    }
    allowed
}

/// Tells what makes the cluster which images the plan will run.
pub fn images(file: &PlanFile, papers: &[Papers]) {
    let Some(maker) = &file.maker else { return };
    let ground = Ground::of(papers, None, &|_| false);
    let containers = ground.workloads.iter().flat_map(|workload| workload.containers());
    let images: BTreeSet<&str> = containers.filter_map(|(_, container)| container.text_at(&["image"])).collect();
    maker.may_pull(images.into_iter().map(str::to_owned).collect());
}

/// Registries of images that the drill will run, which it may not reach and no mirror stands for; each with its first image.
fn undeclared<'p>(planned: &'p Planned, allowed: &Allowed) -> BTreeMap<&'p str, &'p str> {
    let nodes = planned.file.registries.iter().filter_map(|text| reread(text)).flatten();
    let mirrored: BTreeSet<String> = nodes.flat_map(|node| drill::mirrored(&node)).collect();
    let ground = Ground::of(&planned.papers, None, &|_| false);
    let runs = ground.workloads.iter().filter(|workload| {
        let suspended = workload.object.root.walk(&["spec", "suspend"]).and_then(Node::flag) == Some(true);
        workload.replicas() != Some(0) && !suspended
    });
    let images = runs.flat_map(|workload| workload.containers());
    let images = images.filter_map(|(_, container)| container.text_at(&["image"]));
    let mut found = BTreeMap::new();
    for image in images {
        let registry = match image.split_once('/') {
            Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
            Some(_) | None => "docker.io",
        };
        let (host, port) = registry.split_once(':').unwrap_or((registry, "443"));
        let is_open = allowed.openings.iter().any(|one| one.host == host && one.port.to_string() == port);
        let stands = |name: &str| mirrored.contains(name);
        if !is_open && !stands(registry) && !stands("*") {
            found.entry(registry).or_insert(image);
        }
    }
    found
}

/// Everything of the fence that a preview tells: what is open, what stays shut, and what becomes another.
pub fn told(planned: &Planned) -> Vec<(&'static str, String)> {
    let Some(allowed) = &planned.allowed else { return Vec::new() };
    let mut places: BTreeMap<(bool, &str), Vec<String>> = BTreeMap::new();
    for one in &allowed.openings {
        places.entry((!one.lifted, &one.because)).or_default().push(format!("{}:{}", one.host, one.port));
    }
    let mut told: Vec<(&str, String)> = Vec::new();
    for ((kept, because), places) in places {
        let what = if kept { "may reach" } else { "lifted" };
        told.push((what, format!("{} ({because})", places.join(", "))));
    }
    if told.is_empty() {
        told.push(("may reach", "nothing outside of its own network but the resolvers of this host".to_owned()));
    }
    for one in &allowed.refused {
        let (host, port) = (&one.host, one.port);
        told.push(("stays shut", format!("{host}:{port} ({}): {}", one.led, one.because)));
    }
    for (registry, image) in undeclared(planned, allowed) {
        let mend = format!("outside: [registry/{registry}], a mirror, or drill.allow");
        told.push(("stays shut", format!("{registry}, and {image} comes from there: it will not be pulled; {mend}")));
    }
    let swaps = planned.papers.iter().flat_map(|papers| &papers.swapped);
    told.extend(swaps.map(|swap| ("in a drill", format!("{swap} ({})", swap.place))));
    told
}
