//! The command line as others rely on it: help, exit codes, completions, pages, and JSON with nothing beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Lab, Told, binary, have};
use serde_json::Value;
use std::process::{Command, Stdio};

const COMMANDS: [&str; 17] = [
    "init",
    "plan",
    "check",
    "drill",
    "explain",
    "recover",
    "resume",
    "status",
    "attach",
    "history",
    "report",
    "diagnose",
    "secrets",
    "sandbox",
    "schema",
    "completions",
    "man",
];

const GOOD: &str = "  - id: one\n    kind: command\n    run: [touch, world/one]\n    verify: [test, -e, world/one]\n";
const BAD: &str =
    "  - id: one\n    kind: command\n    run: [sh, -c, 'echo it does not; exit 4']\n    verify: ['true']\n";

fn ask(words: &[&str]) -> Told {
    // A terminal that is wide enough for all, so that the text does not depend on who asks.
    Told::of(Command::new(binary()).args(words).env("COLUMNS", "100").stdin(Stdio::null()).output().unwrap())
}

#[test]
fn help_is_what_it_was() {
    let top = ask(&["--help"]).code(0);
    insta::assert_snapshot!("help", top.out);
    for command in COMMANDS {
        let help = ask(&[command, "--help"]).code(0);
        assert!(top.out.contains(&format!("\n  {command}")), "{command} is not in the help");
        assert!(help.out.contains("Example"), "{command} shows no example");
        assert!(help.out.lines().all(|line| line.chars().count() <= 100), "{}", help.out);
        insta::assert_snapshot!(format!("help-{command}"), help.out);
    }
    let listed = top.out.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    assert_eq!(listed.count(), COMMANDS.len() + 1, "a command is listed that no test knows");
    assert!(!top.all().contains("runner"));
}

#[test]
fn help_of_secrets_is_what_it_was() {
    for what in ["init", "add", "edit", "list", "check", "rotate", "open", "import", "seal", "unseal"] {
        let help = ask(&["secrets", what, "--help"]).code(0);
        assert!(help.out.contains("Example"), "secrets {what} shows no example");
        assert!(help.out.lines().all(|line| line.chars().count() <= 100), "{}", help.out);
        insta::assert_snapshot!(format!("help-secrets-{what}"), help.out);
    }
}

#[test]
fn the_exit_codes_in_the_help_are_those_of_the_program() {
    use blackstart::model::outcome::exit;
    let help = ask(&["--help"]).out;
    let table: Vec<&str> = help.lines().skip_while(|line| *line != "Exit codes:").skip(1).collect();
    let rows = [
        (exit::VERIFIED, "done and verified"),
        (exit::FAILED, "a step failed"),
        (exit::USAGE, "usage, or the plan cannot be read"),
        (exit::REFUSED, "refused"),
        (exit::OVER_GOAL, "verified, but over the time goal"),
        (exit::INTERRUPTED, "interrupted"),
        (exit::JOURNAL, "the journal cannot be written"),
    ];
    assert_eq!(table.len(), rows.len(), "{help}");
    for ((code, words), row) in rows.iter().zip(table) {
        assert!(row.starts_with(&format!("  {code}  {words}")), "{row}");
    }
}

#[test]
fn what_is_not_understood_is_exit_2_and_said_on_stderr() {
    for words in [
        ["--no-such-option"].as_slice(),
        &["no-such-command"],
        &["plan", "--output", "yaml"],
        &["recover", "--jobs", "0"],
        &["recover", "--jobs", "-1"],
        &["recover", "--set", "a=b"],
        &["status", "-q", "-v"],
        &["completions"],
        &[],
    ] {
        let told = ask(words).code(2);
        assert_eq!(told.out, "", "{words:?}");
        assert!(told.err.contains("Usage") || told.err.contains("--help"), "{words:?}: {}", told.err);
    }
    let told = ask(&["--version"]).code(0);
    assert_eq!(told.out, format!("blackstart {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_runner_that_is_started_by_hand_says_who_starts_it() {
    ask(&["runner"]).code(2).says("started by recover and resume");
}

#[test]
fn shells_complete_what_is_meant_to_be_typed() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let told = ask(&["completions", shell]).code(0);
        assert!(told.out.contains("--state-dir") || told.out.contains("state-dir"), "{shell}");
        assert!(COMMANDS.iter().all(|command| told.out.contains(command)), "{shell}");
        assert!(!told.out.contains("runner"), "{shell} offers what is not meant to be typed");
        if ["bash", "zsh", "fish"].contains(&shell) && have(shell, "shells_complete_what_is_meant_to_be_typed") {
            let checked = common::feed(Command::new(shell).arg("-n"), &told.out);
            assert_eq!((checked.code, checked.all().as_str()), (0, ""), "{shell}");
        }
    }
}

