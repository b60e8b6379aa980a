//! A host with a bridge, two pods on it, a production container behind another bridge and somebody outside, all of it in network
//! namespaces that hang on one process. A test runs itself again inside, and every peer is this very program.

use crate::sandbox::not_run;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub const NETWORK: &str = "0123456789abcdef0123456789abcdef";
pub const BRIDGE: &str = "br-0123456789ab";
const INSIDE: &str = "BLACKSTART_FENCE_INSIDE";
const ROLE: &str = "BLACKSTART_FENCE_ROLE";
const PATIENCE: Duration = Duration::from_millis(900);

const NO_DAD: &str =
    "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad";

/// What becomes the host before the test begins again in it.
const HOST: &str = "mount --make-rprivate / && mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys && mkdir -p /run/netns \
     && ip link set lo up && exec \"$0\" \"$@\"";

/// Docker's own rules in short: published ports, a masquerade, and a forwarding that lets containers out.
const DOCKER: &str = "
table ip nat {
 chain prerouting { type nat hook prerouting priority dstnat;
  ip daddr 203.0.113.1 tcp dport 8443 dnat to 10.99.0.2:443
  ip daddr 203.0.113.1 tcp dport 8444 dnat to 10.99.0.2:80
  ip daddr 203.0.113.1 tcp dport 8445 dnat to 10.88.0.3:80
 }
 chain postrouting { type nat hook postrouting priority srcnat; ip saddr 10.88.0.0/16 oifname != \"br-0123456789ab\" masquerade
 }
}
table inet filter {
 chain forward { type filter hook forward priority filter; policy drop;
  iifname \"br-0123456789ab\" tcp dport 9999 drop
  iifname \"br-0123456789ab\" accept
  oifname \"br-0123456789ab\" accept
  ct state established,related accept
 }
}
";

/// True in the host of its own. Outside of it the test is run again inside; its end is the end of everything in there.
pub fn inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        build();
        return true;
    }
    let wanted = ["ip", "unshare", "nft", "mount"];
    let missing = wanted.iter().find(|name| Command::new(name).arg("--version").output().is_err());
    if let Some(missing) = missing {
        not_run(test, &format!("{missing} is not on PATH"));
        return false;
    }
    if !std::fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t") {
        not_run(test, "namespaces of a host need root");
        return false;
    }
    let exe = std::env::current_exe().unwrap();
    let out = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", HOST])
        .arg(exe)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && said.contains("1 passed"), "{said}\n{wrong}");
    said.lines().filter(|line| line.contains("fence:")).for_each(|line| println!("{line}"));
    false
}

pub fn sh(script: &str) -> String {
    let out = Command::new("sh").args(["-ec", script]).output().unwrap();
    assert!(out.status.success(), "{script}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn build() {
    // An address that has to be proven unique first is not there for a second.
    let mut script = format!("{NO_DAD}\n");
    script += &format!("ip link add {BRIDGE} type bridge mcast_snooping 0; ip link add br-prod type bridge\n");
    for (name, bridge, four, six) in [
        ("pod", BRIDGE, "10.88.0.2/24", "fd00:88::2/64"),
        ("next", BRIDGE, "10.88.0.3/24", "fd00:88::3/64"),
        ("prod", "br-prod", "10.99.0.2/24", "fd00:99::2/64"),
        ("far", "", "203.0.113.2/24", "2001:db8::2/64"),
    ] {
        script += &format!("ip netns add {name}; ip netns exec {name} sh -c '{}'\n", NO_DAD);
        script += &format!("ip link add v-{name} type veth peer name eth0 netns {name}\n");
        script += &format!("ip -n {name} link set lo up; ip -n {name} link set eth0 up; ip link set v-{name} up\n");
        script += &format!("ip -n {name} addr add {four} dev eth0; ip -n {name} addr add {six} dev eth0 nodad\n");
        if !bridge.is_empty() {
            script += &format!("ip link set v-{name} master {bridge}\n");
        }
    }
    script += &format!(
        "ip addr add 10.88.0.1/24 dev {BRIDGE}; ip addr add fd00:88::1/64 dev {BRIDGE} nodad; ip link set {BRIDGE} up
         ip addr add 10.99.0.1/24 dev br-prod; ip addr add fd00:99::1/64 dev br-prod nodad; ip link set br-prod up
         ip addr add 203.0.113.1/24 dev v-far; ip addr add 2001:db8::1/64 dev v-far nodad
         ip -n far addr add 203.0.113.3/24 dev eth0; ip -n far addr add 2001:db8::3/64 dev eth0 nodad
         for one in pod next; do ip -n $one route add default via 10.88.0.1; ip -n $one -6 route add default via fd00:88::1; done
         ip -n prod route add default via 10.99.0.1; ip -n prod -6 route add default via fd00:99::1
         ip -n far route add default via 203.0.113.1; ip -n far -6 route add default via 2001:db8::1
         ip route add default via 203.0.113.2
         echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
         nft -f - <<'RULES'\n{DOCKER}\nRULES\n"
    );
    sh(&script);
}

/// One question of a pod: can it get an answer from there?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    pub how: &'static str,
    pub to: &'static str,
    pub port: u16,
}

pub const fn probe(how: &'static str, to: &'static str, port: u16) -> Probe {
    Probe { how, to, port }
}

