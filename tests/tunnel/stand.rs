//! The tunnel on a stand-in host, with real pods and a real network: connectors and an edge are stand-ins, everything between them
//! is as in life. First the edge leads elsewhere, and that is told; then it leads here, and the run is resumed.

use super::k3s_host::host;
use super::sandbox::not_run;
use super::{ACCOUNT, CANARY, ID, token};
use blackstart::sys::base64;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const CONFIG: &str = "cluster-init: true\nnode-name: standin-0\ndisable: [traefik, servicelb, metrics-server]\n";

fn tunnels(path: &str) -> String {
    let secret = base64::encode(CANARY.as_bytes());
    let rules =
        format!(r#"{path}{{"hostname":"192.0.2.1","service":"http_status:404"}},{{"service":"http_status:404"}}"#);
    format!(r#"[{{"account":"{ACCOUNT}","id":"{ID}","secret":"{secret}","ingress":[{rules}]}}]"#)
}

fn manifests() -> String {
    let connector = super::manifests("networking", super::SAFE);
    let (_, connector) = connector.split_once("---\n").unwrap();
    connector.replace("env: [{", "env: [{name: TUNNEL_EDGE, value: '192.0.2.1:7844'}, {")
}

/// Ended with the test, however that ends.
struct Outside(Child);

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_name_is_proved_through_real_pods_and_what_leads_elsewhere_is_told() {
    let test = "the_name_is_proved_through_real_pods_and_what_leads_elsewhere_is_told";
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/stand-in");
    let stand = std::env::var_os("BLACKSTART_STAND_IN").map(PathBuf::from).unwrap_or(built);
    if !stand.join("more/cloudflared.tar").exists() || !stand.join("bin/edge").exists() {
        return not_run(test, "the stand-ins of a tunnel are not built");
    }
    let Some(host) = host(test, &["--also", "edge", "--image", "cloudflared"]) else { return };
    host.put("config.yaml", CONFIG);
    host.put("tunnels.json", tunnels(""));
    let ground = "apiVersion: v1\nkind: Namespace\nmetadata: {name: networking, labels: {pod-security.kubernetes.io/enforce: restricted}}\n---\n";
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: tunnel-token, namespace: networking}\nstringData: ";
    host.put("ground.yaml", format!("{ground}{secret}{{token: \"{}\"}}\n", token(ID)));
    host.put("connector.yaml", manifests());
    host.put(
        "plan.yaml",
        format!(
            "name: rack\naccept: [{{id: F26, object: disk of /, reason: a stand-in has the disk of its machine, until: 2999-01-01}}]\n\
             cluster: {{provider: k3s, config: config.yaml}}\nsteps:\n  - {{id: ground, kind: manifests, path: ground.yaml}}\n  \
             - {{id: tunnel, kind: tunnel, path: connector.yaml, probe: 'http://192.0.2.1/healthz', tunnel-id: {ID}, timeout: 4m}}\n"
        ),
    );
    let outside = |words: &[&str]| {
        let mut command = Command::new(stand.join("bin/host"));
        command.args(["enter", "--net", "edge", "--dir"]).arg(host.path("host")).arg("--").args(words);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    };
    let (edge, file) = (stand.join("bin/edge").display().to_string(), host.path("tunnels.json").display().to_string());
    let words = [
        &*edge,
        "--tunnels",
        &file,
        "--listen",
        "192.0.2.1:80",
        "--connectors",
        "192.0.2.1:7844",
        "--control",
        "192.0.2.1:8082",
    ];
    let _edge = Outside(outside(&words).spawn().unwrap());
    let (exit, said) = host.recover("plan.yaml");
    assert_eq!(exit, Some(1), "{said}");
    let shown =
        |said: &str| assert!(!said.contains(&token(ID)[..40]) && !said.contains(CANARY), "a token is shown:\n{said}");
    shown(&said);
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("before the start no connector answered for 192.0.2.1"), "{said}");
    assert!(flat.contains("F23 192.0.2.1: no answer came from this cluster: status 404"), "{said}");
    assert!(flat.contains("nothing of this cluster has asked for it"), "{said}");
    let left = "k3s kubectl get service,endpointslice,ingress -A -o name | grep -c blackstart-proof || :";
    assert_eq!(host.sh(left).trim(), "0");
    let rule = r#"{"hostname":"192.0.2.1","path":"^/.well-known/blackstart/","service":"http://blackstart-proof.networking.svc.cluster.local"},"#;
    host.put("led.json", tunnels(rule));
    let file = host.path("led.json").display().to_string();
    let put = ["curl", "-sSf", "-X", "PUT", "--data-binary", &format!("@{file}"), "http://192.0.2.1:8082/tunnels"];
    assert!(outside(&put).status().unwrap().success());
    let (exit, said) = host.resume();
    assert_eq!(exit, Some(0), "{said}");
    shown(&said);
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("8 connections of 2 connectors") && flat.contains("8 of 8 answers of 192.0.2.1"), "{said}");
    assert_eq!(host.sh(left).trim(), "0");
}
