//! `--fix`: patches that git takes, all changes of a file in one, and nothing else written.

use crate::common::Told;
use crate::desk::{Desk, STRICT, all, lax};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs the command that was printed, as a shell takes it.
fn apply(desk: &Desk, told: &Told) -> Told {
    let line = told.all().lines().find_map(|line| line.strip_prefix("  git ").map(str::to_owned)).unwrap();
    Told::of(Command::new("sh").args(["-c", &format!("git {line}")]).current_dir(desk.path("")).output().unwrap())
}

#[test]
fn two_objects_of_one_file_are_mended_by_one_patch() {
    let desk = Desk::new();
    let text = format!("{STRICT}---\n{}---\n# the second\n{}", lax("one"), lax("two"));
    desk.write("kubernetes/a b/apps.yaml", &text);
    let before = all(&desk.path("kubernetes"));
    desk.run(&["check", "."]).code(3).says("next   blackstart check . --fix DIR");
    let told = desk.run(&["check", ".", "--fix", "out/patches"]).code(3).says("1 patch for 2 findings in ");
    assert_eq!(all(&desk.path("kubernetes")), before, "a file was changed");
    let written: Vec<_> = all(&desk.path("out")).into_iter().map(|(path, _)| path).collect();
    assert_eq!(written, [desk.path("out/patches/kubernetes-a-b-apps.yaml.patch")]);
    apply(&desk, &told).code(0);
    assert_eq!(desk.found(&["."]), [""; 0]);
    let after = desk.read("kubernetes/a b/apps.yaml");
    let kept = after.lines().filter(|line| text.lines().any(|old| old == *line));
    assert_eq!(kept.collect::<Vec<_>>(), text.lines().collect::<Vec<_>>(), "lines that were there stay, in order");
}

#[test]
fn names_that_git_reads_in_quotes_and_files_without_an_end_of_line_are_mended() {
    for name in
        ["plain.yaml", "dir/with space.yaml", "ümläut/ä.yaml", "quo\"te.yaml", "back\\slash.yaml", "tab\there.yaml"]
    {
        let desk = Desk::new();
        let text = format!("{STRICT}---\n{}", lax("one"));
        desk.write(name, text.trim_end());
        let told = desk.run(&["check", ".", "--fix", "patches"]).code(3);
        apply(&desk, &told).code(0);
        assert_eq!(desk.found(&["."]), [""; 0], "{name}");
    }
}

#[test]
fn a_folder_that_holds_patches_is_refused_and_one_that_cannot_be_written_is_one_error() {
    let desk = Desk::new();
    desk.write("a.yaml", &format!("{STRICT}---\n{}", lax("one"))).write("old/b.patch", "x").write("file", "x");
    desk.run(&["check", ".", "--fix", "old"]).code(2).says("old holds b.patch: it must hold no patches yet");
    desk.run(&["check", ".", "--fix", "file"]).code(2).says("file: ");
    let told = desk.run(&["check", ".", "--fix", "/proc/none"]).code(1).says("/proc/none: cannot be written: ");
    assert!(told.out.is_empty(), "{}", told.out);
    assert_eq!((desk.read("file"), desk.read("old/b.patch")), ("x".to_owned(), "x".to_owned()));
}

#[test]
fn what_has_no_patch_is_told_with_the_reason() {
    let desk = Desk::new();
    let crlf = format!("{STRICT}---\n{}", lax("one")).replace('\n', "\r\n");
    let list = lax("two").lines().map(|line| format!("    {line}\n")).collect::<String>();
    let list = format!("apiVersion: v1\nkind: List\nitems:\n  -{}", &list[3..]);
    desk.write("crlf.yaml", &crlf).write("list.yaml", &list);
    desk.write("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: apps}\nspec:\n  serviceAccountName: none\n  containers: []\n");
    let told = desk.run(&["check", ".", "--fix", "patches"]).code(3);
    let told = told.says("its file is written in a way that is not changed line by line with certainty");
    let told = told.says("its object stands in a List, and is not changed there");
    told.says("what mends it is for a person to choose").never_says("git -C");
    assert!(!desk.path("patches").exists(), "no folder is made for nothing");
}

#[test]
fn lines_that_hold_a_secret_are_in_no_patch() {
    let desk = Desk::new();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: apps}\nstringData:\n  a: hunter2\n";
    desk.write("a.yaml", &format!("{STRICT}---\n{}---\n{secret}---\n{}", lax("one"), lax("two")));
    let told = desk.run(&["check", ".", "--fix", "patches"]).code(3);
    let patch = desk.read("patches/a.yaml.patch");
    assert!(patch.contains("+++ b/a.yaml") && !patch.contains("hunter2"), "{patch}");
    let json = desk.json(&["."]).to_string();
    assert!(json.contains("@@ -") && !json.contains("hunter2"), "{json}");
    apply(&desk, &told).code(0);
    assert_eq!(desk.found(&["."]), ["F46 warning a.yaml:35"]);
}

