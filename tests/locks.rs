//! One run of a plan at a time: who holds it is named, and a lock dies with its holder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Lab, Told, ended, not_run, signal};
use std::path::Path;
use std::process::Command;

const HELD: &str = r#"
  - id: held
    kind: command
    repeatable: true
    run: [sh, -c, "echo x >> world/times; until test -e world/go; do sleep 0.02; done; touch world/held"]
    verify: [test, -e, world/held]
"#;

fn begun(lab: &Lab) {
    lab.wait_for("the step to begin", || lab.exists("world/times"));
}

fn runner(lab: &Lab) -> u32 {
    let status: serde_json::Value = serde_json::from_str(&lab.run(&["status", "--output", "json"]).out).unwrap();
    u32::try_from(status["pid"].as_u64().unwrap()).unwrap()
}

#[test]
fn of_two_that_begin_at_once_exactly_one_runs() {
    let lab = Lab::new(HELD);
    let mut both: Vec<_> = (0..2).map(|_| lab.start_recover(&[])).collect();
    begun(&lab);
    let mut loser = None;
    while loser.is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
        loser = both.iter_mut().position(|child| child.try_wait().unwrap().is_some());
    }
    let loser = both.remove(loser.unwrap());
    lab.run(&["status"]).code(0).says("running");
    let (pid, run) = (runner(&lab), lab.runs());
    // The loser leaves no folder behind.
    assert_eq!(run.len(), 1, "{run:?}");
    let told = ended(loser).code(3).says("REFUSED  ").says(&format!("by process {pid} on "));
    let id = run[0].file_name().unwrap().to_str().unwrap().to_owned();
    told.says(" since 20").says(&format!("next   blackstart attach {id}"));
    lab.write("world/go", "");
    ended(both.remove(0)).code(0);
    assert_eq!(lab.read("world/times"), "x\n");
    lab.nothing_is_left();
}

#[test]
fn a_killed_holder_lets_go_at_once() {
    let lab = Lab::new(HELD);
    let recover = lab.start_recover(&[]);
    begun(&lab);
    signal(runner(&lab), "KILL");
    let told = ended(recover).code(5).says("its process is gone without a last word (killed by signal 9)");
    told.says("next   blackstart resume 2");
    lab.run(&["status"]).code(1).says("begun, end unknown").says("blackstart resume 2");
    lab.write("world/go", "");
    lab.resume(&[]).code(0).says("is back");
    lab.recover().code(0).says("is back");
    lab.nothing_is_left();
}

#[test]
fn a_run_that_goes_on_is_not_resumed() {
    let lab = Lab::new(HELD);
    let recover = lab.start_recover(&[]);
    begun(&lab);
    let pid = runner(&lab);
    let told = lab.resume(&[]).code(3).says("REFUSED").says("is going on").says(&format!("by process {pid} on "));
    told.says("next   blackstart attach 2");
    lab.write("world/go", "");
    ended(recover).code(0);
    lab.resume(&[]).code(2).says("there is no run that could go on").says("blackstart history");
    let id = lab.runs()[0].file_name().unwrap().to_str().unwrap().to_owned();
    lab.resume(&[&id]).code(0).says("there is nothing to resume");
    lab.nothing_is_left();
}

#[test]
fn looking_does_not_disturb() {
    let many: String = (0..40)
        .map(|n| {
            format!(
                "  - id: s{n}\n    kind: command\n    run: [sh, -c, 'sleep 0.05; touch world/s{n}']\n    verify: [test, -e, world/s{n}]\n"
            )
        })
        .collect();
    let lab = Lab::new(&many);
    let recover = lab.start_recover(&["--jobs", "4"]);
    lab.wait_for("the run", || lab.journaled("s0"));
    let mut looks = 0;
    while !lab.journaled("\"outcome\"") {
        lab.run(&["status"]).code(0);
        serde_json::from_str::<serde_json::Value>(&lab.run(&["status", "--output", "json"]).out).unwrap();
        lab.run(&["history"]).code(0);
        lab.run(&["report"]).code(0);
        looks += 1;
    }
    assert!(looks > 2, "only {looks} looks");
    ended(recover).code(0).says("40 verified, 0 failed, 0 not run");
    lab.nothing_is_left();
}

fn is_root() -> bool {
    String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap().trim() == "0"
}

/// The lab's commands as another user of this machine.
fn as_nobody(lab: &Lab, words: &[&str]) -> Told {
    let like = lab.command(words);
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(lab.path("blackstart")).args(words);
    command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(lab.folder.path());
    command.env("XDG_STATE_HOME", lab.path("theirs")).stdin(std::process::Stdio::null());
    Told::of(command.output().unwrap())
}

#[test]
fn another_users_lock_holds_and_its_file_does_not_stand_in_the_way() {
    let test = "another_users_lock_holds_and_its_file_does_not_stand_in_the_way";
    if !is_root() || !Path::new("/run/lock").is_dir() {
        return not_run(test, "wants root and /run/lock, to be two users");
    }
    if !common::have("setpriv", test) {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::new(HELD);
    let open = |name: &str| {
        std::fs::set_permissions(lab.path(name), std::fs::Permissions::from_mode(0o777)).unwrap();
    };
    std::fs::create_dir(lab.path("theirs")).unwrap();
    std::fs::copy(common::binary(), lab.path("blackstart")).unwrap();
    ["", "world", "theirs", "blackstart"].into_iter().for_each(open);
    let recover = lab.start_recover(&[]);
    begun(&lab);
    open("world/times");
    // They cannot read our run, but they are told that somebody is at it.
    let confirm = ["recover", "plan.yaml", "--confirm", &lab.name];
    as_nobody(&lab, &confirm).code(3).says("somebody else is at it").says("by process");
    lab.write("world/go", "");
    ended(recover).code(0);
    // Whatever the bits of the file are, who comes later gets the lock; then it holds without a name.
    let file = Path::new("/run/lock").join(format!("blackstart-{}.lock", lab.name));
    for mode in [0o666, 0o644] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        as_nobody(&lab, &confirm).code(1).says("is not back");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let told = as_nobody(&lab, &confirm);
    assert!([1, 6].contains(&told.code), "{told:?}");
    lab.nothing_is_left();
}

#[test]
fn a_lock_file_full_of_rubbish_is_only_a_file() {
    let lab = Lab::new(HELD);
    lab.write("world/go", "");
    let Ok(()) = std::fs::write(format!("/run/lock/blackstart-{}.lock", lab.name), "rubbish \u{0} {") else {
        return not_run("a_lock_file_full_of_rubbish_is_only_a_file", "/run/lock cannot be written");
    };
    lab.recover().code(0).says("is back");
}
