//! Whether the mirrors that nodes will be told of answer, asked with the very authority and password that the nodes will have,
//! while nothing is deleted yet.

use super::findings;
use super::registries::{self, Registries};
use crate::checks::told::Told;
use crate::manifests::pods::each;
use crate::manifests::{Field, Node, Object};
use crate::model::{Finding, Place, Severity, Unknown};
use crate::steps::cluster::blueprint::{self, Blueprint};
use crate::sys::docker::Docker;
use crate::sys::net::Trust;
use crate::sys::registry::{self, Answer, Asked};
use crate::sys::side::{Until, Work, by_side};
use crate::sys::{Look, base64, files};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

const ID: &str = "F19";
const ALL: Duration = Duration::from_secs(15);
const ABREAST: usize = 8;
const LARGEST: u64 = 1 << 20;
/// Where the image of k3s itself has certificates, which are those of everybody.
const BUILT_IN: &str = "/etc/ssl/certs";

/// Where a name leads to from the nodes' network.
enum Leads {
    /// As this host knows it.
    Known,
    To(SocketAddr),
    /// It will be made with the cluster.
    Later,
    Nowhere(String),
}

struct Endpoint<'r> {
    mirror: &'r Field,
    url: &'r str,
    place: Place,
}

/// Asks every endpoint. An error where none of a mirror's answers, a warning where only some do.
pub async fn ask(look: Look, blueprint: &Blueprint) -> Told {
    let mut told = Told::default();
    // What cannot be read is found by those who read it for its own sake.
    let Ok(Some(given)) = registries::given(blueprint) else { return told };
    let object = blueprint.config.as_ref().and_then(blueprint::object);
    let until = Until::after(ALL);
    let mut endpoints = Vec::new();
    for mirror in given.mirrors() {
        for one in each(&mirror.node, "endpoint") {
            let url = one.text().filter(|url| url.starts_with("http://") || url.starts_with("https://"));
            endpoints.extend(url.map(|url| Endpoint { mirror, url, place: given.place(one.at) }));
        }
    }
    let one = |endpoint: &Endpoint<'_>| {
        let (url, given, object) = (endpoint.url.to_owned(), &given, object.as_ref());
        Box::pin(async move { answer(look, &url, given, object).await }) as Work<'_, Result<Option<Answer>, String>>
    };
    let heard = by_side(ABREAST, until, endpoints.iter().map(one).collect()).await;
    let heard: Vec<Result<Option<Answer>, String>> = heard
        .into_iter()
        .map(|one| one.unwrap_or_else(|| Ok(Some(Answer::Silent("no answer in time".to_owned())))))
        .collect();
    let is_well = |mirror: &Field| {
        let mut own = endpoints.iter().zip(&heard).filter(|(endpoint, _)| endpoint.mirror.at == mirror.at);
        own.any(|(_, heard)| matches!(heard, Ok(Some(Answer::Well) | None)))
    };
    for (endpoint, heard) in endpoints.iter().zip(&heard) {
        let object = format!("mirror {}", endpoint.mirror.name);
        let answer = match heard {
            Ok(Some(Answer::Well) | None) => continue,
            Ok(Some(answer)) => answer,
            Err(why) => {
                let (message, place) = (format!("{}: {why}", endpoint.url), endpoint.place.clone());
                let missing = "a name that this host knows, or one in hostAliases of the config".to_owned();
                told.unknowns.push(Unknown { id: ID, place, object, message, missing });
                continue;
            }
        };
        let severity = if is_well(endpoint.mirror) { Severity::Warning } else { Severity::Error };
        let (why, fix) = words(answer);
        told.add(Finding {
            id: ID,
            severity,
            place: endpoint.place.clone(),
            object,
            message: format!("{} {why}", endpoint.url),
            fix: fix.to_owned(),
            patch: None,
        });
    }
    told
}

fn words(answer: &Answer) -> (String, &'static str) {
    match answer {
        Answer::Well => (String::new(), ""),
        Answer::Closed => (
            "wants a password, and `configs` has none for it".to_owned(),
            "configs: {HOST:PORT: {auth: {username: …, password: …}}}, with host and port as in the endpoint",
        ),
        Answer::Wrong => {
            ("does not take the user and password that `configs` has for it".to_owned(), "mend the password")
        }
        Answer::Odd(status) => {
            (format!("answers {status} to /v2/: there is no registry"), "mend the endpoint, or what answers there")
        }
        Answer::Untrusted(why) => (
            format!("is not trusted by what `configs` names as its authority: {why}"),
            "name the authority that has signed its certificate as tls.ca_file, and bring it to every node",
        ),
        Answer::Silent(why) => (format!("does not answer: {why}"), "start it, or take it out"),
        Answer::Unasked(why) => (format!("cannot be asked: {why}"), "mend the file"),
    }
}

