//! The hosts that this cluster answers for: by ingresses and routes, by addresses of Services, by a tunnel, and by the values
//! of charts that make ingresses.

use crate::checks::rules::ground::Ground;
use crate::checks::rules::hosts;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::Place;
use std::collections::HashMap;
use std::sync::Arc;

/// A host, and the object that answers for it.
pub struct Server<'o> {
    pub object: &'o Arc<Object>,
    pub place: Place,
    /// The Services behind it: namespace and name.
    pub behind: Vec<(String, String)>,
}

#[derive(Default)]
pub struct Served<'o> {
    pub servers: Vec<Server<'o>>,
    by_host: HashMap<String, Vec<usize>>,
}

impl<'o> Served<'o> {
    pub fn of(ground: &Ground<'o>) -> Self {
        let mut served = Self::default();
        for object in &ground.objects {
            match (object.id.group(), object.kind()) {
                ("networking.k8s.io", "Ingress") => served.ingress(object),
                ("traefik.io" | "traefik.containo.us", "IngressRoute" | "IngressRouteTCP") => served.traefik(object),
                ("gateway.networking.k8s.io", "HTTPRoute" | "TLSRoute" | "GRPCRoute") => served.gateway(object),
                ("", "Service") => served.service(object),
                ("", "ConfigMap") => served.tunnel(object),
                ("helm.toolkit.fluxcd.io", "HelmRelease") => {
                    let values = object.root.walk(&["spec", "values"]);
                    values.into_iter().for_each(|values| served.values(object, values, false, 0, 0));
                }
                ("argoproj.io", "Application") => served.helm(object, object.root.get("spec")),
                ("helm.cattle.io", "HelmChart" | "HelmChartConfig") => {
                    let field = object.root.get("spec").and_then(|spec| spec.field("valuesContent"));
                    served.text(object, field);
                }
                _ => {}
            }
        }
        served
    }

    /// Those that answer for this host, and whether by its very name.
    pub fn get(&self, host: &str) -> (&[usize], bool) {
        if let Some(found) = self.by_host.get(host) {
            return (found, true);
        }
        let wild = host.split_once('.').and_then(|(_, rest)| self.by_host.get(&format!("*.{rest}")));
        (wild.map_or(&[], |found| found), false)
    }

    fn add(&mut self, host: &str, object: &'o Arc<Object>, place: Place, behind: Vec<(String, String)>) {
        let Some(host) = hosts::bare(host) else { return };
        let known = self.by_host.entry(hosts::lower(host)).or_default();
        // The paths of one host, told one by one, are one answer.
        match known.iter().find(|at| Arc::ptr_eq(self.servers[**at].object, object)) {
            Some(at) => self.servers[*at].behind.extend(behind),
            None => {
                known.push(self.servers.len());
                self.servers.push(Server { object, place, behind });
            }
        }
    }

    fn ingress(&mut self, object: &'o Arc<Object>) {
        let Some(spec) = object.root.get("spec") else { return };
        for rule in each(spec, "rules") {
            let Some(host) = rule.field("host") else { continue };
            let paths = rule.get("http").into_iter().flat_map(|http| each(http, "paths"));
            let names = paths.filter_map(|path| path.text_at(&["backend", "service", "name"]));
            let behind = names.map(|name| (home(object), name.to_owned())).collect();
            self.add(host.node.text().unwrap_or_default(), object, object.place_at(host.at), behind);
        }
    }

    fn traefik(&mut self, object: &'o Arc<Object>) {
        let Some(spec) = object.root.get("spec") else { return };
        for route in each(spec, "routes") {
            let Some(rule) = route.field("match") else { continue };
            let services = each(route, "services").filter(|one| one.text_at(&["kind"]) != Some("TraefikService"));
            let behind: Vec<(String, String)> = services.filter_map(|one| named(object, one)).collect();
            for host in matched(rule.node.text().unwrap_or_default()) {
                self.add(host, object, object.place_at(rule.at), behind.clone());
            }
        }
    }

    fn gateway(&mut self, object: &'o Arc<Object>) {
        let Some(spec) = object.root.get("spec") else { return };
        let backends = each(spec, "rules").flat_map(|rule| each(rule, "backendRefs"));
        let behind: Vec<(String, String)> = backends.filter_map(|one| named(object, one)).collect();
        for host in each(spec, "hostnames") {
            self.add(host.text().unwrap_or_default(), object, object.place_at(host.at), behind.clone());
        }
    }

