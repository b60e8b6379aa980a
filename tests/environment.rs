//! The surroundings as they are at 2 AM: no home, no terminal, no PATH, a reader that goes away, a folder that is gone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Lab, TWO, binary, ended, not_run, told};
use std::process::{Command, Stdio};

#[test]
fn without_a_home_a_plan_is_shown_and_a_recovery_asks_where() {
    let lab = Lab::new(TWO);
    let homeless = |words: &[&str]| {
        let mut command = lab.command(words);
        for name in ["HOME", "XDG_STATE_HOME", "SUDO_USER"] {
            command.env_remove(name);
        }
        told(&mut command)
    };
    homeless(&["plan", "plan.yaml"]).code(0).says("nothing was touched");
    let confirm = ["recover", "plan.yaml", "--confirm", &lab.name];
    homeless(&confirm).code(2).says("HOME and XDG_STATE_HOME are not set").says("--state-dir DIR");
    assert!(!lab.exists("world/one"));
    homeless(&[&confirm[..], &["--state-dir", "here"]].concat()).code(0).says("is back");
    homeless(&["status", "--state-dir", "here"]).code(0).says("blackstart --state-dir here report 2");
    homeless(&["status"]).code(2).says("--state-dir DIR");
}

#[test]
fn a_relative_state_directory_is_meant_from_here_and_stands_in_the_commands_to_copy() {
    let lab = Lab::new(
        "  - id: bad\n    kind: command\n    repeatable: true\n    run: [sh, -c, 'test -e world/fixed']\n    verify: ['true']\n",
    );
    let words = ["recover", "plan.yaml", "--confirm", &lab.name, "--state-dir", "a place/of 'mine'"];
    let failed = lab.run(&words).code(1);
    let next = failed.out.lines().find_map(|line| line.strip_prefix("next   ")).unwrap().to_owned();
    assert!(next.starts_with(r"blackstart --state-dir 'a place/of '\''mine'\''' resume 2"), "{next}");
    lab.write("world/fixed", "");
    let mut shell = Command::new("sh");
    let like = lab.command(&[]);
    shell.args(["-c", &next.replacen("blackstart", binary(), 1)]).current_dir(lab.folder.path());
    shell.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    told(&mut shell).code(0).says("is back");
}

#[test]
fn under_sudo_the_home_is_that_of_who_typed_it() {
    let test = "under_sudo_the_home_is_that_of_who_typed_it";
    let lab = Lab::new(TWO);
    if String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap().trim() != "0" {
        return not_run(test, "wants root");
    }
    // Only asked, never written: `games` is in every passwd of Debian and has nothing to lose.
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let Some(home) = passwd.lines().find(|line| line.starts_with("games:")).and_then(|line| line.split(':').nth(5))
    else {
        return not_run(test, "there is no user games");
    };
    let mut command = lab.command(&["status"]);
    command.env_remove("XDG_STATE_HOME").env("SUDO_USER", "games");
    told(&mut command).code(2).says(&format!("{home}/.local/state/blackstart: no run is remembered")).says("games");
}

#[test]
fn without_a_terminal_the_command_to_copy_is_told_and_works() {
    let lab = Lab::new(TWO);
    std::fs::create_dir(lab.path("mine & yours")).unwrap();
    std::fs::create_dir(lab.path("mine & yours/world")).unwrap();
    std::fs::rename(lab.path("plan.yaml"), lab.path("mine & yours/plän.yaml")).unwrap();
    let asked = lab.run(&["recover", "mine & yours/plän.yaml"]).code(2).says("there is no terminal to ask");
    let next = asked.err.lines().find_map(|line| line.strip_prefix("next   ")).unwrap().to_owned();
    assert!(!lab.exists("state"), "something was written before the question");
    let mut shell = Command::new("sh");
    shell.args(["-c", &next.replacen("blackstart", binary(), 1)]).current_dir(lab.folder.path());
    shell.env("XDG_STATE_HOME", lab.path("state")).stdin(Stdio::null());
    told(&mut shell).code(0).says("is back");
    assert!(lab.exists("mine & yours/world/two"));
}

