//! The way in, looked at as it is: processes in network namespaces, and the connection between them. The server of ssh is a fake
//! that takes a connection, calls itself sshd and starts what it is asked for.

use crate::common::{have, not_run};
use blackstart::checks::access::{Dying, judge};
use blackstart::checks::before::Range;
use blackstart::model::InUse;
use blackstart::sys::{Look, access};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Listens, and for each who comes starts a process as sshd does: a parent that keeps listening, a child that keeps the
/// connection, and under that a program. It says their numbers.
const SSHD: &str = r#"
# A fake: no server of ssh. It takes one connection and starts a program that waits.
import os, socket, sys
open("/proc/self/comm", "w").write("sshd")
listening = socket.socket()
listening.bind((sys.argv[1], 0))
listening.listen()
print(listening.getsockname()[1], flush=True)
connection, peer = listening.accept()
if os.fork() == 0:
    listening.close()
    open("/proc/self/comm", "w").write(sys.argv[2])
    shell = os.fork()
    if shell == 0:
        connection.close()
        os.execvp("sleep", ["sleep", "600"])
    print(shell, flush=True)
    os.waitpid(shell, 0)
else:
    connection.close()
    os.wait()
"#;

const CLIENT: &str = r#"
# A fake: no tunnel. It connects, and stays.
import socket, sys, time
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
time.sleep(600)
"#;

/// Everything that is started is ended with this.
struct Ended(Vec<Child>);

impl Drop for Ended {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Ended {
    fn start(&mut self, command: &mut Command) -> &mut Child {
        self.0.push(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap());
        self.0.last_mut().unwrap()
    }
    /// A network of its own, held by a process that waits; its number.
    fn network(&mut self) -> u32 {
        let child = self.start(Command::new("unshare").args([
            "--net",
            "sh",
            "-c",
            "ip link set lo up; echo up; exec sleep 600",
        ]));
        let pid = child.id();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        pid
    }
}

fn run(words: &[&str]) {
    assert!(Command::new(words[0]).args(&words[1..]).status().unwrap().success(), "{words:?}");
}

/// A program in the network of this process; in that of the test where it is none.
fn within(network: Option<u32>, words: &[&str]) -> Command {
    let Some(pid) = network else {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        return command;
    };
    let mut command = Command::new("nsenter");
    command.args(["-t", &pid.to_string(), "-n"]).args(words);
    command
}

/// Starts the server in one network and who comes in another; says the number of what the server has started.
fn come_in(all: &mut Ended, server: Option<u32>, client: Option<u32>, address: &str, name: &str) -> i32 {
    // The server and what it starts end with a pid namespace, whoever of them is killed.
    let words = ["setpriv", "--pdeathsig", "KILL", "python3", "-c", SSHD, address, name];
    let child = all.start(&mut within(server, &words));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap();
    all.start(&mut within(client, &["python3", "-c", CLIENT, address, &port]));
    lines.next().unwrap().unwrap().parse().unwrap()
}

fn ready(test: &str) -> bool {
    let tools = ["python3", "unshare", "nsenter", "ip", "setpriv"].iter().all(|program| have(program, test));
    let root = Command::new("unshare").args(["--net", "true"]).status().is_ok_and(|status| status.success());
    if tools && !root {
        not_run(test, "no network can be made by this user");
    }
    tools && root
}

fn dying(range: &str) -> Dying {
    Dying { networks: vec![(Range::read(range).unwrap(), "network k3d-lab".to_owned())], ..Dying::default() }
}

/// Ends a process that the server has started: it waits for it.
struct Shell(i32);

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", &self.0.to_string()]).status();
    }
}

#[test]
fn a_session_whose_peer_lies_in_the_clusters_network_is_seen_to_end_with_it() {
    if !ready("a_session_whose_peer_lies_in_the_clusters_network_is_seen_to_end_with_it") {
        return;
    }
    let mut all = Ended(Vec::new());
    let (host, pod) = (all.network(), all.network());
    let link = ["ip", "link", "add", "inner", "type", "veth", "peer", "name", "outer", "netns", &pod.to_string()];
    assert!(within(Some(host), &link).status().unwrap().success());
    for (network, device, address) in [(host, "inner", "172.29.7.1/24"), (pod, "outer", "172.29.7.3/24")] {
        assert!(within(Some(network), &["ip", "address", "add", address, "dev", device]).status().unwrap().success());
        assert!(within(Some(network), &["ip", "link", "set", device, "up"]).status().unwrap().success());
    }
    for name in ["sshd", "sshd-session"] {
        let shell = Shell(come_in(&mut all, Some(host), Some(pod), "172.29.7.1", name));
        let session = access::of(Look::new(), shell.0);
        let told = judge(&session, &dying("172.29.7.0/24"));
        let InUse::Yes(why) = &told else { panic!("{told:?} {session:?}") };
        assert!(why.contains(name) && why.contains("172.29.7.3, in network k3d-lab"), "{why}");
        // The same session is not the end of a cluster with another network; where its server lives stays open.
        let told = judge(&session, &dying("172.30.0.0/16"));
        assert!(matches!(&told, InUse::Unknown(why) if why.contains("a network apart from this host's")), "{told:?}");
    }
    run(&["true"]);
}

#[test]
fn a_connection_from_this_host_is_followed_to_the_program_behind_it() {
    if !ready("a_connection_from_this_host_is_followed_to_the_program_behind_it") {
        return;
    }
    let mut all = Ended(Vec::new());
    let shell = Shell(come_in(&mut all, None, None, "127.0.0.1", "sshd"));
    let session = access::of(Look::new(), shell.0);
    let told = judge(&session, &dying("172.29.7.0/24"));
    let client = format!("(pid {})", all.0.last().unwrap().id());
    // A test may itself run in a container; then where that lives is what is told.
    match &told {
        InUse::No(why) => assert!(why.contains("it comes through python3") && why.contains(&client), "{why}"),
        InUse::Yes(_) | InUse::Unknown(_) => panic!("{told:?} {session:?}"),
    }
}

#[test]
fn who_sits_behind_a_keeper_of_sessions_is_not_known() {
    if !ready("who_sits_behind_a_keeper_of_sessions_is_not_known") {
        return;
    }
    let mut all = Ended(Vec::new());
    let shell = Shell(come_in(&mut all, None, None, "127.0.0.1", "tmux: server"));
    let told = judge(&access::of(Look::new(), shell.0), &dying("172.29.7.0/24"));
    assert!(matches!(&told, InUse::Unknown(why) if why.contains("tmux: server (pid")), "{told:?}");
}

#[test]
fn this_test_has_no_server_of_ssh_above_it_or_says_which() {
    let own = i32::try_from(std::process::id()).unwrap();
    let session = access::of(Look::new(), own);
    let told = judge(&session, &Dying::default());
    assert!(!matches!(told, InUse::Yes(_)), "nothing dies, and {told:?}");
}
