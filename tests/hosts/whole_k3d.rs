//! Whole recoveries of a cluster of k3d through the program itself, with another cluster beside it.

use crate::common;
use crate::k3d_world::{beside, same};
use crate::rig::{IMAGE, docker, folder, inside_for};
use crate::whole::{self, Ground, LAB, NAME};
use std::path::PathBuf;
use std::process::Command;

struct K3d {
    folder: PathBuf,
    beside: String,
    /// How many of everything Docker has.
    things: String,
}

fn things() -> String {
    let names = [
        docker(&["ps", "-a", "--format", "{{.Names}}"]),
        docker(&["network", "ls", "--format", "{{.Name}}"]),
        // Those without a name have another one each time.
        docker(&["volume", "ls", "--format", "{{.Name}}"]),
    ];
    let nameless = |name: &str| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    names
        .map(|names| {
            let mut names: Vec<&str> =
                names.lines().map(|name| if nameless(name) { "(nameless)" } else { name }).collect();
            names.sort_unstable();
            names.join(" ")
        })
        .join(" | ")
}

/// A living cluster with data.
fn living() -> K3d {
    let folder = folder();
    for name in ["data", "plans", "state"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    let config = format!(
        "apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata: {{name: {NAME}}}\nservers: 1\nimage: {IMAGE}\n\
         kubeAPI: {{hostIP: 127.0.0.1, hostPort: \"6550\"}}\n\
         volumes:\n- {{volume: \"{}:/srv/data\", nodeFilters: [all]}}\n",
        folder.join("data").display()
    );
    let put = |name: &str, text: &str| std::fs::write(folder.join("plans").join(name), text).unwrap();
    put("k3d.yaml", &config);
    put("lab.yaml", LAB);
    put("plan.yaml", &whole::plan("provider: k3d, config: k3d.yaml"));
    let mut k3d = K3d { folder, beside: beside(), things: String::new() };
    let first = k3d.program(&["recover", "plan.yaml", "--confirm", NAME]).output().unwrap();
    assert!(first.status.success(), "{}", whole::said(&first));
    assert_eq!(k3d.data().lines().count(), 2, "{}", k3d.data());
    k3d.things = things();
    k3d
}

impl Ground for K3d {
    fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new(common::binary());
        command.arg("--state-dir").arg(self.state()).args(["--color", "never"]).args(words);
        command.current_dir(self.folder.join("plans"));
        command
    }
    fn state(&self) -> PathBuf {
        self.folder.join("state")
    }
    fn kill(&self, pid: i32) {
        common::signal(u32::try_from(pid).unwrap(), "KILL");
    }
    fn data(&self) -> String {
        let script = "find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2";
        let said = Command::new("sh").args(["-c", script]).current_dir(self.folder.join("data")).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    }
    fn marks(&self) -> Vec<String> {
        let server = format!("k3d-{NAME}-server-0");
        let uid = ["exec", &server, "kubectl", "get", "ns", "kube-system", "-o", "jsonpath={.metadata.uid}"];
        let authority = ["exec", &server, "sha256sum", "/var/lib/rancher/k3s/server/tls/server-ca.crt"];
        vec![docker(&uid), docker(&authority), docker(&["inspect", "-f", "{{.Id}}", &server])]
    }
    fn left(&self) -> Vec<String> {
        same(&beside(), &self.beside);
        let now = things();
        let mut left: Vec<String> = Vec::new();
        if now != self.things {
            left.push(format!("{now}, and it was {}", self.things));
        }
        left.extend(whole::marked());
        left
    }
}

#[test]
fn a_living_k3d_is_made_anew_by_recover_also_when_it_is_killed_on_the_way() {
    let test = "whole_k3d::a_living_k3d_is_made_anew_by_recover_also_when_it_is_killed_on_the_way";
    if !inside_for(test, if common::long() { 3600 } else { 500 }) {
        return;
    }
    let ground = living();
    let (recoveries, kills) = if common::long() { (10, 20) } else { (1, 1) };
    let mut longest: f64 = 0.0;
    for _ in 0..recoveries {
        longest = longest.max(whole::recovers(&ground, "k3d"));
    }
    whole::killed(&ground, "k3d", kills, longest);
}
