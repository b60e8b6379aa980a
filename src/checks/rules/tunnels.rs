//! F23: what keeps a tunnel down, or leaves it without an origin: a user that is a word, a token that everybody on the host
//! reads, a Service that is not there. What the tunnel's account says of its origins is in no file and not known.

use super::ground::{Ground, Workload};
use super::image::{Image, images};
use super::{Rule, Told};
use crate::checks::ladder::Mend;
use crate::checks::ladder::edit::Set;
use crate::checks::ladder::way::Way;
use crate::checks::pod_security::named_user;
use crate::manifests::pods::each;
use crate::manifests::{Field, Node, Object, reread};
use crate::model::{Fact, Place, Severity, Spot};
use std::sync::Arc;

pub const RULE: Rule = Rule { ids: &["F23"], pages: &[], look };

fn look(ground: &Ground<'_>, told: &mut Told) {
    for workload in &ground.workloads {
        for (container, field, image) in images(workload) {
            user(workload, container, field, &image, told);
            if image.path.ends_with("/cloudflared") || image.path == "cloudflared" {
                token(workload, container, told);
            }
        }
    }
    for map in ground.of_kind("", "ConfigMap") {
        let data = map.root.get("data").map_or(&[][..], Node::fields);
        for field in data.iter().filter(|field| field.name.ends_with(".yaml") || field.name.ends_with(".yml")) {
            origins(ground, map, field, told);
        }
    }
}

/// The kubelet has to see that the user is not root, and sees only numbers.
fn user(workload: &Workload<'_>, container: &Node, field: &Field, image: &Image<'_>, told: &mut Told) {
    let Some((word, number)) = named_user(image.text) else { return };
    let context = |name: &str| {
        let own = container.walk(&["securityContext", name]);
        own.or_else(|| workload.spec.walk(&["securityContext", name]))
    };
    if context("runAsNonRoot").and_then(Node::flag) != Some(true) || context("runAsUser").is_some() {
        return;
    }
    let message = format!(
        "runs as the user {word} of image {}: with runAsNonRoot the kubelet wants a number, and starts no container",
        image.text
    );
    let place = workload.object.place_at(field.at);
    let fix = format!("securityContext.runAsUser: {number}");
    let mend = told.say("F23", Severity::Error, workload.object, place, message, fix);
    if let Some(name) = container.text_at(&["name"]) {
        let list = if each(workload.spec, "containers").any(|one| std::ptr::eq(one, container)) {
            "containers"
        } else {
            "initContainers"
        };
        let way = Way::to(workload.way).key("spec").key(list).named(name).keys(&["securityContext", "runAsUser"]);
        *mend = Some(Mend::new(workload.object, vec![Set { way, value: number.into() }], "tunnel-user"));
    }
}

/// The arguments of a process can be read by everyone on its host.
fn token(workload: &Workload<'_>, container: &Node, told: &mut Told) {
    // A line for a shell has several words in one.
    let nodes = each(container, "command").chain(each(container, "args"));
    let words: Vec<(&str, Spot)> =
        nodes.flat_map(|node| node.text().unwrap_or_default().split_whitespace().map(|word| (word, node.at))).collect();
    for (at, (word, spot)) in words.iter().enumerate() {
        let value = match word.split_once('=') {
            Some(("--token" | "-token", value)) => Some((value, *spot)),
            _ if *word == "--token" => {
                words.get(at + 1).filter(|(next, _)| !next.starts_with('-')).map(|(next, spot)| (*next, *spot))
            }
            _ => None,
        };
        let Some((value, spot)) = value else { continue };
        let value = value.trim_matches(['"', '\'']);
        let place = workload.object.place_at(spot);
        let fix = "give it as a file of a mounted Secret (--token-file), or as TUNNEL_TOKEN from a Secret";
        if value.starts_with('$') {
            let message = "the token of the tunnel becomes an argument, which everyone on the host can read";
            told.say("F23", Severity::Warning, workload.object, place, message, fix);
        } else if !value.is_empty() && !value.contains(['<', '{']) {
            let message = "the token of the tunnel stands in the file itself (not shown here), and in the arguments of its process";
            let fix = format!("take a new token; {fix}");
            told.say("F23", Severity::Error, workload.object, place, message, fix);
        }
    }
}

/// The Services that a tunnel's own configuration leads to.
fn origins(ground: &Ground<'_>, map: &Arc<Object>, field: &Field, told: &mut Told) {
    let Some(text) = field.node.text().filter(|text| text.contains("ingress:") && text.contains("service:")) else {
        return;
    };
    let Some(roots) = reread(text) else { return };
    let Some(root) =
        roots.first().filter(|root| root.get("tunnel").is_some() || root.get("credentials-file").is_some())
    else {
        return;
    };
    for rule in each(root, "ingress") {
        let Some(service) = rule.field("service") else { continue };
        let Some((name, namespace, port, certain)) = service.node.text().and_then(origin) else { continue };
        let named = || ground.of_kind("", "Namespace").iter().any(|object| object.name() == namespace);
        if !certain && !named() {
            continue;
        }
        // The text of a block begins in the line below its name.
        let spot = Spot { line: field.at.line + service.at.line, column: 1 };
        let place = Place { file: map.file.to_string(), spot };
        let ours = ground
            .find("", "Service", Some(namespace), name)
            .or_else(|| ground.find("", "Service", None, name).filter(|_| namespace == "default"));
        match ours {
            Some(service) => {
                let mut ports = service.root.get("spec").into_iter().flat_map(|spec| each(spec, "ports"));
                let external = service.root.text_at(&["spec", "type"]) == Some("ExternalName");
                if external || ports.any(|one| one.get("port").and_then(Node::whole) == Some(port)) {
                    continue;
                }
                let there = service.place_of(&["spec", "ports"]);
                let message = format!(
                    "leads to port {port} of Service {namespace}/{name}, which has none of that number ({there})"
                );
                told.say("F23", Severity::Error, map, place, message, "write the port that the Service has");
            }
            None if (ground.elsewhere)(&Fact::of("service", &format!("{namespace}/{name}"))) => {}
            None => {
                let severity = if named() && ground.is_closed(namespace) { Severity::Error } else { Severity::Warning };
                let message =
                    format!("leads to Service {namespace}/{name}, which is in no file: the tunnel answers 502");
                told.say("F23", severity, map, place, message, "add the Service to the files, or mend its name");
            }
        }
    }
}

/// Name, namespace and port of a Service of the cluster, where a URL is of one, and whether it can be nothing else.
fn origin(url: &str) -> Option<(&str, &str, i64, bool)> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (
            host,
            match scheme {
                "http" => 80,
                "https" => 443,
                "ssh" => 22,
                _ => return None,
            },
        ),
    };
    let host = host.strip_suffix(".cluster.local").unwrap_or(host);
    let mut parts = host.split('.');
    let (name, namespace, third, more) = (parts.next()?, parts.next()?, parts.next(), parts.next());
    // Two names with a point between them may be a host of the house.
    (matches!(third, None | Some("svc")) && more.is_none()).then_some((name, namespace, port, third.is_some()))
}
