//! Fakes of docker and k3d: programs that answer from files, and write down each thing that they were asked.

use crate::common::{Lab, Told};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const DOCKER: &str = r#"# A fake: no Docker. It answers from the files beside it, and changes nothing.
cd FOLDER || exit 64
printf 'docker %s\n' "$*" >> calls
if [ -e silent ]; then
    echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2
    exit 1
fi
case "$1 $2" in
"version "*) echo 28.5.1 ;;
"info "*) echo one-daemon ;;
"ps "*) cat containers 2>/dev/null ;;
"network ls") cat networks 2>/dev/null ;;
"volume ls") cat volumes 2>/dev/null ;;
"container inspect") cat container ;;
"network inspect") cat network ;;
"volume inspect") cat volume ;;
"cp "*) echo 'Error response from daemon: Could not find the file in container' >&2; exit 1 ;;
*) echo "a fake does not know: $*" >&2; exit 64 ;;
esac
exit 0
"#;

const K3D: &str = r#"# A fake: no k3d. It says what k3d says when it sees nothing, and makes nothing.
cd FOLDER || exit 64
printf 'k3d %s\n' "$*" >> calls
case "$1" in
version) echo 'k3d version v5.8.3' ;;
*) echo "No nodes found for cluster, nothing to delete." ;;
esac
exit 0
"#;

/// How full the disk of the machine is that runs the tests, is not what they are about.
const ROOM: &str = "accept: [{id: F26, object: disk of /, reason: it is a test, until: 2099-01-01}]\n";

pub const SERVER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Words by which docker or k3d change something.
const CHANGES: &[&str] = &[
    "docker rm",
    "docker stop",
    "docker kill",
    "docker start",
    "docker restart",
    "docker run",
    "docker create",
    "docker exec",
    "docker network rm",
    "docker network create",
    "docker network disconnect",
    "docker volume rm",
    "docker volume create",
    "docker pull",
    "docker import",
    "docker system",
    "k3d cluster create",
    "k3d cluster delete",
    "k3d cluster stop",
    "k3d cluster start",
    "k3d node",
    "k3d image",
    "k3d registry",
    "k3d kubeconfig merge",
];

pub struct Fakes {
    pub lab: Lab,
}

impl Fakes {
    /// A plan for a cluster of k3d with one step, in a world where Docker knows of nothing.
    pub fn new(keys: &str) -> Self {
        let lab = Lab::new("  - {id: x, kind: probe, run: ['true']}\n");
        let name = lab.name.clone();
        let head = format!("name: {name}\ncluster: {{provider: k3d, config: k3d.yaml}}\n");
        lab.write("plan.yaml", &format!("{head}{ROOM}{keys}steps:\n  - {{id: x, kind: probe, run: ['true']}}\n"));
        let free = "{arg: --cluster-cidr=203.0.113.0/25}, {arg: --service-cidr=203.0.113.128/25}";
        let text = format!(
            "apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata: {{name: {name}}}\nimage: rancher/k3s:v1.34.1-k3s1\nvolumes: [{{volume: \"/srv/kept:/srv@all\"}}]\n\
             options: {{k3s: {{extraArgs: [{free}]}}}}\n"
        );
        lab.write("k3d.yaml", &text);
        Self::on(lab)
    }
    /// The fakes beside any plan.
    pub fn on(lab: Lab) -> Self {
        let folder = lab.path("world").display().to_string();
        lab.script("bin/docker", &DOCKER.replace("FOLDER", &folder));
        lab.script("bin/k3d", &K3D.replace("FOLDER", &folder));
        Self { lab }
    }
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.lab.command(words);
        let own = [self.lab.path("bin")];
        let paths = std::env::var_os("PATH").unwrap_or_default();
        command.env("PATH", std::env::join_paths(own.into_iter().chain(std::env::split_paths(&paths))).unwrap());
        for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "SSH_CONNECTION"] {
            command.env_remove(name);
        }
        // Nothing leaves this machine: who asks for a registry is turned away at once.
        command.env("HTTPS_PROXY", "http://127.0.0.1:1").env("https_proxy", "http://127.0.0.1:1");
        command
    }
    pub fn run(&self, words: &[&str]) -> Told {
        Told::of(self.command(words).output().unwrap())
    }
    pub fn calls(&self) -> String {
        self.lab.read("world/calls")
    }
    /// Nothing was changed, and nothing was begun.
    #[track_caller]
    pub fn is_untouched(&self) {
        let calls = self.calls();
        let changed: Vec<&str> =
            calls.lines().filter(|call| CHANGES.iter().any(|word| call.starts_with(word))).collect();
        assert!(changed.is_empty(), "{changed:#?}");
        assert!(self.lab.runs().is_empty(), "a run was begun");
    }
    /// Docker has one node of the cluster from now on, with a network and the volume of its images.
    pub fn stands(&self) {
        let name = &self.lab.name;
        let network = "b".repeat(64);
        let container = serde_json::json!({
            "id": SERVER, "name": format!("/k3d-{name}-server-0"), "created": "2026-11-03T02:11:09Z", "running": true,
            "cluster": name, "role": "server", "run": "", "drill": "", "network": format!("k3d-{name}"),
            "external": "false", "ports": null, "mounts": null,
        });
        let write = |file: &str, text: String| self.lab.write(&format!("world/{file}"), &format!("{text}\n"));
        write("containers", format!("{SERVER}\tk3d-{name}-server-0\t{name}"));
        write("container", container.to_string());
        write("networks", format!("{network}\tk3d-{name}\t"));
        write(
            "network",
            serde_json::json!({"id": network, "name": format!("k3d-{name}"), "created": "2026-11-03T02:11:08Z"})
                .to_string(),
        );
        write("volumes", format!("k3d-{name}-images\tk3d-{name}-images\t{name}"));
        write("volume", serde_json::json!({"name": format!("k3d-{name}-images"), "created": "2026-11-03T02:11:07Z", "cluster": name, "run": "", "drill": ""}).to_string());
    }
    /// A folder of an earlier run, with what it wrote down of its cluster.
    pub fn remembers(&self, run: &str, containers: &[&str], uid: &str) -> PathBuf {
        let folder = self.lab.path("state").join("blackstart").join(&self.lab.name).join(run);
        fs::create_dir_all(&folder).unwrap();
        let made = serde_json::json!({"name": self.lab.name, "uid": uid, "containers": containers});
        fs::write(folder.join("cluster.json"), made.to_string()).unwrap();
        folder
    }
}
