//! The same fence around a network of a real Docker: its nodes, its published ports, its own answers about names.

use crate::rig::{self, Peer, peer_by, sh};
use crate::sandbox::not_run;
use blackstart::sys::fence::{self, Counts, Fence, Gate, Order};
use blackstart::sys::side::block_on;
use blackstart::sys::{Look, Touch};
use std::io::Read;
use std::net::{IpAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FOLDER: &str = "BLACKSTART_FENCE_DOCKER";
/// The machine next door, under two addresses.
const DOOR: &str = "203.0.113.1";
const FAR: &str = "198.51.100.1";

fn program() -> Option<PathBuf> {
    let found = PathBuf::from(std::env::var_os("BLACKSTART_STAND_IN")?).join("bin/dockerhost");
    found.exists().then_some(found)
}

/// True in a host with a Docker of its own; outside of it the test is run again inside.
fn inside(test: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return Some(folder.into());
    }
    let root = std::fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t");
    let Some(program) = program().filter(|_| root) else {
        not_run(test, "no stand-in host with a Docker: BLACKSTART_STAND_IN, as root");
        return None;
    };
    if Command::new("nft").arg("--version").output().is_err() || Command::new("busybox").output().is_err() {
        not_run(test, "nft or busybox is not on PATH");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut host = Command::new(&program)
        .arg("run")
        .arg("--dir")
        .arg(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0];
    let ready = host.stdout.as_mut().unwrap().read(&mut first).unwrap() == 1;
    let out = ready.then(|| {
        let mut run = enter(&program, folder.path(), false);
        run.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
        run.env(FOLDER, folder.path()).output().unwrap()
    });
    // Its end is the end of everything in it.
    drop(host.stdin.take());
    let _ = host.wait();
    let out = out.expect("the host with a Docker has ended");
    let (said, wrong) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && said.contains("1 passed"), "{said}\n{wrong}");
    said.lines().filter(|line| line.contains("fence:")).for_each(|line| println!("{line}"));
    None
}

fn enter(program: &Path, folder: &Path, outside: bool) -> Command {
    let mut command = Command::new(program);
    command.arg("enter").arg("--dir").arg(folder);
    if outside {
        command.arg("--outside");
    }
    command.arg("--");
    command
}

fn next_door(ports: &[u16]) -> Peer {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", "outside"]);
    peer_by(command, ports)
}

