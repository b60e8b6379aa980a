//! What a person sees while a run goes on: the plain lines word for word, and the bars in a real terminal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Lab, ended, have, signal};
use std::path::PathBuf;
use std::process::Command;

/// Times, ids, folders and names become those of one imagined run, as wide as they were.
fn plain(lab: &Lab, text: &str) -> String {
    let mut text =
        text.replace(&lab.folder.path().to_string_lossy().into_owned(), "/home/ana").replace(&lab.name, "homelab");
    for run in lab.runs() {
        text = text.replace(run.file_name().unwrap().to_str().unwrap(), "2026-11-03T02-11-07");
    }
    let chars: Vec<char> = text.chars().collect();
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        // 0:07 and the like; nothing else that is told looks so.
        if digit(at) && chars.get(at + 1) == Some(&':') && digit(at + 2) && digit(at + 3) {
            out.push_str("0:00");
            at += 4;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

const STEPS: &str = r#"
  - id: disks
    kind: command
    repeatable: true
    run: [touch, world/disks]
    verify: [test, -e, world/disks]
  - id: network
    kind: command
    repeatable: true
    needs: [disks]
    run: [sh, -c, "echo asking the switch; test -e world/switch || { echo 'switch: no answer' >&2; exit 7; }"]
    verify: [test, -e, world/switch]
  - id: services
    kind: command
    needs: [network]
    run: [touch, world/services]
    verify: [test, -e, world/services]
"#;

#[test]
fn a_run_that_fails_and_is_mended_reads_like_this() {
    let lab = Lab::new(STEPS);
    insta::assert_snapshot!("lines-failing", plain(&lab, &lab.recover().code(1).all()));
    insta::assert_snapshot!("status-failed", plain(&lab, &lab.run(&["status"]).code(1).all()));
    lab.write("world/switch", "");
    insta::assert_snapshot!("lines-resumed", plain(&lab, &lab.resume(&["--jobs", "1"]).code(0).all()));
    insta::assert_snapshot!("status-verified", plain(&lab, &lab.run(&["status"]).code(0).all()));
    insta::assert_snapshot!("lines-attach-after", plain(&lab, &lab.run(&["attach"]).code(0).all()));
}

#[test]
fn a_green_run_reads_like_this() {
    for (name, more) in [("green", [].as_slice()), ("green-quiet", &["-q"]), ("green-verbose", &["-v"])] {
        let lab = Lab::new(STEPS);
        lab.write("world/switch", "");
        let words = ["recover", "plan.yaml", "--confirm", &lab.name];
        let told = lab.run(&[&words[..], more].concat()).code(0);
        // Whether systemd runs is a matter of this machine.
        let err: String = told.err.lines().filter(|line| !line.starts_with("no systemd scope")).collect();
        assert_eq!(err, "");
        insta::assert_snapshot!(format!("lines-{name}"), plain(&lab, &told.out));
    }
}

#[test]
fn a_quiet_run_tells_what_failed() {
    let lab = Lab::new(STEPS);
    let told = lab.run(&["recover", "plan.yaml", "--confirm", &lab.name, "-q"]).code(1);
    insta::assert_snapshot!("lines-failing-quiet", plain(&lab, &told.all()));
}

#[test]
fn an_interrupted_run_reads_like_this() {
    let lab = Lab::new(
        r#"
  - id: held
    kind: command
    run: [sh, -c, "touch world/begun; sleep 600"]
    verify: [test, -e, world/held]
  - id: after
    kind: command
    needs: [held]
    run: ['true']
    verify: ['true']
"#,
    );
    let recover = lab.start_recover(&[]);
    lab.wait_for("the step to begin", || lab.exists("world/begun"));
    signal(recover.id(), "INT");
    lab.wait_for("the signal to be noted", || lab.journaled("SIGINT"));
    signal(recover.id(), "INT");
    insta::assert_snapshot!("lines-interrupted", plain(&lab, &ended(recover).code(5).all()));
}

/// A terminal of tmux that goes away with this value.
struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    fn open(lab: &Lab, columns: u32, command: &str) -> Terminal {
        // A Ctrl-C goes to this shell too, which is to stay.
        let script = format!("trap : INT; {command}; echo ended $?; sleep 600");
        let size = [columns.to_string(), "30".to_owned()];
        let mut socket = lab.path("tmux");
        while socket.exists() {
            socket.as_mut_os_string().push("-");
        }
        let terminal = Terminal { socket };
        let mut tmux = terminal.tmux();
        tmux.args(["new-session", "-d", "-x", &size[0], "-y", &size[1], "sh", "-c", &script]);
        tmux.env("XDG_STATE_HOME", lab.path("state")).env_remove("TMUX").current_dir(lab.folder.path());
        assert!(tmux.status().unwrap().success());
        terminal
    }
    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).args(["-f", "/dev/null"]);
        command
    }
    fn screen(&self) -> String {
        let output = self.tmux().args(["capture-pane", "-p"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
    fn wait_for(&self, lab: &Lab, text: &str) -> String {
        lab.wait_for(text, || self.screen().contains(text));
        self.screen()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").status();
    }
}

#[test]
fn in_a_terminal_the_running_step_moves_and_the_end_stands_once() {
    if !have("tmux", "in_a_terminal_the_running_step_moves_and_the_end_stands_once") {
        return;
    }
    for columns in [60, 200] {
        let lab = Lab::new(
            r#"
  - id: quick
    kind: command
    run: ['true']
    verify: ['true']
  - id: slow
    kind: command
    needs: [quick]
    run: [sh, -c, "until test -e world/go; do sleep 0.02; done; touch world/slow"]
    verify: [test, -e, world/slow]
"#,
        );
        let command = format!("'{}' recover plan.yaml --confirm {}", common::binary(), lab.name);
        let terminal = Terminal::open(&lab, columns, &command);
        let bar =
            |screen: &str| screen.lines().find(|line| line.contains("slow") && !line.contains('✓')).map(str::to_owned);
        lab.wait_for("the running step", || bar(&terminal.screen()).is_some());
        let before = bar(&terminal.screen()).unwrap();
        assert!(before.contains("0:0") && before.contains("run sh -c"), "{before}");
        lab.wait_for("its time to move", || bar(&terminal.screen()).is_some_and(|now| now.contains("0:02")));
        let screen = terminal.screen();
        assert!(screen.contains("1/2 steps") && screen.contains("✓ quick"), "{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= columns as usize), "{screen}");
        // A second terminal comes later and is told the time of the run, not its own.
        let late = Terminal::open(&lab, 100, &format!("'{}' attach", common::binary()));
        lab.wait_for("the late one", || bar(&late.screen()).is_some());
        let line = bar(&late.screen()).unwrap();
        assert!(!line.contains(" 0:00 ") && !line.contains(" 0:01 "), "{line}");
        drop(late);
        lab.write("world/go", "");
        let screen = terminal.wait_for(&lab, "ended 0");
        let count = |text: &str| screen.matches(text).count();
        assert_eq!((count("✓ slow"), count("✓ quick"), count("is back"), count("report /")), (1, 1, 1, 1), "{screen}");
        for rest in ["━", "▸", "▹", "steps\n"] {
            assert_eq!(count(rest), 0, "{rest} is left:\n{screen}");
        }
        drop(terminal);
        lab.nothing_is_left();
    }
}

#[test]
fn ctrl_c_in_a_terminal_reaches_the_run() {
    if !have("tmux", "ctrl_c_in_a_terminal_reaches_the_run") {
        return;
    }
    let lab = Lab::new(
        "  - id: slow\n    kind: command\n    run: [sh, -c, 'touch world/begun; sleep 600']\n    verify: ['true']\n",
    );
    let command = format!("'{}' recover plan.yaml --confirm {}", common::binary(), lab.name);
    let terminal = Terminal::open(&lab, 100, &command);
    lab.wait_for("the step to begin", || lab.exists("world/begun"));
    let press = || assert!(terminal.tmux().args(["send-keys", "C-c"]).status().unwrap().success());
    press();
    terminal.wait_for(&lab, "Once more stops it now");
    press();
    let screen = terminal.wait_for(&lab, "ended 5");
    assert!(screen.contains("■ slow   stopped after") && screen.contains("was interrupted after"), "{screen}");
    drop(terminal);
    lab.nothing_is_left();
}

#[test]
fn the_question_is_asked_in_a_terminal_and_a_wrong_answer_changes_nothing() {
    if !have("tmux", "the_question_is_asked_in_a_terminal_and_a_wrong_answer_changes_nothing") {
        return;
    }
    let lab = Lab::new(STEPS);
    lab.write("world/switch", "");
    for (typed, code, said) in [("homelob", 3, "nothing was changed"), (lab.name.as_str(), 0, "is back")] {
        let terminal = Terminal::open(&lab, 100, &format!("'{}' recover plan.yaml", common::binary()));
        let asked = terminal.wait_for(&lab, "Type the name of the plan to go on:");
        assert!(asked.contains("nothing is deleted") && asked.contains("3 steps of plan.yaml"), "{asked}");
        let send = |keys: &[&str]| assert!(terminal.tmux().arg("send-keys").args(keys).status().unwrap().success());
        send(&["-l", typed]);
        send(&["Enter"]);
        let screen = terminal.wait_for(&lab, &format!("ended {code}"));
        assert!(screen.contains(said), "{screen}");
        assert_eq!(lab.exists("world/services"), code == 0);
        drop(terminal);
    }
    lab.nothing_is_left();
}

#[test]
fn thirty_seconds_without_a_word_are_told() {
    // The counting itself is a unit test; here it is seen with a real clock.
    if !common::long() {
        return common::not_run("thirty_seconds_without_a_word_are_told", "takes 35 seconds: only with --long");
    }
    let lab =
        Lab::new("  - id: slow\n    kind: command\n    run: [sh, -c, 'echo 3 of 7; sleep 33']\n    verify: ['true']\n");
    lab.recover().code(0).says("  … slow       0:3").says("still running: 3 of 7");
}
