//! The proof that this cluster answers for a public name: for a moment there is a path that only this cluster has, and what
//! comes back over it through the name is compared with a number that was made up for this very moment.
//!
//! No image is needed for that. The path leads to a Service without pods, whose one address is this process; the way from the
//! name to there goes through this cluster alone, by its ingress or by a rule of the tunnel.

use super::answers::{Answer, Verdict, Way, judge};
use crate::model::ObjectId;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::beacon::Beacon;
use crate::sys::crypto::hash;
use crate::sys::kube::{Force, Kube, Trouble};
use crate::sys::net;
use crate::sys::web::{self, Web};
use crate::sys::{Look, clock};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::Duration;

/// What the objects of the path are called; a rule of a tunnel can name the Service.
pub const NAME: &str = "blackstart-proof";
/// Everything that is asked for lies under this.
pub const UNDER: &str = "/.well-known/blackstart/";
/// Whose they are: what has another under this name is not touched.
const MARK: (&str, &str) = ("app.kubernetes.io/managed-by", "blackstart");

/// What lies between takes its time to hear of a new path.
const HEARD: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(8);
/// No fewer requests prove anything; of many connectors each is asked twice.
const LEAST: usize = 8;
const LONGEST: usize = 64 << 10;

/// What is asked, and where the path is.
pub struct Asked<'a> {
    pub url: &'a str,
    pub namespace: &'a str,
    pub connectors: usize,
    pub tunnel: bool,
}

fn ids(namespace: &str) -> [ObjectId; 3] {
    let id = |version: &str, kind: &str| ObjectId::new(version, kind, Some(namespace), NAME);
    [id("networking.k8s.io/v1", "Ingress"), id("discovery.k8s.io/v1", "EndpointSlice"), id("v1", "Service")]
}

/// What a proof makes for a moment.
pub fn intends(namespace: &str) -> Vec<String> {
    ids(namespace).iter().map(|id| format!("{id}, for a moment")).collect()
}

/// What an earlier proof that was killed has left.
pub async fn left(kube: &Kube, namespace: &str) -> Result<Vec<ObjectId>, Trouble> {
    let mut left = Vec::new();
    for id in ids(namespace) {
        if kube.get(&id).await?.is_some_and(|live| is_ours(&live)) {
            left.push(id);
        }
    }
    Ok(left)
}

fn is_ours(live: &Value) -> bool {
    live["metadata"]["labels"][MARK.0] == MARK.1
}

/// Takes the path away.
pub async fn clear(scene: &Scene<'_>, kube: &Kube, namespace: &str) -> Result<usize, Mishap> {
    let told =
        |trouble: Trouble| Mishap::failed(format!("the path of the proof could not be taken away: {trouble}"), true);
    let left = left(kube, namespace).await.map_err(told)?;
    for id in &left {
        kube.delete(scene.touch, id).await.map_err(told)?;
    }
    Ok(left.len())
}

/// One request, by a connection of its own and past every cache that can be passed.
pub async fn once(look: Look, url: &str, nonce: &str) -> Answer {
    let web = match Web::still(look, PATIENCE) {
        Ok(web) => web,
        Err(why) => return Answer::Silent(why),
    };
    let headers = [("cache-control", "no-cache, no-store"), ("pragma", "no-cache")];
    Answer::of(web.ask(web::Way::Get, url, &headers, LONGEST).await, nonce)
}

fn number() -> Result<String, Mishap> {
    hash::number().ok_or_else(|| Mishap::failed("this host gives no random bytes", true))
}

