//! The places that a drill may reach: the plan's git servers and registries, the mirrors of its nodes, and what it names one by
//! one. What is not here is denied.

use super::shut;
use crate::manifests::pods::each;
use crate::manifests::{Node, Papers};
use crate::model::Fact;
use std::collections::BTreeMap;

/// Registries that hand out what they hold at other places, which are opened with them.
const BESIDE: &[(&str, &[&str])] = &[
    (
        "docker.io",
        &[
            "registry-1.docker.io",
            "auth.docker.io",
            "production.cloudflare.docker.com",
            "production.cloudfront.docker.com",
        ],
    ),
    ("ghcr.io", &["pkg-containers.githubusercontent.com"]),
    ("quay.io", &["cdn.quay.io", "cdn01.quay.io", "cdn02.quay.io", "cdn03.quay.io"]),
    ("gcr.io", &["storage.googleapis.com"]),
    ("registry.gitlab.com", &["gitlab.com", "cdn.registry.gitlab-static.net"]),
];
const HTTPS: u16 = 443;
const SSH: u16 = 22;

/// A place, and why it is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    pub host: String,
    pub port: u16,
    pub because: String,
    /// Somebody has named it for the drill: told as such.
    pub lifted: bool,
}

/// A place that the plan leads to and that stays shut.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    pub host: String,
    pub port: u16,
    pub led: String,
    pub because: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    pub openings: Vec<Opening>,
    pub refused: Vec<Refused>,
}

/// `outside` and `named` as the plan has them, `mirrors` what its nodes are told of registries.
pub fn allowed<'f>(
    outside: impl Iterator<Item = &'f Fact>,
    papers: &[Papers],
    mirrors: &[&Node],
    named: impl Iterator<Item = (String, u16)>,
) -> Allowed {
    // With why it is open, and whether only because a registry keeps things there.
    let mut wanted: BTreeMap<(String, u16), (String, bool)> = BTreeMap::new();
    let mut want = |host: &str, port: u16, because: String, beside: bool| {
        if !host.is_empty() && !is_within(host) {
            wanted.entry((host.to_ascii_lowercase(), port)).or_insert((because, beside));
        }
    };
    for fact in outside {
        let because = format!("outside: {fact}");
        match fact.as_str().split_once('/') {
            Some(("git", place)) => {
                let (host, port) = of_fact(place);
                let ports = port.map_or(vec![HTTPS, SSH], |port| vec![port]);
                ports.into_iter().for_each(|port| want(host, port, because.clone(), false));
            }
            Some(("registry", place)) => {
                let (host, port) = of_fact(place);
                want(host, port.unwrap_or(HTTPS), because.clone(), false);
                let beside = BESIDE.iter().filter(|(of, _)| *of == host).flat_map(|(_, hosts)| *hosts);
                beside.for_each(|beside| want(beside, HTTPS, because.clone(), true));
            }
            Some(_) | None => {}
        }
    }
    for (url, because) in sources(papers) {
        if let Some((host, port)) = of_url(&url) {
            want(&host, port, because, false);
        }
    }
    for endpoint in mirrors.iter().flat_map(|node| endpoints(node)) {
        if let Some((host, port)) = of_url(&endpoint) {
            want(&host, port, "a mirror of the nodes".to_owned(), false);
        }
    }
    let mut all = Allowed::default();
    let mut lifted: Vec<(String, u16)> = named.map(|(host, port)| (host.to_ascii_lowercase(), port)).collect();
    lifted.sort();
    lifted.dedup();
    for ((host, port), (led, beside)) in wanted {
        if lifted.contains(&(host.clone(), port)) {
            continue;
        }
        // What a registry keeps elsewhere may lie where others keep backups; it was named with the registry.
        match shut::because(&host, port).filter(|_| !beside) {
            Some(because) => all.refused.push(Refused { host, port, led, because }),
            None => all.openings.push(Opening { host, port, because: led, lifted: false }),
        }
    }
    let lift = |(host, port): (String, u16)| {
        let because = match shut::because(&host, port) {
            Some(because) => format!("lifted by the plan, drill.allow; it is {because}"),
            None => "lifted by the plan, drill.allow".to_owned(),
        };
        Opening { host, port, because, lifted: true }
    };
    all.openings.extend(lifted.into_iter().map(lift));
    all
}

