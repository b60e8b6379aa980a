//! F25 and F54: can all of this be made from nothing, without what is being made? Follows each thing that asks a host to what
//! answers for that host, and on to what this needs, until the thing itself comes round. What only waits until the other is up
//! is no circle. It does not know what runs in charts, nor who asks by name from within a program.

mod mirrors;
mod needs;
mod served;
mod store;

use super::ground::Ground;
use super::{Rule, Told};
use crate::model::{Place, Severity};
use needs::{Need, Thing, World};
use served::Served;
use std::collections::{BTreeSet, HashMap, VecDeque};

pub const RULE: Rule = Rule { ids: &["F25", "F54"], pages: &[], look };

/// Loops told whole; more of them mostly go through the same places.
const SHOWN: usize = 20;

fn look(ground: &Ground<'_>, told: &mut Told) {
    let delivery = ground.delivery();
    let served = Served::of(ground);
    let world = World::of(ground, delivery, &served);
    let mut looped: BTreeSet<String> = BTreeSet::new();
    let mut closed: BTreeSet<usize> = BTreeSet::new();
    for host in world.asked() {
        let start = Thing::Host(host.clone());
        let found = ring(&world, &start, true).map(|ring| (ring, true));
        let Some((ring, hard)) = found.or_else(|| ring(&world, &start, false).map(|ring| (ring, false))) else {
            continue;
        };
        let numbers: BTreeSet<usize> = ring
            .iter()
            .filter_map(|need| if let Thing::Object(number) = need.to { Some(number) } else { None })
            .collect();
        looped.insert(host);
        // Another name of the same server closes the same loop.
        if numbers.is_disjoint(&closed) && looped.len() <= SHOWN {
            tell(&world, &ring, hard, told);
        }
        closed.extend(numbers);
    }
    late(&world, &looped, told);
    stores(&world, &looped, told);
}

/// The shortest way from a host back to it: each need in its order, the last leads to the host.
fn ring(world: &World<'_, '_>, start: &Thing, hard: bool) -> Option<Vec<Need>> {
    let mut came: HashMap<Thing, (Thing, Need)> = HashMap::new();
    let mut queue = VecDeque::from([start.clone()]);
    while let Some(at) = queue.pop_front() {
        for need in world.needs(&at).into_iter().filter(|need| need.hard || !hard) {
            if need.to == *start {
                let mut ring = vec![need];
                let mut back = at;
                while let Some((before, need)) = came.get(&back).filter(|_| back != *start) {
                    ring.push(need.clone());
                    back = before.clone();
                }
                ring.reverse();
                return Some(ring);
            }
            if !came.contains_key(&need.to) {
                queue.push_back(need.to.clone());
                came.insert(need.to.clone(), (at.clone(), need));
            }
        }
    }
    None
}

fn tell(world: &World<'_, '_>, ring: &[Need], hard: bool, told: &mut Told) {
    let [rest @ .., last] = ring else { return };
    let Some(Thing::Object(number)) = rest.iter().rev().map(|need| &need.to).find(|to| matches!(to, Thing::Object(_)))
    else {
        return;
    };
    let asker = world.object(*number);
    let Thing::Host(host) = &last.to else { return };
    let mut hops = vec![format!("{host} ({})", short(&last.place))];
    let mut before: Option<usize> = None;
    for need in rest {
        // What answers for a host and the object that it stands in are one hop.
        let (name, number) = match &need.to {
            Thing::Host(host) => (host.clone(), None),
            Thing::Server(at) => {
                let object = world.served.servers[*at].object;
                (object.id.to_string(), world.number(object))
            }
            Thing::Object(number) => (world.object(*number).id.to_string(), Some(*number)),
        };
        if number.is_none() || number != before {
            hops.push(format!("{name} ({})", short(&need.place)));
        }
        before = number;
    }
    let through = |kind: &str| {
        rest.iter().any(|need| matches!(need.to, Thing::Object(number) if world.object(number).kind() == kind))
    };
    let id = if through("ExternalSecret") { "F54" } else { "F25" };
    let (severity, word) = match hard {
        true => (Severity::Error, "needs itself to come up"),
        false => (Severity::Warning, "may need itself to come up"),
    };
    let fix = match asker.kind() {
        "SecretStore" | "ClusterSecretStore" => {
            format!("give the server of {host} its Secret from the encrypted store, not from {host}")
        }
        "Application" | "ApplicationSet" | "GitRepository" | "HelmRepository" | "OCIRepository" | "Kustomization"
        | "HelmRelease" | "HelmChart" => {
            format!(
                "read it from a mirror outside for the first start and switch over later, or name git/{host} under `outside` of the plan when it outlives the disaster"
            )
        }
        "PersistentVolume" => format!("serve {host} from outside of this cluster"),
        "Issuer" | "ClusterIssuer" => format!("let {host} have its certificate from another issuer"),
        _ if through("PersistentVolume") => format!("serve {host} from outside of this cluster"),
        _ => format!(
            "take this image from a registry outside, or import it into the nodes before (then imagePullPolicy: Never); name registry/{host} under `outside` of the plan when it outlives the disaster"
        ),
    };
    let message = format!("{word}: {} ← {}", asker.id, hops.join(" ← "));
    told.say(id, severity, asker, last.place.clone(), message, fix);
}