fn role(space: Option<&str>, role: &str) -> Command {
    let exe = std::env::current_exe().unwrap();
    let command = match space {
        Some(space) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", space]).arg(exe);
            command
        }
        None => Command::new(exe),
    };
    as_role(command, role)
}

fn as_role(mut command: Command, role: &str) -> Command {
    command.args(["--exact", "a_peer_of_the_other_tests", "--nocapture"]).env(ROLE, role);
    command
}

/// Somebody who answers on these ports, of TCP and UDP, until it is dropped.
pub struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn peer(space: Option<&str>, ports: &[u16]) -> Peer {
    serving(role(space, &serve_on(ports)))
}

/// The same, started by a program that puts it where it belongs.
pub fn peer_by(mut by: Command, ports: &[u16]) -> Peer {
    by.arg(std::env::current_exe().unwrap());
    serving(as_role(by, &serve_on(ports)))
}

fn serve_on(ports: &[u16]) -> String {
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    format!("serve {}", ports.join(" "))
}

fn serving(mut command: Command) -> Peer {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&mut child, "ready");
    Peer(child)
}

/// The answers that somebody in this namespace gets, side by side.
pub fn answers(space: &str, probes: &[Probe]) -> Vec<bool> {
    let words: Vec<String> = probes.iter().map(|one| format!("{} {} {}", one.how, one.to, one.port)).collect();
    let out = role(Some(space), &format!("ask {}", words.join(";"))).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let line = said.lines().find_map(|line| line.split_once("answers: ").map(|(_, rest)| rest.to_owned()));
    line.unwrap_or_else(|| panic!("{said}")).split(' ').map(|word| word == "yes").collect()
}

/// A connection that is held while the fence goes up: sends a byte when told to, and says whether it was answered.
pub struct Held(Child);

pub fn hold(space: &str, to: &str) -> Held {
    let mut child =
        role(Some(space), &format!("hold {to}")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&mut child, "held");
    Held(child)
}

impl Held {
    pub fn still_answered(mut self) -> bool {
        self.0.stdin.take().unwrap().write_all(b"x").unwrap();
        let out = self.0.wait_with_output().unwrap();
        String::from_utf8_lossy(&out.stdout).contains("answered: yes")
    }
}

fn wait_for(child: &mut Child, word: &str) {
    let (mut heard, mut part) = (String::new(), [0; 64]);
    while !heard.contains(word) {
        let count = child.stdout.as_mut().unwrap().read(&mut part).unwrap();
        assert!(count > 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&part[..count]));
    }
}

/// What this program is when a test has started it as a peer.
pub fn act() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let (what, rest) = role.split_once(' ').unwrap();
    match what {
        "serve" => serve(rest.split(' ').map(|port| port.parse().unwrap())),
        "ask" => {
            let one = |text: &str| {
                let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
                std::thread::spawn(move || ask(&words[0], words[1].parse().unwrap(), words[2].parse().unwrap()))
            };
            let asked: Vec<_> = rest.split(';').map(one).collect();
            let words: Vec<&str> =
                asked.into_iter().map(|one| if one.join().unwrap() { "yes" } else { "no" }).collect();
            println!("answers: {}", words.join(" "));
        }
        "hold" => {
            let mut stream = TcpStream::connect(rest.parse::<SocketAddr>().unwrap()).unwrap();
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            println!("held");
            std::io::stdin().read_exact(&mut byte).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let answered = stream.write_all(&byte).is_ok() && stream.read_exact(&mut byte).is_ok();
            println!("answered: {}", if answered { "yes" } else { "no" });
        }
        other => panic!("{other}"),
    }
}

fn ask(how: &str, to: IpAddr, port: u16) -> bool {
    let any: SocketAddr = if to.is_ipv4() { "0.0.0.0:0".parse().unwrap() } else { "[::]:0".parse().unwrap() };
    let mut byte = [0; 8];
    match how {
        "tcp" => TcpStream::connect_timeout(&(to, port).into(), PATIENCE)
            .and_then(|mut stream| {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.read_exact(&mut byte[..1])
            })
            .is_ok(),
        "udp" => UdpSocket::bind(any)
            .and_then(|socket| {
                socket.set_read_timeout(Some(PATIENCE))?;
                socket.send_to(b"x", (to, port))?;
                socket.recv_from(&mut byte)
            })
            .is_ok(),
        "ping" => {
            let out = Command::new("busybox").args(["ping", "-c", "1", "-W", "1", &to.to_string()]).output().unwrap();
            out.status.success()
        }
        other => panic!("{other}"),
    }
}

fn serve(ports: impl Iterator<Item = u16>) {
    let mut threads = Vec::new();
    for port in ports {
        let listener = TcpListener::bind(("::", port)).unwrap();
        threads.push(std::thread::spawn(move || {
            for stream in listener.incoming() {
                // Greets, then gives back what comes.
                std::thread::spawn(move || {
                    let (mut stream, mut byte) = (stream.unwrap(), [0]);
                    let _ = stream.write_all(b"!");
                    while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
                });
            }
        }));
        let socket = UdpSocket::bind(("::", port)).unwrap();
        threads.push(std::thread::spawn(move || {
            let mut part = [0; 64];
            while let Ok((count, from)) = socket.recv_from(&mut part) {
                let _ = socket.send_to(&part[..count], from);
            }
        }));
    }
    println!("ready");
    threads.into_iter().for_each(|thread| drop(thread.join()));
}
