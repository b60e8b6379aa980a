//! Names into addresses, once, before there is a fence; and the resolvers that Docker hands the questions of its containers to.

use crate::sys::side::{Until, Work, aside, by_side};
use crate::sys::{Look, files};
use std::collections::BTreeSet;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(12);
const ONE: Duration = Duration::from_secs(10);
const ABREAST: usize = 16;
const LARGEST: u64 = 1 << 20;

/// The addresses of each, or why there are none.
pub async fn resolve(look: Look, wanted: &[(String, u16)]) -> Vec<Result<Vec<IpAddr>, String>> {
    let until = Until::after(PATIENCE);
    let one = |(host, port): &(String, u16)| -> Work<'static, Result<Vec<IpAddr>, String>> {
        let (host, port) = (host.trim_matches(['[', ']']).to_owned(), *port);
        Box::pin(async move {
            let asked = aside(look, move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter));
            match until.within(ONE, asked).await {
                Some(Ok(Ok(found))) => {
                    let all: BTreeSet<IpAddr> = found.iter().map(|one| one.ip().to_canonical()).collect();
                    match all.is_empty() {
                        true => Err("the name has no address".to_owned()),
                        false => Ok(all.into_iter().collect()),
                    }
                }
                Some(Ok(Err(error)) | Err(error)) => Err(error.to_string()),
                None => Err("no answer in time".to_owned()),
            }
        })
    };
    let heard = by_side(ABREAST, until, wanted.iter().map(one).collect()).await;
    heard.into_iter().map(|one| one.unwrap_or_else(|| Err("no answer in time".to_owned()))).collect()
}

/// Where the questions of containers go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolvers {
    /// Asked by Docker out of the network of the container: the fence has to let these through.
    pub outside: Vec<IpAddr>,
    /// Asked by Docker out of this host's own network, where no fence of a bridge sees it.
    pub on_host: Vec<IpAddr>,
}

/// As Docker finds them: its own settings first, then the resolver's file behind systemd's, then the host's.
pub fn resolvers(look: Look) -> Resolvers {
    let read = |path: &str| {
        let bytes = files::read(look, Path::new(path), LARGEST).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let settings: serde_json::Value = serde_json::from_str(&read("/etc/docker/daemon.json")).unwrap_or_default();
    let own = settings["dns"].as_array().map_or(&[][..], Vec::as_slice);
    let own: Vec<IpAddr> = own.iter().filter_map(|one| one.as_str()?.parse().ok()).collect();
    chosen(own, &read("/etc/resolv.conf"), &read("/run/systemd/resolve/resolv.conf"))
}

fn chosen(own: Vec<IpAddr>, host: &str, behind: &str) -> Resolvers {
    let mut found = if own.is_empty() { nameservers(host) } else { own };
    let stub: IpAddr = [127, 0, 0, 53].into();
    if found == [stub] && !nameservers(behind).is_empty() {
        found = nameservers(behind);
    }
    let (on_host, outside) = found.into_iter().partition(IpAddr::is_loopback);
    Resolvers { outside, on_host }
}

fn nameservers(text: &str) -> Vec<IpAddr> {
    let of = |line: &str| {
        let mut words = line.split_whitespace();
        let address = words.next().filter(|word| *word == "nameserver").and(words.next())?;
        address.split('%').next()?.parse().ok()
    };
    text.lines().filter_map(of).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sys::side::block_on;

    #[test]
    fn resolvers_are_found_as_docker_finds_them() {
        let ip = |text: &str| -> IpAddr { text.parse().unwrap() };
        let behind = "nameserver 192.0.2.1\nnameserver fd00::1\n";
        let all = |own: &[&str], host: &str| {
            let found = chosen(own.iter().map(|one| ip(one)).collect(), host, behind);
            (found.outside, found.on_host)
        };
        assert_eq!(all(&[], "# x\nnameserver 127.0.0.53\n"), (vec![ip("192.0.2.1"), ip("fd00::1")], vec![]));
        assert_eq!(all(&[], "nameserver 127.0.0.1\n"), (vec![], vec![ip("127.0.0.1")]));
        assert_eq!(all(&[], "search a\nnameserver fe80::1%eth0\n"), (vec![ip("fe80::1")], vec![]));
        assert_eq!(all(&["198.51.100.1"], "nameserver 192.0.2.9"), (vec![ip("198.51.100.1")], vec![]));
    }

    #[test]
    fn an_address_is_its_own_answer_and_no_name_is_an_error() {
        let wanted = [("192.0.2.7".to_owned(), 443), ("[fd00::7]".to_owned(), 22), ("no-such.invalid".to_owned(), 1)];
        let heard = block_on(resolve(Look::new(), &wanted)).unwrap();
        assert_eq!(heard[0], Ok(vec!["192.0.2.7".parse().unwrap()]));
        assert_eq!(heard[1], Ok(vec!["fd00::7".parse().unwrap()]));
        assert!(heard[2].is_err());
    }
}
