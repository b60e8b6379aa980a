//! The preview: its exact words for every good plan, its order proved by another walk through the plan, and the proof that
//! it has no effect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/effects.rs"]
mod effects;
#[path = "support/golden.rs"]
mod golden;

use golden::{Golden, Host, names, tests};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;

const MODES: [&str; 2] = ["recover", "drill"];
const WIDTHS: [&str; 3] = ["60", "80", "200"];
const OUTPUTS: [&str; 3] = ["text", "json", "dot"];

fn plans() -> Vec<String> {
    names(&tests().join("good-plans"), ".yaml")
}

/// A host that has the programs of the good plans.
fn host() -> Host {
    Host::with(&["tool", "other", "sh"])
}

/// What `plan` puts on stdout for a plan that it can show.
fn shown(host: &Host, plan: &str, mode: &str, output: &str, width: &str) -> String {
    let mut command = host.blackstart();
    command.current_dir(tests().join("good-plans")).env("COLUMNS", width);
    let output = command.args(["plan", &format!("{plan}.yaml"), "--mode", mode, "--output", output]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{plan}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{plan}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_good_plan_is_shown_word_for_word_and_the_same_each_time() {
    let (host, mut golden) = (host(), Golden::default());
    for plan in plans() {
        for mode in MODES {
            let mut holds = |ending: String, output: &str, width: &str| {
                let text = shown(&host, &plan, mode, output, width);
                assert_eq!(
                    text,
                    shown(&host, &plan, mode, output, width),
                    "{plan} is shown differently when asked again"
                );
                golden.holds(&tests().join("previews").join(format!("{plan}.{mode}.{ending}")), &text);
            };
            WIDTHS.iter().for_each(|width| holds(format!("{width}.txt"), "text", width));
            holds("json".to_owned(), "json", "80");
            holds("dot".to_owned(), "dot", "80");
        }
    }
    host.is_untouched();
    golden.done();
}

#[test]
fn every_golden_preview_belongs_to_a_plan() {
    let plans = plans();
    assert!(plans.len() >= 11);
    for name in names(&tests().join("previews"), "") {
        let plan = name.split('.').next().unwrap();
        assert!(plans.iter().any(|known| known == plan), "previews/{name} belongs to nothing");
    }
}

#[test]
fn no_line_is_longer_than_the_width_and_none_has_a_control_character() {
    let host = host();
    for plan in plans() {
        for (mode, width) in MODES.iter().flat_map(|mode| WIDTHS.map(|width| (mode, width))) {
            let text = shown(&host, &plan, mode, "text", width);
            let most: usize = width.parse().unwrap();
            for line in text.lines() {
                // The path of a finding is not cut, so that it can be copied.
                let path = line.starts_with("  F") && line.split_whitespace().count() == 2;
                assert!(path || line.chars().count() <= most, "{plan} {mode}: wider than {width}:\n{line}");
                assert!(!line.contains(char::is_control), "{plan} {mode}: {line:?}");
                assert_eq!(line, line.trim_end(), "{plan} {mode}: spaces at the end of a line");
            }
            assert!(text.ends_with("nothing was touched\n"));
        }
    }
}

#[test]
fn a_width_that_is_no_width_is_passed_over() {
    let host = host();
    let usual = shown(&host, "diamond", "recover", "text", "");
    for width in ["x", "-1", "99999999999999999999999", "0x50"] {
        assert_eq!(shown(&host, "diamond", "recover", "text", width), usual, "COLUMNS={width}");
    }
    assert_eq!(shown(&host, "diamond", "recover", "text", "1"), shown(&host, "diamond", "recover", "text", "60"));
}

/// What a person reads out of the manifests of the good plans: the plan, the step, and those that it has to wait for.
const FROM_MANIFESTS: &[(&str, &str, &[&str])] = &[
    // Their claim names a class; that the volume names the claim is no reason to wait.
    ("every-key", "apps", &["disks"]),
    ("every-key", "ready", &["apps", "controller", "tunnel"]),
    ("every-key", "tunnel", &["apps"]),
    // What is sealed lies in a namespace, is of a kind, and is opened with a key.
    ("every-key", "secrets", &["apps", "controller"]),
    // The namespace and the Secret are also, or only, given by programs, which say so.
    ("before-cluster", "token", &["namespaces"]),
    ("before-cluster", "tunnel", &["namespaces", "token"]),
    ("manifests", "apps", &["namespaces", "disks"]),
    ("manifests", "seals", &["namespaces", "kinds"]),
    // That its Ingress would like the Service of `apps` to be there is no reason; that its pods mount a ConfigMap is.
    ("manifests", "front", &["namespaces", "seals", "apps"]),
    ("manifests", "ready", &["front", "apps"]),
];

/// Who must be verified before whom, read out of the plan by another parser and wired by other code.
fn waits(plan: &str, mode: &str) -> HashMap<String, HashSet<String>> {
    let text = fs::read_to_string(tests().join(format!("good-plans/{plan}.yaml"))).unwrap();
    let plan: Value = serde_saphyr::from_str(&text).unwrap();
    let list = |value: &Value, key: &str| -> Vec<String> {
        let items = value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    let mut outside = list(&plan, "outside");
    for (name, way) in plan.get("access").and_then(Value::as_object).into_iter().flatten() {
        outside.extend(way.get("outside").map(|_| format!("access/{name}")));
    }
    let steps = plan["steps"].as_array().unwrap();
    let id = |step: &Value| step["id"].as_str().unwrap().to_owned();
    let (name, cluster) = (plan["name"].as_str().unwrap(), plan.get("cluster").is_some());
    let mut waits: HashMap<String, HashSet<String>> = HashMap::new();
    if cluster {
        let early = steps.iter().filter(|step| step.get("before").is_some());
        let early: HashSet<String> = early.map(&id).collect();
        // A recovery takes the place of what is there, and a sandbox of nothing.
        match mode == "recover" && plan["cluster"]["provider"] != "sandbox" {
            false => drop(waits.insert("cluster".to_owned(), early)),
            true => {
                let own = ["cluster-save", "cluster-delete"].map(str::to_owned);
                waits.insert(own[0].clone(), HashSet::new());
                waits.insert(own[1].clone(), early.into_iter().chain([own[0].clone()]).collect());
                waits.insert("cluster".to_owned(), [own[1].clone()].into());
            }
        }
    }
    for step in steps {
        let mut before: HashSet<String> = list(step, "needs").into_iter().collect();
        for fact in list(step, "requires").into_iter().filter(|fact| !outside.contains(fact)) {
            before.extend(steps.iter().filter(|giver| list(giver, "provides").contains(&fact)).map(&id));
        }
        if cluster && step.get("before").is_none() {
            before.insert("cluster".to_owned());
        }
        let written = FROM_MANIFESTS.iter().filter(|(plan, step_id, _)| *plan == name && *step_id == id(step));
        before.extend(written.flat_map(|(_, _, givers)| givers.iter().map(|giver| (*giver).to_owned())));
        waits.insert(id(step), before);
    }
    waits
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_order_is_one_in_which_the_steps_can_be_done() {
    let host = host();
    for (plan, mode) in plans().iter().flat_map(|plan| MODES.map(|mode| (plan.clone(), mode))) {
        let json: Value = serde_json::from_str(&shown(&host, &plan, mode, "json", "80")).unwrap();
        let (order, waits) = (texts(&json["order"]), waits(&plan, mode));
        let place = |id: &String| order.iter().position(|step| step == id).unwrap();
        assert_eq!(order.iter().cloned().collect::<HashSet<_>>(), waits.keys().cloned().collect(), "{plan}");
        assert_eq!(order.len(), waits.len(), "{plan}: a step comes twice");

        let mut waves: HashMap<String, u64> = HashMap::new();
        for step in json["steps"].as_array().unwrap() {
            let id = step["id"].as_str().unwrap().to_owned();
            let needs: HashSet<String> = step["needs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|need| need["step"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(needs, waits[&id], "{plan}: {id} waits for others than the plan says");
            assert!(
                needs.iter().all(|before| place(before) < place(&id)),
                "{plan}: {id} comes before what it waits for"
            );
            let wave = needs.iter().map(|before| waves[before]).max().map_or(1, |last| last + 1);
            assert_eq!(step["wave"].as_u64(), Some(wave), "{plan}: the wave of {id}");
            waves.insert(id, wave);
        }

        let critical = texts(&json["critical_path"]);
        for pair in critical.windows(2) {
            assert!(reaches(&waits, &pair[1], &pair[0]), "{plan}: {pair:?} do not follow each other");
        }
        let longest = longest(&waits, &json);
        assert_eq!(critical.len(), longest, "{plan} {mode}: the longest way has another length");
    }
}

/// Whether `late` waits for `early`, over any number of steps between them.
fn reaches(waits: &HashMap<String, HashSet<String>>, late: &str, early: &str) -> bool {
    waits[late].iter().any(|before| before == early || reaches(waits, before, early))
}

/// The most steps that are done one after another, counted by trying every way.
fn longest(waits: &HashMap<String, HashSet<String>>, json: &Value) -> usize {
    let steps = json["steps"].as_array().unwrap();
    let done: HashSet<&str> =
        steps.iter().filter(|step| step["decision"] != "skip").map(|step| step["id"].as_str().unwrap()).collect();
    fn way(waits: &HashMap<String, HashSet<String>>, done: &HashSet<&str>, step: &str) -> usize {
        let before = waits[step].iter().map(|before| way(waits, done, before)).max().unwrap_or(0);
        before + usize::from(done.contains(step))
    }
    waits.keys().map(|step| way(waits, &done, step)).max().unwrap_or(0)
}

/// A plan whose preview does not fit into a pipe.
fn large(folder: &Path) -> std::path::PathBuf {
    let mut text = "name: large\nsteps:\n".to_owned();
    for i in 0..5000 {
        let _ = writeln!(text, "  - {{id: s{i}, kind: command, run: [tool], verify: [tool]}}");
    }
    let path = folder.join("large.yaml");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let (host, place) = (host(), tempfile::tempdir().unwrap());
    let path = large(place.path());
    for output in OUTPUTS {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("blackstart"));
        command.args(["plan", "--output", output]).arg(&path).env("HOME", host.home());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut reader = BufReader::with_capacity(64, child.stdout.take().unwrap());
        reader.fill_buf().unwrap();
        drop(reader);
        let mut complaint = String::new();
        child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
        assert_eq!((child.wait().unwrap().code(), complaint.as_str()), (Some(0), ""), "{output}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_not_a_panic() {
    let host = host();
    let calls = OUTPUTS.map(|output| vec!["plan", "tests/good-plans/diamond.yaml", "--output", output]);
    for args in calls.into_iter().chain([vec!["schema"]]) {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("blackstart"));
        command.args(&args).env("HOME", host.home()).current_dir(env!("CARGO_MANIFEST_DIR"));
        command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap()).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {complaint}");
        assert!(complaint.starts_with("error: the output cannot be written: "), "{args:?}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{args:?}: {complaint}");
    }
}

#[test]
fn a_preview_has_no_effect() {
    let host = host();
    let program = assert_cmd::cargo::cargo_bin!("blackstart");
    // Of the last one every manifest is read, its order comes from them, and it names a cluster that is not made.
    for plan in ["every-key", "missing-programs", "odd-texts", "manifests"] {
        for (mode, output) in MODES.iter().flat_map(|mode| OUTPUTS.map(|output| (mode, output))) {
            let path = tests().join(format!("good-plans/{plan}.yaml"));
            let args = ["plan", path.to_str().unwrap(), "--mode", mode, "--output", output];
            let Some(trace) = effects::trace(program, &args, &host) else { return };
            let found = effects::effects(&trace);
            assert!(found.is_empty(), "blackstart {args:?} did more than look:\n{}", found.join("\n"));
        }
    }
    for args in [["plan", "/nowhere.yaml"], ["plan", "/"], ["plan", "--help"]] {
        let Some(trace) = effects::trace(program, &args, &host) else { return };
        let found = effects::effects(&trace);
        assert!(found.is_empty(), "blackstart {args:?} did more than look:\n{}", found.join("\n"));
    }
    host.is_untouched();
}

#[test]
fn the_proof_of_no_effect_turns_red_on_programs_that_have_one() {
    let host = host();
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name).display().to_string();
    let cases: [(&str, String); 8] = [
        ("openat", format!("touch {}", at("x"))),
        ("mkdir", format!("mkdir {}", at("y"))),
        ("rename", format!("mv {} {}", at("x"), at("z"))),
        ("unlink", format!("rm {}", at("z"))),
        ("rmdir", format!("rmdir {}", at("y"))),
        ("symlink", format!("ln -s a {}", at("l"))),
        ("execve", "sh -c true".to_owned()),
        ("socket", "exec 3<>/dev/tcp/127.0.0.1/9".to_owned()),
    ];
    for (call, script) in cases {
        let Some(trace) = effects::trace(Path::new("/bin/bash"), &["-c", &format!("{script}; :")], &host) else {
            return;
        };
        let found = effects::effects(&trace);
        assert!(found.iter().any(|line| line.contains(call)), "`{script}` passes for a look:\n{found:#?}\n{trace}");
    }
}
