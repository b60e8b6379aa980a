//! Signals, hang-ups and kills: what stops a run, what does not, and what is left running afterwards (nothing).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Lab, ended, have, signal};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

/// One command that waits for a word, one that needs it, and a probe that nobody answers.
const HELD: &str = r#"
  - id: held
    kind: command
    run: [sh, -c, "touch world/begun; until test -e world/go; do sleep 0.02; done; touch world/held"]
    verify: [test, -e, world/held]
  - id: after
    kind: command
    needs: [held]
    run: [touch, world/after]
    verify: [test, -e, world/after]
  - id: asks
    kind: probe
    run: [test, -e, world/answer]
    timeout: 5m
"#;

/// The same without the probe.
const ONE: &str = r#"
  - id: held
    kind: command
    run: [sh, -c, "touch world/begun; until test -e world/go; do sleep 0.02; done; touch world/held"]
    verify: [test, -e, world/held]
"#;

fn begun(lab: &Lab) {
    lab.wait_for("the step to begin", || lab.exists("world/begun"));
}

fn once(name: &str) {
    let lab = Lab::new(HELD);
    let recover = lab.start_recover(&[]);
    begun(&lab);
    // After the third question comes a pause that is long enough to be met.
    let asked = || std::fs::read_to_string(lab.runs()[0].join("log/asks.log")).unwrap_or_default();
    lab.wait_for("the probe to ask", || asked().matches("--- test").count() == 3);
    std::thread::sleep(std::time::Duration::from_millis(50));
    signal(recover.id(), name.trim_start_matches("SIG"));
    lab.wait_for("the signal to be noted", || lab.journaled(name));
    lab.write("world/go", "");
    let told = ended(recover).code(5).says(&format!("! {name}: nothing new is begun")).says("Once more stops it now");
    let told = told.says("✓ held").says("■ asks").says("broken off; the last answer: test -e world/answer: exit 1");
    told.says("not run: after").says("1 verified, 0 failed, 1 stopped, 1 not run").says("next   blackstart resume 2");
    assert!(!lab.exists("world/after"), "something new was begun");
    lab.nothing_is_left();
    lab.write("world/answer", "");
    lab.resume(&[]).code(0).says("✓ held").says("still so").says("is back");
    lab.nothing_is_left();
}

#[test]
fn one_sigint_lets_commands_end_and_breaks_probes_off() {
    once("SIGINT");
}

#[test]
fn sigterm_does_what_sigint_does() {
    once("SIGTERM");
}

#[test]
fn a_second_sigint_ends_whole_groups_at_once() {
    let lab = Lab::new(
        r#"
  - id: held
    kind: command
    run: [sh, -c, "sleep 600 & touch world/begun; wait"]
    verify: [test, -e, world/held]
"#,
    );
    let recover = lab.start_recover(&[]);
    begun(&lab);
    signal(recover.id(), "INT");
    lab.wait_for("the signal to be noted", || lab.journaled("Once more"));
    assert!(lab.processes().iter().any(|(_, line)| line.starts_with("sleep 600")), "it was ended too early");
    signal(recover.id(), "INT");
    let told = ended(recover).code(5).says("everything that runs is ended now").says("■ held   stopped after");
    let told = told.says("0 verified, 0 failed, 1 stopped").says("left: held: may be half done");
    told.says("--redo held   # to do it again").says("--accept held   # if you have seen that it is done");
    lab.nothing_is_left();
    lab.run(&["status"]).code(1).says("stopped");
}

#[test]
fn a_signal_that_comes_after_everything_was_verified_changes_nothing() {
    let lab = Lab::new(ONE);
    let recover = lab.start_recover(&[]);
    begun(&lab);
    signal(recover.id(), "INT");
    lab.wait_for("the signal to be noted", || lab.journaled("SIGINT"));
    lab.write("world/go", "");
    // Nothing was left undone: the run is as good as if nobody had pressed anything.
    ended(recover).code(0).says("SIGINT").says("is back");
    lab.nothing_is_left();
}

#[test]
fn an_early_sigint_reaches_a_runner_that_is_only_being_started() {
    let lab = Lab::new(ONE);
    std::fs::create_dir(lab.path("bin")).unwrap();
    let slow = "# a fake of systemd-run, for a test: it takes its time\n\
                touch world/asked; until test -e world/on; do sleep 0.02; done\n\
                while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n";
    lab.script("bin/systemd-run", slow);
    let mut command = lab.command(&["recover", "plan.yaml", "--confirm", &lab.name]);
    let path = format!("{}:{}", lab.path("bin").display(), std::env::var("PATH").unwrap());
    let recover = command.env("PATH", path).spawn().unwrap();
    lab.wait_for("systemd-run", || lab.exists("world/asked"));
    signal(recover.id(), "INT");
    // It was heard, and nothing was said yet: the signal is kept for the runner.
    std::thread::sleep(std::time::Duration::from_millis(100));
    lab.write("world/on", "");
    lab.wait_for("the signal to be noted", || lab.journaled("SIGINT"));
    lab.write("world/go", "");
    let told = ended(recover).says("SIGINT");
    assert!([0, 5].contains(&told.code), "{told:?}");
    lab.nothing_is_left();
}

