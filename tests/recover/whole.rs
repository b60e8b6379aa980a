//! `recover` as it is typed, with fakes of docker and k3d: everything told at once, the fence, what dies, the name, and what is
//! handed to the runner.

use crate::fakes::{Fakes, SERVER};
use std::fs;

const LET_GO: &str = "discard: [/var/lib/rancher/k3s/storage]\naccess:\n  tunnel: {inside: networking/cloudflared}\n  console: {outside: a screen in the rack}\n";

fn confirm(name: &str) -> [&str; 4] {
    ["recover", "plan.yaml", "--confirm", name]
}

#[test]
fn a_docker_that_is_silent_refuses_and_everything_else_that_is_wrong_is_told_with_it() {
    let fakes = Fakes::new("access: {tunnel: {inside: networking/cloudflared}}\n");
    fakes.lab.write("world/silent", "");
    fakes.lab.write("registries.yaml", "mirrors: {}\n");
    let told = fakes.run(&confirm(&fakes.lab.name)).code(3);
    let told = told.says(&format!("REFUSED  nobody can say whether cluster {} exists", fakes.lab.name));
    let told = told.says("Cannot connect to the Docker daemon").says("k3d: exit 0");
    let told = told.says("F99  plan.yaml").says("F19  registries.yaml:1").says("REFUSED  an error was found");
    told.says("2 things stand in the way, and nothing was begun")
        .says("next   systemctl start docker, then the same command");
    fakes.is_untouched();
}

#[test]
fn who_holds_the_plan_is_told_before_anything_is_asked() {
    let fakes = Fakes::new("");
    let lock = format!("/run/lock/blackstart-{}.lock", fakes.lab.name);
    let held = fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    fakes.run(&confirm(&fakes.lab.name)).code(3).says("somebody else is at it");
    fakes.is_untouched();
    drop(held);
    fakes.run(&confirm("another")).code(3).says("--confirm says another, and this cluster is called");
}

#[test]
fn data_that_nobody_can_see_refuses_until_the_plan_lets_it_go() {
    let fakes = Fakes::new("");
    fakes.stands();
    let told = fakes.run(&confirm(&fakes.lab.name)).code(3);
    told.says("F21  plan.yaml:2  /var/lib/rancher/k3s/storage").says("discard: [/var/lib/rancher/k3s/storage]");
    fakes.is_untouched();
    let fakes = Fakes::new(LET_GO);
    fakes.stands();
    fakes.run(&["recover", "plan.yaml"]).code(2).says("there is no terminal to ask for the name of the cluster");
    fakes.run(&confirm("another")).code(3).says("nothing was changed");
    fakes.is_untouched();
}

#[test]
fn another_cluster_behind_the_name_is_told_and_an_acceptance_lets_it_die() {
    let fakes = Fakes::new(LET_GO);
    fakes.stands();
    fakes.remembers("2026-11-01T00-00-00", &["f".repeat(64).as_str()], "u1");
    // Its API server is silent: it may be it, and that is told. With a uid of its own it is not.
    fakes
        .run(&confirm("another"))
        .code(3)
        .says("F89  plan.yaml:2")
        .says("that run 2026-11-01T00-00-00 made is not known");
    fakes.remembers("2026-11-02T00-00-00", &[SERVER], "u1");
    fakes.run(&confirm("another")).code(3).never_says("F89");
}

#[test]
fn what_was_shown_is_what_the_runner_deletes() {
    let fakes = Fakes::new(LET_GO);
    fakes.stands();
    let told = fakes.run(&confirm(&fakes.lab.name));
    assert_ne!(told.code, 0, "a fake deletes nothing");
    for words in [
        "This deletes k3d cluster",
        "seen for the first time",
        "blast radius",
        "dies, as the plan says that it may: /var/lib/rancher/k3s/storage",
        "console: outside (a screen in the rack",
        "this plan was NEVER drilled",
        "alive now: 1 of 1 running, its API server does not answer",
        "No way back after",
    ] {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain(&told.err).contains(words), "{words}\n{}", told.err);
    }
    let run = fakes.lab.runs().pop().unwrap();
    let old = fs::read_to_string(run.join("old.json")).unwrap();
    assert!(old.contains(SERVER) && old.contains(&"b".repeat(64)), "{old}");
    assert!(fs::read_to_string(run.join("blast.json")).unwrap().contains("/var/lib/rancher/k3s/storage"));
    // By ids, and after everything was looked at.
    let calls = fakes.calls();
    assert!(calls.contains(SERVER) && !calls.contains("k3d cluster delete"), "{calls}");
    fakes.lab.nothing_is_left();
    // And the preview tells it with its day.
    let plan = fakes.run(&["plan", "plan.yaml", "--output", "json"]).code(0);
    let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    let dies = plan["dies"].to_string();
    assert!(dies.contains("where it stands") && dies.contains("before run 2"), "{dies}");
    assert_eq!(plan["stays"][0], "/srv/kept (a folder of this host)");
    assert_eq!(plan["access"][0]["where"], "inside");
    assert_eq!(plan["access"][0]["in_use"], serde_json::Value::Null);
}

#[test]
fn a_preview_asks_nobody_and_a_live_one_tells_whose_cluster_stands_there() {
    let fakes = Fakes::new(LET_GO);
    fakes.stands();
    let plan = fakes.run(&["plan", "plan.yaml"]).code(0).says("what dies").says("/srv/kept").says("console: outside");
    assert!(!plan.out.contains("session"), "{}", plan.out);
    assert_eq!(fakes.calls(), "", "somebody was asked");
    let live = fakes.run(&["plan", "plan.yaml", "--live"]).code(0);
    live.says("seen for the first time").says("session").says("memory: ").says("docker: 28.5.1");
    fakes.lab.write("world/silent", "");
    fakes.run(&["plan", "plan.yaml", "--live"]).code(0).says("F16").says("nobody can say whether it exists");
    fakes.is_untouched();
}

#[test]
fn versions_that_nobody_knows_refuse() {
    let fakes = Fakes::new(LET_GO);
    let k3d = fakes.lab.read("bin/k3d").replace("v5.8.3", "v4.4.8");
    let k3d = k3d.strip_prefix("#!/bin/sh\n").unwrap().to_owned();
    fakes.lab.script("bin/k3d", &k3d);
    fakes.run(&confirm(&fakes.lab.name)).code(3).says("F15  k3d.yaml:1  program k3d: has a version that is not known");
    fakes.is_untouched();
}
