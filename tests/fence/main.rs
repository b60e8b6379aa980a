//! The fence of a drill, with real packets: every probe gets through while there is none, and none that is not named while it
//! stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../support/sandbox.rs"]
mod sandbox;

mod docker;
mod papers;
mod rig;

use blackstart::steps::cluster::fenced::{self, Raised};
use blackstart::sys::fence::{self, Fence, Gate, Order};
use blackstart::sys::side::block_on;
use blackstart::sys::{Look, Touch};
use rig::{BRIDGE, NETWORK, Probe, answers, hold, inside, peer, probe, sh};
use std::net::IpAddr;

/// What nobody has named: another host, another port of a named one, this host, production by its container and by its port.
const DENIED: &[Probe] = &[
    probe("tcp", "203.0.113.3", 443),
    probe("tcp", "203.0.113.2", 80),
    probe("tcp", "2001:db8::3", 443),
    probe("tcp", "2001:db8::2", 80),
    probe("udp", "203.0.113.2", 443),
    probe("udp", "2001:db8::2", 443),
    probe("tcp", "203.0.113.3", 53),
    probe("tcp", "203.0.113.1", 22),
    probe("tcp", "10.88.0.1", 22),
    probe("udp", "10.88.0.1", 22),
    probe("tcp", "fd00:88::1", 22),
    probe("tcp", "10.99.0.2", 443),
    probe("tcp", "fd00:99::2", 443),
    probe("tcp", "203.0.113.1", 8443),
];

const NAMED: &[Probe] = &[
    probe("tcp", "203.0.113.2", 443),
    probe("tcp", "2001:db8::2", 443),
    // A port of this host that Docker gives to a container of production: named by the host.
    probe("tcp", "203.0.113.1", 8444),
    // The resolver.
    probe("udp", "203.0.113.2", 53),
    probe("tcp", "203.0.113.2", 53),
];

const WITHIN: &[Probe] = &[
    probe("tcp", "10.88.0.3", 80),
    probe("tcp", "fd00:88::3", 80),
    probe("udp", "10.88.0.3", 80),
    // A port of the drill itself, by way of the host.
    probe("tcp", "203.0.113.1", 8445),
];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn gates() -> Vec<Gate> {
    let gate = |host: &str, port, addresses: &[&str]| Gate {
        host: host.to_owned(),
        port,
        addresses: addresses.iter().map(|one| ip(one)).collect(),
    };
    vec![
        gate("git.example.org", 443, &["203.0.113.2", "2001:db8::2"]),
        gate("here.example.org", 8444, &["203.0.113.1"]),
    ]
}

fn up(network: &str, bridge: &str) -> Fence {
    let order = Order { network, bridge, gates: &gates(), resolvers: &[ip("203.0.113.2")] };
    block_on(fence::up(&Touch::granted(), &order)).unwrap().unwrap()
}

fn down(fence: &Fence) {
    block_on(fence::down(&Touch::granted(), fence)).unwrap().unwrap();
}

fn stands(fence: &Fence) -> Result<(), String> {
    block_on(fence::stands(Look::new(), fence)).unwrap()
}

fn all(space: &str, probes: &[Probe], expected: bool, when: &str) {
    let ask = || -> Vec<Probe> {
        let heard = probes.iter().zip(answers(space, probes));
        heard.filter(|(_, yes)| *yes != expected).map(|(one, _)| *one).collect()
    };
    let mut wrong = ask();
    // Interfaces that were just made take a moment until they speak IPv6; a denial is a denial at once.
    for _ in 0..6 {
        if expected && !wrong.is_empty() {
            wrong = ask();
        }
    }
    assert!(wrong.is_empty(), "{when}: {wrong:?}");
}

fn peers() -> Vec<rig::Peer> {
    let spaces = [Some("far"), Some("prod"), Some("next"), Some("pod"), None];
    spaces.into_iter().map(|space| peer(space, &[22, 53, 80, 443, 9999])).collect()
}

