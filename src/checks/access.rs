//! Whether the way by which a person has come in leads through what dies. A yes and a no are told with what shows them; where
//! nothing does, that is told, and taken for neither.

use super::before::Range;
use crate::model::InUse;
use crate::sys::access::{Hop, Session};
use std::net::IpAddr;

/// What dies, as far as a way in can lead through it.
#[derive(Clone, Debug, Default)]
pub struct Dying {
    /// Networks that are gone afterwards, each with what it is.
    pub networks: Vec<(Range, String)>,
    /// Networks of which nobody here can say which addresses they have.
    pub hidden: Vec<String>,
    /// Ids of containers.
    pub containers: Vec<String>,
    /// Whether every pod of this host is one of the cluster.
    pub pods: bool,
}

impl Dying {
    pub fn network(&self, address: IpAddr) -> Option<&str> {
        self.networks.iter().find(|(range, _)| range.has(address)).map(|(_, told)| told.as_str())
    }
    fn container<'c>(&self, mut ids: impl Iterator<Item = &'c String>) -> Option<&'c String> {
        ids.find(|id| self.containers.iter().any(|own| own == *id))
    }
}

pub fn judge(session: &Session, dying: &Dying) -> InUse {
    if let Some(id) = dying.container(session.containers.iter()) {
        return InUse::Yes(format!("this very process lives in container {} of the cluster", short(id)));
    }
    if session.in_pod && dying.pods {
        return InUse::Yes("this very process lives in a pod of the cluster".to_owned());
    }
    if let Some(told) = session.hops.iter().find_map(|hop| through(hop, dying)) {
        return InUse::Yes(told);
    }
    if let Some(keeper) = &session.kept_by {
        let hint = hint(session, dying);
        return InUse::Unknown(format!("{keeper} stands above this process, and who sits at it now may change{hint}"));
    }
    match session.hops.last() {
        Some(last) => ended(last, dying),
        None if session.said.is_some() => {
            let hint = hint(session, dying);
            InUse::Unknown(format!("no server of ssh stands above this process{hint}"))
        }
        None => InUse::No("no server of ssh stands above this process".to_owned()),
    }
}

fn hint(session: &Session, dying: &Dying) -> String {
    let Some(said) = session.said else { return String::new() };
    match dying.network(said) {
        Some(network) => format!("; SSH_CONNECTION names {said}, in {network}"),
        None => format!("; SSH_CONNECTION names {said}, in no network of the cluster"),
    }
}

/// What shows that this part of the way lies in what dies.
fn through(hop: &Hop, dying: &Dying) -> Option<String> {
    let who = format!("{} (pid {})", hop.name, hop.pid);
    if let Some(id) = dying.container(hop.containers.iter()) {
        return Some(format!("{who} lives in container {} of the cluster", short(id)));
    }
    if hop.in_pod && dying.pods {
        return Some(format!("{who} lives in a pod of the cluster"));
    }
    let peers = hop.peers.as_deref().unwrap_or_default();
    peers.iter().find_map(|peer| Some(format!("{who} is connected to {peer}, in {}", dying.network(*peer)?)))
}