    /// A Service by its names in the cluster, and by addresses that are written down.
    fn service(&mut self, object: &'o Arc<Object>) {
        let (name, space) = (object.name(), home(object));
        let mut add = |host: &str| self.add(host, object, object.place(), vec![(space.clone(), name.to_owned())]);
        for host in
            [format!("{name}.{space}"), format!("{name}.{space}.svc"), format!("{name}.{space}.svc.cluster.local")]
        {
            add(&host);
        }
        let Some(spec) = object.root.get("spec") else { return };
        ["clusterIP", "loadBalancerIP"]
            .iter()
            .filter_map(|way| spec.text_at(&[way]))
            .filter(|ip| *ip != "None")
            .for_each(&mut add);
        each(spec, "externalIPs").filter_map(Node::text).for_each(&mut add);
        let notes = object.root.walk(&["metadata", "annotations"]).map_or(&[][..], Node::fields);
        let told = notes.iter().filter(|note| ADDRESSES.contains(&&*note.name)).filter_map(|note| note.node.text());
        told.flat_map(|text| text.split(',')).for_each(|host| add(host.trim()));
    }

    /// The names that a tunnel leads to Services.
    fn tunnel(&mut self, object: &'o Arc<Object>) {
        for field in object.root.get("data").map_or(&[][..], Node::fields) {
            let is_tunnel =
                field.node.text().is_some_and(|text| text.contains("ingress:") && text.contains("hostname:"));
            let Some((document, lines)) = is_tunnel.then(|| hosts::within(field)).flatten() else { continue };
            for rule in each(&document, "ingress") {
                let Some(host) = rule.field("hostname") else { continue };
                let to = rule.text_at(&["service"]).and_then(hosts::of_url).unwrap_or_default();
                let behind = hosts::service(to).map(|(name, space)| (space.to_owned(), name.to_owned()));
                let place = object.place_at(hosts::shifted(host.at, lines));
                self.add(host.node.text().unwrap_or_default(), object, place, behind.into_iter().collect());
            }
        }
    }

    fn helm(&mut self, object: &'o Arc<Object>, spec: Option<&'o Node>) {
        let Some(spec) = spec else { return };
        let sources = spec.get("source").into_iter().chain(each(spec, "sources"));
        for helm in sources.filter_map(|source| source.get("helm")) {
            helm.get("valuesObject").into_iter().for_each(|values| self.values(object, values, false, 0, 0));
            self.text(object, helm.field("values"));
        }
    }

    fn text(&mut self, object: &'o Arc<Object>, field: Option<&crate::manifests::Field>) {
        if let Some((document, lines)) = field.and_then(hosts::within) {
            self.values(object, &document, false, lines, 0);
        }
    }

    /// Hosts below a field that speaks of an ingress or a route.
    fn values(&mut self, object: &'o Arc<Object>, node: &Node, inside: bool, lines: u32, depth: usize) {
        if depth > 12 {
            return;
        }
        for field in node.fields() {
            let name = &*field.name;
            let inside = inside || matches!(name, "ingress" | "route" | "ingressRoute" | "httpRoute" | "httproute");
            let place = |at| object.place_at(hosts::shifted(at, lines));
            match (inside, name) {
                (true, "host" | "hostname") => {
                    self.add(field.node.text().unwrap_or_default(), object, place(field.at), Vec::new());
                }
                (true, "hosts" | "hostnames") => {
                    for host in field.node.items() {
                        self.add(host.text().unwrap_or_default(), object, place(host.at), Vec::new());
                    }
                }
                _ => {}
            }
            self.values(object, &field.node, inside, lines, depth + 1);
        }
        for item in node.items() {
            self.values(object, item, inside, lines, depth + 1);
        }
    }
}

/// Annotations of a Service that say which address or name it will have.
const ADDRESSES: &[&str] = &[
    "metallb.universe.tf/loadBalancerIPs",
    "metallb.io/loadBalancerIPs",
    "io.cilium/lb-ipam-ips",
    "lbipam.cilium.io/ips",
    "kube-vip.io/loadbalancerIPs",
    "external-dns.alpha.kubernetes.io/hostname",
    "coredns.io/hostname",
];

fn home(object: &Object) -> String {
    object.namespace().unwrap_or("default").to_owned()
}

fn named(object: &Object, reference: &Node) -> Option<(String, String)> {
    let space = reference.text_at(&["namespace"]).map_or_else(|| home(object), str::to_owned);
    Some((space, reference.text_at(&["name"])?.to_owned()))
}

/// The hosts of a rule of Traefik: Host(`a`) || Host(`b`, `c`).
fn matched(rule: &str) -> impl Iterator<Item = &str> {
    let calls = rule.split("Host(").skip(1).chain(rule.split("HostSNI(").skip(1));
    calls
        .flat_map(|rest| rest.split(')').next().unwrap_or_default().split(','))
        .map(|host| host.trim().trim_matches(['`', '"', '\'']))
        .filter(|host| !host.is_empty() && *host != "*")
}
