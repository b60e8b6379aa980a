//! By which way the person at this process has come in: up the chain of parents to a server of ssh, through its connection to
//! the other end, and on from there where that lies on this machine as well. Reads only; what it means is for others to say.

use super::sockets::{self, Connected};
use super::{Look, host};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::net::{IpAddr, SocketAddr};

/// Programs that a person from elsewhere comes in by.
const SERVERS: &[&str] = &["sshd", "sshd-session", "sshd-auth", "dropbear", "tinysshd"];
/// Programs that live on when who has started them goes: above them stands whoever came first, not who is here now.
const KEEPERS: &[&str] = &["tmux", "screen", "mosh-server", "zellij", "dtach", "abduco", "byobu"];
/// So many ends of connections are followed on one machine.
const HOPS: usize = 4;

/// The way in, as far as it could be followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// From here outwards.
    pub hops: Vec<Hop>,
    /// What stands in the chain that lets nobody say who sits at it now.
    pub kept_by: Option<String>,
    /// The address that SSH_CONNECTION names: a word that may be old.
    pub said: Option<IpAddr>,
    /// The containers that this process and its parents live in.
    pub containers: BTreeSet<String>,
    /// Whether a kubelet has started one of them.
    pub in_pod: bool,
}

/// A server of ssh, or a program that passes on what comes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub pid: i32,
    pub name: String,
    /// It lives in another network than this process; none where that may not be read.
    pub apart: Option<bool>,
    pub containers: BTreeSet<String>,
    pub in_pod: bool,
    /// The other ends of its connections, or why they are not known.
    pub peers: Result<Vec<IpAddr>, String>,
}

pub fn is_server(name: &str) -> bool {
    SERVERS.contains(&name)
}

/// The way by which who started this process has come in.
pub fn of(look: Look, pid: i32) -> Session {
    let said = host::said(look, "SSH_CONNECTION").and_then(|text| ends(&text));
    let mut session = Session { said: said.map(|(peer, _)| peer.ip()), ..Session::default() };
    let mut from = Some(pid);
    let mut seen = HashSet::new();
    while let Some(at) = from.take().filter(|at| session.hops.len() < HOPS && seen.insert(*at)) {
        let first = session.hops.is_empty();
        let chain = chain(at);
        if first {
            chain.iter().for_each(|(pid, _)| within(*pid, &mut session.containers, &mut session.in_pod));
        }
        let kept = chain.iter().find(|(_, name)| KEEPERS.iter().any(|keeper| name.starts_with(keeper)));
        if let Some((pid, name)) = kept {
            session.kept_by = Some(format!("{name} (pid {pid})"));
            break;
        }
        let servers: Vec<&(i32, String)> = chain.iter().filter(|(_, name)| is_server(name)).collect();
        let Some((server, name)) = servers.first() else { break };
        let hint = said.filter(|_| first);
        let found = servers.iter().find_map(|(pid, _)| peers(look, *pid, hint).transpose());
        let mut hop = hop(*server, name);
        match found {
            Some(Ok(found)) => {
                from = found.iter().find_map(|one| other_end(look, *server, one));
                hop.peers = Ok(found.iter().map(|one| one.peer.ip()).collect());
            }
            Some(Err(why)) => hop.peers = Err(why),
            None => {}
        }
        session.hops.push(hop);
        if let Some(next) = from {
            // Who passes it on may be the last that there is: then it is known by what it lives in.
            session.hops.push(self::hop(next, &name_of(next)));
        }
    }
    session
}

fn hop(pid: i32, name: &str) -> Hop {
    let (mut containers, mut in_pod) = (BTreeSet::new(), false);
    within(pid, &mut containers, &mut in_pod);
    let own = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    let apart = own(&pid.to_string()).zip(own("1").or_else(|| own("self"))).map(|(theirs, ours)| theirs != ours);
    let peers = Err("it has no connection that can be seen".to_owned());
    Hop { pid, name: name.to_owned(), apart, containers, in_pod, peers }
}

/// A process and its parents, the nearest first.
fn chain(pid: i32) -> Vec<(i32, String)> {
    let mut chain = Vec::new();
    let mut at = pid;
    while at > 1 && chain.len() < 256 {
        chain.push((at, name_of(at)));
        let Some(parent) = parent(at) else { break };
        at = parent;
    }
    chain
}