/// Makes the path, asks, and takes it away again whatever came of it.
pub async fn prove(scene: &Scene<'_>, kube: &Kube, asked: &Asked<'_>) -> Result<String, Mishap> {
    let (path, nonce) = (format!("{UNDER}{}", number()?), number()?);
    for id in ids(asked.namespace) {
        let live = kube.get(&id).await.map_err(|trouble| Mishap::failed(trouble, true))?;
        if live.is_some_and(|live| !is_ours(&live)) {
            return Err(Mishap::failed(format!("{id} is somebody else's: a proof needs that name for a moment"), true));
        }
    }
    let own = own_address(scene, kube).await.map_err(|why| Mishap::failed(why, true))?;
    let beacon = Beacon::light(scene.touch, own, &path, &nonce).await;
    let beacon =
        beacon.map_err(|error| Mishap::failed(format!("the nonce cannot be served at {own}: {error}"), true))?;
    let judged = match make(scene, kube, asked, &path, &beacon).await {
        Ok(leads) => Ok(answers(scene, asked, &path, &nonce, &beacon, &leads).await),
        Err(trouble) => Err(Mishap::failed(format!("the path of the proof: {trouble}"), true)),
    };
    clear(scene, kube, asked.namespace).await?;
    let host = net::parts(asked.url).map_or_else(String::new, |(host, _)| host);
    if scene.pace.is_braked() {
        return Err(Mishap::Stopped { reason: format!("broken off while {host} was asked") });
    }
    match judged? {
        Verdict::Proven(count) => Ok(format!("{count} of {count} answers of {host} came from this cluster")),
        Verdict::Shared { ours, of, why } => {
            let reason = format!("F23 {host}: {ours} of {of} answers came from this cluster, {why}");
            Err(Mishap::failed(reason, true))
        }
        Verdict::Not(why) => Err(Mishap::failed(format!("F23 {host}: no answer came from this cluster: {why}"), true)),
    }
}

/// How the nodes of the cluster call this host.
async fn own_address(scene: &Scene<'_>, kube: &Kube) -> Result<IpAddr, String> {
    let nodes = kube.list("v1", "Node", None).await.map_err(|trouble| trouble.to_string())?;
    let addresses = nodes.iter().flat_map(|node| node["status"]["addresses"].as_array().into_iter().flatten());
    let inner = addresses.filter(|address| address["type"] == "InternalIP");
    let node: Option<IpAddr> = inner.filter_map(|address| address["address"].as_str()?.parse().ok()).next();
    let node = node.ok_or("no node of the cluster says where it is")?;
    let own = net::own_address(scene.touch.look(), node)?;
    match own.is_loopback() {
        true => Err(format!("the nodes are at {node}, from where nobody reaches this host")),
        false => Ok(own),
    }
}

/// The objects of the path; what leads there, in words.
async fn make(
    scene: &Scene<'_>,
    kube: &Kube,
    asked: &Asked<'_>,
    path: &str,
    beacon: &Beacon,
) -> Result<String, Trouble> {
    let at = beacon.address();
    let family = if at.is_ipv4() { "IPv4" } else { "IPv6" };
    let about = |more: Value| {
        let mut labels = json!({MARK.0: MARK.1});
        if let (Some(labels), Some(more)) = (labels.as_object_mut(), more.as_object()) {
            labels.extend(more.clone());
        }
        json!({"name": NAME, "namespace": asked.namespace, "labels": labels})
    };
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": about(json!({})),
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": at.port(), "protocol": "TCP"}]}});
    let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": about(json!({"kubernetes.io/service-name": NAME})), "addressType": family,
        "endpoints": [{"addresses": [at.ip().to_string()], "conditions": {"ready": true}}],
        "ports": [{"name": "http", "port": at.port(), "protocol": "TCP"}]});
    kube.apply(scene.touch, &service, Force::Yes).await?;
    kube.apply(scene.touch, &slice, Force::Yes).await?;
    let leads = format!("Service {}/{NAME} leads to this host, {at}", asked.namespace);
    let Some((host, _)) = net::parts(asked.url) else { return Ok(leads) };
    let ingresses = kube.list("networking.k8s.io/v1", "Ingress", None).await?;
    let classes = kube.list("networking.k8s.io/v1", "IngressClass", None).await?;
    match ingress(&host, path, &ingresses, &classes, about(json!({}))) {
        Some(body) => {
            kube.apply(scene.touch, &body, Force::Yes).await?;
            let class = body["spec"]["ingressClassName"].as_str().unwrap_or("default").to_owned();
            Ok(format!("{leads}, and an Ingress of class {class} leads to the Service"))
        }
        None => Ok(format!(
            "{leads}, and there is no IngressClass: a rule of the tunnel in front of the others has to lead {UNDER} to \
             http://{NAME}.{}",
            asked.namespace
        )),
    }
}

