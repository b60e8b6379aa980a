//! Plans that cannot be used: what the real binary says about each, word for word, and that it does nothing else.
//!
//! Most of them are files in `bad-plans/`, with the golden text beside them. Those that git or an editor would mend (too
//! large, not UTF-8, a zero byte) are made here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/golden.rs"]
mod golden;

use golden::{Golden, Host, names, tests};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

const GOOD: &str = "name: lab\nsteps:\n  - {id: a, kind: command, run: [tool], verify: [tool]}\n";

fn folder() -> PathBuf {
    tests().join("bad-plans")
}

/// Runs `plan` in a folder and gives what it said, as the golden file has it.
fn said(folder: &Path, args: &[&str]) -> (String, Output) {
    let host = Host::with(&["tool"]);
    let output = host.blackstart().current_dir(folder).arg("plan").args(args).output().unwrap();
    host.is_untouched();
    let code = output.status.code().map_or("none: it was killed".to_owned(), |code| code.to_string());
    (format!("exit {code}\n{}", String::from_utf8_lossy(&output.stderr)), output)
}

/// What each refusal has to have, beside the exact words.
fn is_a_good_error(name: &str, text: &str, output: &Output) {
    assert!(matches!(output.status.code(), Some(2 | 3)), "{name}: wrong exit\n{text}");
    assert!(output.stdout.is_empty(), "{name}: something is on stdout\n{text}");
    assert!(text.contains("\nnext   "), "{name}: it does not say what to do\n{text}");
    assert!(text.contains("Nothing was touched"), "{name}: it does not say that nothing was touched\n{text}");
    assert!(!text.contains("panicked"), "{name}\n{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{name}: a control character\n{text:?}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{name}: spaces at the end of a line\n{text}");
    assert!(text.lines().count() < 80, "{name}: too long to be read\n{text}");
}

/// Every line that tells a mistake begins or ends with a place: in the plan, or in a file that it names.
fn has_places(name: &str, text: &str) {
    let told = text.lines().take_while(|line| !line.starts_with("next")).filter(|line| line.starts_with("  "));
    let wanted = told.filter(|line| !line.starts_with("  and ") && !line.starts_with("  loop "));
    for line in wanted {
        let place = line.split([' ', ',']).find_map(|word| {
            let (file, place) = word.split_once(".yaml:")?;
            (file == name || file.starts_with("manifests/") || file.starts_with("cluster/")).then_some(place)
        });
        let numbers: Vec<u32> =
            place.unwrap_or("").trim_end_matches(':').split(':').filter_map(|number| number.parse().ok()).collect();
        assert!(numbers.len() == 2 && !numbers.contains(&0), "no {name}.yaml:line:column in\n{line}");
    }
}

#[test]
fn every_bad_plan_is_refused_in_words_that_help() {
    let mut golden = Golden::default();
    let plans = names(&folder(), ".yaml");
    assert!(plans.len() >= 120, "only {} bad plans were found", plans.len());
    for name in plans {
        let (text, output) = said(&folder(), &[&format!("{name}.yaml")]);
        is_a_good_error(&name, &text, &output);
        has_places(&name, &text);
        golden.holds(&folder().join(format!("{name}.txt")), &text);
    }
    golden.done();
}

#[test]
fn cycles_and_unmet_needs_are_refusals_and_all_else_is_a_plan_that_cannot_be_read() {
    for name in names(&folder(), ".txt") {
        let text = fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap();
        let about_the_graph = ["cycle", "need-", "many-"].iter().any(|begin| name.starts_with(begin));
        let want = if about_the_graph { "exit 3\nREFUSED  " } else { "exit 2\nerror: " };
        assert!(text.starts_with(want), "{name}\n{text}");
    }
}

/// What stands in manifests may be a secret: their mistakes are told by place and name, and never by value.
#[test]
fn no_value_of_a_manifest_is_quoted() {
    let secrets = ["manifests-are-broken", "manifests-are-no-objects"];
    for name in secrets {
        let (text, _) = said(&folder(), &[&format!("{name}.yaml")]);
        assert!(!text.contains("hunter"), "{name}\n{text}");
    }
    let held = |name: &str| fs::read_to_string(folder().join("manifests").join(name)).unwrap();
    assert!(["broken.yaml", "no-object.yaml"].map(held).iter().all(|text| text.contains("hunter2")));
}

#[test]
fn the_same_mistakes_are_told_in_both_modes() {
    for name in names(&folder(), ".yaml") {
        let file = format!("{name}.yaml");
        assert_eq!(said(&folder(), &[&file]).0, said(&folder(), &[&file, "--mode", "drill"]).0, "{name}");
    }
}

#[test]
fn what_a_mistake_is_told_as_does_not_depend_on_the_output_that_is_asked_for() {
    for output in ["json", "dot"] {
        for name in ["cycle-of-two", "unknown-key-near", "empty"] {
            let file = format!("{name}.yaml");
            let (text, told) = said(&folder(), &[&file, "--output", output]);
            assert_eq!(text, said(&folder(), &[&file]).0, "{name}");
            assert!(told.stdout.is_empty());
        }
    }
}

