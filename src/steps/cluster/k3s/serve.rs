//! Whether the new cluster serves: an image comes by each mirror that something runs of, and its DNS answers, asked from a pod.
//! A mirror lies outside of the cluster, so that what it does not give never makes the cluster anew: it is not known to be well.

use super::Made;
use crate::model::ObjectId;
use crate::model::count::many;
use crate::steps::cluster::k3d::registries::Registries;
use crate::steps::cluster::k3d::verify::pulls;
use crate::steps::contract::Seen;
use crate::steps::scene::Scene;
use crate::steps::target::Up;
use crate::sys::clock;
use crate::sys::k3s;
use crate::sys::kube::{Unmet, Verdict};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long CoreDNS may take until it is available, and an image until it is pulled.
const AVAILABLE: Duration = Duration::from_secs(240);
const PULL: Duration = Duration::from_secs(120);
const ANSWER: Duration = Duration::from_secs(20);
/// How often, and how far apart, DNS is asked before its silence counts.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);

/// Asks the server at $1 what is in $2, over TCP, from the network of the pod of CoreDNS where there is one: the address of
/// the Service is then reached as pods reach it. Prints where from, and the first bytes of the answer.
const ASK: &str = r#"
command -v bash >/dev/null || { echo none; exit 0; }
own=$(readlink /proc/self/ns/net) from=node
set --  "$1" "$2"
for name in $(grep -lx coredns /proc/[0-9]*/comm 2>/dev/null); do
  at=${name%/comm}
  if command -v nsenter >/dev/null && [ "$(readlink "$at/ns/net")" != "$own" ]; then from=pod; pid=${at#/proc/}; fi
done
echo "$from"
ask='exec 3<>"/dev/tcp/$1/53" && printf "$2" >&3 && head -c 14 <&3 | od -An -v -tx1'
case $from in
  pod) exec nsenter -t "$pid" -n -- timeout 5 bash -c "$ask" ask "$1" "$2" ;;
  node) exec timeout 5 bash -c "$ask" ask "$1" "$2" ;;
esac
"#;

impl Made {
    /// One image by each mirror: a line for the report, nothing where there is no mirror.
    pub(super) async fn pulled(&self, scene: &Scene<'_>, up: &Up) -> Result<Option<String>, Seen> {
        let Some(named) = &self.blueprint.registries else { return Ok(None) };
        let registries = Registries::read(&named.bytes, &named.shown, 0);
        let registries =
            registries.map_err(|(place, why)| Seen::Unknown(format!("{}:{}: {why}", place.file, place.spot.line)))?;
        let pods = up.kube.list("v1", "Pod", None).await;
        let pods = pods.map_err(|trouble| Seen::Unknown(format!("{}: {trouble}", up.server)))?;
        let images: BTreeSet<&str> = pods.iter().flat_map(pulls::images).collect();
        let mut pulled = 0;
        for mirror in registries.mirrors() {
            let Some(image) = images.iter().find(|image| pulls::is_of(image, mirror)) else {
                (scene.say)(format!("mirror {}: nothing runs of it yet, so nothing was pulled by it", mirror.name));
                continue;
            };
            let words = [k3s::PROGRAM, "crictl", "pull", image];
            self.host.ask(scene.touch.look(), &words, PULL).await.map_err(|why| {
                let place = registries.place(mirror.at);
                let at = format!("{}:{}", place.file, place.spot.line);
                Seen::Unknown(format!("{at}: mirror {}: {image} cannot be pulled: {why}", mirror.name))
            })?;
            pulled += 1;
        }
        Ok((pulled > 0).then(|| format!("{} pulled from", many(pulled, "mirror"))))
    }

