//! What a plan says of a way in, read and checked. A key that the chosen way has no use for is a mistake: an option that does
//! nothing would be taken for one that does.

use super::ways::{FRESH, Way};
use crate::model::{EntryName, Spot};
use crate::secrets::tunnel::is_uuid;
use crate::steps::fields::Fields;
use crate::steps::keys::{Key, Shape};
use crate::sys::net;

pub const WAYS: &[&str] = &["cloudflared", "ingress", "wireguard", "tailscale", "ssh"];

pub const KEYS: &[Key] = &[
    Key::optional("through", Shape::Word(WAYS), "What leads in from outside (default: cloudflared)."),
    Key::optional("path", Shape::Paths, "The manifests of the connector: files, or folders of them."),
    Key::optional(
        "probe",
        Shape::Text,
        "A URL of the public name: at a path beside it this cluster has to answer, with a number made up for this run.",
    ),
    Key::optional("tunnel-id", Shape::Text, "The id of the tunnel that the token has to be of."),
    Key::optional("account", Shape::Text, "The account that the token has to be of."),
    Key::optional(
        "drill-token",
        Shape::Entry,
        "The token of a tunnel for drills: without it, a drill runs no connector.",
    ),
    Key::optional("interface", Shape::Text, "The interface of WireGuard on this host."),
    Key::optional(
        "peer",
        Shape::Text,
        "Who has to be at the other end: a public key of WireGuard, a host of Tailscale.",
    ),
    Key::optional("address", Shape::Text, "Where ssh answers from outside, host:port."),
    Key::optional("host-key", Shape::Text, "The fingerprint of its host key, SHA256:…, as ssh shows it."),
];

/// The keys that a way cannot do without, and those that it can have.
pub const USES: &[(&str, &[&str], &[&str])] = &[
    ("cloudflared", &["path"], &["probe", "tunnel-id", "account", "drill-token"]),
    ("ingress", &["probe"], &["path"]),
    ("wireguard", &["interface"], &["path", "peer"]),
    ("tailscale", &[], &["path", "peer"]),
    ("ssh", &["address"], &["path", "host-key"]),
];

/// What the token has to be of, where the plan says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub tunnel: Option<String>,
    pub account: Option<String>,
}

pub struct Written {
    pub way: Way,
    pub paths: Vec<(String, Spot)>,
    pub probe: Option<String>,
    pub wanted: Wanted,
    pub drill: Option<EntryName>,
}

pub fn read(fields: &mut Fields<'_, '_>) -> Option<Written> {
    let before = fields.faults.count;
    let through = fields.has("through");
    let name = match fields.word("through", WAYS) {
        Some(name) => name,
        None if through => return None,
        None => "cloudflared",
    };
    let (_, needed, more) = USES.iter().find(|(way, ..)| *way == name)?;
    for key in *needed {
        fields.require(KEYS, key, &format!("a way in through {name}"));
    }
    for key in KEYS.iter().map(|key| key.name).filter(|key| *key != "through") {
        if !needed.contains(&key)
            && !more.contains(&key)
            && let Some(entry) = fields.take(key)
        {
            fields.faults.add(entry.at, format!("`{key}` says nothing about a way in through {name}: take it out"));
        }
    }
    let paths = fields.paths("path");
    let probe = fields.read("probe", "a URL", url);
    let tunnel = fields.read("tunnel-id", "the id of a tunnel", |text| match is_uuid(text) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("is no id of a tunnel: write it like 6ff42ae2-765d-4adf-8112-31c55c1551ef".to_owned()),
    });
    let account = fields.read("account", "the id of an account", |text| {
        match text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => Ok(text.to_ascii_lowercase()),
            false => {
                Err("is no id of an account: it has 32 digits of sixteen, as the account's page shows it".to_owned())
            }
        }
    });
    let drill = fields.read("drill-token", "a value of the store", EntryName::read);
    let word = |text: &str| match text.starts_with('-') || text.contains(|c: char| c.is_control() || c == ' ') {
        true => Err("is no name: it begins with - or has a space in it".to_owned()),
        false => Ok(text.to_owned()),
    };
    let interface = fields.read("interface", "the name of an interface", word);
    let peer = fields.read("peer", "who is at the other end", word);
    let address = fields.read("address", "host:port", |text| match host_and_port(text) {
        Some(_) => word(text),
        None => Err("is not host:port: write it like home.example.org:22 or [2001:db8::1]:22".to_owned()),
    });
    let key = fields.read("host-key", "a fingerprint", |text| match text.strip_prefix("SHA256:") {
        Some(rest) if rest.len() == 43 => Ok(text.to_owned()),
        Some(_) | None => {
            Err("is no fingerprint: write it as ssh-keygen -lf shows it, SHA256: and 43 characters".to_owned())
        }
    });
    let way = match name {
        "ingress" => Way::Ingress,
        "wireguard" => Way::Wireguard { interface: interface.unwrap_or_default(), peer, fresh: FRESH },
        "tailscale" => Way::Tailscale { peer },
        "ssh" => Way::Ssh { address: address.unwrap_or_default(), key },
        _ => Way::Cloudflared,
    };
    let wanted = Wanted { tunnel, account };
    (fields.faults.count == before).then_some(Written { way, paths, probe, wanted, drill })
}

fn url(text: &str) -> Result<String, String> {
    match net::is_url(text) && !text.contains(|c: char| c.is_control() || c == ' ') {
        true => Ok(text.to_owned()),
        false => Err("is not a URL: write it like https://home.example.org/healthz".to_owned()),
    }
}

/// Of `host:port`, and of `[::1]:port`.
pub fn host_and_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    port.parse::<u16>().ok().filter(|port| *port > 0)?;
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = inner.unwrap_or(host);
    let known = inner.is_some() || !host.contains(':');
    (known && !host.is_empty()).then_some((host, port))
}