/// None where it will be made together with the cluster.
async fn answer(look: Look, url: &str, given: &Registries, object: Option<&Object>) -> Result<Option<Answer>, String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let place = rest.split('/').next().unwrap_or_default();
    let path = rest[place.len()..].trim_end_matches('/');
    // As containerd: a path of its own is taken as it is.
    let whole = format!("{scheme}://{place}{}", if path.is_empty() { "/v2" } else { path });
    let (host, port) = match place.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => (host, port.parse().map_err(|_| format!("{port} is no port"))?),
        None => (place, if scheme == "http" { 80 } else { 443 }),
    };
    let at = match leads(look, host, port, object).await? {
        Leads::Known => None,
        Leads::To(address) => Some((host, address)),
        Leads::Later => return Ok(None),
        Leads::Nowhere(why) => return Ok(Some(Answer::Silent(why))),
    };
    let config = given.config(place).or_else(|| given.config(host));
    let trust = match config.map(|config| trust(look, config, object)).transpose() {
        Ok(trust) => trust.unwrap_or_default(),
        Err(why) => return Ok(Some(Answer::Unasked(why))),
    };
    let pair = config.and_then(|config| config.get("auth")).map(login).transpose()?.flatten();
    let login = pair.as_ref().map(|(user, password)| (user.as_str(), password.as_str()));
    Ok(Some(registry::ask(look, &Asked { url: &whole, at, trust, login }).await))
}

/// A name that only containers know leads to a container of that name; another one may be the config's own.
async fn leads(look: Look, host: &str, port: u16, object: Option<&Object>) -> Result<Leads, String> {
    let root = object.map(|object| &object.root);
    let made = root.and_then(|root| root.text_at(&["registries", "create", "name"]));
    if made.is_some_and(|made| made == host || format!("k3d-{made}") == host) {
        return Ok(Leads::Later);
    }
    let aliases = root.into_iter().flat_map(|root| each(root, "hostAliases"));
    for alias in aliases {
        if each(alias, "hostnames").any(|name| name.text() == Some(host))
            && let Some(address) = alias.text_at(&["ip"]).and_then(|ip| ip.parse().ok())
        {
            return Ok(Leads::To(SocketAddr::new(address, port)));
        }
    }
    if host.contains('.') || host.starts_with('[') {
        return Ok(if host.ends_with(".internal") { Leads::To(([127, 0, 0, 1], port).into()) } else { Leads::Known });
    }
    if host == "localhost" {
        return Ok(Leads::Nowhere("in a node this is the node itself".to_owned()));
    }
    let docker = Docker::new(look, registry::PATIENCE);
    let all = docker.containers().await.map_err(|why| format!("docker: {why}"))?;
    let Some(one) = all.into_iter().find(|one| one.name == host) else {
        return Err(format!("no container is called {host}: what its name leads to is known to the nodes alone"));
    };
    let found = docker.inspect_containers(&[one.id]).await.map_err(|why| format!("docker: {why}"))?;
    let Some(found) = found.first().filter(|found| found.running) else {
        return Ok(Leads::Nowhere(format!("container {host} does not run")));
    };
    let address = found.networks.iter().flatten().find_map(|(_, joined)| joined.address.parse().ok());
    address.map(|address| Leads::To(SocketAddr::new(address, port))).ok_or_else(|| format!("{host} has no address"))
}

/// What the nodes will believe, read from where it will come to them from.
fn trust(look: Look, config: &Node, object: Option<&Object>) -> Result<Trust, String> {
    let Some(tls) = config.get("tls") else { return Ok(Trust::default()) };
    let read = |key: &str| -> Result<Option<Vec<u8>>, String> {
        let Some(path) = tls.text_at(&[key]).filter(|path| !path.starts_with(BUILT_IN)) else { return Ok(None) };
        on_host(look, path, object).map(Some).map_err(|why| format!("{key} {path}: {why}"))
    };
    let anything = tls.get("insecure_skip_verify").and_then(Node::flag) == Some(true);
    let own = match (read("cert_file")?, read("key_file")?) {
        (Some(mut certificate), Some(key)) => {
            certificate.push(b'\n');
            certificate.extend(key);
            Some(certificate)
        }
        (_, _) => None,
    };
    Ok(Trust { authority: read("ca_file")?, own, anything })
}

/// The file of this host that is at this path in a node.
fn on_host(look: Look, path: &str, object: Option<&Object>) -> Result<Vec<u8>, String> {
    let object = object.ok_or("no config of k3d brings it to a node")?;
    let volumes = findings::volumes(object);
    let around = volumes.iter().filter(|volume| Path::new(path).starts_with(volume.node));
    let Some(volume) = around.max_by_key(|volume| volume.node.len()) else {
        return Err("no volume of the config brings it to a node".to_owned());
    };
    let inner = Path::new(path).strip_prefix(volume.node).unwrap_or(Path::new(""));
    let host: std::path::PathBuf = Path::new(volume.host).join(inner).components().collect();
    files::read(look, &host, LARGEST).map_err(|error| format!("{}: {error}", host.display()))
}

/// User and password; none where another way in is written.
fn login(auth: &Node) -> Result<Option<(String, String)>, String> {
    let text = |key: &str| auth.text_at(&[key]).filter(|text| !text.is_empty());
    if text("identity_token").is_some() {
        return Err("a token of identity is given for it, which only a node can use".to_owned());
    }
    if let (Some(user), Some(password)) = (text("username"), text("password")) {
        return Ok(Some((user.to_owned(), password.to_owned())));
    }
    let Some(both) = text("auth") else { return Ok(None) };
    let decoded = base64::decode(both).and_then(|both| String::from_utf8(both.reveal().to_vec()).ok());
    let pair = decoded.as_deref().and_then(|both| both.split_once(':'));
    let (user, password) = pair.ok_or("its `auth` is no user and password in base64")?;
    Ok(Some((user.to_owned(), password.to_owned())))
}