#[test]
fn a_peer_of_the_other_tests() {
    rig::act();
}

#[test]
fn without_the_fence_every_probe_gets_through_and_with_it_none_that_is_not_named() {
    if !inside("without_the_fence_every_probe_gets_through_and_with_it_none_that_is_not_named") {
        return;
    }
    let _peers = peers();
    let every: Vec<Probe> = [DENIED, NAMED, WITHIN].concat();
    all("pod", &every, true, "no fence");
    let fence = up(NETWORK, BRIDGE);
    all("pod", DENIED, false, "the fence stands");
    all("pod", &[NAMED, WITHIN].concat(), true, "the fence stands");
    let counts = block_on(fence::counts(Look::new(), &fence)).unwrap().unwrap();
    for one in DENIED {
        let told = |denied: &&fence::Denied| {
            denied.to == ip(one.to) && denied.port == Some(one.port) && denied.protocol == one.how
        };
        assert!(counts.denied.iter().any(|denied| told(&denied) && denied.packets > 0), "{one:?}: {counts:?}");
    }
    assert_eq!(counts.denied.len(), DENIED.len(), "{counts:?}");
    assert_eq!(counts.packets, counts.denied.iter().map(|one| one.packets).sum::<u64>());
    assert_eq!(stands(&fence), Ok(()));
    down(&fence);
    all("pod", &every, true, "the fence is gone");
    down(&fence);
    let (off, on) = (every.len(), DENIED.len());
    println!(
        "fence: off, {off} of {off} probes through, twice; on, 0 of {on} that are not named, {} packets counted",
        counts.packets
    );
}

#[test]
fn what_has_no_ports_is_denied_too() {
    const TEST: &str = "what_has_no_ports_is_denied_too";
    if std::process::Command::new("busybox").output().is_err() {
        return sandbox::not_run(TEST, "busybox is not on PATH");
    }
    if !inside(TEST) {
        return;
    }
    let pings = [probe("ping", "203.0.113.2", 0), probe("ping", "2001:db8::2", 0), probe("ping", "10.88.0.1", 0)];
    all("pod", &pings, true, "no fence");
    let fence = up(NETWORK, BRIDGE);
    all("pod", &pings, false, "the fence stands");
    all("pod", &[probe("ping", "10.88.0.3", 0), probe("ping", "fd00:88::3", 0)], true, "within the bridge");
    let counts = block_on(fence::counts(Look::new(), &fence)).unwrap().unwrap();
    assert_eq!(counts.denied.len(), 3, "{counts:?}");
    assert!(counts.denied.iter().all(|one| one.port.is_none() && one.packets == 1), "{counts:?}");
}

#[test]
fn what_docker_denies_stays_denied_and_what_it_allows_is_denied_all_the_same() {
    if !inside("what_docker_denies_stays_denied_and_what_it_allows_is_denied_all_the_same") {
        return;
    }
    let _peers = peers();
    // Its rules deny this port, and a fence that names it does not open it.
    let theirs = [probe("tcp", "203.0.113.2", 9999)];
    all("pod", &theirs, false, "no fence");
    let gate = Gate { host: "x".to_owned(), port: 9999, addresses: vec![ip("203.0.113.2")] };
    let order = Order { network: NETWORK, bridge: BRIDGE, gates: &[gate], resolvers: &[] };
    let fence = block_on(fence::up(&Touch::granted(), &order)).unwrap().unwrap();
    all("pod", &theirs, false, "named by the fence");
    // Whoever lets everything through before the fence is asked, or after it, lets nothing through.
    for priority in ["-300", "100"] {
        sh(&format!(
            "nft 'add table inet open; add chain inet open forward {{ type filter hook forward priority {priority}; }}; \
             add rule inet open forward accept'"
        ));
        all("pod", &DENIED[..4], false, priority);
        sh("nft delete table inet open");
    }
    assert_eq!(stands(&fence), Ok(()));
}

