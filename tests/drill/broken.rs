//! Programs that call themselves a sandbox and are none. Each makes the drill red, in time, with words that help.

use crate::common::{self, Lab};
use crate::drills::{Going, PLAN, Run, copy};
use std::path::Path;
use std::time::Duration;

fn lab() -> Lab {
    let lab = Lab::new("");
    for folder in ["plans", "secrets.example"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &lab.path(folder));
    }
    let text = lab.read(PLAN).replace("name: homelab\n", &format!("name: {}\n", lab.name));
    lab.write(PLAN, &text);
    lab
}

/// A drill with this program as its sandbox.
fn drill(lab: &Lab, script: &str, within: Duration) -> Run {
    lab.script("sandbox", script);
    let mut command = lab.command(&["drill", PLAN, "--output", "json"]);
    command.env("BLACKSTART_SANDBOX", lab.path("sandbox"));
    Going::of(command).end_within(within)
}

#[track_caller]
fn red(script: &str, words: &[&str]) {
    let lab = lab();
    let run = drill(&lab, script, Duration::from_secs(40)).code(1);
    let why = run.failure("cluster");
    for word in words {
        assert!(why.contains(word), "{word:?} is not in:\n{why}\n{}", run.all());
    }
    assert_eq!(run.finished()["outcome"], "failed");
    lab.nothing_is_left();
}

#[test]
fn without_a_sandbox_program_a_drill_is_refused_and_says_how_to_build_it() {
    let lab = lab();
    // Beside this copy of the binary there is none.
    std::fs::create_dir(lab.path("bin")).unwrap();
    let binary = lab.path("bin/blackstart");
    if std::fs::hard_link(common::binary(), &binary).is_err() {
        std::fs::copy(common::binary(), &binary).unwrap();
    }
    let drill = |named: Option<&str>| {
        let mut command = std::process::Command::new(&binary);
        command.args(["drill", PLAN]).current_dir(lab.folder.path()).stdin(std::process::Stdio::null());
        command.env("XDG_STATE_HOME", lab.path("state")).env("PATH", "/usr/bin:/bin").env_remove("BLACKSTART_SANDBOX");
        if let Some(named) = named {
            command.env("BLACKSTART_SANDBOX", named);
        }
        Going::of(command).end_within(Duration::from_secs(10)).code(3).says("scripts/build-sandbox")
    };
    drill(None).says("there is nothing to drill in").says("BLACKSTART_SANDBOX does not name it");
    drill(Some("/nowhere/blackstart-sandbox")).says("/nowhere/blackstart-sandbox, which cannot be executed");
    drill(Some(lab.path(PLAN).to_str().unwrap())).says("which cannot be executed");
    assert!(lab.runs().is_empty(), "something was begun");
}

#[test]
fn one_that_prints_rubbish_is_named_and_ended() {
    red("echo this is not JSON\nexec sleep 1000\n", &["sandbox", "this is not JSON"]);
    red("echo '{\"name\": \"half\"}'\nexec sleep 1000\n", &["sandbox", "missing field"]);
    red("head -c 100000 /dev/zero | tr '\\0' x\nexec sleep 1000\n", &["sandbox", "its first line has no end"]);
}

#[test]
fn one_that_fails_is_told_with_its_own_last_words() {
    red(
        "echo 'no room for etcd' >&2\nexit 1\n",
        &["ended before the sandbox was usable", "exit 1", "no room for etcd"],
    );
    red("exit 0\n", &["ended before the sandbox was usable"]);
    red("kill -9 $$\n", &["ended before the sandbox was usable", "killed by signal 9"]);
}

#[test]
fn one_that_tells_of_a_cluster_that_is_not_there_is_found_out() {
    let lab = lab();
    let about = serde_json::json!({
        "name": "liar", "dir": lab.path("none"), "kubeconfig": lab.path("none/kubeconfig"), "server": "https://127.0.0.1:1",
        "version": "v1.34.4", "uid": "u", "nodes": [], "host_root": lab.path("none/host"), "images": "assumed",
    });
    let script = format!("echo '{about}'\nexec cat\n");
    let run = drill(&lab, &script, Duration::from_secs(40)).code(1);
    assert!(run.failure("cluster").contains("none/kubeconfig"), "{}", run.all());
    lab.nothing_is_left();
}

#[test]
fn one_that_hangs_is_given_up_and_ended() {
    let lab = lab();
    if common::long() {
        let run = drill(&lab, "exec sleep 1000\n", Duration::from_secs(150)).code(1);
        assert!(run.failure("cluster").contains("not usable within"), "{}", run.all());
        lab.nothing_is_left();
    }
    // A person has less patience than two minutes, and nothing of it stays then either.
    lab.script("sandbox", "trap '' INT\nexec sleep 1000\n");
    let mut command = lab.command(&["drill", PLAN, "--output", "json"]);
    command.env("BLACKSTART_SANDBOX", lab.path("sandbox"));
    let mut going = Going::of(command);
    assert!(going.hears(Duration::from_secs(20), |event| event["type"] == "step.started"));
    std::thread::sleep(Duration::from_millis(300));
    going.signal("INT");
    going.end_within(Duration::from_secs(20)).code(5);
    lab.nothing_is_left();
}
