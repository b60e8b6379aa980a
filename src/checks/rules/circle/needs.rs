//! What a thing has to have before it can come up, as far as a circle could go through it: what brings it, its image, its
//! volumes, the Secrets that a store gives, and the hosts that all of these ask.

use super::served::Served;
use crate::checks::rules::delivery::Delivery;
use crate::checks::rules::ground::{Ground, Workload};
use crate::checks::rules::hosts;
use crate::checks::selector::Selector;
use crate::manifests::pods::{self, Target, each};
use crate::manifests::{Node, Object};
use crate::model::{Fact, Place};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A node of the graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Thing {
    Host(String),
    /// One that answers for a host, by its number.
    Server(usize),
    /// An object, by its number.
    Object(usize),
}

/// One thing needs another.
#[derive(Clone, Debug)]
pub struct Need {
    pub to: Thing,
    /// Where that is written.
    pub place: Place,
    /// Without it the thing certainly does not come up.
    pub hard: bool,
}

pub struct World<'g, 'o> {
    pub ground: &'g Ground<'o>,
    pub delivery: &'g Delivery<'o>,
    pub served: &'g Served<'o>,
    numbers: HashMap<*const Object, usize>,
    workloads: HashMap<*const Object, usize>,
    mirrored: HashSet<String>,
    dns: Option<(String, Place)>,
}

impl<'g, 'o> World<'g, 'o> {
    pub fn of(ground: &'g Ground<'o>, delivery: &'g Delivery<'o>, served: &'g Served<'o>) -> Self {
        let numbers = ground.objects.iter().enumerate().map(|(at, object)| (Arc::as_ptr(object), at)).collect();
        let workloads = ground.workloads.iter().enumerate().map(|(at, one)| (Arc::as_ptr(one.object), at)).collect();
        let mirrored = super::mirrors::outside(ground, served);
        let dns = super::mirrors::resolver(ground);
        Self { ground, delivery, served, numbers, workloads, mirrored, dns }
    }

