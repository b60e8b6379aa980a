//! A k3s on another host, over the system's own ssh to a real sshd: what keeps one from it is told in one sentence, what is asked
//! of a host is asked of that one, and a recovery whose connection is lost goes on when it is there again.

use super::k3s_host::{Host, host, named};
use super::sandbox::not_run;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const SSHD: &str = "/usr/sbin/sshd";
const CONFIG: &str = "cluster-init: true\nnode-name: nas\ndisable: [traefik, servicelb, metrics-server]\n";
const REGISTRIES: &str = "mirrors:\n  registry.example.org:\n    endpoint: [\"http://127.0.0.1:5000\"]\n";
const DATA: &str = "/var/lib/rancher/k3s";
/// Nobody but the store and the host has it.
const CANARY: &str = "canary-token-5f0c2b7e91";

const CRASH: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: crash, namespace: default}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: c
    image: busybox:1.36
    imagePullPolicy: IfNotPresent
    command: [sh, -c, "echo 'password authentication failed for user web, password=hunter2hunter2'; exit 3"]
"#;

fn plan(user: &str) -> String {
    // A stand-in has the disk of its machine.
    let accept = |disk: String| format!("  - {{id: F26, object: {disk}, reason: a stand-in, until: 2999-01-01}}\n");
    let disks = ["/", "/var/lib/rancher"].map(|path| accept(format!("disk of {path} of {user}@nas"))).concat();
    let accept = format!("accept:\n{disks}{}", accept("disk of /".to_owned()));
    format!(
        "name: rack\nsecrets: {{files: store}}\n\
         cluster:\n  provider: k3s\n  host: {user}@nas\n  config: config.yaml\n  registries: registries.yaml\n  \
         install: k3s\n  token: secret/kube-system/rack/token\n\
         steps:\n  - {{id: answers, kind: probe, run: [\"true\"]}}\n{accept}"
    )
}

struct Pair {
    desk: Host,
    nas: Host,
    sshd: Option<Child>,
}

impl Pair {
    fn new(test: &str) -> Option<Self> {
        if !Path::new(SSHD).exists() {
            not_run(test, "there is no sshd: openssh-server");
            return None;
        }
        let desk = host(test, &["--bare", "--name", "desk", "--also", "lan"])?;
        let beside = desk.path("host").display().to_string();
        let nas = host(test, &["--bare", "--name", "nas", "--address", "192.0.2.20/24", "--beside", &beside])?;
        for name in ["user", "server", "other"] {
            let path = desk.path(name);
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path).status();
            assert!(made.unwrap().success());
        }
        nas.sh("mkdir -p -m 0755 /run/sshd /srv/ana");
        nas.sh(&format!("cp {} /srv/keys && chmod 0644 /srv/keys", desk.path("user.pub").display()));
        nas.sh("grep -q '^sshd:' /etc/passwd || echo 'sshd:x:990:65534::/run/sshd:/usr/sbin/nologin' >> /etc/passwd
             echo 'ana:x:1234:1234::/srv/ana:/bin/sh' >> /etc/passwd
             echo 'ana:*:19000:0:99999:7:::' >> /etc/shadow");
        desk.put(
            "ssh_config",
            format!(
                "Host nas\n  HostName 192.0.2.20\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  \
                 GlobalKnownHostsFile /dev/null\n",
                desk.path("user").display(),
                desk.path("known").display()
            ),
        );
        desk.sh("mkdir -p /etc/ssh/ssh_config.d && cp ssh_config /etc/ssh/ssh_config.d/00-test.conf");
        desk.put("config.yaml", CONFIG);
        desk.put("registries.yaml", REGISTRIES);
        std::fs::copy(desk.programs().join("k3s"), desk.path("k3s")).unwrap();
        Some(Self { desk, nas, sshd: None })
    }

    fn listen(&mut self) {
        let server = self.desk.path("server").display().to_string();
        let options =
            ["AuthorizedKeysFile=/srv/keys", "StrictModes=no", "UsePAM=no", "PidFile=none", "PermitRootLogin=yes"];
        let mut words = vec![SSHD, "-D", "-f", "/dev/null", "-h", &server];
        options.iter().for_each(|option| words.extend(["-o", option]));
        self.sshd = Some(self.nas.hold(&words));
        self.nas.until("grep -q ':0016 ' /proc/net/tcp", 20);
    }
    /// The server of ssh and every session of it end at once.
    fn lose(&mut self) {
        self.nas
            .sh("for name in $(grep -lx sshd /proc/[0-9]*/comm); do at=${name%/comm}; kill -9 ${at#/proc/}; done; :");
        if let Some(mut sshd) = self.sshd.take() {
            sshd.wait().unwrap();
        }
    }
    fn knows(&self, key: &str) {
        let key = std::fs::read_to_string(self.desk.path(&format!("{key}.pub"))).unwrap();
        self.desk.put("known", format!("192.0.2.20 {key}"));
    }
    #[track_caller]
    fn refused(&self, why: &str) {
        let (exit, said) = self.desk.recover("plan.yaml");
        assert!(exit == Some(3) && said.contains(why), "{why}: {exit:?}: {said}");
        assert!(!said.contains(CANARY));
    }
}

