//! F69: the ranges of pods and services that the cluster will use, against the networks that this host can reach.

use super::{Answers, Asked};
use crate::checks::rules::cluster::{Cluster, Maker};
use crate::model::{Place, Severity};
use crate::sys::sockets;
use std::net::IpAddr;

/// What k3s uses where nothing else is said, with the flag that says it.
const RANGES: [(&str, &str, &str); 2] =
    [("pods", "cluster-cidr", "10.42.0.0/16"), ("services", "service-cidr", "10.43.0.0/16")];
/// Devices of an older cluster on this host: they go with it.
const OWN: &[&str] = &["cni", "flannel", "kube-", "cali", "vxlan.calico", "cilium_", "veth", "lxc"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    at: IpAddr,
    bits: u8,
}

impl Range {
    pub fn read(text: &str) -> Option<Self> {
        let (at, bits) = text.trim().split_once('/')?;
        let (at, bits): (IpAddr, u8) = (at.parse().ok()?, bits.parse().ok()?);
        (bits <= if at.is_ipv4() { 32 } else { 128 }).then_some(Self { at, bits })
    }
    fn start(self, bits: u8) -> Option<u128> {
        let (number, size) = match self.at {
            IpAddr::V4(at) => (u128::from(at.to_bits()), 32),
            IpAddr::V6(at) => (at.to_bits(), 128),
        };
        number.checked_shr(u32::from(size - bits)).or(Some(0)).filter(|_| bits <= size)
    }
    pub fn meets(self, other: Self) -> bool {
        let bits = self.bits.min(other.bits);
        self.at.is_ipv4() == other.at.is_ipv4() && self.start(bits) == other.start(bits)
    }
    pub fn has(self, address: IpAddr) -> bool {
        self.holds(Self { at: address, bits: if address.is_ipv4() { 32 } else { 128 } })
    }
    /// The range of a route of this host.
    pub fn of_route(route: &sockets::Route) -> Self {
        Self { at: route.to, bits: route.bits }
    }
    pub fn holds(self, other: Self) -> bool {
        self.bits <= other.bits && self.meets(other)
    }
}

/// The ranges of a cluster of k3s: for whom, as text, and where that stands.
pub fn of(cluster: &Cluster) -> Vec<(&'static str, String, Range, Place)> {
    let mut found = Vec::new();
    for (whose, flag, usual) in RANGES {
        let (text, place) =
            cluster.flags.get(flag).cloned().unwrap_or_else(|| (usual.to_owned(), cluster.place.clone()));
        let each =
            text.split(',').filter_map(|one| Some((whose, one.trim().to_owned(), Range::read(one)?, place.clone())));
        found.extend(each);
    }
    found
}

pub fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let cluster = asked.scene.ground.cluster.as_ref();
    let Some(cluster) = cluster.filter(|one| matches!(one.maker, Maker::K3d | Maker::K3s)) else {
        answers.unasked.push("ranges of addresses: no cluster of k3s is made".to_owned());
        return answers;
    };
    let (routes, on) = match asked.far() {
        Some((_, host, Ok(facts))) => (facts.routes.clone(), host),
        Some((_, host, Err(why))) => {
            let message = format!("whether its ranges are free on {host} is not known: {why}");
            answers.unknown("F69", cluster.place.clone(), format!("cluster {}", cluster.name), message, "its answer");
            return answers;
        }
        None => (sockets::routes(asked.look), "this host"),
    };
    if routes.is_empty() {
        let message = format!("whether its ranges are free is not known: {on} tells no routes");
        answers.unknown("F69", cluster.place.clone(), format!("cluster {}", cluster.name), message, "/proc/net/route");
    }
    for (whose, text, range, place) in of(cluster) {
        let foreign = routes.iter().filter(|route| !OWN.iter().any(|own| route.device.starts_with(own)));
        let mut foreign = foreign.filter(|route| range.meets(Range::of_route(route)));
        if let Some(route) = foreign.next() {
            let message = format!(
                "its range for {whose}, {text}, is in use on {on}: {}/{} goes through {}",
                route.to, route.bits, route.device
            );
            let fix = "give the cluster another range (--cluster-cidr, --service-cidr), or move that network";
            answers.say("F69", Severity::Error, place, &format!("cluster {}", cluster.name), message, fix);
        }
    }
    answers
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges_meet_where_one_holds_the_other() {
        let of = |text: &str| Range::read(text).unwrap();
        assert!(of("10.42.0.0/16").meets(of("10.0.0.0/8")) && of("10.0.0.0/8").meets(of("10.42.7.0/24")));
        assert!(!of("10.42.0.0/16").meets(of("10.43.0.0/16")));
        assert!(!of("10.42.0.0/16").meets(of("fd00::/8")) && of("fd00::/8").meets(of("fd00:42::/56")));
        assert!(of("0.0.0.0/0").meets(of("1.2.3.4/32")) && of("10.0.0.0/8").holds(of("10.42.0.0/16")));
        assert!(!of("10.42.0.0/16").holds(of("10.0.0.0/8")));
        assert_eq!(Range::read("10.0.0.0/33"), None);
    }
}