/// What is known where nothing shows that it dies: by the outermost part of the way that could be seen.
fn ended(last: &Hop, dying: &Dying) -> InUse {
    let Hop { name, pid, .. } = last;
    let is_server = crate::sys::access::is_server(name);
    match (&last.peers, is_server) {
        _ if last.in_pod => InUse::Unknown(format!("{name} (pid {pid}) lives in a pod, and whose is not known")),
        _ if !last.containers.is_empty() && !is_server => {
            InUse::No(format!("it comes through {name} (pid {pid}), in a container that stays"))
        }
        _ if last.apart == Some(true)
            && dying.container(last.containers.iter()).is_none()
            && last.containers.is_empty() =>
        {
            InUse::Unknown(format!("{name} (pid {pid}) lives in a network apart from this host's"))
        }
        (_, false) if name == "kubectl" => {
            InUse::Unknown(format!("it comes through {name} (pid {pid}), which may lead through the API server"))
        }
        (_, false) => InUse::No(format!("it comes through {name} (pid {pid}) of this host, which stays")),
        (Err(why), true) => InUse::Unknown(format!("{name} (pid {pid}): {why}")),
        (Ok(peers), true) if peers.iter().any(IpAddr::is_loopback) => {
            InUse::Unknown(format!("{name} (pid {pid}) is connected to a program of this host that cannot be seen"))
        }
        (Ok(peers), true) if !dying.hidden.is_empty() => {
            let hidden = dying.hidden.join(", ");
            let peers: Vec<String> = peers.iter().map(IpAddr::to_string).collect();
            InUse::Unknown(format!(
                "{name} (pid {pid}) is connected to {}; which addresses {hidden} has is not known",
                peers.join(", ")
            ))
        }
        (Ok(peers), true) => {
            let peers: Vec<String> = peers.iter().map(IpAddr::to_string).collect();
            InUse::No(format!("{name} (pid {pid}) is connected to {}, in no network of the cluster", peers.join(", ")))
        }
    }
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const NODE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn dying() -> Dying {
        let network = |text: &str, told: &str| (Range::read(text).unwrap(), told.to_owned());
        let networks =
            vec![network("172.18.0.0/16", "network k3d-lab"), network("10.42.0.0/16", "the range of its pods")];
        Dying { networks, hidden: Vec::new(), containers: vec![NODE.to_owned()], pods: false }
    }
    fn hop(name: &str, peers: &[&str]) -> Hop {
        let peers = Ok(peers.iter().map(|peer| peer.parse().unwrap()).collect());
        Hop { pid: 7, name: name.to_owned(), apart: Some(false), containers: BTreeSet::new(), in_pod: false, peers }
    }
    fn of(hops: Vec<Hop>) -> Session {
        Session { hops, ..Session::default() }
    }
    #[track_caller]
    fn is(session: &Session, wanted: &str) {
        let told = match judge(session, &dying()) {
            InUse::Yes(told) => format!("yes: {told}"),
            InUse::No(told) => format!("no: {told}"),
            InUse::Unknown(told) => format!("unknown: {told}"),
        };
        assert!(told.starts_with(wanted), "{told}");
    }

    #[test]
    fn a_peer_in_a_network_of_the_cluster_is_a_way_through_it() {
        is(&of(vec![hop("sshd", &["172.18.0.3"])]), "yes: sshd (pid 7) is connected to 172.18.0.3, in network k3d-lab");
        is(&of(vec![hop("sshd", &["10.42.3.9"])]), "yes");
        is(&of(vec![hop("sshd", &["192.168.1.9"])]), "no: sshd (pid 7) is connected to 192.168.1.9");
        let hidden = Dying { hidden: vec!["network k3d-lab".to_owned()], ..dying() };
        assert!(matches!(judge(&of(vec![hop("sshd", &["192.168.1.9"])]), &hidden), InUse::Unknown(_)));
    }

    #[test]
    fn a_program_of_this_host_that_passes_it_on_is_looked_at_in_its_place() {
        let mut tunnel = hop("cloudflared", &[]);
        tunnel.peers = Err("none".to_owned());
        is(
            &of(vec![hop("sshd", &["127.0.0.1"]), tunnel.clone()]),
            "no: it comes through cloudflared (pid 7) of this host",
        );
        tunnel.containers = [NODE.to_owned()].into();
        is(&of(vec![hop("sshd", &["127.0.0.1"]), tunnel.clone()]), "yes: cloudflared (pid 7) lives in container 0123");
        tunnel.containers = [NODE.replace('0', "f")].into();
        is(
            &of(vec![hop("sshd", &["127.0.0.1"]), tunnel.clone()]),
            "no: it comes through cloudflared (pid 7), in a container",
        );
        tunnel.in_pod = true;
        is(&of(vec![hop("sshd", &["127.0.0.1"]), tunnel]), "unknown");
        is(&of(vec![hop("sshd", &["127.0.0.1"])]), "unknown: sshd (pid 7) is connected to a program of this host");
        is(&of(vec![hop("sshd", &["127.0.0.1"]), hop("kubectl", &[])]), "unknown");
    }

    #[test]
    fn what_cannot_be_seen_is_neither_yes_nor_no() {
        let kept = Session { kept_by: Some("tmux: server (pid 4)".to_owned()), ..Session::default() };
        is(&kept, "unknown: tmux: server (pid 4) stands above this process");
        let said = Session { said: Some("172.18.0.3".parse().unwrap()), ..Session::default() };
        is(&said, "unknown: no server of ssh stands above this process; SSH_CONNECTION names 172.18.0.3, in network");
        let mut hidden = hop("sshd", &[]);
        hidden.peers = Err("may not be read".to_owned());
        is(&of(vec![hidden.clone()]), "unknown: sshd (pid 7): may not be read");
        is(
            &of(vec![Hop { apart: Some(true), ..hop("sshd", &["192.168.1.9"]) }]),
            "unknown: sshd (pid 7) lives in a network",
        );
        is(&Session::default(), "no: no server of ssh");
    }

    #[test]
    fn who_lives_in_what_dies_comes_through_it() {
        let inside = Session { containers: [NODE.to_owned()].into(), ..Session::default() };
        is(&inside, "yes: this very process lives in container 0123456789ab");
        let pod = Session { in_pod: true, ..Session::default() };
        is(&pod, "no");
        let all = Dying { pods: true, ..dying() };
        assert!(matches!(judge(&pod, &all), InUse::Yes(_)));
    }
}