#[test]
fn a_wrong_name_changes_nothing() {
    let lab = Lab::new(TWO);
    let told = lab.run(&["recover", "plan.yaml", "--confirm", "homelab"]).code(3).says("--confirm says homelab");
    told.says("nothing was changed").says(&format!("next   blackstart recover plan.yaml --confirm {}", lab.name));
    assert!(!lab.exists("world/one") && !lab.exists("state"));
}

#[test]
fn closed_streams_and_readers_that_go_away_do_not_end_a_run() {
    for (what, code) in [
        ("\"$0\" recover plan.yaml --confirm \"$1\" >&-", 0),
        ("\"$0\" recover plan.yaml --confirm \"$1\" >&- 2>&- <&-", 0),
        ("\"$0\" recover plan.yaml --confirm \"$1\" >/dev/full", 0),
        ("\"$0\" recover plan.yaml --confirm \"$1\" --output json >/dev/full", 0),
        ("{ \"$0\" recover plan.yaml --confirm \"$1\"; echo $? > code; } | head -n 1; exit $(cat code)", 0),
        ("{ \"$0\" recover plan.yaml --confirm \"$1\" --output json; echo $? > code; } | true; exit $(cat code)", 0),
        ("rm -f world/one; \"$0\" recover plan.yaml --confirm \"$1\" >&-", 0),
    ] {
        let lab = Lab::new(&TWO.replace("echo x", "sleep 0.2; echo x"));
        let mut shell = Command::new("bash");
        shell.args(["-c", what, binary(), &lab.name]).current_dir(lab.folder.path());
        shell.env("XDG_STATE_HOME", lab.path("state")).stdin(Stdio::null());
        let ended = told(&mut shell);
        assert_eq!(ended.code, code, "{what}: {ended:?}");
        assert!(lab.exists("world/two"), "{what}");
        lab.run(&["status"]).code(0).says("verified after");
        lab.nothing_is_left();
    }
    // The exit code stays that of the run, also when nobody reads.
    let lab = Lab::new("  - id: bad\n    kind: command\n    run: ['false']\n    verify: ['true']\n");
    let mut shell = Command::new("bash");
    shell.args(["-c", "\"$0\" recover plan.yaml --confirm \"$1\" >&-", binary(), &lab.name]);
    shell.current_dir(lab.folder.path()).env("XDG_STATE_HOME", lab.path("state")).stdin(Stdio::null());
    told(&mut shell).code(1);
}

#[test]
fn colour_is_where_it_was_asked_for_and_nowhere_else() {
    let lab = Lab::new(TWO);
    let run = |more: &[&str], name: &str, value: &str| {
        let mut command = lab.command(&[&["recover", "plan.yaml", "--confirm", &lab.name], more].concat());
        told(command.env(name, value)).code(0).out.contains('\u{1b}')
    };
    assert!(!run(&[], "TERM", "xterm-256color"), "a pipe got colours");
    assert!(!run(&[], "TERM", "dumb"));
    assert!(!run(&["--color", "never"], "TERM", "xterm"));
    assert!(run(&["--color", "always"], "TERM", "dumb"), "what is asked for is given");
    assert!(run(&["--color", "always"], "NO_COLOR", "1"), "an option comes before a variable");
    assert!(!run(&["--output", "json", "--color", "always"], "TERM", "xterm"), "JSON has no colours");
}