/// An Ingress as the one that answers for this host now, for one path more.
fn ingress(host: &str, path: &str, ingresses: &[Value], classes: &[Value], mut about: Value) -> Option<Value> {
    let of_host = |one: &&Value| {
        let mut rules = one["spec"]["rules"].as_array().into_iter().flatten();
        rules.any(|rule| rule["host"] == host) && one["metadata"]["name"] != NAME
    };
    let like = ingresses.iter().find(of_host);
    let is_default =
        |class: &&Value| class["metadata"]["annotations"]["ingressclass.kubernetes.io/is-default-class"] == "true";
    let only = || match classes {
        [only] => Some(only),
        _ => classes.iter().find(is_default),
    };
    let named = like.and_then(|like| like["spec"]["ingressClassName"].as_str());
    let class = named.or_else(|| only()?["metadata"]["name"].as_str())?;
    let mut spec = json!({"ingressClassName": class, "rules": [{"host": host, "http": {"paths": [
        {"path": path, "pathType": "Exact", "backend": {"service": {"name": NAME, "port": {"number": 80}}}}]}}]});
    if let Some(like) = like {
        // At which doors its controller listens for it; what it does with a request on the way is not wanted here.
        let notes = like["metadata"]["annotations"].as_object().into_iter().flatten();
        let doors = notes.filter(|(name, _)| {
            name.ends_with("/router.entrypoints") || name.ends_with("/router.tls") || name.ends_with("/ssl-redirect")
        });
        about["annotations"] = doors.map(|(name, value)| (name.clone(), value.clone())).collect();
        if like["spec"]["tls"].as_array().is_some_and(|tls| !tls.is_empty()) {
            spec["tls"] = json!([{"hosts": [host]}]);
        }
    }
    Some(json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": about, "spec": spec}))
}

/// Asks until the path is known, then as often as it takes.
async fn answers(
    scene: &Scene<'_>,
    asked: &Asked<'_>,
    path: &str,
    nonce: &str,
    beacon: &Beacon,
    leads: &str,
) -> Verdict {
    let (look, begun) = (scene.touch.look(), clock::uptime());
    let ask = async |turn: usize| {
        let url = net::at_path(asked.url, path, &format!("turn={turn}")).unwrap_or_default();
        scene.pace.keep(once(look, &url, nonce)).await
    };
    let host = net::parts(asked.url).map_or_else(String::new, |(host, _)| host);
    let judged = |answers: &[Answer]| {
        judge(answers, &Way { host: &host, path, fetched: beacon.asked(), leads, tunnel: asked.tunnel })
    };
    let heard = u64::try_from(HEARD.as_millis()).unwrap_or(u64::MAX);
    let (mut turn, mut last) = (0, Vec::new());
    loop {
        turn += 1;
        match ask(turn).await {
            Ok(Answer::Ours) => break,
            Ok(answer) => last = vec![answer],
            Err(_) => return judged(&last),
        }
        let over = clock::uptime().saturating_sub(begun) > heard;
        if over || scene.pace.pause(PAUSE).await.is_err() {
            return judged(&last);
        }
    }
    let mut answers = Vec::new();
    for more in 1..=LEAST.max(2 * asked.connectors) {
        match ask(turn + more).await {
            Ok(answer) => answers.push(answer),
            Err(_) => break,
        }
    }
    judged(&answers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_led_as_the_host_is_and_by_no_class_that_has_to_be_guessed() {
        let class = |name: &str, default: bool| json!({"metadata": {"name": name, "annotations": {"ingressclass.kubernetes.io/is-default-class": default.to_string()}}});
        let make = |ingresses: &[Value], classes: &[Value]| {
            ingress("a.example", "/p", ingresses, classes, json!({"name": NAME}))
        };
        assert_eq!(make(&[], &[]), None);
        assert_eq!(make(&[], &[class("x", false), class("y", false)]), None);
        assert_eq!(make(&[], &[class("x", false)]).unwrap()["spec"]["ingressClassName"], "x");
        assert_eq!(make(&[], &[class("x", false), class("y", true)]).unwrap()["spec"]["ingressClassName"], "y");
        let like = json!({"metadata": {"name": "web", "annotations": {
                "traefik.ingress.kubernetes.io/router.entrypoints": "websecure", "traefik.ingress.kubernetes.io/router.middlewares": "m"}},
            "spec": {"ingressClassName": "z", "tls": [{"secretName": "t"}], "rules": [{"host": "a.example"}]}});
        let made = make(&[like], &[class("x", true)]).unwrap();
        assert_eq!(made["spec"]["ingressClassName"], "z");
        assert_eq!(made["spec"]["tls"], json!([{"hosts": ["a.example"]}]));
        let notes = &made["metadata"]["annotations"];
        assert_eq!(notes, &json!({"traefik.ingress.kubernetes.io/router.entrypoints": "websecure"}));
        assert_eq!(made["spec"]["rules"][0]["http"]["paths"][0]["pathType"], "Exact");
    }
}
