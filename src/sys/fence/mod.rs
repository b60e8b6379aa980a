//! The fence of a drill: a table of nftables of our own on the bridge of the drill's network. From the bridge only what is named
//! gets out; the rest is counted by where it wanted to go, and dropped. Who may be let out is not decided here.

mod heard;
mod names;
mod probe;
mod rules;

pub use names::{Resolvers, resolve, resolvers};
pub use probe::{Heard, probe};

use super::ask::{self, Said};
use super::process::Exit;
use super::side::Until;
use super::{Look, Touch, files};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

pub const PROGRAM: &str = "nft";
const PATIENCE: Duration = Duration::from_secs(10);
/// The bit of the right to change the network among the capabilities of a process.
const NET_ADMIN: u64 = 1 << 12;
/// How much of a network's id names it: as Docker does in the names of bridges.
const SHORT: usize = 12;
/// The longest name of a network interface.
const LONGEST: usize = 15;

/// A place that a drill may reach, with the addresses that it had when it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    pub host: String,
    pub port: u16,
    pub addresses: Vec<IpAddr>,
}

/// What a fence is put around.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// The id of Docker's network.
    pub network: &'a str,
    /// Its interface on this host.
    pub bridge: &'a str,
    pub gates: &'a [Gate],
    pub resolvers: &'a [IpAddr],
}

/// A fence that stands, for whoever looks after it later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    pub table: String,
    pub bridge: String,
    /// Of its rules, as they were when it was put up.
    pub print: String,
}

/// What the fence held back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub packets: u64,
    /// Packets that wanted in from elsewhere and belonged to nothing that the drill had begun.
    pub turned_away: u64,
    /// By destination, the most first.
    pub denied: Vec<Denied>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    pub to: IpAddr,
    pub protocol: String,
    pub port: Option<u16>,
    pub packets: u64,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packets = if self.packets == 1 { "packet" } else { "packets" };
        match (self.port, self.to) {
            (Some(port), IpAddr::V6(to)) => write!(f, "[{to}]:{port}")?,
            (Some(port), IpAddr::V4(to)) => write!(f, "{to}:{port}")?,
            (None, to) => write!(f, "{to}")?,
        }
        write!(f, " ({}): {} {packets}", self.protocol, self.packets)
    }
}

/// The interface of a network that was given no name for it.
pub fn bridge_of(network: &str) -> String {
    format!("br-{}", network.get(..SHORT).unwrap_or(network))
}

pub fn table_of(network: &str) -> Result<String, String> {
    match network.get(..SHORT).filter(|short| short.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        Some(short) => Ok(format!("{}{short}", rules::PREFIX)),
        None => Err(format!("{network:?} is no id of a Docker network")),
    }
}

/// Whether this process can put one up: everything that is missing, each with what to do.
pub async fn can(look: Look) -> Result<(), Vec<String>> {
    let mut missing = Vec::new();
    let status = files::read(look, Path::new("/proc/self/status"), 1 << 16).unwrap_or_default();
    if !may(&String::from_utf8_lossy(&status)) {
        missing.push("this process may not change the network (CAP_NET_ADMIN): run the drill as root".to_owned());
    }
    let rules = rules::text("blackstart_000000000000", "br-000000000000", &[], &[]);
    match nft(look, &["--check", "--file", "-"], Some(&rules)).await {
        Ok(_) => {}
        // Without the right to ask it says no to everything.
        Err(_) if !missing.is_empty() && nft(look, &["--version"], None).await.is_ok() => {}
        Err(why) => missing.push(why),
    }
    if missing.is_empty() { Ok(()) } else { Err(missing) }
}

fn may(status: &str) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective.and_then(|text| u64::from_str_radix(text.trim(), 16).ok()).is_some_and(|all| all & NET_ADMIN != 0)
}

/// Puts it up, or replaces the one that stands there, in one transaction. It outlives this process.
pub async fn up(touch: &Touch, order: &Order<'_>) -> Result<Fence, String> {
    let look = touch.look();
    let (table, bridge) = (table_of(order.network)?, order.bridge);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if bridge.is_empty() || bridge.len() > LONGEST || !bridge.bytes().all(plain) {
        return Err(format!("{bridge:?} is no name of a network interface"));
    }
    // Where Docker lives in another network, its bridge is none of ours, and a fence around nothing holds nothing.
    if !is_bridge(look, bridge) {
        return Err(format!(
            "there is no bridge {bridge} on this host: Docker's network is elsewhere (another host, a virtual machine, rootless)"
        ));
    }
    nft(look, &["--file", "-"], Some(&rules::text(&table, bridge, order.gates, order.resolvers))).await?;
    let print = heard::print(&listed(look, &table).await?)?;
    Ok(Fence { table, bridge: bridge.to_owned(), print })
}

