//! Other ways in than a tunnel of Cloudflare, and what can be seen of each from this host. None of them is changed.

use super::keys::host_and_port;
use crate::steps::contract::Seen;
use crate::sys::ask::{self, Said};
use crate::sys::crypto::hash;
use crate::sys::process::Exit;
use crate::sys::side::Until;
use crate::sys::{Look, clock};
use serde_json::Value;
use std::time::Duration;

/// Two sides of WireGuard that talk shake hands anew within two minutes, and give a session up after three.
pub const FRESH: Duration = Duration::from_secs(180);
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    Cloudflared,
    Ingress,
    Wireguard { interface: String, peer: Option<String>, fresh: Duration },
    Tailscale { peer: Option<String> },
    Ssh { address: String, key: Option<String> },
}

impl Way {
    /// The program that knows how it stands.
    pub fn program(&self) -> Option<&'static str> {
        match self {
            Way::Cloudflared | Way::Ingress => None,
            Way::Wireguard { .. } => Some("wg"),
            Way::Tailscale { .. } => Some("tailscale"),
            Way::Ssh { .. } => Some("ssh-keyscan"),
        }
    }
    /// What is waited for, as a sentence goes on.
    pub fn awaited(&self) -> String {
        match self {
            Way::Cloudflared | Way::Ingress => "until it answers".to_owned(),
            Way::Wireguard { interface, peer, .. } => match peer {
                Some(peer) => format!("until {interface} has shaken hands with {}", short(peer)),
                None => format!("until {interface} has shaken hands"),
            },
            Way::Tailscale { peer: Some(peer) } => format!("until {peer} is online on Tailscale"),
            Way::Tailscale { peer: None } => "until this host is online on Tailscale".to_owned(),
            Way::Ssh { address, key: Some(_) } => format!("until ssh at {address} shows its host key"),
            Way::Ssh { address, key: None } => format!("until ssh answers at {address}"),
        }
    }

    /// Asks once. What a program cannot say is unknown, and no no.
    pub async fn ask(&self, look: Look) -> Seen {
        let port;
        let (program, words): (&str, Vec<&str>) = match self {
            Way::Cloudflared | Way::Ingress => return Seen::Unknown("no program of this host knows".to_owned()),
            Way::Wireguard { interface, .. } => ("wg", vec!["show", interface, "latest-handshakes"]),
            Way::Tailscale { .. } => ("tailscale", vec!["status", "--json"]),
            Way::Ssh { address, .. } => {
                let Some((host, at)) = host_and_port(address) else {
                    return Seen::Unknown(format!("{address} is not host:port"));
                };
                port = at.to_owned();
                ("ssh-keyscan", vec!["-T", "5", "-p", &port, host])
            }
        };
        let said = match ask::program(look, program, &words, &[], Until::after(PATIENCE), PATIENCE).await {
            Ok(Some(said)) => said,
            Ok(None) => return Seen::Unknown(format!("{program} gave no answer within {} s", PATIENCE.as_secs())),
            Err(error) => return Seen::Unknown(format!("{program}: {error}")),
        };
        match self {
            Way::Cloudflared | Way::Ingress => Seen::Unknown("no program of this host knows".to_owned()),
            Way::Wireguard { interface, peer, fresh } => {
                handshakes(&said, interface, peer.as_deref(), *fresh, clock::now().0 / 1000)
            }
            Way::Tailscale { peer } => tailscale(&said, peer.as_deref()),
            Way::Ssh { address, key } => ssh(&said, address, key.as_deref()),
        }
    }
}

fn short(key: &str) -> String {
    let first: String = key.chars().take(12).collect();
    if first.len() < key.len() { first + "…" } else { first }
}

fn refused(said: &Said, program: &str) -> Option<Seen> {
    let why = said.err.lines().last().unwrap_or("without a word").to_owned();
    (said.exit != Exit::Code(0)).then(|| Seen::Unknown(format!("{program}: {}: {why}", said.exit)))
}

