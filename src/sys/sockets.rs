//! What this host listens on and where it sends packets, as /proc tells it, and who holds a port where that may be read.

use super::Look;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A port that is listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    pub address: IpAddr,
    pub port: u16,
    inode: u64,
}

/// A way that packets go, but not the one for all that has no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub to: IpAddr,
    pub bits: u8,
    pub device: String,
}

/// Every TCP port that is listened on.
pub fn listening(_: Look) -> Vec<Listening> {
    let read = |name: &str| fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
    let mut found = read_listening(&read("tcp"));
    found.extend(read_listening(&read("tcp6")));
    found
}

fn read_listening(table: &str) -> Vec<Listening> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        const LISTEN: &str = "0A";
        if *fields.get(3)? != LISTEN {
            return None;
        }
        let (address, port) = fields.get(1)?.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        Some(Listening { address: address_of(address)?, port, inode: fields.get(9)?.parse().ok()? })
    };
    table.lines().skip(1).filter_map(line).collect()
}

/// Words of four bytes, each as this machine keeps numbers.
fn address_of(text: &str) -> Option<IpAddr> {
    let words: Option<Vec<[u8; 4]>> = (0..text.len() / 8)
        .map(|at| u32::from_str_radix(text.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes))
        .collect();
    let bytes = words?.concat();
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| Ipv4Addr::from(bytes).into()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

/// The program that listens here, as `nginx (pid 812)`. A program of another user is known only by its words: Docker's
/// own tell the port that they serve.
pub fn holder(_: Look, socket: &Listening) -> Option<String> {
    let wanted = format!("socket:[{}]", socket.inode);
    let pids = || {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
    };
    let name = |pid: u32| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        format!("{} (pid {pid})", name.trim())
    };
    let holds = |pid: &u32| {
        let mut open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.any(|entry| fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy() == wanted))
    };
    let serves = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let port = socket.port.to_string();
        words.windows(2).any(|pair| pair[0] == b"-host-port" && pair[1] == port.as_bytes())
    };
    pids().find(holds).or_else(|| pids().find(serves)).map(name)
}

/// Every route that is not for all the rest.
pub fn routes(_: Look) -> Vec<Route> {
    let read = |name: &str| fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
    let mut found: Vec<Route> = read("route").lines().skip(1).filter_map(route).collect();
    found.extend(read("ipv6_route").lines().filter_map(route_6));
    found
}

fn route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let mask = u32::from_str_radix(fields.get(7)?, 16).ok()?;
    let bits = u8::try_from(mask.count_ones()).ok()?;
    (bits > 0).then_some(())?;
    Some(Route { to: address_of(fields.get(1)?)?, bits, device: (*fields.first()?).to_owned() })
}

fn route_6(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let to = Ipv6Addr::from(u128::from_str_radix(fields.first()?, 16).ok()?);
    let bits = u8::from_str_radix(fields.get(1)?, 16).ok()?;
    let device = (*fields.get(9)?).to_owned();
    let own = device == "lo" || to.is_multicast() || (to.segments()[0] & 0xffc0) == 0xfe80;
    (bits > 0 && !own).then_some(Route { to: to.into(), bits, device })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listened_on_is_told_from_what_is_connected() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 815 1\n   \
                     1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 816 1\n";
        let found = read_listening(table);
        assert_eq!(found, [Listening { address: Ipv4Addr::LOCALHOST.into(), port: 8080, inode: 815 }]);
    }

    #[test]
    fn routes_are_read_and_the_one_for_all_the_rest_is_none() {
        let of = |text: &str| route(text).map(|route| (route.to.to_string(), route.bits, route.device));
        assert_eq!(of("eth0 00000000 0101A8C0 0003 0 0 0 00000000 0 0 0"), None);
        assert_eq!(of("br0 00002A0A 00000000 0001 0 0 0 0000FFFF 0 0 0"), Some(("10.42.0.0".into(), 16, "br0".into())));
        let six = "fd000042000000000000000000000000 30 00000000000000000000000000000000 00 \
                   00000000000000000000000000000000 00000100 00000001 00000000 00000001 br0";
        assert_eq!(route_6(six).map(|route| (route.to.to_string(), route.bits)), Some(("fd00:42::".into(), 48)));
    }
}
