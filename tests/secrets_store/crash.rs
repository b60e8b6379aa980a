//! Killed at the n-th call of one kind, for all n: the store is the old one or the new one, whole, and the next command
//! that writes goes on from there. The same with calls that fail. And two commands at once.

use crate::common::{self, Dice, Told, binary, have};
use crate::lab::{Lab, all, another};
use blackstart::secrets::Store;
use blackstart::sys::Look;
use blackstart::sys::age::Identities;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The values of a store as it is now, by name and key; every file must open, and agree with the ledger.
fn values(folder: &Path, identities: &Identities) -> Result<BTreeMap<String, String>, String> {
    let look = Look::new();
    let store = Store::find(look, folder, "secrets", "").map_err(|problem| problem.to_string())?;
    let outline = store.outline();
    if !outline.stale.is_empty() {
        return Err(format!("stale: {:?}", outline.stale));
    }
    let digests = store.digests(look, identities).map_err(|problem| problem.to_string())?;
    let mut values = BTreeMap::new();
    for opened in store.open_all(look, identities).map_err(|problem| problem.to_string())? {
        for document in &opened.documents {
            let held = outline.held.iter().find(|held| held.name == *document.id.name).ok_or("not in the ledger")?;
            for (key, entry) in &document.entries {
                if held.keys[key].1 != digests.of(&document.id, key, &entry.value) {
                    return Err(format!("{}: another digest", document.id));
                }
                values.insert(
                    format!("{} {key}", document.id),
                    String::from_utf8_lossy(entry.value.reveal()).into_owned(),
                );
            }
        }
    }
    Ok(values)
}

struct Case {
    lab: Lab,
    words: Vec<String>,
    input: &'static str,
    editor: &'static str,
    /// Who can open it before, and who after.
    old: Identities,
    new: Identities,
}

fn case(name: &str) -> Case {
    let lab = Lab::filled();
    let (old, mut new) = (lab.identities(), lab.identities());
    let words: Vec<String> = match name {
        "add" => ["add", "apps/db", "password"].map(str::to_owned).to_vec(),
        "edit" => ["edit", "apps/db"].map(str::to_owned).to_vec(),
        _ => {
            let (path, public) = another(&lab, "other");
            let text = blackstart::model::Hidden::new(std::fs::read(path).unwrap());
            new = Identities::read(&text).map_err(|trouble| trouble.to_string()).unwrap();
            let own = lab.recipient().to_string();
            vec!["rotate".into(), "--add".into(), public, "--remove".into(), own]
        }
    };
    Case { lab, words, input: "canary-new", editor: "sed -i s/canary-4712/canary-new/", old, new }
}

fn traced(case: &Case, more: &[String]) -> Told {
    let trace = case.lab.home().join("trace");
    let mut command = Command::new("strace");
    // Not -f: the editor is another program, whose death is no death of ours.
    command.args(["-qq", "-o"]).arg(&trace).args(more).args([binary(), "secrets"]).args(&case.words);
    case.lab.setting(&mut command);
    command.env("EDITOR", case.editor);
    common::feed(&mut command, case.input)
}

/// Whether the change came out, and nothing between.
fn settled(name: &str, case: &Case) -> Result<bool, String> {
    let folder = case.lab.path("");
    let is_new = match (values(&folder, &case.old), values(&folder, &case.new)) {
        (Ok(old), Err(_)) if name == "rotate" && old["Secret apps/db password"] == "canary-4712" => false,
        (Err(_), Ok(new)) if name == "rotate" && new["Secret apps/db password"] == "canary-4712" => true,
        (Ok(now), Ok(_)) if name != "rotate" && now.len() == 2 => match now["Secret apps/db password"].as_str() {
            "canary-4712" => false,
            "canary-new" => true,
            other => return Err(other.to_owned()),
        },
        other => return Err(format!("{other:?}")),
    };
    // The next one that writes clears up, whoever it is.
    let identity = if is_new && name == "rotate" { "../home/other" } else { "../home/.config/blackstart/identity.txt" };
    let next = case.lab.feed(&["add", "edge/tunnel", "more", "--identity", identity], "x");
    let names: Vec<String> = all(&case.lab.path("secrets")).into_iter().map(|(name, _)| name).collect();
    if next.code != 0 || names.len() != 5 || names.iter().any(|name| name.contains("blackstart-")) {
        return Err(format!("{next:?} {names:?}"));
    }
    Ok(is_new)
}

/// A call by its name and which of its kind it is.
type Point = (String, usize);