#[test]
fn a_connection_that_stood_before_the_fence_ends_with_it() {
    if !inside("a_connection_that_stood_before_the_fence_ends_with_it") {
        return;
    }
    let _peers = peers();
    assert!(hold("pod", "203.0.113.3:443").still_answered());
    let (other, named) = (hold("pod", "203.0.113.3:443"), hold("pod", "203.0.113.2:443"));
    let _fence = up(NETWORK, BRIDGE);
    assert!(named.still_answered() && !other.still_answered());
}

#[test]
fn who_comes_from_outside_is_turned_away_and_this_host_is_not() {
    if !inside("who_comes_from_outside_is_turned_away_and_this_host_is_not") {
        return;
    }
    let _peers = peers();
    let into = [probe("tcp", "10.88.0.2", 80), probe("tcp", "fd00:88::2", 80), probe("tcp", "203.0.113.1", 8445)];
    all("far", &into, true, "no fence");
    let fence = up(NETWORK, BRIDGE);
    all("far", &into, false, "the fence stands");
    all("prod", &into[..2], false, "the fence stands");
    // The API of the drill is asked from here.
    let own = |to: &str| std::net::TcpStream::connect_timeout(&to.parse().unwrap(), std::time::Duration::from_secs(2));
    assert!(own("10.88.0.2:80").is_ok() && own("[fd00:88::2]:80").is_ok());
    let counts = block_on(fence::counts(Look::new(), &fence)).unwrap().unwrap();
    assert!(counts.turned_away >= 5 && counts.packets == 0, "{counts:?}");
}

#[test]
fn a_fence_that_was_flushed_or_changed_is_told() {
    if !inside("a_fence_that_was_flushed_or_changed_is_told") {
        return;
    }
    let table = format!("blackstart_{}", &NETWORK[..12]);
    let told = |change: &str| {
        let fence = up(NETWORK, BRIDGE);
        assert_eq!(stands(&fence), Ok(()), "{change}");
        sh(&format!("nft '{change}'"));
        stands(&fence).unwrap_err()
    };
    assert!(told("flush ruleset").contains("is gone"));
    for change in [
        format!("flush chain inet {table} judge"),
        format!("insert rule inet {table} forward accept"),
        format!("add element inet {table} tcp4 {{ 203.0.113.3 . 443 }}"),
        format!("delete table inet {table}; add table inet {table}"),
    ] {
        assert!(told(&change).contains("no longer those"), "{change}");
    }
}

#[test]
fn two_fences_stand_side_by_side_and_nothing_else_is_taken_for_one() {
    if !inside("two_fences_stand_side_by_side_and_nothing_else_is_taken_for_one") {
        return;
    }
    let _peers = peers();
    sh(
        "ip link add br-aaaaaaaaaaaa type bridge; nft 'add table inet blackstart_mine; add table ip blackstart_0123456789ab'",
    );
    let (one, other) = (up(NETWORK, BRIDGE), up("aaaaaaaaaaaaaaaa", "br-aaaaaaaaaaaa"));
    let left = || block_on(fence::left(Look::new())).unwrap().unwrap();
    assert_eq!(left(), [one.table.clone(), other.table.clone()]);
    down(&other);
    assert_eq!((left(), stands(&one)), (vec![one.table.clone()], Ok(())));
    all("pod", &DENIED[..4], false, "the other is gone");
    assert!(block_on(fence::remove(&Touch::granted(), "blackstart_mine")).unwrap().is_err());
    let order = Order { network: NETWORK, bridge: "v-far", gates: &[], resolvers: &[] };
    let error = block_on(fence::up(&Touch::granted(), &order)).unwrap().unwrap_err();
    assert!(error.contains("there is no bridge v-far on this host"), "{error}");
}