/// Plans that no editor writes: their name and their bytes.
fn made() -> Vec<(&'static str, Vec<u8>)> {
    let long = |n: usize| {
        format!("name: lab\nsteps:\n  - {{id: a, kind: command, run: [tool, {}], verify: [tool]}}\n", "x".repeat(n))
    };
    let utf16 = |text: &str| {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect::<Vec<u8>>()
    };
    let key = format!("name: lab\n\"{}\": x\nsteps: []\n", "k".repeat(2000));
    vec![
        ("made-text-over-64-kib", long((64 << 10) + 1).into()),
        ("made-not-utf-8", [b"name: lab\n# gr\xc3\xbc\xc3\x9fe, gr\xfc\xdfe\n".as_slice(), GOOD.as_bytes()].concat()),
        ("made-utf-16", utf16(GOOD)),
        ("made-zero-byte", GOOD.replace("name: lab\n", "name: lab\n\0").into()),
        ("made-zero-byte-in-a-comment", GOOD.replace("steps", "# cut \0 here\nsteps").into()),
        ("made-zeroes-behind-the-plan", [GOOD.as_bytes(), &[0; 512]].concat()),
        ("made-escape-character", GOOD.replace("lab", "lab\u{1b}[2J").into()),
        ("made-byte-order-mark-inside", GOOD.replace("steps", "\u{feff}steps").into()),
        ("made-long-key", key.into()),
        ("made-block-begins-with-a-tab", "name: |\n\tlab\nsteps: []\n".into()),
        ("made-deep-flow", format!("name: {}", "[".repeat(100_000)).into()),
        ("made-deep-maps", format!("name: {}", "{a: ".repeat(100_000)).into()),
        ("made-deep-blocks", format!("name:\n {}x\n", "- ".repeat(100_000)).into()),
    ]
}

#[test]
fn a_file_that_no_editor_writes_is_refused_in_words_that_help() {
    let mut golden = Golden::default();
    let place = tempfile::tempdir().unwrap();
    for (name, bytes) in made() {
        fs::write(place.path().join(format!("{name}.yaml")), bytes).unwrap();
        let (text, output) = said(place.path(), &[&format!("{name}.yaml")]);
        is_a_good_error(name, &text, &output);
        has_places(name, &text);
        golden.holds(&folder().join(format!("{name}.txt")), &text);
    }
    golden.done();
}

#[test]
fn what_is_no_plan_file_at_all_is_refused_at_once() {
    let mut golden = Golden::default();
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::create_dir(at("folder.yaml")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe.yaml"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    // A file that takes no room on the disk.
    fs::File::create(at("large.yaml")).unwrap().set_len((64 << 20) + 1).unwrap();
    std::os::unix::fs::symlink("loop.yaml", at("loop.yaml")).unwrap();
    let cases = [
        ("path-is-missing", "missing.yaml"),
        ("path-is-a-folder", "folder.yaml"),
        ("path-is-a-pipe", "pipe.yaml"),
        ("path-is-a-device", "/dev/zero"),
        ("path-is-too-large", "large.yaml"),
        ("path-leads-to-itself", "loop.yaml"),
        ("path-goes-through-a-file", "large.yaml/plan.yaml"),
    ];
    for (name, path) in cases {
        let (text, output) = said(place.path(), &[path]);
        is_a_good_error(name, &text, &output);
        golden.holds(&folder().join(format!("{name}.txt")), &text);
    }
    golden.done();
}

#[test]
fn without_a_name_the_only_plan_is_meant_and_several_or_none_are_an_error() {
    let mut golden = Golden::default();
    let place = tempfile::tempdir().unwrap();
    let (text, output) = said(place.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    golden.holds(&folder().join("path-none-is-there.txt"), &text);

    let plans = place.path().join("plans");
    fs::create_dir(&plans).unwrap();
    fs::write(plans.join("README.md"), "Not a plan.").unwrap();
    assert_eq!(said(place.path(), &[]).0, text, "a folder without plans is as good as none");

    fs::write(plans.join("home.yaml"), GOOD).unwrap();
    assert_eq!(said(place.path(), &[]).1.status.code(), Some(0), "the only plan was not taken");

    fs::write(plans.join("work.yaml"), GOOD).unwrap();
    let (text, output) = said(place.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    golden.holds(&folder().join("path-several-are-there.txt"), &text);
    golden.done();
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_are_read_as_if_they_were_not_there() {
    let place = tempfile::tempdir().unwrap();
    let shown = |text: &str| {
        fs::write(place.path().join("plan.yaml"), text).unwrap();
        let (said, output) = said(place.path(), &["plan.yaml"]);
        assert_eq!(output.status.code(), Some(0), "{text:?}\n{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let plain = shown(GOOD);
    assert_eq!(plain, shown(&GOOD.replace('\n', "\r\n")));
    assert_eq!(plain, shown(&format!("\u{feff}{GOOD}")));
    assert_eq!(plain, shown(&format!("\u{feff}{}", GOOD.replace('\n', "\r\n"))));
    assert_eq!(plain, shown(&format!("---\n{GOOD}...\n")));
    assert_eq!(plain, shown(GOOD.trim_end()));
}

#[test]
fn places_are_right_after_line_ends_of_windows_and_letters_of_two_bytes() {
    let text = "name: lab\r\n# Größe\r\nsteps:\r\n  - {id: größe, kind: command, run: [tool], verifi: [tool]}\r\n";
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("plan.yaml"), text).unwrap();
    let (said, _) = said(place.path(), &["plan.yaml"]);
    assert!(said.contains("plan.yaml:4:10: `id`"), "{said}");
    assert!(said.contains("plan.yaml:4:45: unknown key `verifi`"), "{said}");
}

#[test]
fn every_golden_text_belongs_to_a_plan() {
    let made: Vec<&str> = made().iter().map(|(name, _)| *name).collect();
    let plans = names(&folder(), ".yaml");
    for name in names(&folder(), ".txt") {
        let known = plans.contains(&name) || made.contains(&name.as_str()) || name.starts_with("path-");
        assert!(known, "bad-plans/{name}.txt belongs to nothing");
    }
}