fn short(place: &Place) -> String {
    format!("{}:{}", place.file, place.spot.line)
}

/// Manifests and charts that are read from this cluster, without closing a circle that the files show.
fn late(world: &World<'_, '_>, looped: &BTreeSet<String>, told: &mut Told) {
    let mut readers: Vec<(String, usize, usize)> = Vec::new();
    for (at, one) in world.delivery.bringers.iter().enumerate() {
        let hosts = one.sources.iter().filter_map(|source| source.host()).map(super::hosts::lower);
        for host in
            hosts.collect::<BTreeSet<_>>().into_iter().filter(|host| world.is_inside(host) && !looped.contains(host))
        {
            match readers.iter_mut().find(|(known, ..)| *known == host) {
                Some((_, _, count)) => *count += 1,
                None => readers.push((host, at, 1)),
            }
        }
    }
    for (host, at, count) in readers {
        let one = &world.delivery.bringers[at];
        let Some(source) =
            one.sources.iter().find(|source| source.host().is_some_and(|own| own.eq_ignore_ascii_case(&host)))
        else {
            continue;
        };
        let by = match world.served.get(&host).0.first().map(|at| &world.served.servers[*at]) {
            Some(server) => format!("{} ({}) answers for it", server.object.id, short(&server.place)),
            None => "its name is one of this cluster".to_owned(),
        };
        let more = if count > 1 { format!("; so do {} more", count - 1) } else { String::new() };
        let message = format!("reads {host}, which lives in this cluster: {by}{more}");
        let fix =
            format!("see that {host} is back with its data before this is applied, or read from a mirror outside");
        told.say("F25", Severity::Warning, one.object, source.place(), message, fix);
    }
}

/// Stores of secrets inside of this cluster that do not need themselves.
fn stores(world: &World<'_, '_>, looped: &BTreeSet<String>, told: &mut Told) {
    let all = ["SecretStore", "ClusterSecretStore"].map(|kind| world.ground.of_kind("external-secrets.io", kind));
    for store in all.into_iter().flatten() {
        let Some((field, hands_on)) = store::address(store) else { continue };
        let text = field.node.text().unwrap_or_default();
        let host = super::hosts::lower(super::hosts::of_url(text).unwrap_or(text));
        if !world.is_inside(&host) || looped.contains(&host) || hands_on {
            continue;
        }
        let askers = store::askers(world.ground, store);
        if askers == 0 {
            continue;
        }
        let wait =
            if askers == 1 { "an ExternalSecret waits".to_owned() } else { format!("{askers} ExternalSecrets wait") };
        let message =
            format!("asks {host}, which lives in this cluster: {wait} until it is back, unsealed and with its data");
        let fix = "bring its server and its data up in an earlier step, and keep its unseal keys outside".to_owned();
        told.say("F54", Severity::Warning, store, store.place_at(field.at), message, fix);
    }
}