#[test]
fn a_drill_tries_its_fence_from_its_nodes_and_believes_only_what_the_fence_has_counted() {
    const TEST: &str = "a_drill_tries_its_fence_from_its_nodes_and_believes_only_what_the_fence_has_counted";
    if !inside(TEST) {
        return;
    }
    let _peers = peers();
    let mut node = std::process::Command::new("ip").args(["netns", "exec", "pod", "sleep", "60"]).spawn().unwrap();
    let nodes = [("node".to_owned(), i32::try_from(node.id()).unwrap())];
    all("pod", &NAMED[..1], true, "no fence");
    let order = |bridge| Order { network: NETWORK, bridge, gates: &[], resolvers: &[] };
    let raised = |fence| Raised { fence, gates: gates(), lifted: Vec::new(), hole: false };
    let prove = |raised: &Raised| block_on(fenced::prove(Look::new(), raised, ip("10.88.0.1"), &nodes)).unwrap();
    let good = raised(up(NETWORK, BRIDGE));
    assert_eq!(
        prove(&good).unwrap(),
        "the fence stands: this host and 192.0.2.1:443 are denied from 1 node, git.example.org:443 answers"
    );
    let told = block_on(fenced::told(Look::new(), &good)).unwrap().unwrap();
    assert!(told[0].starts_with("the fence denied") && told[0].ends_with("to 2 destinations"), "{told:?}");
    for to in ["10.88.0.1:7", "192.0.2.1:443"] {
        assert!(told.iter().any(|line| line.starts_with(&format!("denied: {to} (tcp)"))), "{told:?}");
    }
    // A fence around another bridge is silent about this one, and so is a wire that leads nowhere.
    let elsewhere = raised(block_on(fence::up(&Touch::granted(), &order("br-prod"))).unwrap().unwrap());
    assert!(prove(&elsewhere).unwrap_err().contains("was not stopped by the fence"));
    down(&elsewhere.fence);
    assert!(prove(&elsewhere).unwrap_err().contains("the fence is gone"));
    assert!(block_on(fenced::told(Look::new(), &elsewhere)).unwrap().is_err());
    node.kill().unwrap();
    node.wait().unwrap();
}

#[test]
fn many_places_are_let_out_at_once() {
    if !inside("many_places_are_let_out_at_once") {
        return;
    }
    let gates: Vec<Gate> = (0..4000_u16)
        .map(|n| Gate { host: format!("h{n}"), port: n, addresses: vec![[10, 1, 2, 3].into(), ip("fd00::1")] })
        .collect();
    let order = Order { network: NETWORK, bridge: BRIDGE, gates: &gates, resolvers: &[] };
    let began = std::time::Instant::now();
    let fence = block_on(fence::up(&Touch::granted(), &order)).unwrap().unwrap();
    println!("fence: 8000 elements up and read back in {} ms", began.elapsed().as_millis());
    assert_eq!(stands(&fence), Ok(()));
}

#[test]
fn who_may_not_change_the_network_is_told_so_before_anything_is_made() {
    const TEST: &str = "who_may_not_change_the_network_is_told_so_before_anything_is_made";
    let can = || block_on(fence::can(Look::new())).unwrap();
    if std::env::var_os("BLACKSTART_FENCE_LESS").is_some() {
        let missing = can().unwrap_err();
        assert_eq!(missing, ["this process may not change the network (CAP_NET_ADMIN): run the drill as root"]);
        return;
    }
    if !inside(TEST) {
        return;
    }
    assert_eq!(can(), Ok(()));
    assert!(!sh("nft list ruleset").contains("blackstart"), "asking puts nothing up");
    let mut less = std::process::Command::new("setpriv");
    let less = less.args(["--bounding-set", "-net_admin"]).arg(std::env::current_exe().unwrap());
    let out = less.args(["--exact", TEST]).env("BLACKSTART_FENCE_LESS", "1").output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
}
