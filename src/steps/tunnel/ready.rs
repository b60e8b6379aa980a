//! How many connections to the edge each connector has, asked of itself through the API server. That it is Ready says one at
//! least; that the edge is reached says nothing about what lies behind.

use super::connector::Connector;
use crate::steps::scene::Scene;
use crate::sys::Look;
use crate::sys::kube::Kube;
use crate::sys::pace::BrokenOff;
use serde_json::Value;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(1);
/// As many has a connector that nothing is the matter with.
const WHOLE: u64 = 4;
const LINES: i64 = 20;

/// One pod of a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    pub pod: String,
    pub namespace: String,
    /// None where it could not be asked, and Kubernetes says that it is connected.
    pub connections: Option<u64>,
    /// What it calls itself towards the edge.
    pub id: Option<String>,
}

/// All pods of these connectors, or why one of them could not be asked.
pub async fn ask(look: Look, kube: &Kube, connectors: &[Connector<'_>]) -> Result<Vec<Stands>, String> {
    let mut all = Vec::new();
    for connector in connectors {
        let port = connector.metrics().map_err(|why| format!("{}: {why}", connector.object.id))?;
        for pod in pods(kube, connector).await? {
            all.push(one(look, kube, connector, &pod, port).await?);
        }
    }
    Ok(all)
}

/// Its pods that run and are not about to go.
pub async fn pods(kube: &Kube, connector: &Connector<'_>) -> Result<Vec<Value>, String> {
    let labels = connector.labels();
    let is_its = |pod: &Value| {
        let has = |(name, text): &(String, String)| pod["metadata"]["labels"][name] == **text;
        let named = connector.object.kind() == "Pod" && pod["metadata"]["name"] == connector.object.name();
        (named || !labels.is_empty() && labels.iter().all(has))
            && pod["status"]["phase"] == "Running"
            && pod["metadata"]["deletionTimestamp"].is_null()
    };
    let pods = kube.list("v1", "Pod", Some(connector.namespace())).await.map_err(|trouble| trouble.to_string())?;
    Ok(pods.into_iter().filter(is_its).collect())
}

async fn one(look: Look, kube: &Kube, connector: &Connector<'_>, pod: &Value, port: u16) -> Result<Stands, String> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let namespace = connector.namespace().to_owned();
    let stands = |connections, id| Stands { pod: name.clone(), namespace: namespace.clone(), connections, id };
    let why = match kube.page(look, &namespace, &name, port, "/ready").await {
        Ok(said) => match read(&said.text) {
            Some((connections, id)) => return Ok(stands(Some(connections), id)),
            None => format!("status {}: {}", said.status, words(&said.text)),
        },
        Err(trouble) => trouble.to_string(),
    };
    // A policy of the network can keep the server out and let the kubelet in, who asks the very same.
    let conditions = pod["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    let is_ready = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
    match is_ready && connector.ready_means_connected() {
        true => Ok(stands(None, None)),
        false => Err(format!("Pod {namespace}/{name}, port {port}: /ready could not be asked: {why}")),
    }
}

/// `{"status":200,"readyConnections":4,"connectorId":"…"}`; also what comes with 503 has this form.
fn read(text: &[u8]) -> Option<(u64, Option<String>)> {
    let body: Value = serde_json::from_slice(text).ok()?;
    let connections = body["readyConnections"].as_u64()?;
    Some((connections, body["connectorId"].as_str().map(str::to_owned)))
}

/// What a server says of why it did not reach the pod.
fn words(text: &[u8]) -> String {
    let body: Option<Value> = serde_json::from_slice(text).ok();
    let message = body.and_then(|body| body["message"].as_str().map(str::to_owned));
    let text = message.unwrap_or_else(|| String::from_utf8_lossy(text).into_owned());
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

/// Whether each has a connection, in words either way.
pub fn told(stands: &[Stands]) -> Result<String, String> {
    if stands.is_empty() {
        return Err("no pod of the connector runs".to_owned());
    }
    if let Some(none) = stands.iter().find(|one| one.connections == Some(0)) {
        return Err(format!("Pod {}/{} has no connection to the edge", none.namespace, none.pod));
    }
    let known: Option<Vec<u64>> = stands.iter().map(|one| one.connections).collect();
    let ids: Vec<&str> = stands.iter().filter_map(|one| one.id.as_deref()).collect();
    let ids = if ids.is_empty() { String::new() } else { format!(" (connector {})", ids.join(", ")) };
    let pods = crate::model::count::many(stands.len(), "connector");
    Ok(match known {
        None => format!("{pods} ready{ids}; how many connections could not be asked"),
        Some(counts) => {
            let sum: u64 = counts.iter().sum();
            let few = counts.iter().any(|count| *count < WHOLE);
            let few = if few { format!("; fewer than the usual {WHOLE} of each") } else { String::new() };
            format!("{sum} connections of {pods}{ids}{few}")
        }
    })
}

/// Waits until each has a connection. What they say of themselves is told where it does not come to that.
pub async fn wait(
    scene: &Scene<'_>,
    kube: &Kube,
    connectors: &[Connector<'_>],
) -> Result<Vec<Stands>, (BrokenOff, Vec<String>)> {
    let mut last = String::new();
    loop {
        let why = match ask(scene.touch.look(), kube, connectors).await {
            Ok(stands) => match told(&stands) {
                Ok(_) => return Ok(stands),
                Err(why) => why,
            },
            Err(why) => why,
        };
        if why != last {
            (scene.say)(why.clone());
            last = why;
        }
        if let Err(over) = scene.pace.pause(PAUSE).await {
            let mut lines = vec![last];
            lines.extend(logged(kube, connectors).await);
            return Err((over, lines));
        }
    }
}

/// What the first of them that runs says last of what went wrong.
pub async fn logged(kube: &Kube, connectors: &[Connector<'_>]) -> Vec<String> {
    for connector in connectors {
        let Ok(pods) = pods(kube, connector).await else { continue };
        let container = connector.container.text_at(&["name"]).unwrap_or_default();
        for pod in pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str()) {
            let Ok(text) = kube.logs(connector.namespace(), pod, container, false, LINES).await else { continue };
            let bad = |line: &&str| line.contains(" ERR ") || line.contains(" FTL ") || line.contains("rror");
            if let Some(line) = text.lines().rev().find(bad) {
                return vec![format!("said   {line}")];
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_connection_is_a_failure_and_few_are_told() {
        let stands = |connections, id: Option<&str>| Stands {
            pod: "c-1".to_owned(),
            namespace: "edge".to_owned(),
            connections,
            id: id.map(str::to_owned),
        };
        assert!(told(&[]).is_err());
        assert!(told(&[stands(Some(4), None), stands(Some(0), None)]).unwrap_err().contains("no connection"));
        assert_eq!(told(&[stands(Some(4), Some("ab"))]).unwrap(), "4 connections of 1 connector (connector ab)");
        assert!(told(&[stands(Some(1), None)]).unwrap().contains("fewer than the usual 4"));
        assert!(told(&[stands(None, None)]).unwrap().contains("could not be asked"));
        assert_eq!(read(br#"{"status":503,"readyConnections":0,"connectorId":"x"}"#), Some((0, Some("x".to_owned()))));
        assert_eq!(read(br#"{"kind":"Status","message":"error trying to reach service"}"#), None);
        assert_eq!(words(br#"{"kind":"Status","message":"error trying"}"#), "error trying");
    }
}
