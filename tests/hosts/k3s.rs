//! Whole recoveries of a k3s: what stays stays to the byte, what is old is moved aside, and whatever is cut off goes on.

use super::k3s_host::{Host, host};
use std::time::{Duration, Instant};

const CONFIG: &str = "cluster-init: true\nnode-name: standin-0\ndisable: [traefik, servicelb, metrics-server]\n";
/// Nothing comes from it, but for the test that has a registry.
const REGISTRIES: &str = "mirrors:\n  registry.example.org:\n    endpoint: [\"http://127.0.0.1:5000\"]\n";
const MIRROR: &str = "mirrors:\n  docker.io:\n    endpoint: [\"http://127.0.0.1:5000\"]\n";
const PLAN: &str = "name: rack\n\
    accept: [{id: F26, object: disk of /, reason: a stand-in has the disk of its machine, until: 2999-01-01}]\ncluster: {provider: k3s, config: config.yaml, registries: registries.yaml}\n\
    steps:\n  - {id: answers, kind: probe, run: [k3s, kubectl, get, nodes]}\n";
pub const CLAIM: &str = r#"
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default}
spec: {accessModes: [ReadWriteOnce], storageClassName: local-path, resources: {requests: {storage: 10Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: writer, namespace: default}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: c
    image: busybox:1.36
    imagePullPolicy: IfNotPresent
    command: [sh, -c, "head -c 100000 /dev/urandom > /data/f; sync; echo done > /data/done; sleep 10000"]
    ports: [{containerPort: 80, hostPort: 18080}]
    volumeMounts: [{name: d, mountPath: /data}]
  volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
"#;
const DATA: &str = "/var/lib/rancher/k3s";

/// A host with a k3s that lives and has data.
fn living(test: &str) -> Option<Host> {
    let host = host(test, &[])?;
    host.put("config.yaml", CONFIG);
    host.put("registries.yaml", REGISTRIES);
    host.put("plan.yaml", PLAN);
    host.put("claim.yaml", CLAIM);
    let (exit, said) = host.recover("plan.yaml");
    assert_eq!(exit, Some(0), "{said}");
    host.sh("k3s kubectl apply -f claim.yaml");
    host.until(&format!("cat {DATA}/storage/*/done"), 240);
    Some(host)
}

fn uid(host: &Host) -> String {
    host.sh("k3s kubectl get ns kube-system -o jsonpath='{.metadata.uid}'")
}

/// A registry at hand that has every image which runs.
fn registry(host: &Host) -> std::process::Child {
    let config = "version: 0.1\nstorage: {filesystem: {rootdirectory: /srv/registry}}\nhttp: {addr: 127.0.0.1:5000}\n\
                  log: {accesslog: {disabled: true}, level: error}\n";
    host.put("registry.yaml", config);
    let program = host.programs().join("registry").display().to_string();
    let running = host.hold(&["sh", "-c", &format!("exec {program} serve registry.yaml > registry.log 2>&1")]);
    host.until("grep -q ':1388 ' /proc/net/tcp /proc/net/tcp6", 30);
    host.sh("for image in $(k3s ctr images ls -q | grep '^docker.io/' | grep -v @); do
           to=127.0.0.1:5000/${image#docker.io/}
           k3s ctr images tag --force $image $to >/dev/null && k3s ctr images push --plain-http $to >/dev/null || exit 1
         done");
    running
}

/// The old one is kept, nothing of it is mounted or runs, and neither script was run.
fn is_clean(host: &Host) {
    assert!(!host.exists("/run/blackstart-uninstall-was-run"), "one of k3s's scripts was run");
    assert_eq!(host.sh("grep -c aside- /proc/self/mountinfo || :").trim(), "0");
    let asides = host.sh(&format!("ls -d {DATA}/aside-*/server/tls {DATA}/aside-*/agent"));
    assert_eq!(asides.lines().count(), 2, "{asides}");
}

#[test]
fn a_living_k3s_is_made_anew_and_its_data_is_the_same_to_the_byte() {
    let test = "a_living_k3s_is_made_anew_and_its_data_is_the_same_to_the_byte";
    let Some(host) = living(test) else { return };
    let (before, old) = (host.digests(&format!("{DATA}/storage")), uid(&host));
    assert_eq!(before.lines().count(), 2, "{before}");
    let ca = host.sh(&format!("sha256sum < {DATA}/server/tls/server-ca.crt"));
    assert!(host.sh("iptables -t nat -S").contains("--dports 18080"));
    host.put("registries.yaml", MIRROR);
    let leases = host.sh("ls /var/lib/cni/networks/cbr0/10.* | wc -l");
    // Its mirror is down: that is told with its place and its cause, and the cluster is kept as it is.
    let (exit, said) = host.recover("plan.yaml");
    assert_ne!(exit, Some(0), "{said}");
    assert!(said.contains("registries.yaml:2: mirror docker.io: ") && said.contains("connection refused"), "{said}");
    assert!(said.contains("3 of 3 gone, by their ids"), "{said}");
    let kept = uid(&host);
    let mut registry = registry(&host);
    let (exit, said) = host.resume();
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("1 mirror pulled from, DNS answers a pod at 10.43.0.10"), "{said}");
    assert_eq!(uid(&host), kept, "it was not made anew: {said}");
    registry.kill().unwrap();
    registry.wait().unwrap();
    assert!(said.contains("the old one is kept in /var/lib/rancher/k3s/aside-"), "{said}");
    assert_eq!(host.digests(&format!("{DATA}/storage")), before);
    assert_ne!(uid(&host), old);
    assert_ne!(host.sh(&format!("sha256sum < {DATA}/server/tls/server-ca.crt")), ca);
    assert_eq!(host.sh(&format!("cat {DATA}/aside-*/server/tls/server-ca.crt | sha256sum")), ca);
    assert_eq!(host.sh("cat /etc/rancher/k3s/config.yaml /etc/rancher/k3s/registries.yaml"), [CONFIG, MIRROR].concat());
    assert!(host.exists(&format!("{DATA}/agent/etc/containerd/certs.d/docker.io/hosts.toml")));
    is_clean(&host);
    // Nothing leads to pods that are no more, and their addresses are free.
    let rules = host.sh("iptables -t nat -S");
    assert!(!rules.contains("--dports 18080"), "{rules}");
    assert_eq!(host.sh("ls /var/lib/cni/cbr0-aside-*/10.* | wc -l"), leases);

    // The way back is what it says it is.
    let way = host.sh(&format!("grep -e '^systemctl' -e '^mkdir' -e '^mv' -e '^\\[' {DATA}/aside-*/WAY-BACK"));
    host.sh(&way);
    host.until("k3s kubectl get nodes | grep -qw Ready", 240);
    assert_eq!(uid(&host), old, "the old cluster is back");
    assert_eq!(host.digests(&format!("{DATA}/storage")), before);
}

#[test]
fn killed_between_the_move_and_the_start_it_is_resumed_also_after_a_reboot() {
    let test = "killed_between_the_move_and_the_start_it_is_resumed_also_after_a_reboot";
    let Some(mut host) = living(test) else { return };
    let (before, old) = (host.digests(&format!("{DATA}/storage")), uid(&host));
    // Everything is cut off the moment the server's folder is moved.
    let mut begun = host.begin("plan.yaml");
    let disk = host.path("host/fs/var/lib/rancher/k3s");
    let since = Instant::now();
    let moved = || {
        let aside = super::k3s_host::named(&disk, "aside-")?;
        disk.join(aside).join("server").exists().then_some(())
    };
    while moved().is_none() {
        assert!(since.elapsed() < Duration::from_secs(90), "nothing was moved");
        std::thread::sleep(Duration::from_millis(1));
    }
    host.dies();
    begun.wait().unwrap();
    host.boot(&[]);
    assert_eq!(host.sh("systemctl is-enabled k3s.service || :").trim(), "disabled", "nothing begins on what is left");
    let (exit, said) = host.resume();
    assert_eq!(exit, Some(0), "{said}");
    assert_eq!(host.digests(&format!("{DATA}/storage")), before);
    assert_ne!(uid(&host), old);
    is_clean(&host);
}

#[test]
fn a_cluster_begins_with_a_snapshot_and_a_damaged_one_is_refused_before_anything_is_touched() {
    let test = "a_cluster_begins_with_a_snapshot_and_a_damaged_one_is_refused_before_anything_is_touched";
    let Some(host) = living(test) else { return };
    host.sh("k3s kubectl create configmap kept --from-literal=a=b && k3s etcd-snapshot save --name by-hand");
    host.sh(&format!("cp {DATA}/server/db/snapshots/by-hand-* snapshot"));
    host.sh("k3s kubectl delete configmap kept");
    let old = uid(&host);
    host.put("plan.yaml", PLAN.replace("cluster: {", "cluster: {snapshot: snapshot, "));

    let whole = std::fs::read(host.path("snapshot")).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    let about = "ls -d /var/lib/rancher/k3s/aside-* 2>/dev/null || :";
    for (bytes, why) in
        [(&damaged[..], "is damaged"), (&whole[..whole.len() / 2], "is not whole"), (b"no", "is no snapshot")]
    {
        host.put("snapshot", bytes);
        let (exit, said) = host.recover("plan.yaml");
        assert!(exit == Some(2) && said.contains(why), "{exit:?}: {said}");
        assert_eq!(host.sh(about), "");
        assert_eq!(uid(&host), old, "it lives on");
    }
    host.put("snapshot", &whole);
    let (exit, said) = host.recover("plan.yaml");
    assert_eq!(exit, Some(0), "{said}");
    assert_eq!(host.sh("k3s kubectl get configmap kept -o jsonpath='{.data.a}'"), "b");
    assert_eq!(uid(&host), old, "it is the cluster of the snapshot");
    is_clean(&host);
}

#[test]
fn what_is_not_known_of_a_k3s_is_not_taken_for_nothing() {
    let test = "what_is_not_known_of_a_k3s_is_not_taken_for_nothing";
    let Some(host) = host(test, &["--bare"]) else { return };
    host.put(
        "plan.yaml",
        "name: rack\naccept: [{id: F26, object: disk of /, reason: a stand-in, until: 2999-01-01}]\n\
         cluster: {provider: k3s, install: program}\nsteps:\n  - {id: answers, kind: probe, run: [\"true\"]}\n",
    );
    host.put("program", "no script");
    let before = host.sh("find /usr/local/bin /etc/rancher /var/lib/rancher /etc/systemd | sort");
    let refused = |why: &str| {
        let (exit, said) = host.recover("plan.yaml");
        assert!(exit == Some(3) && said.contains(why), "{why}: {exit:?}: {said}");
    };
    // One that somebody has started by hand, or by a unit of another name.
    host.sh("cp /bin/sleep /run/k3s-server");
    let mut running = host.hold(&["/run/k3s-server", "600"]);
    host.until("grep -qx k3s-server /proc/[0-9]*/comm", 20);
    refused("a k3s server runs that is not of k3s.service");
    running.kill().unwrap();
    running.wait().unwrap();
    // A port that k3s will want, and a key that it would skip.
    let mut stranger = host.hold(&["busybox", "nc", "-l", "-p", "10250"]);
    host.until("grep -q ':280A ' /proc/net/tcp /proc/net/tcp6", 20);
    refused("port 10250 of this host is taken, and the kubelet needs it: busybox (pid");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    let plan = std::fs::read_to_string(host.path("plan.yaml")).unwrap();
    host.put("config.yaml", "node-name: rack\nnode-lable: [a=b]\nfrobnicate: 1\n");
    host.put("plan.yaml", plan.replace("install:", "config: config.yaml, install:"));
    refused("config.yaml:2  cluster rack: k3s knows no key `node-lable`, did you mean `node-label`?");
    // The k3s that is there is older than a key: it is not run to know that.
    host.put("config.yaml", "node-name: rack\nembedded-registry: true\n");
    host.put("plan.yaml", plan.replace("install: program", "config: config.yaml"));
    host.sh("printf '#!/bin/sh\\n[ $1 = --version ] && echo k3s version v1.25.1 || touch /run/it-was-run # node-name\\n' > /usr/local/bin/k3s; chmod 755 /usr/local/bin/k3s");
    refused("k3s v1.25.1 has no option `embedded-registry`");
    assert!(!host.exists("/run/it-was-run"));
    host.sh("rm /usr/local/bin/k3s");
    host.put("plan.yaml", plan);
    // One that keeps its data elsewhere, by what counts more than its config.
    host.sh("mkdir -p /etc/rancher/k3s/config.yaml.d; echo 'data-dir: /srv/k3s' > /etc/rancher/k3s/config.yaml.d/10-data.yaml");
    refused("k3s keeps its data in /srv/k3s");
    host.sh("rm -r /etc/rancher/k3s; echo K3S_DATA_DIR=/srv/other > /etc/systemd/system/k3s.service.env");
    refused("k3s keeps its data in /srv/other");
    host.sh("echo K3S_CONFIG_FILE=/srv/k3s.yaml > /etc/systemd/system/k3s.service.env");
    refused("k3s takes its config from /srv/k3s.yaml");
    host.sh("rm /etc/systemd/system/k3s.service.env");
    assert_eq!(host.sh("find /usr/local/bin /etc/rancher /var/lib/rancher /etc/systemd | sort"), before);
    // A disk that somebody has mounted into what would be moved aside; and a folder of the data that lies elsewhere.
    host.sh(
        "mkdir -p /srv/data/server/db /srv/disk && touch /srv/data/server/x && ln -s /srv/data /var/lib/rancher/k3s",
    );
    host.sh("mount --bind /srv/disk /srv/data/server/db");
    let (exit, said) = host.recover("plan.yaml");
    assert!(exit == Some(1) && said.contains("/srv/data/server/db is a file system of its own"), "{exit:?}: {said}");
    assert!(host.exists("/srv/data/server/x") && host.sh("cat /proc/self/mountinfo").contains("/srv/data/server/db"));
}
