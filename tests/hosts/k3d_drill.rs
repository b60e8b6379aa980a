//! A drill in k3d as people run it: broken off while its cluster is half made, and what is cleared up by hand later.

use crate::k3d_world::World;
use crate::rig::{calls, docker, faults, folder, inside};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const PLAN: &str = "name: home\ncluster: {provider: k3d, config: k3d.yaml}\ndrill: {in: k3d}\nsteps:\n  - {id: one, kind: command, \
                    repeatable: true, run: ['true'], verify: ['true']}\n";

fn blackstart(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blackstart"));
    command.args(words).arg("--state-dir").arg(folder().join("state")).current_dir(folder().join("plans"));
    command
}
fn words(of: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&of.stdout), String::from_utf8_lossy(&of.stderr))
}
fn things() -> String {
    let all = ["ps -aq", "network ls -q --filter type=custom", "volume ls -q"];
    let tables = Command::new("nft").args(["list", "tables"]).output().unwrap();
    let fences = String::from_utf8(tables.stdout).unwrap();
    all.map(|list| docker(&list.split(' ').collect::<Vec<_>>())).concat()
        + if fences.contains("blackstart_") { "fence" } else { "" }
}

#[test]
fn a_drill_that_is_broken_off_takes_back_what_it_had_half_made_and_reaping_never_passes_over_what_it_cannot_read() {
    if !inside(
        "k3d_drill::a_drill_that_is_broken_off_takes_back_what_it_had_half_made_and_reaping_never_passes_over_what_it_cannot_read",
    ) {
        return;
    }
    let _files = World::new("home", 6550, "");
    std::fs::write(folder().join("plans/home.yaml"), PLAN).unwrap();
    faults("{\"call\":\"cluster create\",\"at\":\"after-volume\",\"do\":\"hang\"}\n");
    let child = blackstart(&["drill", "home.yaml"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let id = rustix::process::Pid::from_child(&child);
    let waits = std::thread::spawn(move || child.wait_with_output().unwrap());
    let began = Instant::now();
    while calls("cluster create") == 0 && !waits.is_finished() && began.elapsed() < Duration::from_secs(90) {
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_secs(2));
    let there = things();
    // Once to let its step come to its end, once more not to wait for that.
    for _ in 0..2 {
        if !waits.is_finished() {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
            std::thread::sleep(Duration::from_secs(1));
        }
    }
    let ended = waits.join().unwrap();
    let told = words(&ended);
    assert!(there.contains("fence"), "it was broken off before it had begun: {told}");
    assert!(!ended.status.success(), "{told}");
    assert_eq!(things(), "", "{told}");

    let reaped = blackstart(&["drill", "--reap"]).output().unwrap();
    let why = words(&reaped);
    assert!(!why.contains("cannot be read"), "{why}");
    // A folder of stand-ins whose journal nobody can read: a cluster may stand behind it.
    let run = folder().join("state/home/2026-01-01T00-00-00");
    std::fs::create_dir_all(run.join("drill")).unwrap();
    let reaped = blackstart(&["drill", "--reap"]).output().unwrap();
    let why = words(&reaped);
    assert!(!reaped.status.success() && why.contains("its drill may have left a cluster"), "{why}");
}
