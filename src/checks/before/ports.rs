//! F15: ports of this host that k3d will publish, or of whatever host k3s listens on itself, and that somebody has already.
//! Looked up, not tried.

use super::{Answers, Asked};
use crate::checks::rules::cluster::{Cluster, Maker};
use crate::model::{Place, Severity};
use crate::sys::facts::Holder;
use crate::sys::sockets::{self, Listening};
use std::net::IpAddr;

pub fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    if let Some(cluster) = asked.scene.ground.cluster.as_ref().filter(|one| one.maker == Maker::K3s) {
        of_k3s(asked, cluster, &mut answers);
        return answers;
    }
    let Some(cluster) = asked.scene.ground.cluster.as_ref().filter(|one| one.maker == Maker::K3d) else {
        answers.unasked.push("ports of this host: the cluster publishes none".to_owned());
        return answers;
    };
    let taken = sockets::listening(asked.look);
    for (text, place) in &cluster.ports {
        let Some(wanted) = Wanted::read(text) else { continue };
        for port in wanted.first..=wanted.last {
            let Some(other) = taken.iter().find(|other| other.port == port && wanted.meets(other)) else { continue };
            tell(asked, &cluster.name, port, other, place, &mut answers);
        }
    }
    answers
}

/// What a server of k3s listens on, and who needs it: on every address, or on its own host only.
const OF_K3S: &[(u16, &str)] = &[
    (6444, "its own API server"),
    (10010, "containerd"),
    (10248, "health of the kubelet"),
    (10249, "figures of kube-proxy"),
    (10250, "the kubelet"),
    (10256, "health of kube-proxy"),
    (10257, "the controller manager"),
    (10259, "the scheduler"),
];
const OF_ETCD: &[(u16, &str)] = &[(2379, "etcd"), (2380, "etcd")];
const API: u16 = 6443;

fn wanted(cluster: &Cluster) -> Vec<(u16, &'static str, Place)> {
    let flag = |name: &str| cluster.flags.get(name);
    let on = |name: &str| flag(name).is_some_and(|(value, _)| value != "false");
    let place = || cluster.place.clone();
    let named = flag("https-listen-port").and_then(|(port, place)| Some((port.parse().ok()?, place.clone())));
    let (api, at) = named.unwrap_or((API, place()));
    let mut wanted = vec![(api, "the API server", at)];
    let etcd = on("cluster-init") || flag("server").is_some();
    let more = OF_K3S.iter().chain(if etcd { OF_ETCD } else { &[] });
    wanted.extend(more.map(|(port, what)| (*port, *what, place())));
    if on("embedded-registry") {
        wanted.push((5001, "the registry in it", place()));
    }
    wanted
}

fn of_k3s(asked: Asked<'_>, cluster: &Cluster, answers: &mut Answers) {
    let (host, object) = (asked.scene.host.unwrap_or("this host"), format!("cluster {}", cluster.name));
    let facts = match asked.facts() {
        Some(Ok(facts)) => facts,
        Some(Err(why)) => {
            let message = format!("whether the ports of k3s are free on {host} is not known: {why}");
            answers.unknown("F15", cluster.place.clone(), object, message, "its answer");
            return;
        }
        None => return,
    };
    for (port, what, place) in wanted(cluster) {
        let Some(other) = facts.listening.iter().find(|other| other.port == port) else { continue };
        match facts.holder(other) {
            Holder::Unit => answers.figures.push((format!("port {port}"), "held by the cluster that dies".to_owned())),
            Holder::Other(who) => {
                let message = format!("port {port} of {host} is taken, and {what} needs it: {who} listens on it");
                let fix = format!("stop it, or move it (ss -ltnp 'sport = :{port}' names it)");
                answers.say("F15", Severity::Error, place, &object, message, &fix);
            }
            Holder::Hidden => {
                let message = format!("port {port} of {host}, for {what}, is taken, and by whom is not known");
                answers.unknown("F15", place, object.clone(), message, "the right to see whose it is: sudo");
            }
        }
    }
}

fn tell(asked: Asked<'_>, cluster: &str, port: u16, other: &Listening, place: &Place, answers: &mut Answers) {
    let holder = sockets::holder(asked.look, other);
    let object = format!("cluster {cluster}");
    let passes_to = holder.as_ref().and_then(|holder| holder.passes_to);
    match (holder, asked.scene.dying) {
        // It dies before this one is made.
        (Some(_), Some(dying)) if passes_to.is_some_and(|inner| dying.network(inner).is_some()) => {
            answers.figures.push((format!("port {port}"), "held by the cluster that dies".to_owned()));
        }
        // It may be the very cluster that is taken down before this one is made.
        (Some(holder), None) if holder.name == "docker-proxy" => {
            let message = format!("port {port} is published by a container now ({holder})");
            let missing = format!("whose it is, if not the old cluster's: docker ps --filter publish={port}");
            answers.unknown("F15", place.clone(), object, message, missing);
        }
        (holder, _) => {
            let who = holder.map_or_else(|| "a process of another user".to_owned(), |holder| holder.to_string());
            let message = format!("port {port} of this host is taken: {} is held by {who}", other.address);
            let fix = format!("stop it, or publish another port (ss -ltnp 'sport = :{port}' names it)");
            answers.say("F15", Severity::Error, place.clone(), &object, message, &fix);
        }
    }
}

/// `[address:]first[-last]:inner[/protocol][@nodes]`.
struct Wanted {
    address: Option<IpAddr>,
    first: u16,
    last: u16,
}

impl Wanted {
    fn read(text: &str) -> Option<Self> {
        let text = text.split('@').next()?;
        if text.ends_with("/udp") || text.ends_with("/sctp") {
            return None;
        }
        let (outer, _) = text.rsplit_once(':')?;
        let (address, ports) = outer.rsplit_once(':').map_or((None, outer), |(address, ports)| (Some(address), ports));
        let address = address.and_then(|text| text.trim_matches(['[', ']']).parse().ok());
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        // Port 0 is one that Docker chooses.
        (first > 0).then_some(Self { address, first, last })
    }
    fn meets(&self, other: &Listening) -> bool {
        match self.address.filter(|address| !address.is_unspecified()) {
            Some(own) => other.address.is_unspecified() || own == other.address,
            None => true,
        }
    }
}
