//! The baseline: what it lists is passed over, wherever its lines have gone, and what it lists in vain is told.

use crate::desk::{Desk, STRICT, lax};

#[test]
fn what_was_there_is_passed_over_and_what_is_new_is_told() {
    let desk = Desk::new();
    desk.write("k/a.yaml", &format!("{STRICT}---\n{}", lax("one")));
    desk.run(&["check", ".", "--write-baseline", "base.json"]).code(0).says("1 finding is listed in base.json");
    let first = desk.read("base.json");
    desk.run(&["check", ".", "--baseline", "base.json"]).code(0).says("0 errors").says("1 known before");
    // Other lines, another folder to run in, another way to name the file.
    desk.write("k/a.yaml", &format!("# one\n# two\n{STRICT}---\n# three\n{}", lax("one")));
    assert_eq!(desk.found(&[".", "--baseline", "base.json"]), [""; 0]);
    let mut elsewhere = desk.command(&["check", "../k", "--baseline", "../base.json"]);
    std::fs::create_dir(desk.path("x")).unwrap();
    crate::common::told(elsewhere.current_dir(desk.path("x"))).code(0).says("1 known before");
    desk.run(&["check", ".", "--write-baseline", "again.json"]).code(0);
    assert_eq!(desk.read("again.json"), first, "no line number is in it");
    assert!(!first.contains("\"line\"") && first.contains("\"k/a.yaml\""), "{first}");
    // A second of the same kind is not the first.
    desk.write("k/b.yaml", &lax("two"));
    assert_eq!(desk.found(&[".", "--baseline", "base.json"]), ["F03 error k/b.yaml:12"]);
}

#[test]
fn what_is_listed_and_gone_is_told_so_that_the_list_can_shrink() {
    let desk = Desk::new();
    desk.write("a.yaml", &format!("{STRICT}---\n{}", lax("one")));
    desk.run(&["check", ".", "--write-baseline", "base.json"]).code(0);
    desk.write("a.yaml", STRICT);
    let told = desk.run(&["check", ".", "--baseline", "base.json"]).code(0);
    told.says("gone   F03  a.yaml  Deployment apps/one: take it out of base.json");
}

#[test]
fn a_file_that_is_no_baseline_is_a_usage_error() {
    let desk = Desk::new();
    desk.write("a.yaml", STRICT)
        .write("b.json", "{}")
        .write("c.json", "{\"schema\": \"blackstart.baseline/9\", \"findings\": []}");
    desk.run(&["check", ".", "--baseline", "none.json"]).code(2).says("none.json: the baseline cannot be read");
    desk.run(&["check", ".", "--baseline", "b.json"]).code(2).says("this is no baseline");
    desk.run(&["check", ".", "--baseline", "c.json"]).code(2).says("is of schema blackstart.baseline/9");
    desk.run(&["check", ".", "--write-baseline", "/proc/none"]).code(1).says("cannot be written");
    desk.run(&["check", ".", "--baseline", "b.json", "--write-baseline", "c.json"]).code(2);
}