/// Lines of a key and the second of its last handshake, zero where there was none.
fn handshakes(said: &Said, interface: &str, peer: Option<&str>, fresh: Duration, now: i64) -> Seen {
    if let Some(seen) = refused(said, "wg") {
        return seen;
    }
    let lines = said.out.lines().filter_map(|line| line.split_once('\t'));
    let lines = lines.filter_map(|(key, at)| Some((key, at.trim().parse::<i64>().ok()?)));
    let Some((key, at)) = lines.filter(|(key, _)| peer.is_none_or(|peer| peer == *key)).max_by_key(|(_, at)| *at)
    else {
        return Seen::Absent(match peer {
            Some(peer) => format!("{interface} knows no peer {}", short(peer)),
            None => format!("{interface} has no peer"),
        });
    };
    if at == 0 {
        return Seen::Absent(format!("{interface} has never shaken hands with {}", short(key)));
    }
    let age = now.saturating_sub(at).max(0);
    match age <= i64::try_from(fresh.as_secs()).unwrap_or(i64::MAX) {
        true => Seen::Present(format!("{interface} shook hands with {} {age} s ago", short(key))),
        false => Seen::Absent(format!(
            "{interface} shook hands with {} last {age} s ago: nothing was sent since, or nothing comes through; \
             PersistentKeepalive makes the first of the two impossible",
            short(key)
        )),
    }
}

fn tailscale(said: &Said, peer: Option<&str>) -> Seen {
    if let Some(seen) = refused(said, "tailscale") {
        return seen;
    }
    let Ok(status) = serde_json::from_str::<Value>(&said.out) else {
        return Seen::Unknown("what tailscale status --json prints is no JSON".to_owned());
    };
    let state = status["BackendState"].as_str().unwrap_or("unknown");
    if state != "Running" {
        return Seen::Absent(format!("tailscale on this host is {state}"));
    }
    let Some(wanted) = peer else {
        return match status["Self"]["Online"] == true {
            true => Seen::Present("this host is online on Tailscale".to_owned()),
            false => Seen::Absent("this host is not online on Tailscale".to_owned()),
        };
    };
    let is_it = |peer: &&Value| {
        let named = |field: &str| peer[field].as_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let name = named("DNSName");
        named("HostName") == wanted.to_ascii_lowercase() || name == wanted || name.split('.').next() == Some(wanted)
    };
    let all = status["Peer"].as_object().into_iter().flat_map(|peers| peers.values()).chain([&status["Self"]]);
    let found: Vec<&Value> = all.filter(is_it).collect();
    match found.iter().find(|peer| peer["Online"] == true) {
        Some(_) => Seen::Present(format!("{wanted} is online on Tailscale")),
        None if found.is_empty() => Seen::Absent(format!("Tailscale knows no host {wanted}")),
        None => Seen::Absent(format!("{wanted} is not online on Tailscale")),
    }
}

