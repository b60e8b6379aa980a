//! Ports of this host that are held: by the cluster that dies, which is no clash, or by somebody else, which is one. What holds
//! them is a fake that calls itself docker-proxy and has its words.

use crate::common::have;
use blackstart::checks::access::Dying;
use blackstart::checks::before::{self, Range, Scene};
use blackstart::checks::rules::Ground;
use blackstart::checks::rules::cluster::Cluster;
use blackstart::manifests::repository;
use blackstart::sys::{Look, side};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const HOLDER: &str = r#"
# A fake: no docker-proxy. It holds a port, and waits.
import socket, time
open("/proc/self/comm", "w").write("docker-proxy")
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen()
print(listening.getsockname()[1], flush=True)
time.sleep(600)
"#;

struct Holder(Child, String);

impl Holder {
    fn new() -> Self {
        let words = ["-c", HOLDER, "-container-ip", "172.29.7.3"];
        let mut child = Command::new("python3").args(words).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self(child, port.trim().to_owned())
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is said of F15 about this port, when this dies.
fn asked(port: &str, dying: Option<&Dying>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata: {{name: lab}}\nports: [{{port: \"{port}:80@loadbalancer\"}}]\n"
    );
    fs::write(folder.path().join("k3d.yaml"), text).unwrap();
    let found = repository::read(Look::new(), &[folder.path().to_owned()]);
    let cluster = found.tools.iter().find_map(|object| Cluster::of_k3d(object));
    let papers = [found.papers];
    let ground = Ground::of(&papers, cluster, &|_| false);
    let mut scene = Scene::new(&ground, "plan.yaml", None, false);
    scene.dying = dying;
    let answers = side::block_on(before::ask(Look::new(), &scene)).unwrap();
    let about = |text: &&String| text.contains(&format!("port {port}"));
    let findings = answers.told.faults.iter().map(|fault| format!("error {}", fault.finding.message));
    let unknowns = answers.told.unknowns.iter().map(|one| format!("unknown {}", one.message));
    let figures = answers.figures.iter().map(|(name, told)| format!("{name}: {told}"));
    findings.chain(unknowns).chain(figures).collect::<Vec<_>>().iter().filter(about).cloned().collect()
}

#[test]
fn a_port_that_the_dying_cluster_holds_is_no_clash_and_one_of_another_is() {
    if !have("python3", "a_port_that_the_dying_cluster_holds_is_no_clash_and_one_of_another_is") {
        return;
    }
    let holder = Holder::new();
    let port = &holder.1;
    let of = |range: &str| Dying {
        networks: vec![(Range::read(range).unwrap(), "network k3d-lab".to_owned())],
        ..Dying::default()
    };
    assert_eq!(asked(port, Some(&of("172.29.7.0/24"))), [format!("port {port}: held by the cluster that dies")]);
    let clash = asked(port, Some(&of("172.30.0.0/16")));
    assert!(
        matches!(&clash[..], [one] if one.starts_with(&format!("error port {port} of this host is taken"))),
        "{clash:?}"
    );
    let clash = asked(port, Some(&Dying::default()));
    assert!(matches!(&clash[..], [one] if one.starts_with("error")), "nothing dies: {clash:?}");
    let open = asked(port, None);
    assert!(matches!(&open[..], [one] if one.starts_with("unknown")), "what stands there was not looked at: {open:?}");
}