#[test]
fn the_run_goes_on_when_who_watches_it_is_hung_up_on_or_killed() {
    for name in ["HUP", "KILL"] {
        for good in [true, false] {
            let lab = Lab::new(ONE);
            let mut recover = lab.start_recover(&[]);
            begun(&lab);
            signal(recover.id(), name);
            assert!(recover.wait().unwrap().signal().is_some(), "{name} did not end it");
            let attach = lab.start(&["attach"]);
            if !good {
                // A name that leads nowhere: it can neither be touched nor found.
                std::os::unix::fs::symlink("nowhere/held", lab.path("world/held")).unwrap();
            }
            lab.write("world/go", "");
            let (code, word) = if good { (0, "is back") } else { (1, "is not back") };
            ended(attach).code(code).says(word);
            lab.run(&["attach"]).code(code).says(word);
            lab.nothing_is_left();
        }
    }
}

#[test]
fn a_terminal_that_goes_away_changes_nothing() {
    if !have("python3", "a_terminal_that_goes_away_changes_nothing") {
        return;
    }
    let lab = Lab::new(ONE);
    let helper = r#"
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
while not os.path.exists("world/begun"):
    time.sleep(0.02)
os.close(terminal)
os.waitpid(pid, 0)
"#;
    let mut command = Command::new("python3");
    command.args(["-c", helper, common::binary(), "recover", "plan.yaml", "--confirm", &lab.name]);
    let like = lab.command(&[]);
    command.current_dir(lab.folder.path()).envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let status = command.env("TERM", "xterm").stdin(std::process::Stdio::null()).status().unwrap();
    assert!(status.success());
    lab.run(&["status"]).code(0).says("going on").says("running");
    lab.write("world/go", "");
    lab.run(&["attach"]).code(0).says("is back");
    lab.nothing_is_left();
}

#[test]
fn two_may_watch_and_each_may_stop_the_run() {
    let lab = Lab::new(HELD);
    let recover = lab.start_recover(&[]);
    begun(&lab);
    let (one, two) = (lab.start(&["attach"]), lab.start(&["attach", "--output", "json"]));
    lab.wait_for("both to watch", || lab.processes().iter().filter(|(_, line)| line.contains(" attach")).count() == 2);
    // A process is seen before it listens.
    std::thread::sleep(std::time::Duration::from_millis(300));
    signal(one.id(), "INT");
    lab.wait_for("the signal to be noted", || lab.journaled("SIGINT"));
    lab.write("world/go", "");
    for watcher in [recover, one] {
        ended(watcher).code(5).says("SIGINT").says("was interrupted");
    }
    let told = ended(two).code(5);
    assert!(told.out.contains("\"outcome\":\"interrupted\""), "{told:?}");
    lab.nothing_is_left();
}

fn with_systemd_run(lab: &Lab, script: &[u8]) -> common::Told {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir(lab.path("bin")).unwrap();
    std::fs::write(lab.path("bin/systemd-run"), script).unwrap();
    std::fs::set_permissions(lab.path("bin/systemd-run"), std::fs::Permissions::from_mode(0o755)).unwrap();
    lab.write("world/go", "");
    let mut command = lab.command(&["recover", "plan.yaml", "--confirm", &lab.name, "-v"]);
    let path = format!("{}:{}", lab.path("bin").display(), std::env::var("PATH").unwrap());
    common::Told::of(command.env("PATH", path).output().unwrap())
}

#[test]
fn without_systemd_the_runner_has_a_session_of_its_own() {
    let fails = "#!/bin/sh\n# a fake of systemd-run, for a test: it fails\necho no bus >&2\nexit 1\n";
    for script in [fails.as_bytes(), b"#!/no/such/shell\n# a fake of systemd-run that cannot be started\n"] {
        let lab = Lab::new(ONE);
        let told = with_systemd_run(&lab, script).code(0).says("is back").never_says("no bus");
        assert!(told.err.contains("no systemd scope could be had"), "{}", told.err);
        lab.nothing_is_left();
    }
}

#[test]
fn with_systemd_the_runner_is_started_in_a_scope() {
    let lab = Lab::new(ONE);
    let script = "#!/bin/sh\n# a fake of systemd-run, for a test: it does without systemd what it is told\n\
                  echo \"$@\" > world/asked\nwhile [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n";
    with_systemd_run(&lab, script.as_bytes()).code(0).says("is back").never_says("no systemd scope");
    let asked = lab.read("world/asked");
    assert!(asked.starts_with("--scope --quiet --collect") && asked.contains(" -- /"), "{asked}");
    lab.nothing_is_left();
}