#[test]
fn the_pages_are_read_without_complaint() {
    let lab = Lab::new(GOOD);
    lab.run(&["man", "pages/man1"]).code(0);
    let mut pages: Vec<String> = std::fs::read_dir(lab.path("pages/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    let mut wanted: Vec<String> = COMMANDS.iter().map(|command| format!("blackstart-{command}.1")).collect();
    wanted.push("blackstart.1".to_owned());
    wanted.sort();
    assert_eq!(pages, wanted);
    assert_eq!(lab.run(&["man"]).code(0).out, lab.read("pages/man1/blackstart.1"));
    if !have("groff", "the_pages_are_read_without_complaint") {
        return;
    }
    for page in pages {
        let path = lab.path("pages/man1").join(&page);
        let read = Told::of(Command::new("groff").args(["-man", "-Tascii", "-ww"]).arg(path).output().unwrap());
        assert!(read.code == 0 && read.err.is_empty(), "{page}: {}", read.err);
        assert!(read.out.contains("blackstart"), "{page}");
    }
}

fn one(told: &Told, schema: &str) -> Value {
    let value: Value = serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {told:?}"));
    assert_eq!(value["schema"], schema, "{told:?}");
    value
}

fn events(told: &Told) -> Vec<Value> {
    let events: Vec<Value> = told
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let mut seq = 0;
    for event in &events {
        assert_eq!(event["schema"], "blackstart.event/1");
        let next = event["seq"].as_u64().unwrap();
        assert!(next > seq, "{event}");
        seq = next;
    }
    events
}

#[test]
fn json_stands_alone_on_stdout() {
    for (steps, code, outcome) in [(GOOD, 0, "verified"), (BAD, 1, "failed")] {
        let lab = Lab::new(steps);
        one(&lab.run(&["plan", "plan.yaml", "--output", "json"]).code(0), "blackstart.plan/1");
        let confirm = ["recover", "plan.yaml", "--confirm", &lab.name, "--output", "json", "-v"];
        let recover = lab.run(&confirm).code(code);
        let told = events(&recover);
        assert_eq!(told.first().unwrap()["type"], "run.started");
        assert_eq!(told.last().unwrap()["type"], "run.finished");
        assert_eq!((&told.last().unwrap()["outcome"], &told.last().unwrap()["exit"]), (&outcome.into(), &code.into()));
        assert_eq!(events(&lab.run(&["attach", "--output", "json"]).code(code)), told, "attach tells the same");
        let status = one(&lab.run(&["status", "--output", "json"]).code(code), "blackstart.status/1");
        assert_eq!(status["outcome"], outcome);
        let history = one(&lab.run(&["history", "--output", "json"]).code(0), "blackstart.history/1");
        assert_eq!(history["runs"].as_array().unwrap().len(), 1);
        one(&lab.run(&["report", "--output", "json"]).code(0), "blackstart.report/1");
        if code != 0 {
            let resumed = lab.run(&["resume", "--output", "json", "--redo", "one"]).code(code);
            assert_eq!(events(&resumed)[0]["resumed"], true);
        }
    }
}

#[test]
fn a_refusal_is_for_people_also_where_json_was_asked_for() {
    let lab = Lab::new(GOOD);
    for (words, code) in [
        (["recover", "plan.yaml", "--output", "json"].as_slice(), 2),
        (&["recover", "plan.yaml", "--confirm", "other", "--output", "json"], 3),
        (&["status", "--output", "json"], 2),
        (&["report", "--output", "json"], 2),
        (&["resume", "--output", "json"], 2),
        (&["plan", "absent.yaml", "--output", "json"], 2),
    ] {
        let told = lab.run(words).code(code);
        assert_eq!(told.out, "", "{words:?}");
        assert!(!told.err.is_empty(), "{words:?}");
    }
    // No run at all is a history too.
    let none = one(&lab.run(&["history", "--output", "json"]).code(0), "blackstart.history/1");
    assert_eq!(none["runs"].as_array().unwrap().len(), 0);
}