/// An image with one program in it.
fn image() {
    sh("d=$(mktemp -d); mkdir $d/bin; cp $(command -v busybox) $d/bin/busybox; for one in sh nc sleep nslookup; do ln -s busybox $d/bin/$one; done
        tar -C $d -c . | docker import --change 'ENV PATH=/bin' - box >/dev/null; rm -r $d");
}

/// Whether a container hears somebody there.
fn hears(container: &str, to: &str, port: u16) -> bool {
    let script = format!("docker exec {container} sh -c 'sleep 2 | nc -w 2 {to} {port}' 2>/dev/null || true");
    sh(&script).contains('!')
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn up(network: &str, resolvers: &[IpAddr]) -> Fence {
    let gates = [Gate { host: "git.example.org".to_owned(), port: 443, addresses: vec![ip(DOOR)] }];
    let bridge = fence::bridge_of(network);
    let order = Order { network, bridge: &bridge, gates: &gates, resolvers };
    block_on(fence::up(&Touch::granted(), &order)).unwrap().unwrap()
}

fn counts(fence: &Fence) -> Counts {
    block_on(fence::counts(Look::new(), fence)).unwrap().unwrap()
}

fn network() -> String {
    sh("docker network create --label blackstart.drill=test drill").trim().to_owned()
}

#[test]
fn no_container_of_a_fenced_network_gets_out_of_it() {
    if inside("docker::no_container_of_a_fenced_network_gets_out_of_it").is_none() {
        return;
    }
    image();
    let _far = next_door(&[80, 443]);
    let _host = rig::peer(None, &[22]);
    sh("docker run -d --name production -p 8443:443 box nc -ll -p 443 -e /bin/busybox echo '!'");
    let network = network();
    let gateway = sh("docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' drill").trim().to_owned();
    // The network is there and nothing is on it: from here on no packet leaves it that was not judged.
    let fence = up(&network, &[]);
    sh("docker run -d --name node --network drill -p 127.0.0.1:16443:6443 box nc -ll -p 6443 -e /bin/busybox echo '!'");
    sh("docker run -d --name other --network drill box nc -ll -p 80 -e /bin/busybox echo '!'");
    // hostNetwork of a pod is the network of its node; a container that shares it stands for one.
    sh("docker run -d --name pod --network container:node box sleep 600");
    let own = TcpStream::connect_timeout(&"127.0.0.1:16443".parse().unwrap(), Duration::from_secs(2));
    // Docker itself keeps networks apart; a published port is the way around that.
    let denied: [(&str, u16); 5] =
        [(FAR, 443), (DOOR, 80), ("203.0.113.10", 8443), (&gateway, 22), ("203.0.113.10", 22)];
    let heard = |from: &str| -> Vec<bool> {
        std::thread::scope(|scope| {
            let asked: Vec<_> = denied.iter().map(|(to, port)| scope.spawn(move || hears(from, to, *port))).collect();
            asked.into_iter().map(|one| one.join().unwrap()).collect()
        })
    };
    assert_eq!((heard("node"), heard("pod")), (vec![false; 5], vec![false; 5]));
    assert!(hears("node", DOOR, 443), "what is named is open");
    assert!(hears("node", "other", 80), "its own names and containers are free");
    assert!(own.is_ok_and(|mut own| own.read(&mut [0]).is_ok_and(|count| count == 1)), "its API is heard from here");
    let told = counts(&fence);
    for (to, port) in denied {
        assert!(told.denied.iter().any(|one| one.to == ip(to) && one.port == Some(port)), "{to}:{port}: {told:?}");
    }
    // Docker writes its own rules with each container and each start of its own; ours are not among them.
    sh("docker restart -t 0 node other >/dev/null");
    assert_eq!(block_on(fence::stands(Look::new(), &fence)).unwrap(), Ok(()));
    assert!(!hears("node", FAR, 443));
    block_on(fence::down(&Touch::granted(), &fence)).unwrap().unwrap();
    assert_eq!(heard("node"), vec![true; 5], "without the fence all of them are heard");
    let fence = up(&network, &[]);
    assert_eq!(heard("node"), vec![false; 5]);
    println!("fence: Docker: 5 of 5 heard without it, 0 of 5 with it; {} packets", counts(&fence).packets);
    // What is left after a drill is found when its network is gone too.
    sh("docker rm -f node other pod >/dev/null; docker network rm drill >/dev/null");
    assert_eq!(block_on(fence::left(Look::new())).unwrap().unwrap(), std::slice::from_ref(&fence.table));
    block_on(fence::down(&Touch::granted(), &fence)).unwrap().unwrap();
    assert!(block_on(fence::left(Look::new())).unwrap().unwrap().is_empty());
}

#[test]
fn questions_about_names_pass_the_fence_unless_the_resolver_lives_on_this_very_host() {
    if inside("docker::questions_about_names_pass_the_fence_unless_the_resolver_lives_on_this_very_host").is_none() {
        return;
    }
    image();
    let network = network();
    let asks = |container: &str| drop(sh(&format!("timeout 4 docker exec {container} nslookup a.example.org || true")));
    // A resolver elsewhere: asked out of the network of the container, and so through the fence.
    assert_eq!(fence::resolvers(Look::new()).outside, [ip(DOOR)]);
    let fence = up(&network, &[]);
    sh("docker run -d --name node --network drill box sleep 600");
    asks("node");
    let asked = |fence: &Fence| counts(fence).denied.iter().any(|one| one.to == ip(DOOR) && one.port == Some(53));
    assert!(asked(&fence), "{:?}", counts(&fence));
    let fence = up(&network, &[ip(DOOR)]);
    asks("node");
    assert!(!asked(&fence), "{:?}", counts(&fence));
    // A resolver of this host: asked by Docker itself, where no rule on a bridge sees it. That is the hole that is known.
    sh("echo nameserver 127.0.0.1 > /etc/resolv.conf");
    assert_eq!(fence::resolvers(Look::new()).on_host, [ip("127.0.0.1")]);
    sh("nft 'add table inet seen; add chain inet seen output { type filter hook output priority 0; }; \
        add rule inet seen output oifname lo ip daddr 127.0.0.1 udp dport 53 counter'");
    sh("docker run -d --name late --network drill box sleep 600");
    let fence = up(&network, &[]);
    asks("late");
    let began = Instant::now();
    let seen = || !sh("nft list table inet seen").contains("packets 0 ");
    while !seen() && began.elapsed() < Duration::from_secs(3) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(seen() && counts(&fence).packets == 0, "{:?}", counts(&fence));
    println!("fence: Docker: names are asked for through the fence, and around it where the resolver is of this host");
}
