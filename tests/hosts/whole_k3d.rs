//! Whole recoveries of a cluster of k3d through the program itself, with another cluster beside it.

use crate::common;
use crate::k3d_world::{beside, same};
use crate::rig::{IMAGE, docker, fake_docker, folder, inside_for};
use crate::whole::{self, Ground, LAB, NAME};
use crate::whole_faults::{clock_off, refused, two_at_once};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
    fn remembering(&self, state: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(common::binary());
        command.arg("--state-dir").arg(state).args(["--color", "never"]).args(words);
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

fn fences() -> usize {
    let tables = Command::new("nft").args(["list", "tables"]).output().unwrap();
    String::from_utf8(tables.stdout).unwrap().matches("blackstart_").count()
}

/// Docker's data lie on a disk that is full, wherever that is.
fn no_space(ground: &K3d) {
    let full = ground.folder.join("full");
    std::fs::create_dir_all(&full).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&full).status().unwrap();
    assert!(mounted.success());
    std::fs::write(full.join("x"), vec![0; 1 << 20]).unwrap();
    fake_docker(&format!(
        "[ \"$1 $3\" = 'info {{{{.DockerRootDir}}}}' ] && {{ echo {}; exit; }}\nexec $docker \"$@\"\n",
        full.display()
    ));
    let object = format!("disk of {}", full.display());
    refused(ground, ground.program(&whole::RECOVER), &["F26", &object, "has little room: 0 MiB"]);
    fake_docker("exec $docker \"$@\"\n");
    assert!(Command::new("umount").arg(&full).status().unwrap().success());
}

/// A drill goes on beside the living cluster; it is killed, and what it leaves is removed by another process.
fn drill_killed_and_reaped(ground: &K3d) {
    let (before, data, marks) = (things(), ground.data(), ground.marks());
    let mut drill = ground.program(&["drill", "plan.yaml", "--in", "k3d"]);
    let mut drill = drill.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let since = Instant::now();
    // Its fence is up and k3d is at work.
    while docker(&["ps", "-aq", "--filter", "label=blackstart.drill"]).is_empty() {
        let over = drill.try_wait().unwrap().is_some() || since.elapsed() > Duration::from_secs(90);
        assert!(!over, "no drill in k3d: {}", whole::said(&drill.wait_with_output().unwrap()));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(fences(), 1);
    // A recovery does not begin beside it, and says whose end to wait for.
    refused(ground, ground.program(&whole::RECOVER), &["somebody else is at it", "drill home by process"]);
    let reaped = ground.program(&["drill", "--reap"]).output().unwrap();
    assert!(
        docker(&["ps", "-aq", "--filter", "label=blackstart.drill"]).lines().count() > 0,
        "one that goes on was reaped"
    );
    assert!(whole::said(&reaped).contains("0 sandboxes"), "{}", whole::said(&reaped));
    drill.kill().unwrap();
    drill.wait().unwrap();
    assert_eq!(fences(), 1, "its fence went with it, and its cluster did not");
    let reaped = ground.program(&["drill", "--reap"]).output().unwrap();
    let words = whole::said(&reaped);
    assert!(reaped.status.success() && words.contains("1 cluster of k3d removed"), "{words}");
    assert_eq!((things(), fences()), (before.clone(), 0), "{words}");

    // Once more, and killed while k3d is at work: it goes on alone, and would make what was just removed.
    let mut drill = ground.program(&["drill", "plan.yaml", "--in", "k3d"]);
    let mut drill = drill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let since = Instant::now();
    while crate::rig::calls("cluster create") < 3 {
        assert!(since.elapsed() < Duration::from_secs(90) && drill.try_wait().unwrap().is_none(), "no drill");
        std::thread::sleep(Duration::from_millis(5));
    }
    drill.kill().unwrap();
    drill.wait().unwrap();
    let at_work = whole::marked().len();
    let reaped = ground.program(&["drill", "--reap"]).output().unwrap();
    println!("a killed drill: {at_work} programs of it were at work; {}", whole::said(&reaped));
    assert_eq!(whole::marked(), Vec::<String>::new(), "a program of it is still at work");
    std::thread::sleep(Duration::from_secs(3));
    assert!(at_work > 0 && reaped.status.success(), "{}", whole::said(&reaped));
    assert_eq!((things(), fences()), (before, 0), "{}", whole::said(&reaped));
    assert_eq!((ground.data(), ground.marks()), (data, marks));
}

#[test]
fn what_stands_in_the_way_of_a_recovery_of_k3d_is_told_and_the_cluster_lives_on() {
    let test = "whole_k3d::what_stands_in_the_way_of_a_recovery_of_k3d_is_told_and_the_cluster_lives_on";
    if !inside_for(test, 400) {
        return;
    }
    let ground = living();
    drill_killed_and_reaped(&ground);
    // Its API server is not believed then, and nobody can see what data die.
    clock_off(&ground, test, NAME, &["F66", "F21"]);
    no_space(&ground);
    two_at_once(&ground);
    assert_eq!(ground.left(), Vec::<String>::new());
}