/// Every call of a command, in order, and the place of the first that takes the lock.
fn points(name: &str) -> (Vec<Point>, usize) {
    let counted = case(name);
    traced(&counted, &[]).code(0);
    let trace = std::fs::read_to_string(counted.lab.home().join("trace")).unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut points = Vec::new();
    let names = trace.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name);
    // A program is not ours yet at the one, and not any more at the others.
    let ours = names.filter(|name| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !["execve", "exit_group", "exit", "vfork", "clone", "clone3"].contains(name)
    });
    for name in ours {
        let count = counts.entry(name).or_default();
        *count += 1;
        points.push((name.to_owned(), *count));
    }
    let lock = points.iter().position(|(name, _)| name == "flock").unwrap();
    (points, lock)
}

/// Of these, all or some.
fn taken(points: &[Point], most: usize, dice: &mut Dice) -> Vec<Point> {
    match common::long() {
        true => points.to_vec(),
        false => dice.some(points.len(), most).into_iter().map(|at| points[at].clone()).collect(),
    }
}

fn hit(name: &str, fault: &str, (call, n): &Point) -> bool {
    let case = case(name);
    let inject = format!("inject={call}:{fault}:when={n}");
    let told = traced(&case, &["-e".into(), format!("trace={call}"), "-e".into(), inject]);
    match settled(name, &case) {
        Ok(new) => {
            assert!(told.code != 0 || new, "{name} {call} {fault} when={n}: exit 0 and nothing was done");
            new
        }
        Err(why) => panic!("{name} {call} {fault} when={n}: {why}\n{told:?}"),
    }
}

fn swept(name: &str, test: &str) {
    if !have("strace", test) {
        return;
    }
    let (all, lock) = points(name);
    let mut dice = Dice(common::seed(&format!("kill_{name}")));
    // What the loader and the runtime do is the same for every command; the calls that matter are behind the lock.
    let mut kills = taken(&all[..lock], 8, &mut dice);
    kills.extend(taken(&all[lock..], 40, &mut dice));
    let (mut both, mut faults) = ([0; 2], 0);
    for point in &kills {
        both[usize::from(hit(name, "signal=KILL", point))] += 1;
    }
    for (call, fault) in
        [("write", "error=ENOSPC"), ("fsync", "error=EIO"), ("rename", "error=EIO"), ("openat", "error=EMFILE")]
    {
        let of_call: Vec<Point> = all[lock..].iter().filter(|(name, _)| name == call).cloned().collect();
        for point in taken(&of_call, 5, &mut dice) {
            both[usize::from(hit(name, fault, &point))] += 1;
            faults += 1;
        }
    }
    println!(
        "secrets: {name}: killed at {} of its {} calls, {faults} calls made to fail: {} times the old store, {} times the new one",
        kills.len(),
        all.len(),
        both[0],
        both[1]
    );
    assert!(both[0] > 5 && both[1] > 0, "{both:?}");
    // The desks of the killed are cleared away by the next that is laid.
    Lab::filled().edit("apps/db", "true").code(0);
}

#[test]
fn rotate_is_all_or_nothing_whenever_it_is_killed() {
    swept("rotate", "rotate_is_all_or_nothing_whenever_it_is_killed");
}

#[test]
fn add_is_all_or_nothing_whenever_it_is_killed() {
    swept("add", "add_is_all_or_nothing_whenever_it_is_killed");
}

#[test]
fn edit_is_all_or_nothing_whenever_it_is_killed() {
    swept("edit", "edit_is_all_or_nothing_whenever_it_is_killed");
}

#[test]
fn commands_at_once_do_not_mix_and_readers_see_whole_stores() {
    let lab = Lab::filled();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..6)
            .map(|n| {
                let lab = &lab;
                scope.spawn(move || match n % 3 {
                    0 => lab.run(&["rotate"]).code(0),
                    _ => lab.add("apps/db", &format!("key-{n}"), "canary-1"),
                })
            })
            .collect();
        let identities = lab.identities();
        let mut reads = 0;
        while writers.iter().any(|writer| !writer.is_finished()) {
            values(&lab.path(""), &identities).unwrap();
            reads += 1;
        }
        println!("secrets: 6 commands at once; {reads} whole stores were read meanwhile");
        writers.into_iter().for_each(|writer| drop(writer.join().unwrap()));
    });
    let keys = lab.list()["files"][0]["secrets"][0]["keys"].as_array().unwrap().len();
    assert_eq!(keys, 5);
    lab.run(&["check"]).code(0);
}
