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

#[test]
fn a_baseline_is_written_over_and_nothing_else_is() {
    let desk = Desk::new();
    desk.write("k/a.yaml", &format!("{STRICT}---\n{}", lax("one"))).write("notes.md", "mine").write("empty", "");
    desk.write("ci.json", "{\"schema\": \"other/1\", \"findings\": []}");
    std::fs::create_dir(desk.path("folder")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(desk.path("pipe")).status().unwrap().success());
    for (link, to) in [("nowhere", "gone.json"), ("to-notes", "notes.md"), ("to-pipe", "pipe"), ("circle", "circle")] {
        std::os::unix::fs::symlink(to, desk.path(link)).unwrap();
    }
    for name in ["notes.md", "empty", "ci.json", "folder", "pipe", "nowhere", "to-notes", "to-pipe", "circle"] {
        let told = desk.run(&["check", "k", "--write-baseline", name, "--fix", "patches"]).code(2);
        assert!(told.out.is_empty() && !desk.path("patches").exists(), "{name}: {told:?}");
        told.says(&format!("error: {name}: ")).says("next   name ");
        let about = desk.path(name).symlink_metadata().unwrap().file_type();
        assert_eq!(about.is_symlink(), ["nowhere", "to-notes", "to-pipe", "circle"].contains(&name), "{name}");
        assert_eq!(about.is_file(), ["notes.md", "empty", "ci.json"].contains(&name), "{name}");
    }
    assert_eq!((desk.read("notes.md"), desk.path("gone.json").exists()), ("mine".to_owned(), false));
    // A link to a baseline stays a link.
    desk.run(&["check", "k", "--write-baseline", "real.json"]).code(0);
    let first = desk.read("real.json");
    std::os::unix::fs::symlink("real.json", desk.path("link.json")).unwrap();
    desk.write("k/b.yaml", &lax("two"));
    desk.run(&["check", "k", "--write-baseline", "link.json"]).code(0).says("2 findings are listed in link.json");
    assert!(desk.path("link.json").is_symlink() && desk.read("real.json") != first);
}

#[test]
fn patches_are_written_of_what_is_listed_too() {
    let desk = Desk::new();
    desk.write("a.yaml", &format!("{STRICT}---\n{}", lax("one")));
    let told = desk.run(&["check", ".", "--write-baseline", "base.json", "--fix", "patches"]).code(0);
    told.says("1 patch for 1 finding in ").says("1 finding is listed in base.json").says("1 known before");
    assert!(desk.path("patches/a.yaml.patch").exists());
}
