//! Acceptances in comments: which findings they are about, and how they end.

use crate::desk::{Desk, STRICT, lax, lines};

fn with(comment: &str, at: usize) -> String {
    let mut lines: Vec<String> = lax("web").lines().map(str::to_owned).collect();
    match comment.strip_prefix("+ ") {
        Some(behind) => lines[at - 1].push_str(&format!("  {behind}")),
        None => lines.insert(at - 1, format!("      {comment}")),
    }
    format!("{STRICT}---\n{}\n", lines.join("\n"))
}

const GOOD: &str = "# blackstart: accept F03 until 2999-01-01: a reason";
/// The line of the finding in the Deployment: its container.
const LINE: usize = 12;

fn desk(text: &str) -> Desk {
    let desk = Desk::new();
    desk.write("a.yaml", text);
    desk
}

#[test]
fn it_is_about_its_line_the_line_below_or_the_whole_object_at_whose_head_it_stands() {
    for (at, behind) in [(LINE, true), (LINE, false), (1, true), (1, false)] {
        let comment = if behind { format!("+ {GOOD}") } else { GOOD.to_owned() };
        let desk = desk(&with(&comment, at));
        let json = desk.json(&["."]);
        assert_eq!(lines(&json["findings"]), [""; 0], "{at} {behind}: {json:#}");
        let one = &json["accepted"][0];
        assert_eq!(
            (&one["id"], &one["reason"], &one["until"]),
            (&"F03".into(), &"a reason".into(), &"2999-01-01".into())
        );
        assert!(one["accepted_in"].as_str().unwrap().starts_with("a.yaml:"));
        desk.run(&["check", "."]).code(0).says("0 errors, 0 warnings, 0 notes, 1 accepted").never_says("a reason");
        desk.run(&["check", ".", "-v"]).code(0).says("until 2999-01-01: a reason (a.yaml:");
    }
}

#[test]
fn anywhere_else_it_is_about_nothing_and_that_is_told() {
    for at in [3, 6, LINE - 1] {
        let found = desk(&with(GOOD, at)).found(&["."]);
        assert_eq!(found.len(), 2, "{at}: {found:?}");
        assert!(found[0].starts_with("F03 error") && found[1].starts_with("F98 note"), "{found:?}");
    }
    // The object before, and another id.
    let found = desk(&format!("{GOOD}\n{}", with("# plain", 1))).found(&["."]);
    assert!(found[0].starts_with("F03 error") && found[1] == "F98 note a.yaml:1", "{found:?}");
    let found = desk(&with(&GOOD.replace("F03", "F74"), 1)).found(&["."]);
    assert!(found[0].starts_with("F03 error") && found[1].starts_with("F98 note"), "{found:?}");
}

#[test]
fn one_of_a_part_of_a_repository_is_not_called_left_over() {
    let desk = desk("x: 1\n");
    desk.write("k/a.yaml", &format!("{GOOD}\n{STRICT}"));
    assert_eq!(desk.found(&["k"]), [""; 0]);
    assert_eq!(desk.found(&["."]), ["F98 note k/a.yaml:1"]);
}

#[test]
fn one_that_has_ended_is_told_and_its_finding_is_back() {
    let desk = desk(&with(&GOOD.replace("2999", "2020"), 1));
    assert_eq!(desk.found(&["."]), ["F03 error a.yaml:20", "F98 warning a.yaml:8"]);
    desk.run(&["check", "."]).code(3).says("the acceptance of F03 has ended on 2020-01-01").says("a reason");
    assert!(desk.json(&["."])["accepted"].as_array().unwrap().is_empty());
}

#[test]
fn a_malformed_one_accepts_nothing_and_says_why() {
    for (comment, why) in [
        ("# blackstart: accept F03: because", "says no day"),
        ("# blackstart: accept", "names no finding"),
        ("# blackstart: accept it until 2999-01-01: because", "names no finding"),
        ("# blackstart: accept F03 until 2999-02-30: because", "no day that the calendar has"),
        ("# blackstart: accept F03 until tomorrow: because", "no day that the calendar has"),
        ("# blackstart: accept F03 until 2999-01-01", "gives no reason"),
        ("# blackstart: accept F03 until 2999-01-01:  ", "gives no reason"),
        ("# blackstart: accept F00 until 2999-01-01: because", "accepts F00, and nothing is called so"),
        ("# blackstart: accept F98 until 2999-01-01: because", "no such finding is there"),
    ] {
        let desk = desk(&with(comment, LINE));
        let found = desk.found(&["."]);
        assert!(found.len() == 2 && found[0].starts_with("F03 error"), "{comment}: {found:?}");
        desk.run(&["check", "."]).code(3).says("F98").says(why);
    }
}

#[test]
fn what_only_looks_like_a_comment_is_none() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: apps}\ndata:\n  a: |\n    # blackstart: accept F03\n    x\n  b: \"y # blackstart: accept F03\"\n  c: 'z# blackstart: accept F03'\n";
    assert_eq!(desk(&format!("{STRICT}---\n{map}")).found(&["."]), [""; 0]);
    let real = format!("{STRICT}---\n{map}  # blackstart: accept F04\n");
    assert_eq!(desk(&real).found(&["."]), ["F98 warning a.yaml:17"]);
    // Other words for this program, and words about it.
    assert_eq!(desk(&format!("# blackstart: see docs\n# blackstart: accepted\n{STRICT}")).found(&["."]), [""; 0]);
}
