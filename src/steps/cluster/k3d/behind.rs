//! The network of a drill's cluster and the fence around it. Blackstart makes both before k3d makes anything, so that no packet is
//! ever sent without a fence; and what it denies is proven from the nodes before anything is put into the cluster.

use super::names::Names;
use super::standing::Found;
use crate::checks::drill::Allowed;
use crate::steps::cluster::fenced::{self, Raised};
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::docker::{self, Docker, Network};
use crate::sys::process::Given;
use crate::sys::{fence, files};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A fence with nothing behind it yet.
pub struct Behind {
    raised: Raised,
    network: String,
    /// This host on the network.
    host: IpAddr,
}

/// Makes the network and puts the fence around it.
pub async fn raise(
    scene: &Scene<'_>,
    names: &Names,
    labels: &[(String, String)],
    allowed: &Allowed,
) -> Result<Behind, Mishap> {
    let name = names.network();
    let labels: Vec<(&str, &str)> = labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    scene.act(&docker::make_network(&name, &labels), &docker::ways(), Given::default()).await?;
    let late = |why: String| Mishap::failed(why, true);
    let docker = Docker::new(scene.touch.look(), PATIENCE);
    let network = made(docker, &name).await.map_err(late)?;
    if network.driver != "bridge" {
        return Err(late(format!("network {name} is no bridge but {}: it cannot be fenced", network.driver)));
    }
    let gateways = network.ranges.iter().flatten().filter_map(|range| range.gateway.split('/').next()?.parse().ok());
    let host = gateways.min_by_key(IpAddr::is_ipv6);
    let host = host.ok_or_else(|| late(format!("network {name} has no address of this host")))?;
    let bridge = match network.bridge.is_empty() {
        true => fence::bridge_of(&network.id),
        false => network.bridge.clone(),
    };
    let raised = fenced::raise(scene, &network.id, &bridge, allowed).await?;
    Ok(Behind { raised, network: network.id, host })
}

async fn made(docker: Docker, name: &str) -> Result<Network, String> {
    let all = docker.networks().await?;
    let ids: Vec<String> = all.into_iter().filter(|one| one.name == name).map(|one| one.id).collect();
    let [_] = ids.as_slice() else { return Err(format!("docker: {} networks are called {name}", ids.len())) };
    docker.inspect_networks(&ids).await?.pop().ok_or_else(|| format!("docker: network {name} is gone"))
}

/// Gives the nodes the very addresses that are open, under their names: what a name leads to later is shut.
pub fn pin(scene: &Scene<'_>, behind: &Behind, config: &Path) -> Result<(), String> {
    let pins = behind.raised.pins();
    if pins.is_empty() {
        return Ok(());
    }
    let wrong = |why: String| format!("{}: {why}", config.display());
    let text = files::read(scene.touch.look(), config, 1 << 20).map_err(|error| wrong(error.to_string()))?;
    let mut value: Value = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    let list = value.as_object_mut().map(|map| map.entry("hostAliases").or_insert_with(|| json!([])));
    let list = list.and_then(Value::as_array_mut).ok_or_else(|| wrong("`hostAliases` is no list".to_owned()))?;
    list.extend(pins.into_iter().map(|(address, names)| json!({"ip": address, "hostnames": names})));
    let bytes = serde_json::to_vec_pretty(&value).map_err(|error| wrong(error.to_string()))?;
    files::replace(scene.touch, config, &bytes).map_err(|error| wrong(error.to_string()))
}

/// Tries the fence from every node; each has to be on this network and on no other.
pub async fn prove(scene: &Scene<'_>, behind: &Behind, found: &Found) -> Result<String, String> {
    let look = scene.touch.look();
    let nodes = found.containers.iter().filter(|one| matches!(one.role.as_str(), "server" | "agent" | "loadbalancer"));
    let mut tried = Vec::new();
    for node in nodes {
        let networks: Vec<&str> = node.networks.iter().flatten().map(|(_, one)| one.id.as_str()).collect();
        if networks != [behind.network.as_str()] {
            return Err(format!("{} is on {} networks, and the fence is around one", node.name, networks.len()));
        }
        tried.push((node.name.clone(), node.pid));
    }
    fenced::prove(look, &behind.raised, behind.host, &tried).await
}

/// What the fence has to tell when the drill is over; one that does not stand any more makes it red.
pub async fn told(scene: &Scene<'_>) -> Result<Vec<String>, String> {
    match Raised::read(scene.touch.look(), scene.run)? {
        Some(raised) => fenced::told(scene.touch.look(), &raised).await,
        None => Ok(Vec::new()),
    }
}

/// Takes down what stands around these networks, which are gone: also a fence that nobody had the time to write down.
pub async fn lower(scene: &Scene<'_>, networks: &[&str]) -> Result<(), Mishap> {
    let failed = |why: String| Mishap::failed(format!("the fence is still there: {why}"), true);
    for network in networks {
        let table = fence::table_of(network).map_err(failed)?;
        fence::remove(scene.touch, &table).await.map_err(failed)?;
    }
    match Raised::read(scene.touch.look(), scene.run).map_err(failed)? {
        Some(raised) => fenced::lower(scene, &raised).await,
        None => Ok(()),
    }
}