/// The interfaces of this process's own network are told under /proc; what sort they are, by /sys, which may be of another.
fn is_bridge(look: Look, name: &str) -> bool {
    let all = files::read(look, Path::new("/proc/self/net/dev"), 4 << 20).unwrap_or_default();
    let is_there =
        String::from_utf8_lossy(&all).lines().any(|line| line.split(':').next().map(str::trim) == Some(name));
    let about = Path::new("/sys/class/net").join(name);
    is_there && (!files::exists(look, &about) || files::exists(look, &about.join("bridge")))
}

/// Takes it away. One that is gone already is no failure.
pub async fn down(touch: &Touch, fence: &Fence) -> Result<(), String> {
    remove(touch, &fence.table).await
}

/// Takes away the table with this name, when it is one of ours.
pub async fn remove(touch: &Touch, table: &str) -> Result<(), String> {
    if !is_ours(table) {
        return Err(format!("{table:?} is no fence of a drill"));
    }
    nft(touch.look(), &["--file", "-"], Some(&format!("table inet {table}\ndelete table inet {table}\n")))
        .await
        .map(drop)
}

fn is_ours(table: &str) -> bool {
    let rest = table.strip_prefix(rules::PREFIX);
    rest.is_some_and(|rest| rest.len() == SHORT && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Says why, when it does not stand as it was put up.
pub async fn stands(look: Look, fence: &Fence) -> Result<(), String> {
    if !left(look).await?.contains(&fence.table) {
        return Err(format!("the fence is gone: nft knows no table {}", fence.table));
    }
    match heard::print(&listed(look, &fence.table).await?)? == fence.print {
        true => Ok(()),
        false => Err(format!("the rules of the fence are no longer those that were put up: table {}", fence.table)),
    }
}

/// Who wanted out, and how often.
pub async fn counts(look: Look, fence: &Fence) -> Result<Counts, String> {
    heard::counts(&listed(look, &fence.table).await?)
}

/// The tables of all fences on this host.
pub async fn left(look: Look) -> Result<Vec<String>, String> {
    let tables = heard::tables(&nft(look, &["--json", "list", "tables"], None).await?)?;
    Ok(tables.into_iter().filter(|name| is_ours(name)).collect())
}

async fn listed(look: Look, table: &str) -> Result<String, String> {
    nft(look, &["--json", "--numeric", "list", "table", "inet", table], None).await
}

async fn nft(look: Look, words: &[&str], input: Option<&str>) -> Result<String, String> {
    let until = Until::after(PATIENCE);
    match ask::fed(look, PROGRAM, words, &[("LC_ALL", "C")], input, until, PATIENCE).await {
        Ok(Some(Said { exit: Exit::Code(0), out, .. })) => Ok(out),
        Ok(Some(said)) => Err(format!("nft: {}: {}", said.exit, super::log::last_lines(&said.err, 6).join(" | "))),
        Ok(None) => Err("nft did not answer in time".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err("nft is not on PATH: install the package nftables".to_owned())
        }
        Err(error) => Err(format!("nft: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_not_ours_are_never_taken_for_a_fence() {
        assert_eq!(bridge_of("0123456789abcdef"), "br-0123456789ab");
        assert_eq!(table_of("0123456789abcdef").as_deref(), Ok("blackstart_0123456789ab"));
        assert!(table_of("short").is_err() && table_of("; flush ruleset").is_err());
        for table in ["filter", "blackstart_", "blackstart_0123456789ab x", "blackstart_0123456789a;"] {
            assert!(!is_ours(table), "{table}");
        }
    }

    #[test]
    fn the_right_is_read_from_what_the_process_has_and_not_from_who_it_is() {
        assert!(may("CapInh:\t0\nCapEff:\t000001fffeffffff\n") && may("CapEff:\t0000000000001000"));
        assert!(!may("CapEff:\t0000000000000000\n") && !may("CapPrm:\t000001fffeffffff\n") && !may(""));
    }
}