fn name_of(pid: i32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

fn parent(pid: i32) -> Option<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets and may hold brackets itself.
    text.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// The containers that a process lives in, by the groups that it is counted in.
fn within(pid: i32, containers: &mut BTreeSet<String>, in_pod: &mut bool) {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    *in_pod |= text.contains("kubepods");
    containers.extend(ids(&text));
}

/// Every id of a container in a text: 64 digits of base 16 that stand alone.
fn ids(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit());
    words.filter(|word| word.len() == 64).map(str::to_owned)
}

/// The connections by which somebody has come in to this server; nothing where it has none, as the one that only listens.
fn peers(look: Look, pid: i32, said: Option<(SocketAddr, SocketAddr)>) -> Result<Option<Vec<Connected>>, String> {
    let all = sockets::connected(look, pid);
    let ports = sockets::ports_of(look, pid);
    let mut found: Vec<Connected> = match sockets::sockets_of(look, pid) {
        Ok(open) => all.into_iter().filter(|one| open.contains(&one.inode)).collect(),
        Err(error) => {
            // What the environment says is believed as far as the kernel has such a connection.
            let is_said = |one: &Connected| said.is_some_and(|(peer, own)| one.peer == peer && one.own == own);
            let found: Vec<Connected> = all.into_iter().filter(is_said).collect();
            match found.is_empty() {
                true => return Err(format!("whom it is connected to may not be read by this user ({error})")),
                false => found,
            }
        }
    };
    // What it has been asked to pass on is no way in.
    if found.iter().any(|one| ports.contains(&one.own.port())) {
        found.retain(|one| ports.contains(&one.own.port()));
    }
    Ok((!found.is_empty()).then_some(found))
}

/// The process on this machine that is the other end of a connection.
fn other_end(look: Look, pid: i32, one: &Connected) -> Option<i32> {
    let all = sockets::connected(look, pid);
    let other = all.iter().find(|other| other.own == one.peer && other.peer == one.own)?;
    sockets::process_with(look, other.inode)
}

/// `peer port own port`, as ssh writes it.
fn ends(text: &str) -> Option<(SocketAddr, SocketAddr)> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let end = |at: usize| {
        let address: IpAddr = words.get(at)?.split('%').next()?.parse().ok()?;
        Some(SocketAddr::new(address.to_canonical(), words.get(at + 1)?.parse().ok()?))
    };
    Some((end(0)?, end(2)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_known_by_the_group_that_its_processes_are_counted_in() {
        let id = "0123456789abcdef".repeat(4);
        let found = |text: String| ids(&text).collect::<Vec<_>>();
        assert_eq!(found(format!("0::/system.slice/docker-{id}.scope\n")), std::slice::from_ref(&id));
        assert_eq!(found(format!("12:cpu:/docker/{id}/kubepods/besteffort/pod1\n")), std::slice::from_ref(&id));
        assert_eq!(found(format!("0::/user.slice/{}\n", &id[1..])), Vec::<String>::new());
    }

    #[test]
    fn what_ssh_says_of_its_connection_is_read_with_either_sort_of_address() {
        let of = |text: &str| ends(text).map(|(peer, own)| format!("{peer} {own}"));
        assert_eq!(of("10.0.0.7 50000 10.0.0.5 22").unwrap(), "10.0.0.7:50000 10.0.0.5:22");
        assert_eq!(of("fe80::1%eth0 50000 fe80::2%eth0 22").unwrap(), "[fe80::1]:50000 [fe80::2]:22");
        assert_eq!(of("::ffff:10.0.0.7 1 ::ffff:10.0.0.5 22").unwrap(), "10.0.0.7:1 10.0.0.5:22");
        assert_eq!(of("10.0.0.7 50000"), None);
    }

    #[test]
    fn the_chain_of_parents_begins_here_and_ends_before_the_first_process() {
        let own = i32::try_from(std::process::id()).unwrap();
        let chain = chain(own);
        assert_eq!(chain[0].0, own);
        assert!(chain.iter().all(|(pid, _)| *pid > 1));
    }
}
