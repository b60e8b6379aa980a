//! The way to the API server of a cluster of k3d: what the server itself wrote down of its keys, and the port that Docker
//! publishes. Neither k3d nor anybody's kubeconfig is asked.

use crate::sys::Look;
use crate::sys::docker::{Container, Docker};
use crate::sys::kube::Kube;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where k3s writes them: where k3d tells it to, or where it does by itself.
const WRITTEN: &[&str] = &["/output/kubeconfig.yaml", "/etc/rancher/k3s/k3s.yaml"];
const API: &str = "6443/tcp";

/// How a cluster is reached.
pub struct Way {
    pub kube: Kube,
    /// `https://127.0.0.1:6550`.
    pub server: String,
    /// With keys in it: for a file that only its owner reads.
    pub kubeconfig: String,
}

/// The way, or why there is none.
pub async fn to(look: Look, docker: Docker, containers: &[Container]) -> Result<Way, String> {
    let server = address(containers)?;
    let mut servers: Vec<&Container> = containers.iter().filter(|one| one.role == "server").collect();
    servers.sort_by_key(|one| (!one.running, one.name.clone()));
    let mut why = "there is no server node".to_owned();
    for node in servers {
        for path in WRITTEN {
            match docker.file(&node.id, path).await {
                Ok(Some(text)) => {
                    let kubeconfig =
                        pointed(&text, &server).ok_or_else(|| format!("{}:{path} names no server", node.name))?;
                    let shown = format!("{}:{path}", node.name);
                    let kube = Kube::connect_by(look, kubeconfig.clone(), &shown).await;
                    return Ok(Way { kube: kube.map_err(|trouble| trouble.to_string())?, server, kubeconfig });
                }
                Ok(None) => why = format!("{} has no kubeconfig yet", node.name),
                Err(said) => why = format!("{}: {said}", node.name),
            }
        }
    }
    Err(why)
}

/// Where the API server is published: by the load balancer, or by a server where there is none.
pub fn address(containers: &[Container]) -> Result<String, String> {
    let of_role = |role: &str| containers.iter().filter(|one| one.role == role).find_map(published);
    of_role("loadbalancer")
        .or_else(|| of_role("server"))
        .map(|(address, port)| match address {
            IpAddr::V4(address) => format!("https://{address}:{port}"),
            IpAddr::V6(address) => format!("https://[{address}]:{port}"),
        })
        .ok_or_else(|| "Docker publishes no port of its API server".to_owned())
}

fn published(one: &Container) -> Option<(IpAddr, u16)> {
    let ports = one.ports.as_ref()?.get(API)?.as_ref()?;
    let usable = ports.iter().filter_map(|port| {
        let address = match port.address.as_str() {
            "" | "0.0.0.0" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            "::" => IpAddr::V6(Ipv6Addr::LOCALHOST),
            other => other.parse().ok()?,
        };
        Some((address, port.port.parse().ok().filter(|port| *port != 0)?))
    });
    // It is published for each family of addresses.
    usable.min_by_key(|(address, _)| address.is_ipv6())
}

/// The same kubeconfig with another server.
fn pointed(kubeconfig: &str, server: &str) -> Option<String> {
    let mut found = false;
    let lines = kubeconfig.lines().map(|line| match line.trim_start().strip_prefix("server:") {
        Some(_) => {
            found = true;
            let indent = &line[..line.len() - line.trim_start().len()];
            format!("{indent}server: {server}\n")
        }
        None => format!("{line}\n"),
    });
    let text: String = lines.collect();
    found.then_some(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sys::docker::Port;

    fn node(role: &str, ports: &[(&str, &str)]) -> Container {
        let port = |(address, port): &(&str, &str)| Port { address: (*address).to_owned(), port: (*port).to_owned() };
        let ports = [(API.to_owned(), (!ports.is_empty()).then(|| ports.iter().map(port).collect()))];
        Container { role: role.to_owned(), ports: Some(ports.into()), ..Container::default() }
    }

    #[test]
    fn the_way_goes_by_the_load_balancer_where_there_is_one() {
        let server = node("server", &[("0.0.0.0", "44867")]);
        let balancer = node("loadbalancer", &[("::", "6551"), ("0.0.0.0", "6550")]);
        assert_eq!(address(std::slice::from_ref(&server)).unwrap(), "https://127.0.0.1:44867");
        assert_eq!(address(&[server, balancer]).unwrap(), "https://127.0.0.1:6550");
        assert_eq!(address(&[node("server", &[("192.0.2.7", "6443")])]).unwrap(), "https://192.0.2.7:6443");
        assert!(address(&[node("server", &[])]).unwrap_err().contains("no port"));
        assert!(address(&[node("agent", &[("0.0.0.0", "1")])]).is_err());
    }

    #[test]
    fn a_kubeconfig_is_pointed_at_the_published_port() {
        let text = "clusters:\n- cluster:\n    server: https://127.0.0.1:6443\n  name: default\n";
        let told = pointed(text, "https://127.0.0.1:6550").unwrap();
        assert_eq!(told, "clusters:\n- cluster:\n    server: https://127.0.0.1:6550\n  name: default\n");
        assert_eq!(pointed("clusters: []", "https://127.0.0.1:6550"), None);
    }
}
