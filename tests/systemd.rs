//! The units of the monthly drill: systemd takes them, they start what there is, and what they forbid no drill needs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "support/sandbox.rs"]
mod sandbox;

use common::{Told, binary, have, long};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const UNITS: [&str; 2] = ["blackstart-drill.service", "blackstart-drill.timer"];

fn unit(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/systemd").join(name)).unwrap()
}

/// The values of a key, in order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// What systemd says of these units, in a home where the program is where they look for it.
fn verified(change: impl Fn(&str) -> String) -> Told {
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join(".local/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::copy(binary(), bin.join("blackstart")).unwrap();
    let units: Vec<PathBuf> = UNITS.iter().map(|name| home.path().join(name)).collect();
    units.iter().zip(UNITS).for_each(|(path, name)| fs::write(path, change(&unit(name))).unwrap());
    let mut command = Command::new("systemd-analyze");
    command.args(["--user", "--no-pager", "verify"]).args(&units).env("HOME", home.path());
    command.env("XDG_RUNTIME_DIR", home.path()).stdin(Stdio::null());
    Told::of(command.output().unwrap())
}

#[test]
fn systemd_takes_the_units_and_would_not_take_everything() {
    if !have("systemd-analyze", "systemd_takes_the_units_and_would_not_take_everything") {
        return;
    }
    let told = verified(str::to_owned);
    assert_eq!((told.code, told.all()), (0, String::new()));
    for (from, to) in
        [("Type=oneshot", "Typ=oneshot"), ("03:30:00", "03:30:77"), (".local/bin/blackstart", ".local/bin/no")]
    {
        let told = verified(|text| text.replace(from, to));
        assert!(told.code != 0 || !told.all().is_empty(), "{to} was taken");
    }
}

#[test]
fn what_the_service_types_is_understood() {
    let service = unit(UNITS[0]);
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("plan.yaml"), "name: a\nsteps: [{id: a, kind: probe, run: [date]}]\n").unwrap();
    let typed = [values(&service, "ExecStartPre"), values(&service, "ExecStart")].concat();
    assert_eq!(typed.len(), 2);
    for line in typed {
        let mut words = line.trim_start_matches('-').split(' ');
        assert_eq!(words.next(), Some("%h/.local/bin/blackstart"));
        let words = words.map(|word| word.replace("${BLACKSTART_PLAN}", "plan.yaml"));
        let mut command = Command::new(binary());
        command.args(words).current_dir(place.path()).env("XDG_STATE_HOME", place.path().join("state"));
        // Where no sandbox is found nothing can be reaped: refused, but understood.
        let told = Told::of(command.stdin(Stdio::null()).output().unwrap());
        assert!([0, 3].contains(&told.code), "{line}: {}", told.all());
    }
    for name in ["BLACKSTART_PLAN", "BLACKSTART_PING", "BLACKSTART_SANDBOX"] {
        assert!(service.contains(&format!("#   {name}=")), "{name} is not told");
    }
}

#[test]
fn the_clusters_of_failed_drills_outlive_their_service_and_a_missed_night_is_made_up_for() {
    let [service, timer] = UNITS.map(unit);
    assert_eq!(values(&service, "KillMode"), ["process"]);
    assert_eq!(values(&timer, "Persistent"), ["yes"]);
    assert_eq!((values(&timer, "OnCalendar").len(), values(&timer, "RandomizedDelaySec").len()), (1, 1));
}

/// What the filter lets through, as this systemd knows it.
fn allowed(filter: &str) -> BTreeSet<String> {
    let listed = Command::new("systemd-analyze").args(["--no-pager", "syscall-filter"]).output().unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    let mut sets: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut set = "";
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(call) if !call.starts_with('#') => sets.entry(set).or_default().push(call.trim()),
            Some(_) => {}
            None => set = line.trim(),
        }
    }
    let (mut found, mut open) = (BTreeSet::new(), vec![filter]);
    while let Some(name) = open.pop() {
        for call in sets.get(name).into_iter().flatten() {
            match call.starts_with('@') {
                true => open.push(call),
                false => drop(found.insert((*call).to_owned())),
            }
        }
    }
    assert!(found.len() > 100, "{filter} has {} calls", found.len());
    found
}

/// A drill of the example under strace: each call, address family and mapping that it needs is one that the service allows.
#[test]
fn what_the_service_forbids_no_drill_needs() {
    let test = "what_the_service_forbids_no_drill_needs";
    // It takes half a minute and says the same each time: only the long run asks.
    if !long() || !have("systemd-analyze", test) || !have("strace", test) {
        return;
    }
    let Some(program) = sandbox::program() else {
        return sandbox::not_run(test, "blackstart-sandbox is not built");
    };
    let service = unit(UNITS[0]);
    let place = tempfile::tempdir().unwrap();
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/homelab.yaml");
    let traced = |options: &[&str]| {
        let file = place.path().join("trace");
        let mut command = Command::new("strace");
        command.args(["-f", "-qq"]).args(options).arg("-o").arg(&file).arg("--").arg(binary()).arg("drill").arg(&plan);
        command.env("BLACKSTART_SANDBOX", &program).env("XDG_STATE_HOME", place.path().join("state"));
        Told::of(command.stdin(Stdio::null()).output().unwrap()).code(0);
        fs::read_to_string(file).unwrap()
    };
    let counted = traced(&["-c"]);
    let used: BTreeSet<String> = (counted.lines().skip(2))
        .filter_map(|line| line.split_whitespace().last())
        .filter(|word| *word != "total" && !word.starts_with('-'))
        .map(str::to_owned)
        .collect();
    let [filter] = values(&service, "SystemCallFilter")[..] else { panic!("one filter") };
    let allowed = allowed(filter);
    let forbidden: Vec<&String> = used.difference(&allowed).collect();
    assert!(used.len() > 40 && forbidden.is_empty(), "of {} calls these would be refused: {forbidden:?}", used.len());

    let calls = traced(&["-e", "trace=socket,mmap,mprotect,clone,clone3,unshare,setns,personality"]);
    let families: BTreeSet<&str> = calls.split("socket(").skip(1).filter_map(|rest| rest.split(',').next()).collect();
    let [open] = values(&service, "RestrictAddressFamilies")[..] else { panic!("one list") };
    assert!(
        families.len() > 1 && families.iter().all(|family| open.split(' ').any(|open| open == *family)),
        "{families:?}"
    );
    let both = |line: &&str| line.contains("PROT_WRITE") && line.contains("PROT_EXEC");
    assert_eq!(calls.lines().find(both), None, "MemoryDenyWriteExecute");
    let space =
        |line: &&str| ["CLONE_NEW", "unshare(", "setns(", "personality("].iter().any(|call| line.contains(call));
    assert_eq!(calls.lines().find(space), None, "RestrictNamespaces, LockPersonality");
}
