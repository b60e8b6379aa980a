//! Whether the cluster's DNS answers. It is asked at its own address, by a program of the node in the network of a pod: no image
//! with such a program is sure to be there for a pod of our own.

use super::Asked;
use crate::model::ObjectId;
use crate::steps::contract::Seen;
use crate::sys::clock;
use crate::sys::docker;
use crate::sys::kube::{Unmet, Verdict};
use crate::sys::process::Exit;
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long CoreDNS may take until it is available, an image pulled.
const AVAILABLE: Duration = Duration::from_secs(240);
/// How often, and how far apart, it is asked before its silence counts.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);
/// What the shell of a node says of a program that is not there.
const NO_PROGRAM: &[i32] = &[126, 127];

pub async fn ask(asked: &Asked<'_>) -> Result<String, Seen> {
    let planned = asked.blueprint.planned();
    if planned.disabled.contains_key("coredns") {
        return Ok("DNS not exercised: the cluster is made without CoreDNS".to_owned());
    }
    available(asked).await?;
    let service = asked.up.kube.get(&ObjectId::new("v1", "Service", Some("kube-system"), "kube-dns")).await;
    let service = service.map_err(|trouble| Seen::Unknown(format!("{}: {trouble}", asked.up.server)))?;
    let address = service.as_ref().and_then(|service| service["spec"]["clusterIP"].as_str()).map(str::to_owned);
    let Some(address) = address else {
        return Err(Seen::Absent("there is no Service kube-system/kube-dns".to_owned()));
    };
    let domain = planned.flags.get("cluster-domain").map_or("cluster.local", |(domain, _)| domain.as_str());
    let name = format!("kubernetes.default.svc.{domain}");
    let Some(node) = asked.nodes().into_iter().find(|node| node.role == "server") else {
        return Err(Seen::Absent("there is no server node".to_owned()));
    };
    let pod = pod(asked).await;
    let mut ways: Vec<(&str, Vec<&str>)> = Vec::new();
    if let Some((ip, _)) = &pod {
        ways.push(("from a pod", vec!["sh", "-c", FROM_POD, "sh", ip, &name, &address]));
    }
    ways.push(("from a node", vec!["busybox", "nslookup", &name, &address]));
    for (from, argv) in ways {
        let from_pod = argv[0] == "sh";
        let mut last = String::new();
        for at in 0..TRIES {
            if at > 0 {
                clock::pause(PAUSE).await;
            }
            let on = pod.as_ref().filter(|_| from_pod).map_or(node.id.as_str(), |(_, on)| on.as_str());
            let said = asked.docker.exec(on, &argv).await;
            let said = said.map_err(|why| Seen::Unknown(format!("{}: {why}", node.name)))?;
            match said.exit {
                Exit::Code(0) => {
                    asked.pod_asked.store(from_pod, Ordering::Relaxed);
                    return Ok(format!("DNS answers at {address}, asked {from}"));
                }
                Exit::Code(code) if NO_PROGRAM.contains(&code) => {
                    last.clear();
                    break;
                }
                Exit::Code(_) | Exit::Signal(_) => last = docker::words(&said),
            }
        }
        if !last.is_empty() {
            return Err(Seen::Absent(format!("DNS at {address} does not know {name}, asked {from}: {last}")));
        }
    }
    Ok("DNS not exercised: the node has no nslookup".to_owned())
}

/// Goes into the network that has this address, and asks there. 127 where nothing has it, or where a program is not there.
const FROM_POD: &str = r#"
for net in /proc/[0-9]*/net/fib_trie; do
  grep -q -- "|-- $1\$" "$net" 2>/dev/null || continue
  pid=${net#/proc/}
  exec nsenter -t "${pid%%/*}" -n -- busybox nslookup "$2" "$3"
done
exit 127
"#;

/// The address of a pod with a network of its own, and the container that is its node. Not one that answers for DNS itself: that
/// would be asked by way of itself.
async fn pod(asked: &Asked<'_>) -> Option<(String, String)> {
    let pods = asked.up.kube.list("v1", "Pod", None).await.ok()?;
    let nodes = asked.nodes();
    pods.iter().find_map(|pod| {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let own = spec["hostNetwork"] != true && pod["metadata"]["labels"]["k8s-app"] != "kube-dns";
        let ip = status["podIP"].as_str().filter(|_| own && status["phase"] == "Running")?;
        let node = nodes.iter().find(|node| Some(node.name.as_str()) == spec["nodeName"].as_str())?;
        Some((ip.to_owned(), node.id.clone()))
    })
}

async fn available(asked: &Asked<'_>) -> Result<(), Seen> {
    let coredns = ObjectId::new("apps/v1", "Deployment", Some("kube-system"), "coredns");
    let is = |found: Option<&Value>| match found {
        Some(found) if found["status"]["availableReplicas"].as_u64().unwrap_or(0) > 0 => Verdict::Met,
        Some(_) => Verdict::NotYet("no pod of kube-system/coredns is available".to_owned()),
        None => Verdict::NotYet("there is no Deployment kube-system/coredns".to_owned()),
    };
    let say = |line: &str| (asked.scene.say)(line.to_owned());
    let waited = asked.up.kube.until(&coredns, &asked.scene.pace, &say, is);
    match clock::within(AVAILABLE, waited).await {
        Some(Ok(_)) => Ok(()),
        Some(Err(Unmet::Trouble(trouble))) => Err(Seen::Unknown(format!("{}: {trouble}", asked.up.server))),
        Some(Err(unmet)) => Err(Seen::Absent(format!("CoreDNS: {unmet}"))),
        None => {
            let spoken = crate::model::time::spoken(AVAILABLE);
            Err(Seen::Absent(format!("CoreDNS is not available after {spoken}: kubectl -n kube-system describe pods")))
        }
    }
}
