//! Fresh SealedSecrets in a git work tree: what has changed and nothing else, whole or not at all, whenever it is killed.

use crate::common::{self, Dice, Told, binary, have};
use crate::drills::{Home, PLAN};
use crate::lab::{hold, key, small};
use blackstart::manifests::objects_of;
use blackstart::secrets::{Certificate, Key, manifest, open, sealed};
use blackstart::sys::clock;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};

const FOLDER: &str = "plans/kubernetes/sealed";
const TOKEN: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: tunnel-token, namespace: networking}\nstringData: {token: another-4711}\n";

fn ready(test: &str, sandboxes: usize) -> Option<Home> {
    let home = small(test, sandboxes, "")?;
    home.lab.write("plans/.git/HEAD", "ref: refs/heads/main\n");
    home.lab.write(&format!("{FOLDER}/README.md"), "ours\n");
    Some(home)
}

fn files(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(home.lab.path(FOLDER)).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn what_has_changed_is_written_and_nothing_else() {
    let Some(home) = ready("what_has_changed_is_written_and_nothing_else", 0) else { return };
    let write = |home: &Home| home.does(&["secrets", "write-back", FOLDER]).code(0);
    let run = write(&home);
    assert_eq!(run.out.lines().count(), 13, "{run:?}");
    let first = files(&home);
    assert_eq!(first.len(), 14);
    assert!(write(&home).out.is_empty() && files(&home) == first);
    hold(&home, "networking-tunnel-token", TOKEN);
    assert_eq!(write(&home).out, format!("{FOLDER}/networking-tunnel-token.yaml\n"));
    let second = files(&home);
    let changed: Vec<&String> = second.keys().filter(|name| second[*name] != first[*name]).collect();
    assert_eq!(changed, ["networking-tunnel-token.yaml"]);
    // Every one opens with the key of the store, to what the store has; the certificate is that of the key.
    let (key, certificate) = key(&home);
    for (name, bytes) in second.iter().filter(|(name, _)| name.ends_with(".yaml")) {
        let (objects, broken) = objects_of(bytes, false, name);
        assert!(broken.is_empty() && objects.len() == 1, "{name}");
        let sealed = sealed::read(&objects[0]).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
        assert!(open(&sealed, &[&key]).is_ok(), "{name}");
    }
    let pem = &second["sealing-certificate.pem"];
    let written = blackstart::secrets::Certificate::from_pem(pem, blackstart::sys::clock::now());
    assert_eq!(written.map(|written| written.fingerprint()).unwrap_or_default(), certificate.fingerprint());
    // Where nobody would look at it, nothing is written.
    home.does(&["secrets", "write-back", "secrets.example"]).code(3).says("no git work tree");
}

#[test]
fn what_only_a_retired_key_opens_is_sealed_anew() {
    let Some(home) = ready("what_only_a_retired_key_opens_is_sealed_anew", 0) else { return };
    let (_, document) = Key::generate("kube-system", "older", clock::now()).unwrap();
    let text = String::from_utf8(manifest::yaml(&document).reveal().to_vec()).unwrap();
    hold(&home, "kube-system-older", &text.replace("sealed-secrets-key: active", "sealed-secrets-key: compromised"));
    hold(&home, "networking-tunnel-token", TOKEN);
    let pem = Key::read(&document).unwrap_or_else(|faults| panic!("{faults:?}")).certificate.unwrap().pem();
    let older = Certificate::from_pem(pem.reveal(), clock::now()).unwrap_or_else(|unfit| panic!("{unfit}"));
    let path = format!("{FOLDER}/networking-tunnel-token.yaml");
    home.lab.write(&path, &crate::lab::sealed(TOKEN, &older));
    let told = home.does(&["secrets", "write-back", FOLDER]).code(0);
    assert!(told.out.contains(&path), "{told:?}");
    let (objects, _) = objects_of(home.lab.read(&path).as_bytes(), false, "");
    let sealed = sealed::read(&objects[0]).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert!(open(&sealed, &[&key(&home).0]).is_ok(), "it is left as it was");
}

#[test]
fn no_file_of_somebody_else_is_written_over() {
    let Some(home) = ready("no_file_of_somebody_else_is_written_over", 0) else { return };
    let secret = |space: &str, name: &str| {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {space}}}\nstringData: {{a: b}}\n")
    };
    // Both are joined to the same word.
    hold(&home, "twins", &format!("{}---\n{}", secret("apps", "blog-db"), secret("apps-blog", "db")));
    let theirs = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\n";
    home.lab.write(&format!("{FOLDER}/networking-tunnel-token.yaml"), theirs);
    home.does(&["secrets", "write-back", FOLDER]).code(0);
    let first = files(&home);
    assert_eq!(first["networking-tunnel-token.yaml"], theirs.as_bytes());
    let all = first.values().map(|bytes| String::from_utf8_lossy(bytes)).collect::<String>();
    for name in ["name: blog-db", "name: db\n", "name: tunnel-token"] {
        assert!(all.contains(name), "{name:?} is in no file: {:?}", first.keys());
    }
    assert!(home.does(&["secrets", "write-back", FOLDER]).code(0).out.is_empty(), "a second time moves something");
    // Where no name is left, it is said.
    home.lab.write(&format!("{FOLDER}/networking.tunnel-token.yaml"), theirs);
    home.does(&["secrets", "write-back", FOLDER]).code(3).says("stands there and is something else");
    // A folder that is named through a work tree and lies outside of it.
    std::fs::create_dir(home.lab.path("elsewhere")).unwrap();
    home.does(&["secrets", "write-back", "plans/../elsewhere"]).code(3).says("no git work tree");
}