#[test]
fn no_line_is_wider_than_asked_for() {
    let steps = r#"
  - id: s
    kind: command
    repeatable: true
    run: [sh, -c, "test -e world/fixed || { echo this does not work as long as nobody has mended what is broken; exit 1; }"]
    verify: [test, -d, world]
  - id: a-step-with-quite-a-long-name-that-is-wrapped
    kind: command
    needs: [s]
    run: [touch, world/a]
    verify: [test, -e, world/a]
"#;
    let lab = Lab::new(steps);
    let wide = |columns: usize| {
        for words in [["plan", "plan.yaml"].as_slice(), &["status"], &["history"]] {
            let said = told(lab.command(words).env("COLUMNS", columns.to_string()));
            for line in said.out.lines() {
                assert!(line.chars().count() <= columns, "{words:?} at {columns}: {line}\n{}", said.out);
            }
        }
    };
    for columns in [60, 80, 100, 120, 200] {
        wide(columns);
    }
    lab.recover().code(1);
    for columns in [60, 80, 100, 120, 200] {
        wide(columns);
    }
    lab.write("world/fixed", "");
    lab.resume(&[]).code(0);
    lab.recover().code(0);
    for columns in [60, 80, 100, 120, 200] {
        wide(columns);
    }
}

#[test]
fn from_a_folder_that_is_gone_everything_works_that_names_its_files() {
    let lab = Lab::new(TWO);
    let plan = lab.path("plan.yaml");
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" recover \"$1\" --confirm \"$2\"",
        binary(),
    ]);
    shell.arg(&plan).arg(&lab.name).current_dir(lab.folder.path());
    shell.env("XDG_STATE_HOME", lab.path("state")).stdin(Stdio::null());
    told(&mut shell).code(0).says("is back");
    assert!(lab.exists("world/two"));
}

#[test]
fn without_a_path_it_is_said_which_programs_are_missing() {
    let lab = Lab::new(TWO);
    let empty = |value: Option<&str>, words: &[&str]| {
        let mut command = lab.command(words);
        match value {
            Some(value) => command.env("PATH", value),
            None => command.env_remove("PATH"),
        };
        told(&mut command)
    };
    let confirm = ["recover", "plan.yaml", "--confirm", &lab.name];
    for value in [Some(""), Some("/nowhere"), None] {
        empty(value, &["plan", "plan.yaml"]).code(0).says("nothing was touched");
        let told = empty(value, &confirm);
        assert!(!lab.exists("world/one") || told.code == 0, "{value:?}: {told:?}");
        if value == Some("/nowhere") {
            // An earlier step may bring a program, so this is told and not refused.
            told.code(1).says("sh is not on PATH").says("could not be started: sh").says("next   blackstart resume 2");
        }
    }
}

#[test]
fn the_longest_ids_and_a_deep_folder_are_fine() {
    let longest = "x".repeat(64);
    let steps = format!(
        "  - id: {longest}\n    kind: command\n    run: [touch, world/one]\n    verify: [test, -e, world/one]\n"
    );
    let lab = Lab::new(&steps);
    let deep: std::path::PathBuf = (0..12).map(|_| "a-folder-name-of-thirty-letters").collect();
    let state = lab.path("deep").join(deep);
    let told = lab.run(&["recover", "plan.yaml", "--confirm", &lab.name, "--state-dir", state.to_str().unwrap()]);
    told.code(0).says(&longest);
    lab.run(&["status", "--state-dir", state.to_str().unwrap()]).code(0);
}

#[test]
fn two_thousand_steps_come_to_their_end() {
    // Each is a look at what is there; a hundred begin at once, the rest wait for one of those.
    let steps: String = (0..2000)
        .map(|n| {
            let needs = if n < 100 { String::new() } else { format!("    needs: [s{}]\n", n % 100) };
            format!("  - id: s{n}\n    kind: probe\n    run: ['true']\n{needs}")
        })
        .collect();
    let lab = Lab::new(&steps);
    for jobs in if common::long() { ["1", "64"].as_slice() } else { &["64"] } {
        let recover = lab.start_recover(&["-q", "--jobs", jobs]);
        ended(recover).code(0).says("2000 verified, 0 failed, 0 not run");
    }
    lab.run(&["status"]).code(0);
    lab.nothing_is_left();
}
