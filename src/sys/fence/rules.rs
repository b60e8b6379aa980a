//! The rules of a fence as nft reads them. They are a text made of addresses, numbers and one name: nothing is asked here.

use super::Gate;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;

/// What every table of ours is called before the id of its network.
pub const PREFIX: &str = "blackstart_";
/// So many destinations are remembered of each sort; what comes after them is counted and dropped all the same.
const MOST: usize = 4096;
const DNS: u16 = 53;

/// Before Docker's own chains, so that what is denied is counted here, whatever they say of it. A drop is final in every chain,
/// and an accept is not: what passes here still has to pass theirs.
const PRIORITY: &str = "filter - 10";

/// The rules for one bridge. Destinations are judged as they were sent: by the first half of what connection tracking knows,
/// which Docker's translation of published ports does not change. So a port of this host is named by the address of the host.
pub fn text(table: &str, bridge: &str, gates: &[Gate], resolvers: &[IpAddr]) -> String {
    let mut tcp: BTreeSet<(IpAddr, u16)> =
        gates.iter().flat_map(|gate| gate.addresses.iter().map(|address| (*address, gate.port))).collect();
    let udp: BTreeSet<(IpAddr, u16)> = resolvers.iter().map(|address| (*address, DNS)).collect();
    tcp.extend(&udp);
    let mut out = String::new();
    // Named once so that it is there, taken away with all that it held, and made anew: one transaction, never without rules.
    let _ = writeln!(out, "table inet {table}\ndelete table inet {table}\ntable inet {table} {{");
    for (protocol, open) in [("tcp", &tcp), ("udp", &udp)] {
        for (family, is_four) in [("4", true), ("6", false)] {
            let open: Vec<String> = open
                .iter()
                .filter(|(address, _)| address.is_ipv4() == is_four)
                .map(|(address, port)| format!("{address} . {port}"))
                .collect();
            let elements = match open.is_empty() {
                true => String::new(),
                false => format!("elements = {{ {} }};", open.join(", ")),
            };
            let of = format!("type ipv{family}_addr . inet_service;");
            let _ = writeln!(out, " set {protocol}{family} {{ {of} {elements} }}");
            let _ = writeln!(out, " set denied_{protocol}{family} {{ {of} {} }}", kept());
        }
    }
    for family in ["4", "6"] {
        let _ = writeln!(out, " set denied_other{family} {{ type ipv{family}_addr . inet_proto; {} }}", kept());
    }
    out.push_str(" counter denied { }\n counter turned_away { }\n chain judge {\n");
    // Of a connection that began outside, the answers; of one that began inside, each packet is judged.
    out.push_str("  ct direction reply ct state established,related accept\n");
    let one = |word: &str, protocol: &str, family: &str| {
        let ip = if family == "4" { "ip" } else { "ip6" };
        let sent = format!("ct original {ip} daddr . ct original proto-dst");
        match word {
            "open" => format!("  meta l4proto {protocol} {sent} @{protocol}{family} accept\n"),
            _ => format!("  meta l4proto {protocol} update @denied_{protocol}{family} {{ {sent} counter }}\n"),
        }
    };
    for word in ["open", "denied"] {
        for protocol in ["tcp", "udp"] {
            ["4", "6"].iter().for_each(|family| out.push_str(&one(word, protocol, family)));
        }
    }
    for (family, ip) in [("4", "ip"), ("6", "ip6")] {
        let sent = format!("ct original {ip} daddr . meta l4proto");
        let _ = writeln!(out, "  meta l4proto != {{ tcp, udp }} update @denied_other{family} {{ {sent} counter }}");
    }
    out.push_str("  counter name denied drop\n }\n");
    let (from, to) = (format!("iifname \"{bridge}\""), format!("oifname \"{bridge}\""));
    let hook = |name: &str| format!("type filter hook {name} priority {PRIORITY}; policy accept;");
    let _ = writeln!(out, " chain forward {{\n  {}\n  {from} {to} accept", hook("forward"));
    let _ = writeln!(out, "  {from} jump judge\n  {to} ct direction reply accept");
    let _ = writeln!(out, "  {to} counter name turned_away drop\n }}");
    let _ = writeln!(out, " chain input {{\n  {}", hook("input"));
    // Without these two no node finds its gateway; they cannot come from further away than the bridge.
    let _ = writeln!(out, "  {from} ip6 hoplimit 255 icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept");
    // Spoken to everybody on the link, and heard by nobody but this host: not worth a line in a report.
    let _ = writeln!(out, "  {from} ip6 daddr ff00::/8 drop");
    let _ = writeln!(out, "  {from} ip daddr {{ 224.0.0.0/4, 255.255.255.255 }} drop");
    let _ = writeln!(out, "  {from} jump judge\n }}\n}}");
    out
}

fn kept() -> String {
    format!("size {MOST}; flags dynamic,timeout; timeout 30d;")
}