#[test]
fn a_recovery_writes_back_and_a_drill_does_not() {
    let Some(home) = ready("a_recovery_writes_back_and_a_drill_does_not", 1) else { return };
    home.edit(PLAN, |plan| {
        plan.replace("{id: secrets, kind: secrets}", "{id: secrets, kind: secrets, write-back: kubernetes/sealed}")
    });
    let run = home.drill(&[]).is_green();
    let left = run.finished()["not_exercised"].to_string();
    assert!(left.contains("nothing was written back to kubernetes/sealed"), "{left}");
    assert_eq!(files(&home).len(), 1);
    let name = home.lab.name.clone();
    home.does(&["recover", PLAN, "--confirm", &name, "--output", "json"]).is_green();
    assert_eq!(files(&home).len(), 14);
    home.reap().code(0);
}

#[test]
fn killed_at_any_call_each_file_is_the_old_one_or_the_new_one() {
    let test = "killed_at_any_call_each_file_is_the_old_one_or_the_new_one";
    if !have("strace", test) {
        return;
    }
    let Some(home) = ready(test, 0) else { return };
    home.does(&["secrets", "write-back", FOLDER]).code(0);
    let old = files(&home);
    hold(&home, "networking-tunnel-token", TOKEN);
    let (key, _) = key(&home);
    let traced = |more: &[String]| {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o"]).arg(home.lab.path("trace")).args(more);
        command.args([binary(), "secrets", "write-back", FOLDER]).current_dir(home.lab.path(""));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Told::of(command.output().unwrap())
    };
    let (mut ends, mut tried) = ([0, 0], 0);
    for (call, fault) in [
        ("openat", "signal=KILL"),
        ("write", "signal=KILL"),
        ("fsync", "signal=KILL"),
        ("rename", "signal=KILL"),
        ("close", "signal=KILL"),
        ("write", "error=ENOSPC"),
        ("fsync", "error=EIO"),
        ("rename", "error=EIO"),
    ] {
        traced(&["-e".into(), format!("trace={call}")]).code(0);
        let trace = std::fs::read_to_string(home.lab.path("trace")).unwrap();
        let last = trace
            .lines()
            .filter(|line| line.split_whitespace().nth(1).is_some_and(|word| word.starts_with(call)))
            .count();
        let points: Vec<usize> = match common::long() {
            true => (1..=last).collect(),
            // What is written is written at the end.
            false => (last.saturating_sub(3)..=last).chain(Dice(common::seed(call)).some(last, 2)).collect(),
        };
        for n in points.into_iter().filter(|n| *n > 0) {
            old.iter()
                .for_each(|(name, bytes)| std::fs::write(home.lab.path(&format!("{FOLDER}/{name}")), bytes).unwrap());
            let told =
                traced(&["-e".into(), format!("trace={call}"), "-e".into(), format!("inject={call}:{fault}:when={n}")]);
            let now: BTreeMap<_, _> = files(&home).into_iter().filter(|(name, _)| !name.starts_with('.')).collect();
            assert_eq!(now.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>(), "{call} {n}: {told:?}");
            let moved: Vec<&String> = now.keys().filter(|name| now[*name] != old[*name]).collect();
            let is_new = match moved[..] {
                [] => false,
                [name] if name == "networking-tunnel-token.yaml" => true,
                _ => panic!("{call} {fault} {n}: {moved:?}"),
            };
            let (objects, broken) = objects_of(&now["networking-tunnel-token.yaml"], false, "");
            let sealed = sealed::read(&objects[0]).unwrap_or_else(|faults| panic!("{faults:?}"));
            assert!(broken.is_empty() && open(&sealed, &[&key]).is_ok(), "{call} {fault} {n}: half a file");
            assert!(told.code != 0 || is_new, "{call} {fault} {n}: exit 0, and nothing was written");
            ends[usize::from(is_new)] += 1;
            tried += 1;
        }
    }
    home.does(&["secrets", "write-back", FOLDER]).code(0);
    assert_eq!(files(&home).len(), old.len(), "something was left behind");
    println!(
        "secrets: write-back broken at {tried} calls: {} times the old file, {} times the new one",
        ends[0], ends[1]
    );
    assert!(ends[0] > 0 && ends[1] > 0);
}