    pub fn object(&self, number: usize) -> &'o Arc<Object> {
        self.ground.objects[number]
    }

    pub fn number(&self, object: &Arc<Object>) -> Option<usize> {
        self.numbers.get(&Arc::as_ptr(object)).copied()
    }

    /// Whether the plan says that this host outlives the disaster.
    pub fn outside(&self, host: &str) -> bool {
        ["git", "registry", "host"].iter().any(|kind| (self.ground.elsewhere)(&Fact::of(kind, host)))
    }

    /// Every host that something asks to come up, and that this cluster answers for.
    pub fn asked(&self) -> Vec<String> {
        let sources = self.delivery.bringers.iter().flat_map(|one| &one.sources);
        let mut hosts: Vec<&str> = sources.filter_map(|source| source.host()).collect();
        hosts.extend(self.ground.workloads.iter().flat_map(images).filter_map(|(image, _)| hosts::of_image(image)));
        let mut asked: HashSet<String> = hosts.into_iter().map(hosts::lower).collect();
        for (number, object) in self.ground.objects.iter().enumerate() {
            if matches!(
                object.kind(),
                "SecretStore" | "ClusterSecretStore" | "PersistentVolume" | "Issuer" | "ClusterIssuer"
            ) {
                let hosts = self.of_object(number).into_iter();
                asked.extend(hosts.filter_map(|need| if let Thing::Host(host) = need.to { Some(host) } else { None }));
            }
        }
        asked.extend(self.dns.iter().map(|(host, _)| host.clone()));
        let mut asked: Vec<String> = asked.into_iter().filter(|host| self.is_inside(host)).collect();
        asked.sort();
        asked
    }

    /// Whether this cluster answers for the host.
    pub fn is_inside(&self, host: &str) -> bool {
        !self.outside(host) && (!self.served.get(host).0.is_empty() || hosts::service(host).is_some())
    }

    pub fn needs(&self, thing: &Thing) -> Vec<Need> {
        match thing {
            Thing::Host(host) => self.of_host(host),
            Thing::Server(at) => self.of_server(*at),
            Thing::Object(number) => self.of_object(*number),
        }
    }

    fn of_host(&self, host: &str) -> Vec<Need> {
        if self.outside(host) {
            return Vec::new();
        }
        let (servers, exact) = self.served.get(host);
        // Of several that answer for one host, one may be enough.
        let hard = exact && servers.len() == 1;
        let need = |at: &usize| Need { to: Thing::Server(*at), place: self.served.servers[*at].place.clone(), hard };
        let mut needs: Vec<Need> = servers.iter().map(need).collect();
        if let (true, Some((_, space))) = (needs.is_empty(), hosts::service(host)) {
            // A chart makes the Service; which, is only likely.
            let filling = self.delivery.bringers.iter().filter(|one| one.fills == Some(space));
            needs.extend(filling.filter_map(|one| self.need(one.object, one.object.place(), false)));
        }
        needs
    }

    fn need(&self, object: &Arc<Object>, place: Place, hard: bool) -> Option<Need> {
        let number = self.number(object)?;
        Some(Need { to: Thing::Object(number), place, hard })
    }

    fn of_server(&self, at: usize) -> Vec<Need> {
        let server = &self.served.servers[at];
        let object = server.object;
        let mut needs: Vec<Need> = self.need(object, server.place.clone(), true).into_iter().collect();
        if object.kind() == "Service" {
            return needs;
        }
        for (space, name) in &server.behind {
            if let Some(service) = self.ground.find("", "Service", Some(space), name) {
                needs.extend(self.need(service, service.place(), true));
            }
        }
        needs
    }

    fn of_object(&self, number: usize) -> Vec<Need> {
        let object = self.object(number);
        let mut needs = self.bringers(object);
        match (object.id.group(), object.kind()) {
            ("", "Service") => needs.extend(self.pods(object)),
            ("", "PersistentVolume") => {
                let server = object.root.walk(&["spec", "nfs"]).and_then(|nfs| nfs.field("server"));
                needs.extend(server.and_then(|field| host(object, field, true)));
            }
            ("", "PersistentVolumeClaim") => needs.extend(self.volume(object)),
            ("external-secrets.io", "SecretStore" | "ClusterSecretStore") => {
                needs.extend(super::store::address(object).and_then(|(field, _)| host(object, field, true)));
            }
            ("external-secrets.io", "ExternalSecret") => {
                let store = super::store::of(self.ground, object);
                let place = object.place_of(&["spec", "secretStoreRef"]);
                needs.extend(store.and_then(|store| self.need(store, place, true)));
            }
            ("cert-manager.io", "Issuer" | "ClusterIssuer") => {
                let ways = ["acme", "vault"].iter().filter_map(|way| object.root.walk(&["spec", way])?.field("server"));
                needs.extend(ways.filter_map(|field| host(object, field, false)));
            }
            ("networking.k8s.io", "Ingress") => needs.extend(self.issuer(object)),
            _ => {}
        }
        if let Some(at) = self.workloads.get(&Arc::as_ptr(object)) {
            self.workload(&self.ground.workloads[*at], &mut needs);
        }
        let own = self.delivery.bringers.iter().find(|one| Arc::ptr_eq(one.object, object));
        for source in own.into_iter().flat_map(|one| &one.sources) {
            let Some(name) = source.host() else { continue };
            let to = Thing::Host(hosts::lower(name));
            needs.push(Need { to, place: source.place(), hard: true });
            if let (Some((dns, place)), false) = (&self.dns, self.is_inside(name)) {
                needs.push(Need { to: Thing::Host(dns.clone()), place: place.clone(), hard: true });
            }
        }
        needs
    }

    /// Where a plan applies an object itself, it waits for nobody else.
    fn bringers(&self, object: &Arc<Object>) -> Vec<Need> {
        if self.ground.applied {
            return Vec::new();
        }
        let all: Vec<_> = self.delivery.of_file(&object.file).filter(|one| !Arc::ptr_eq(one.object, object)).collect();
        let hosts: HashSet<_> = all.iter().flat_map(|one| &one.sources).filter_map(|source| source.host()).collect();
        let hard = hosts.len() == 1;
        all.iter().filter_map(|one| self.need(one.object, one.object.place(), hard)).collect()
    }

    fn pods(&self, service: &Object) -> Vec<Need> {
        let Some(map) = service.root.walk(&["spec", "selector"]) else { return Vec::new() };
        let selector = Selector::of_map(&map.json());
        let space = service.namespace().unwrap_or("default");
        let chosen = self.ground.workloads_in(space).filter(|one| one.serves() && selector.holds(&one.labels()));
        let chosen: Vec<&Workload<'_>> = chosen.collect();
        let hard = chosen.len() == 1;
        chosen.iter().filter_map(|one| self.need(one.object, one.object.place(), hard)).collect()
    }

    fn volume(&self, claim: &Object) -> Option<Need> {
        let name = claim.root.text_at(&["spec", "volumeName"]);
        let volumes = self.ground.of_kind("", "PersistentVolume").iter();
        let kept = |volume: &&&Arc<Object>| {
            let of = volume.root.walk(&["spec", "claimRef"]);
            Some(volume.name()) == name
                || of.is_some_and(|of| {
                    of.text_at(&["name"]) == Some(claim.name()) && of.text_at(&["namespace"]) == claim.namespace()
                })
        };
        let volume = volumes.copied().find(|volume| kept(&volume))?;
        self.need(volume, volume.place(), true)
    }

    fn issuer(&self, ingress: &Object) -> Option<Need> {
        let notes = ingress.root.walk(&["metadata", "annotations"])?;
        let named = |key: &str, kind: &str, space: Option<&str>| {
            let field = notes.field(key)?;
            let issuer = self.ground.find("cert-manager.io", kind, space, field.node.text()?)?;
            self.need(issuer, ingress.place_at(field.at), false)
        };
        named("cert-manager.io/cluster-issuer", "ClusterIssuer", None)
            .or_else(|| named("cert-manager.io/issuer", "Issuer", ingress.namespace()))
    }

    fn workload(&self, workload: &Workload<'o>, needs: &mut Vec<Need>) {
        let object = workload.object;
        for (image, at) in images(workload) {
            let Some(registry) = hosts::of_image(image).map(hosts::lower) else { continue };
            if !self.mirrored.contains(&registry) {
                needs.push(Need { to: Thing::Host(registry), place: object.place_at(at), hard: true });
            }
        }
        for server in each(workload.spec, "volumes").filter_map(|volume| volume.get("nfs")?.field("server")) {
            needs.extend(host(object, server, true));
        }
        let space = workload.namespace();
        for reference in pods::references(object).into_iter().filter(|one| !one.optional) {
            let place = object.place_at(reference.at);
            match reference.target {
                Target::PersistentVolumeClaim => {
                    let claim = self.ground.find("", "PersistentVolumeClaim", Some(space), reference.name);
                    needs.extend(claim.and_then(|claim| self.need(claim, place, true)));
                }
                Target::Secret if !self.is_given(space, reference.name) => {
                    let made = super::store::making(self.ground, space, reference.name);
                    needs.extend(made.and_then(|made| self.need(made, place, true)));
                }
                Target::Secret
                | Target::ConfigMap
                | Target::ServiceAccount
                | Target::PriorityClass
                | Target::RuntimeClass => {}
            }
        }
    }

    /// Whether a Secret comes by another way than from a store.
    fn is_given(&self, space: &str, name: &str) -> bool {
        let known = |group, kind| self.ground.find(group, kind, Some(space), name).is_some();
        known("", "Secret")
            || known("bitnami.com", "SealedSecret")
            || (self.ground.elsewhere)(&Fact::of("secret", &format!("{space}/{name}")))
    }
}

fn host(object: &Object, field: &crate::manifests::Field, hard: bool) -> Option<Need> {
    let text = field.node.text()?;
    let host = hosts::of_url(text).or_else(|| hosts::bare(text))?;
    Some(Need { to: Thing::Host(hosts::lower(host)), place: object.place_at(field.at), hard })
}

/// The images that its pods must fetch, and where they are named.
fn images<'o>(workload: &Workload<'o>) -> impl Iterator<Item = (&'o str, crate::model::Spot)> + use<'o> {
    let fetched = workload.containers().filter(|(_, one)| one.text_at(&["imagePullPolicy"]) != Some("Never"));
    fetched.filter_map(|(_, one): (_, &'o Node)| {
        let field = one.field("image")?;
        Some((field.node.text()?, field.at))
    })
}
