//! What a plan says of the world outside, as the fence of its drill takes it; and the same for people.

use super::file::PlanFile;
use super::load::Planned;
use crate::checks::drill::{self, Allowed};
use crate::checks::rules::Ground;
use crate::manifests::{Papers, reread};
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
    let swaps = planned.papers.iter().flat_map(|papers| &papers.swapped);
    told.extend(swaps.map(|swap| ("in a drill", format!("{swap} ({})", swap.place))));
    told
}
