//! Whole recoveries of a k3s on its host.

use crate::common;
use crate::k3s_host::{Host, host};
use crate::whole::{self, Ground, LAB, NAME};
use crate::whole_faults::{clock_off, refused, two_at_once};
use std::path::{Path, PathBuf};
use std::process::Command;

const CONFIG: &str = "cluster-init: true\nnode-name: standin-0\ndisable: [traefik, servicelb, metrics-server]\n";
const DATA: &str = "/var/lib/rancher/k3s";

struct K3s {
    host: Host,
}

fn living(test: &str) -> Option<K3s> {
    let host = host(test, &[])?;
    host.put("config.yaml", CONFIG);
    host.put("lab.yaml", LAB);
    host.put("plan.yaml", whole::plan("provider: k3s, config: config.yaml"));
    host.sh("mkdir -p /srv/data");
    let k3s = K3s { host };
    let first = k3s.program(&["recover", "plan.yaml", "--confirm", NAME]).output().unwrap();
    assert!(first.status.success(), "{}", whole::said(&first));
    assert_eq!(k3s.data().lines().count(), 2, "{}", k3s.data());
    Some(k3s)
}

impl Ground for K3s {
    fn remembering(&self, state: &Path, words: &[&str]) -> Command {
        self.host.blackstart_in(state, words)
    }
    fn state(&self) -> PathBuf {
        self.host.path("state")
    }
    fn kill(&self, pid: i32) {
        self.host.sh(&format!("kill -KILL {pid}"));
    }
    fn data(&self) -> String {
        self.host.digests("/srv/data")
    }
    fn marks(&self) -> Vec<String> {
        let uid = self.host.sh("k3s kubectl get ns kube-system -o jsonpath='{.metadata.uid}'");
        vec![uid, self.host.sh(&format!("sha256sum < {DATA}/server/tls/server-ca.crt"))]
    }
    /// The old one is kept on purpose, once a recovery; it is removed here as a person would, and nothing else may be there.
    fn left(&self) -> Vec<String> {
        let lines = |script: &str| self.host.sh(script).lines().map(str::to_owned).collect::<Vec<_>>();
        let asides = lines(&format!("ls -d {DATA}/aside-* 2>/dev/null || :"));
        let mut left = Vec::new();
        if asides.len() != 1 {
            left.push(format!("not one old cluster, but {asides:?}"));
        }
        left.extend(lines("grep aside- /proc/self/mountinfo || :"));
        left.extend(lines("pgrep -fa '[k]3s server' | tail -n +2"));
        left.extend(lines(&format!("ls {DATA} | grep -vxE 'agent|server|storage|data|aside-.*' || :")));
        left.extend(whole::marked_in(&self.host.sh("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' || :")));
        self.host
            .sh(&format!("rm -rf {DATA}/aside-* && rm -rf /etc/rancher/k3s/*.aside-* /etc/rancher/node/*.aside-*"));
        left
    }
}

#[test]
fn a_living_k3s_is_made_anew_by_recover_also_when_it_is_killed_on_the_way() {
    let test = "a_living_k3s_is_made_anew_by_recover_also_when_it_is_killed_on_the_way";
    let Some(ground) = living(test) else { return };
    let (recoveries, kills) = if common::long() { (10, 20) } else { (1, 1) };
    let mut longest: f64 = 0.0;
    for _ in 0..recoveries {
        longest = longest.max(whole::recovers(&ground, "k3s"));
    }
    whole::killed(&ground, "k3s", kills, longest);
}

/// The disk that its data lie on is full.
fn no_space(ground: &K3s) {
    ground
        .host
        .sh(&format!("mount -t tmpfs -o size=1m tmpfs {DATA} && dd if=/dev/zero of={DATA}/x bs=64k 2>/dev/null || :"));
    let mut command = ground.program(&whole::RECOVER);
    let output = command.output().unwrap();
    ground.host.sh(&format!("umount {DATA}"));
    let words = whole::said(&output);
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains(&format!("disk of {DATA}")) && words.contains("has little room: 0 MiB"), "{words}");
}

#[test]
fn what_stands_in_the_way_of_a_recovery_of_k3s_is_told_and_the_cluster_lives_on() {
    let test = "what_stands_in_the_way_of_a_recovery_of_k3s_is_told_and_the_cluster_lives_on";
    let Some(ground) = living(test) else { return };
    clock_off(&ground, test, "another", &["F66", "clock of this host"]);
    let marks = ground.marks();
    no_space(&ground);
    assert_eq!(ground.marks(), marks);
    two_at_once(&ground);
    assert_eq!(ground.left(), Vec::<String>::new());
    refused(&ground, ground.program(&["recover", "plan.yaml", "--confirm", "another"]), &["nothing was changed"]);
}
