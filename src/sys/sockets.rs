//! What this host listens on and where it sends packets, as /proc tells it, and who holds a port where that may be read.

use super::Look;
use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::{fmt, io};

/// A port that is listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    pub address: IpAddr,
    pub port: u16,
    pub inode: u64,
}

/// A connection that stands, as one end of it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    pub own: SocketAddr,
    pub peer: SocketAddr,
    pub inode: u64,
}

/// Who listens on a port, as far as that may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub pid: i32,
    pub name: String,
    /// Where Docker's own passes on what comes in.
    pub passes_to: Option<IpAddr>,
}

impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
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
    table.lines().skip(1).filter_map(listener).collect()
}

/// A line of such a table, of this host or of another.
pub fn listener(line: &str) -> Option<Listening> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    const LISTEN: &str = "0A";
    if *fields.get(3)? != LISTEN {
        return None;
    }
    let (address, port) = fields.get(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(Listening { address: address_of(address)?, port, inode: fields.get(9)?.parse().ok()? })
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

/// The TCP connections in the network that this process lives in.
pub fn connected(_: Look, pid: i32) -> Vec<Connected> {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/net/{name}")).unwrap_or_default();
    [read("tcp"), read("tcp6")].iter().flat_map(|table| table.lines().skip(1).filter_map(connection)).collect()
}

fn connection(line: &str) -> Option<Connected> {
    const ESTABLISHED: &str = "01";
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let end = |text: &str| {
        let (address, port) = text.split_once(':')?;
        Some(SocketAddr::new(address_of(address)?.to_canonical(), u16::from_str_radix(port, 16).ok()?))
    };
    (*fields.get(3)? == ESTABLISHED).then_some(())?;
    Some(Connected { own: end(fields.get(1)?)?, peer: end(fields.get(2)?)?, inode: fields.get(9)?.parse().ok()? })
}

/// The ports that are listened on in the network that this process lives in.
pub fn ports_of(_: Look, pid: i32) -> HashSet<u16> {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/net/{name}")).unwrap_or_default();
    [read("tcp"), read("tcp6")].iter().flat_map(|table| read_listening(table)).map(|one| one.port).collect()
}

/// The sockets that a process has open, where this user may know.
pub fn sockets_of(_: Look, pid: i32) -> io::Result<HashSet<u64>> {
    let open = fs::read_dir(format!("/proc/{pid}/fd"))?;
    let inode = |entry: io::Result<fs::DirEntry>| {
        let to = fs::read_link(entry.ok()?.path()).ok()?;
        to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    Ok(open.filter_map(inode).collect())
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The process that has this socket open, where this user may know.
pub fn process_with(look: Look, inode: u64) -> Option<i32> {
    pids().find(|pid| sockets_of(look, *pid).is_ok_and(|open| open.contains(&inode)))
}

/// The program that listens here. A program of another user is known only by its words: Docker's own tell the port that
/// they serve.
pub fn holder(look: Look, socket: &Listening) -> Option<Holding> {
    let words = |pid: i32| -> Vec<String> {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    };
    let after =
        |words: &[String], name: &str| words.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
    let serves = |pid: &i32| after(&words(*pid), "-host-port").is_some_and(|port| port == socket.port.to_string());
    let pid = process_with(look, socket.inode).or_else(|| pids().find(serves))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let passes_to = after(&words(pid), "-container-ip").and_then(|address| address.parse().ok());
    Some(Holding { pid, name: name.trim().to_owned(), passes_to })
}

/// Every route that is not for all the rest.
pub fn routes(_: Look) -> Vec<Route> {
    let read = |name: &str| fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
    let mut found: Vec<Route> = read("route").lines().skip(1).filter_map(route).collect();
    found.extend(read("ipv6_route").lines().filter_map(route_6));
    found
}

pub fn route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let mask = u32::from_str_radix(fields.get(7)?, 16).ok()?;
    let bits = u8::try_from(mask.count_ones()).ok()?;
    (bits > 0).then_some(())?;
    Some(Route { to: address_of(fields.get(1)?)?, bits, device: (*fields.first()?).to_owned() })
}

pub fn route_6(line: &str) -> Option<Route> {
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
    fn a_connection_over_the_newer_protocol_is_known_by_its_plain_address() {
        let line = "   0: 0000000000000000FFFF00000100007F:0016 0000000000000000FFFF0000030012AC:C350 01 \
                    00000000:00000000 00:00000000 00000000     0        0 42 1";
        let found = connection(line).unwrap();
        assert_eq!((found.own.to_string(), found.peer.to_string()), ("127.0.0.1:22".into(), "172.18.0.3:50000".into()));
        assert_eq!((found.inode, connection(&line.replace(" 01 ", " 0A "))), (42, None));
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