/// Keys on lines of their own; the banner in a line of remarks.
fn ssh(said: &Said, address: &str, wanted: Option<&str>) -> Seen {
    let remarks = said.out.lines().chain(said.err.lines()).filter(|line| line.starts_with('#'));
    let banner = remarks.filter_map(|line| line.split_whitespace().find(|word| word.starts_with("SSH-"))).next();
    let keys = said.out.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_whitespace().nth(2));
    let prints: Vec<String> = keys.filter_map(hash::fingerprint).collect();
    let Some(first) = prints.first() else {
        let why =
            said.err.lines().rfind(|line| !line.starts_with('#')).map_or(String::new(), |line| format!(": {line}"));
        return Seen::Absent(match banner {
            Some(banner) => format!("{address} answers as {banner} and shows no key{why}"),
            None => format!("no ssh answers at {address}{why}"),
        });
    };
    let banner = banner.unwrap_or("ssh");
    match wanted {
        Some(wanted) if prints.iter().any(|print| print == wanted) => {
            Seen::Present(format!("{address} answers as {banner} with the key {wanted}"))
        }
        Some(wanted) => Seen::Absent(format!(
            "{address} answers as {banner} with other keys ({}), wanted {wanted}: it is another host, or its keys were made anew",
            prints.join(", ")
        )),
        None => Seen::Present(format!("{address} answers as {banner} with the key {first}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: i32, out: &str, err: &str) -> Said {
        Said { exit: Exit::Code(code), out: out.to_owned(), err: err.to_owned() }
    }
    fn word(seen: &Seen) -> &str {
        match seen {
            Seen::Present(_) => "yes",
            Seen::Absent(_) => "no",
            Seen::Unknown(_) => "unknown",
            Seen::BrokenOff(_) => "broken off",
        }
    }

    #[test]
    fn a_handshake_counts_while_it_is_fresh_and_of_the_peer_that_is_meant() {
        let out = "aaaaaaaaaaaaaaaa=\t1000\nbbbbbbbbbbbbbbbb=\t900\ncccccccccccccccc=\t0\n";
        let ask = |peer, now| handshakes(&said(0, out, ""), "wg0", peer, FRESH, now);
        assert_eq!(word(&ask(None, 1010)), "yes");
        assert_eq!(word(&ask(None, 1181)), "no");
        assert_eq!(word(&ask(Some("bbbbbbbbbbbbbbbb="), 1090)), "no");
        assert_eq!(
            ask(Some("cccccccccccccccc="), 1010),
            Seen::Absent("wg0 has never shaken hands with cccccccccccc…".to_owned())
        );
        assert_eq!(word(&ask(Some("dddd="), 1010)), "no");
        assert_eq!(word(&handshakes(&said(0, "", ""), "wg0", None, FRESH, 1)), "no");
        assert_eq!(word(&handshakes(&said(1, "", "Unable to access interface"), "wg0", None, FRESH, 1)), "unknown");
    }

    #[test]
    fn tailscale_is_asked_about_itself_or_about_a_peer() {
        let status = |state: &str, own: bool, peer: bool| {
            let text = format!(
                r#"{{"BackendState":"{state}","Self":{{"HostName":"desk","Online":{own}}},
                    "Peer":{{"k":{{"HostName":"Home","DNSName":"home.net.ts.net.","Online":{peer}}}}}}}"#
            );
            said(0, &text, "")
        };
        assert_eq!(word(&tailscale(&status("Running", true, false), None)), "yes");
        assert_eq!(word(&tailscale(&status("Running", false, true), None)), "no");
        assert_eq!(word(&tailscale(&status("NeedsLogin", true, true), None)), "no");
        assert_eq!(word(&tailscale(&status("Running", true, true), Some("home"))), "yes");
        assert_eq!(word(&tailscale(&status("Running", true, true), Some("home.net.ts.net"))), "yes");
        assert_eq!(word(&tailscale(&status("Running", true, false), Some("home"))), "no");
        assert_eq!(word(&tailscale(&status("Running", true, true), Some("work"))), "no");
        assert_eq!(word(&tailscale(&said(0, "no json", ""), None)), "unknown");
        assert_eq!(word(&tailscale(&said(1, "", "not running"), None)), "unknown");
    }

    #[test]
    fn a_host_of_ssh_is_known_by_its_key() {
        // The bytes of a key; its digest was made by sha256sum.
        let line = "home ssh-ed25519 AAAAC3NzaC1lZDI1NTE5";
        let print = "SHA256:5/gdC8tsZ+1R7UnoiM4pMal9U3M82idPVzt95oIw3hQ";
        let out = format!("# home:22 SSH-2.0-OpenSSH_9.6\n{line}\n");
        let ask = |key| ssh(&said(0, &out, ""), "home:22", key);
        let seen = ask(None);
        assert_eq!(word(&seen), "yes", "{seen:?}");
        assert_eq!(word(&ask(Some("SHA256:0000000000000000000000000000000000000000000"))), "no");
        assert_eq!(word(&ssh(&said(1, "", "connect: refused"), "home:22", None)), "no");
        assert_eq!(word(&ssh(&said(0, "# home:22 SSH-2.0-x\n", ""), "home:22", None)), "no");
        assert_eq!(seen, Seen::Present(format!("home:22 answers as SSH-2.0-OpenSSH_9.6 with the key {print}")));
        assert_eq!(word(&ask(Some(print))), "yes");
    }
}