    pub(super) async fn resolves(&self, scene: &Scene<'_>, up: &Up) -> Result<String, Seen> {
        let planned = self.blueprint.planned();
        if planned.disabled.contains_key("coredns") {
            return Ok("DNS not exercised: the cluster is made without CoreDNS".to_owned());
        }
        available(scene, up).await?;
        let service = up.kube.get(&ObjectId::new("v1", "Service", Some("kube-system"), "kube-dns")).await;
        let service = service.map_err(|trouble| Seen::Unknown(format!("{}: {trouble}", up.server)))?;
        let address = service.as_ref().and_then(|service| service["spec"]["clusterIP"].as_str()).map(str::to_owned);
        let Some(address) = address else {
            return Err(Seen::Absent("there is no Service kube-system/kube-dns".to_owned()));
        };
        let domain = self.flag("cluster-domain").unwrap_or("cluster.local");
        let name = format!("kubernetes.default.svc.{domain}");
        let question = question(&name);
        let mut last = String::new();
        for at in 0..TRIES {
            if at > 0 {
                clock::pause(PAUSE).await;
            }
            let said = self.host.ask(scene.touch.look(), &["sh", "-c", ASK, "ask", &address, &question], ANSWER).await;
            last = match said {
                Ok(said) if said.trim() == "none" => {
                    return Ok("DNS not exercised: the host has no bash to ask with".to_owned());
                }
                Ok(said) => {
                    let (from, bytes) = said.split_once('\n').unwrap_or((said.as_str(), ""));
                    match answered(bytes) {
                        Ok(()) => return Ok(format!("DNS answers a {from} at {address}")),
                        Err(why) => why,
                    }
                }
                Err(why) => why,
            };
        }
        // The cluster stands: making it anew would not change what its network does.
        Err(Seen::Unknown(format!("DNS at {address} does not tell {name}: {last}")))
    }
}

async fn available(scene: &Scene<'_>, up: &Up) -> Result<(), Seen> {
    let coredns = ObjectId::new("apps/v1", "Deployment", Some("kube-system"), "coredns");
    let is = |found: Option<&Value>| match found {
        Some(found) if found["status"]["availableReplicas"].as_u64().unwrap_or(0) > 0 => Verdict::Met,
        Some(_) => Verdict::NotYet("no pod of kube-system/coredns is available".to_owned()),
        None => Verdict::NotYet("there is no Deployment kube-system/coredns".to_owned()),
    };
    let say = |line: &str| (scene.say)(line.to_owned());
    match clock::within(AVAILABLE, up.kube.until(&coredns, &scene.pace, &say, is)).await {
        Some(Ok(_)) => Ok(()),
        Some(Err(Unmet::Trouble(trouble))) => Err(Seen::Unknown(format!("{}: {trouble}", up.server))),
        Some(Err(unmet)) => Err(Seen::Unknown(format!("CoreDNS: {unmet}"))),
        None => {
            let spoken = crate::model::time::spoken(AVAILABLE);
            Err(Seen::Unknown(format!("CoreDNS is not available after {spoken}: kubectl -n kube-system describe pods")))
        }
    }
}

/// A question for the address of a name, as DNS takes it over TCP, and as printf writes it.
fn question(name: &str) -> String {
    let mut bytes: Vec<u8> = vec![0x62, 0x73, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for part in name.split('.') {
        bytes.push(u8::try_from(part.len()).unwrap_or(0));
        bytes.extend(part.as_bytes());
    }
    bytes.extend([0, 0, 1, 0, 1]);
    let length = u16::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
    length.iter().chain(&bytes).map(|byte| format!("\\x{byte:02x}")).collect()
}

/// Whether the first bytes of an answer, as od prints them, say that there is one.
fn answered(bytes: &str) -> Result<(), String> {
    let bytes: Vec<u8> = bytes.split_whitespace().filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    match bytes[..] {
        [_, _, 0x62, 0x73, _, flags, _, _, many, few, ..] => match (flags & 0x0f, many, few) {
            (0, 0, 0) => Err("it has no address".to_owned()),
            (0, _, _) => Ok(()),
            (3, _, _) => Err("it does not know the name".to_owned()),
            (code, _, _) => Err(format!("it answers with code {code}")),
        },
        _ => Err("no answer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_bytes_and_an_answer_is_told_from_none() {
        let asked = question("a.bc");
        assert_eq!(
            asked,
            r"\x00\x16\x62\x73\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01\x61\x02\x62\x63\x00\x00\x01\x00\x01"
        );
        assert_eq!(answered(" 00 30 62 73 85 80 00 01 00 01 00 00 00 00"), Ok(()));
        let why = |bytes: &str| answered(bytes).err().unwrap_or_default();
        assert_eq!(why(" 00 30 62 73 85 83 00 01 00 00 00 00 00 00"), "it does not know the name");
        assert_eq!(why(" 00 30 62 73 85 80 00 01 00 00 00 00 00 00"), "it has no address");
        assert_eq!(why(" 00 30 62 73 85 82 00 01 00 00"), "it answers with code 2");
        assert_eq!(why(""), "no answer");
    }
}