#[test]
fn a_k3s_on_another_host_is_made_over_ssh_and_a_lost_connection_is_resumed() {
    let test = "a_k3s_on_another_host_is_made_over_ssh_and_a_lost_connection_is_resumed";
    let Some(mut pair) = Pair::new(test) else { return };
    let has_sudo = Path::new("/usr/bin/sudo").exists();
    pair.desk.put("plan.yaml", plan("root"));
    pair.desk.store("kube-system/rack", "token", CANARY);
    // What listens on the desk is nobody's business.
    let mut other = pair.desk.hold(&["busybox", "nc", "-l", "-p", "6443"]);

    pair.knows("server");
    pair.refused("root@nas: cannot be reached");
    pair.listen();
    std::fs::remove_file(pair.desk.path("known")).unwrap();
    pair.refused("root@nas: its host key is not known to this user");
    pair.knows("other");
    pair.refused("root@nas: its host key is not the one that this user knows");
    pair.knows("server");
    pair.desk.put("plan.yaml", plan("ana"));
    pair.refused(if has_sudo { "sudo gives this user no root there" } else { "there is no sudo" });
    let before = pair.nas.sh("find /usr/local/bin /etc/rancher /var/lib/rancher /etc/systemd | sort");
    // A stranger has a port that k3s needs: it is the other host that is asked.
    let mut stranger = pair.nas.hold(&["busybox", "nc", "-l", "-p", "10250"]);
    pair.nas.until("grep -q ':280A ' /proc/net/tcp /proc/net/tcp6", 20);
    let user = if has_sudo { "ana" } else { "root" };
    if has_sudo {
        pair.nas.sh("mkdir -p /etc/sudoers.d && echo 'ana ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ana && chmod 0440 /etc/sudoers.d/ana");
    }
    pair.desk.put("plan.yaml", plan(user));
    pair.refused(&format!("port 10250 of {user}@nas is taken"));
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert_eq!(pair.nas.sh("find /usr/local/bin /etc/rancher /var/lib/rancher /etc/systemd | sort"), before);

    let (exit, said) = pair.desk.recover("plan.yaml");
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("DNS answers a pod at 10.43.0.10"), "{said}");
    let nas = &pair.nas;
    assert_eq!(
        nas.sh("cat /etc/rancher/k3s/config.yaml /etc/rancher/k3s/registries.yaml"),
        [CONFIG, REGISTRIES].concat()
    );
    assert_eq!(nas.sh("sha256sum < /usr/local/bin/k3s"), pair.desk.sh("sha256sum < k3s"));
    // The token of the store is the cluster's, and stands nowhere else.
    assert!(nas.sh(&format!("cat {DATA}/server/token")).contains(CANARY));
    assert_eq!(nas.sh("stat -c %a /etc/rancher/k3s/blackstart.token").trim(), "600");
    pair.desk.put("canary", CANARY);
    let canary = pair.desk.path("canary").display().to_string();
    let shown = format!("grep -laF -f {canary} /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; :");
    assert_eq!((nas.sh(&shown), pair.desk.sh(&shown)), (String::new(), String::new()));
    assert_eq!(pair.desk.sh(&format!("grep -rlF {CANARY} state; :")), "");
    assert!(!said.contains(CANARY));

    nas.put("claim.yaml", super::k3s::CLAIM);
    nas.sh("k3s kubectl apply -f claim.yaml");
    nas.until(&format!("cat {DATA}/storage/*/done"), 240);
    let (data, old) = (nas.digests(&format!("{DATA}/storage")), uid(nas));
    assert_eq!(data.lines().count(), 2, "{data}");
    // Everything is cut off the moment that the server's folder is moved.
    let mut begun = pair.desk.begin("plan.yaml");
    let disk = pair.nas.path("host/fs/var/lib/rancher/k3s");
    let since = Instant::now();
    while !named(&disk, "aside-").is_some_and(|aside| disk.join(aside).join("server").exists()) {
        let ended = begun.try_wait().unwrap();
        assert!(ended.is_none() && since.elapsed() < Duration::from_secs(120), "nothing was moved: {ended:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
    pair.lose();
    assert!(!begun.wait().unwrap().success(), "it was cut off");
    let (_, told) = pair.desk.status();
    assert!(told.contains("@nas: "), "{told}");
    pair.listen();
    let (exit, said) = pair.desk.resume();
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("the old one is kept in"), "{said}");
    assert_eq!(pair.nas.digests(&format!("{DATA}/storage")), data);
    assert_ne!(uid(&pair.nas), old);
    assert!(!pair.nas.exists("/run/blackstart-uninstall-was-run"));
    // What asks for the cluster of the run finds it by itself, also from afar.
    let (exit, said) = pair.desk.diagnose("plan.yaml");
    assert_eq!(exit, Some(0), "{said}");
    // A container that does not stay up is heard; what looks like a password is not shown.
    pair.nas.put("crash.yaml", CRASH);
    pair.nas.sh("k3s kubectl apply -f crash.yaml");
    let since = Instant::now();
    // Between two ends it runs, and is well for a moment.
    let (mut exit, mut said) = pair.desk.diagnose("plan.yaml");
    while exit != Some(1) && since.elapsed() < Duration::from_secs(90) {
        std::thread::sleep(Duration::from_secs(1));
        (exit, said) = pair.desk.diagnose("plan.yaml");
    }
    assert!(
        exit == Some(1) && said.contains("F20  Pod default/crash") && said.contains("for user web, password=(hidden)"),
        "{exit:?}: {said}"
    );
    assert!(!said.contains("hunter2hunter2"));
    pair.lose();
    other.kill().unwrap();
    other.wait().unwrap();
}

fn uid(host: &Host) -> String {
    host.sh("k3s kubectl get ns kube-system -o jsonpath='{.metadata.uid}'")
}
