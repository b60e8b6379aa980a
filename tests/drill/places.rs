//! Where a drill is begun: without a home, as an ordinary user, without a terminal, beside another drill.

use crate::drills::{Going, Home, PLAN};
use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;
use std::time::Duration;

#[test]
fn two_drills_of_one_plan_are_not_at_work_at_once() {
    let Some(home) = Home::new("two drills of one plan") else { return };
    let mut first = home.go_drill(&[]);
    assert!(first.hears(Duration::from_secs(30), |event| event["type"] == "run.started"));
    let second = home.drill(&[]).code(3).says("somebody else is at it");
    assert!(second.took < Duration::from_secs(5), "{:?}", second.took);
    assert_eq!(home.lab.runs().len(), 1, "the one that was refused left a folder");
    // Nor is the one that goes on resumed, or its cluster removed under it.
    home.does(&["resume"]).code(3).says("is going on");
    first.until_verified("namespaces");
    home.reap().code(0).says("0 sandboxes removed");
    first.end().is_green();
    home.nothing_is_left(&BTreeSet::new());
}

#[test]
fn two_drills_of_two_plans_go_on_side_by_side() {
    let Some(one) = Home::with_room("two plans", 2) else { return };
    let two = Home::with_room("two plans", 0).unwrap();
    let (first, second) = (one.go_drill(&[]), two.go_drill(&[]));
    let (first, second) = (first.end().is_green(), second.end().is_green());
    println!("side by side: {:.1} s and {:.1} s", first.took.as_secs_f64(), second.took.as_secs_f64());
    one.nothing_is_left(&BTreeSet::new());
    two.nothing_is_left(&BTreeSet::new());
}

#[test]
fn without_a_home_it_asks_where_to_remember_runs_and_then_needs_none() {
    let Some(home) = Home::new("no HOME") else { return };
    let without = |words: &[&str]| {
        let mut command = home.command(words);
        command.env_remove("HOME").env_remove("XDG_STATE_HOME").env_remove("XDG_RUNTIME_DIR");
        // Only by this are the processes of this home known.
        command.env("XDG_CACHE_HOME", home.lab.path("none"));
        command
    };
    Going::of(without(&["drill", PLAN])).end().code(2).says("--state-dir");
    let state = home.lab.path("remembered");
    let words = ["--state-dir", state.to_str().unwrap(), "drill", PLAN, "--output", "json"];
    Going::of(without(&words)).end().is_green();
    assert!(!home.lab.exists("none"));
    home.nothing_is_left(&BTreeSet::new());
}

#[test]
fn an_ordinary_user_with_a_home_that_cannot_be_written_and_no_terminal_can_drill() {
    const NOBODY: u32 = 65534;
    let test = "ordinary user";
    let Some(home) = Home::new(test) else { return };
    if !rustix::process::getuid().is_root() {
        return crate::common::not_run(
            test,
            "only root can become another user; the other drills were an ordinary user's",
        );
    }
    if !crate::common::have("setpriv", test) || !crate::common::have("setsid", test) {
        return;
    }
    for folder in [home.lab.folder.path().to_owned(), home.lab.path("plans")] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for folder in ["home", "state", "tmp"] {
        std::fs::create_dir(home.lab.path(folder)).unwrap();
    }
    std::fs::set_permissions(home.lab.path("home"), std::fs::Permissions::from_mode(0o555)).unwrap();
    for folder in ["state", "tmp"] {
        chown(home.lab.path(folder), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let as_nobody = |words: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "setsid", "--wait"]).args(words);
        let like = home.command(&[]);
        command.current_dir(home.lab.folder.path());
        for (name, value) in like.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .env("HOME", home.lab.path("home"))
            .env("TMPDIR", home.lab.path("tmp"))
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(std::process::Stdio::null());
        command
    };
    let program = home.program.to_str().unwrap();
    if Going::of(as_nobody(&[program, "version"])).end().code != 0
        || Going::of(as_nobody(&[crate::common::binary(), "--version"])).end().code != 0
    {
        return crate::common::not_run(test, "another user cannot execute what was built");
    }
    Going::of(as_nobody(&[crate::common::binary(), "drill", PLAN, "--output", "json"])).end().is_green();
    assert_eq!(std::fs::read_dir(home.lab.path("home")).unwrap().count(), 0);
    let left: Vec<_> = std::fs::read_dir(home.lab.path("tmp/blackstart-sandbox-65534")).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    home.nothing_is_left(&BTreeSet::new());
}

#[test]
fn a_drill_that_nobody_can_be_told_of_is_done_all_the_same() {
    let Some(home) = Home::new("closed output") else { return };
    let mut command = home.command(&[]);
    let line = format!("exec {} drill {PLAN} <&- >&- 2>&-", crate::common::binary());
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(home.lab.folder.path());
    for (name, value) in command.env("TERM", "dumb").get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let run = Going::of(shell).end();
    assert_eq!((run.code, run.all().as_str()), (0, ""), "{}", home.lab.read("state"));
    assert!(home.lab.runs()[0].join("report.html").exists());
    home.nothing_is_left(&BTreeSet::new());
}