/// A place that somebody names for a drill: one host and one port, and no pattern.
pub fn place_of(text: &str) -> Result<(String, u16), String> {
    let wrong = || "is no place: write one host and its port, as git.example.org:443 or [fd00::1]:443".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
    if host.contains('*') || host.contains('/') {
        return Err("is a pattern: a fence is lifted for one place after the other, each as HOST:PORT".to_owned());
    }
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_address = inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    match is_address || (!host.is_empty() && host.len() <= 253 && !host.starts_with('-') && host.chars().all(plain)) {
        true => Ok((host.to_owned(), port)),
        false => Err(wrong()),
    }
}

/// Names that mean something in the cluster itself and nothing outside of it.
fn is_within(host: &str) -> bool {
    let plain = host.trim_end_matches('.');
    let is_address = plain.starts_with('[') || plain.parse::<std::net::IpAddr>().is_ok();
    !is_address && (plain.ends_with(".svc") || plain.ends_with(".cluster.local") || plain == "localhost")
}

fn of_fact(place: &str) -> (&str, Option<u16>) {
    let place = place.split('/').next().unwrap_or(place);
    match place.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (place, None),
    }
}

/// Host and port of an address, as git, Helm and container runtimes write them.
fn of_url(url: &str) -> Option<(String, u16)> {
    let Some((scheme, rest)) = url.split_once("://") else {
        // As scp: git@host:path.
        let (host, _) = url.split_once('@')?.1.split_once(':')?;
        return Some((host.to_owned(), SSH));
    };
    let usual = match scheme {
        "https" | "oci" => HTTPS,
        "http" => 80,
        "ssh" | "git+ssh" => SSH,
        "git" => 9418,
        _ => return None,
    };
    let place = rest.split(['/', '?', '#']).next()?;
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    if place.contains(['{', '$', ' ']) {
        return None;
    }
    match place.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => Some((host.to_owned(), port.parse().ok()?)),
        None => Some((place.to_owned(), usual)),
    }
}

/// Where controllers of the plan fetch from, each with the object that says so.
fn sources(papers: &[Papers]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for object in papers.iter().flat_map(|papers| &papers.objects) {
        let Some(spec) = object.root.get("spec") else { continue };
        let mut add =
            |url: Option<&str>| {
                // Argo CD writes a chart's registry without a scheme.
                let url = url.map(|url| {
                    if url.contains("://") || url.contains('@') { url.to_owned() } else { format!("oci://{url}") }
                });
                found.extend(url.map(|url| (url, format!("a source of {}", object.id))));
            };
        match (object.id.group(), object.kind()) {
            ("argoproj.io", "Application") => {
                let sources = spec.get("source").into_iter().chain(each(spec, "sources"));
                sources.for_each(|source| add(source.text_at(&["repoURL"])));
            }
            ("source.toolkit.fluxcd.io", "GitRepository" | "HelmRepository" | "OCIRepository") => {
                add(spec.text_at(&["url"]));
            }
            ("helm.cattle.io", "HelmChart") => add(spec.text_at(&["repo"])),
            (_, _) => {}
        }
    }
    found
}

/// The registries that nodes are told another place for.
pub fn mirrored(node: &Node) -> Vec<String> {
    let own = node.get("mirrors").map_or(&[][..], Node::fields).iter().map(|mirror| mirror.name.to_string());
    let inner = node.text_at(&["registries", "config"]).and_then(crate::manifests::reread).unwrap_or_default();
    own.chain(inner.iter().flat_map(mirrored)).collect()
}

/// The endpoints of mirrors in a file of registries. A config of k3d holds one as a text of its own.
fn endpoints(node: &Node) -> Vec<String> {
    let mirrors = node.get("mirrors").map_or(&[][..], Node::fields);
    let own =
        mirrors.iter().flat_map(|mirror| each(&mirror.node, "endpoint")).filter_map(Node::text).map(str::to_owned);
    let inner = node.text_at(&["registries", "config"]).and_then(crate::manifests::reread).unwrap_or_default();
    own.chain(inner.iter().flat_map(endpoints)).collect()
}