#[test]
fn the_patch_of_a_single_finding_is_taken_too() {
    let desk = Desk::new();
    desk.write("k/a.yaml", &format!("{STRICT}---\n{}---\n{}", lax("one"), lax("two")));
    let json = desk.json(&["k"]);
    let patch = json["findings"][1]["patch"].as_str().unwrap();
    desk.write("../one.patch", "").write("one.patch", patch);
    desk.git(&["apply", "one.patch"]).code(0);
    assert_eq!(desk.found(&["k"]), ["F03 error k/a.yaml:19"]);
}

/// What is found of a folder, without the lines: those move.
fn kinds(findings: &Value) -> Vec<String> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    let one = |one: &Value| format!("{} {} {}", text(one, "id"), text(one, "file"), text(one, "object"));
    let mut all: Vec<String> = findings.as_array().unwrap().iter().map(one).collect();
    all.sort();
    all
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// For everything that the rules are tried on, and the example with each of its faults: what has a patch is gone once the
/// patches are applied, what has none is there as before, and nothing is new.
#[test]
fn whatever_is_mended_is_gone_and_nothing_else_changes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut mended = 0;
    for set in ["tests/check/rules", "tests/variants"] {
        for case in
            fs::read_dir(root.join(set)).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
        {
            let desk = Desk::new();
            if set == "tests/variants" {
                copy(&root.join("plans/kubernetes"), &desk.path("all"));
            }
            let changes = case.join("changes");
            copy(if changes.is_dir() { &changes } else { &case }, &desk.path("all"));
            // Each file of a rule is a world of its own.
            let alone = set == "tests/check/rules";
            let worlds: Vec<String> = match alone {
                true => fs::read_dir(&case)
                    .unwrap()
                    .map(|e| format!("all/{}", e.unwrap().file_name().to_str().unwrap()))
                    .collect(),
                false => vec!["all".to_owned()],
            };
            for (number, world) in worlds.iter().enumerate() {
                let before = desk.json(&[world])["findings"].clone();
                let with = |has: bool| {
                    let list = before.as_array().unwrap().iter().filter(|one| one["patch"].is_string() == has);
                    list.cloned().collect::<Value>()
                };
                if with(true).as_array().unwrap().is_empty() {
                    continue;
                }
                let folder = format!("patches-{number}");
                let told = desk.run(&["check", world, "--fix", &folder]);
                apply(&desk, &told).code(0);
                let after = kinds(&desk.json(&[world])["findings"]);
                let (kept, gone): (BTreeSet<_>, BTreeSet<_>) =
                    (kinds(&with(false)).into_iter().collect(), kinds(&with(true)).into_iter().collect());
                let after: BTreeSet<String> = after.into_iter().collect();
                let shown = format!("{} {world}", case.display());
                assert!(after.is_subset(&kept), "{shown}: new or still there: {after:#?}, kept {kept:#?}");
                // What only was a consequence of the fault of an object may go with it.
                let of = |one: &str| one.split_once(' ').unwrap().1.to_owned();
                let mended_too = |one: &String| gone.len() > 1 || gone.iter().any(|other| of(other) == of(one));
                let stays = kept.iter().all(|one| after.contains(one) || mended_too(one));
                assert!(stays, "{shown}: {kept:#?} {after:#?}");
                mended += gone.len();
            }
        }
    }
    assert!(mended > 0, "nothing was mended: the test shows nothing");
}

/// A generator writes hundreds of objects into one file: the time must grow with them, not with their square.
#[test]
fn three_hundred_pods_of_one_file_are_mended_without_long_waiting() {
    let desk = Desk::new();
    let pod = |at: usize| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{at}, namespace: apps}}\nspec:\n  containers:\n    - name: web\n      image: registry.example.org/web:1\n      resources: {{requests: {{cpu: 10m, memory: 16Mi}}}}\n"
        )
    };
    desk.write("a.yaml", &format!("{STRICT}{}", (0..300).map(pod).collect::<String>()));
    let started = Instant::now();
    let told = desk.run(&["check", ".", "--fix", "patches"]).code(3).says("1 patch for 300 findings in ");
    let json = desk.json(&["."]);
    assert!(json["findings"].as_array().unwrap().iter().all(|one| one["patch"].is_string()));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    apply(&desk, &told).code(0);
    assert_eq!(desk.found(&["."]), [""; 0]);
}
