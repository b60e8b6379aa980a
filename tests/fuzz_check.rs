//! Damaged manifests through everything that `check` does: reading them with patience, and every rule over what came of it.
//! Whatever lies there, it ends soon, takes little memory, panics never, counts every file, and names places that are there.
//!
//! BLACKSTART_FUZZ_SECONDS says for how long (default 10), BLACKSTART_SEED which files are tried (default: other ones each
//! time). Files that break the rule are left where they are, and their folder is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/damage.rs"]
mod damage;

use blackstart::checks::rules::Ground;
use blackstart::checks::rules::cluster::Cluster;
use blackstart::checks::{files, pod_security};
use blackstart::manifests::repository;
use blackstart::model::Place;
use blackstart::report::found;
use blackstart::report::paint::Paint;
use blackstart::sys::Look;
use damage::{Dice, damage};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const PATIENCE: Duration = Duration::from_secs(4);
/// So much more than at the beginning, in KiB, at the most.
const MEMORY: u64 = 512 << 10;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

/// Another one each second, and told, so that what was found can be found again.
fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = number("BLACKSTART_SEED").unwrap_or_else(now);
    println!("fuzz_check: BLACKSTART_SEED={seed}");
    seed
}

/// The manifests of the example and those of the tests of rules.
fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut left: Vec<PathBuf> = ["plans/kubernetes", "tests/check"].map(|folder| root.join(folder)).into();
    let mut texts = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            texts.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    texts.sort();
    texts.into_iter().map(|(_, text)| text).collect()
}

/// What was found in a folder: its text, and how the rule was broken, if it was.
fn looked_at(folder: &Path, count: usize) -> (usize, Option<String>) {
    let found = repository::read(Look::new(), &[folder.to_owned()]);
    let read = found.papers.objects.len();
    if found.papers.files != count {
        return (read, Some(format!("{count} files lie there, and {} are counted", found.papers.files)));
    }
    let silent = |at: usize| {
        let name = folder.join(name(at)).display().to_string();
        let of_objects = found.papers.objects.iter().chain(&found.tools).any(|object| *object.file == *name);
        !of_objects && !found.unread.iter().any(|unread| unread.place.file == name)
    };
    let silent = (0..count).filter(|at| silent(*at)).count();
    // An empty list is of Kubernetes, and has nothing in it.
    let empty = (0..count).filter(|at| fs::read(folder.join(name(*at))).is_ok_and(|text| has(&text, b"List"))).count();
    if silent < found.foreign || silent > found.foreign + empty {
        return (read, Some(format!("nothing is said of {silent} files, and {} are not Kubernetes", found.foreign)));
    }
    let papers = [found.papers];
    let cluster = found.tools.iter().find_map(|object| Cluster::of_k3d(object));
    let mut ground = Ground::of(&papers, cluster, &|_| false);
    ground.beside = &found.beside;
    let mut told = files::check(&papers, &ground, &pod_security::Rules::default());
    told.sort();
    let places = told.faults.iter().map(|fault| (&fault.finding.place, &fault.finding.message));
    let places = places.chain(told.unknowns.iter().map(|unknown| (&unknown.place, &unknown.message)));
    if let Some(wrong) = places.filter_map(|(place, message)| misplaced(place, message)).next() {
        return (read, Some(wrong));
    }
    let findings: Vec<_> = told.faults.into_iter().map(|fault| fault.finding).collect();
    let shown =
        found::Shown { findings: &findings, unknowns: &told.unknowns, accepted: &told.accepted, made: &[], next: &[] };
    let text = found::text(&found::Looked::default(), &shown, true, Paint(false));
    let odd = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    (read, odd.map(|odd| format!("a control character {odd:?} is printed")))
}

fn has(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part == word)
}

fn misplaced(place: &Place, message: &str) -> Option<String> {
    let text = fs::read(&place.file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count();
    let line = usize::try_from(place.spot.line).unwrap();
    (line < 1 || line > lines + 1).then(|| format!("{}:{line} is no place in {lines} lines: {message}", place.file))
}

fn name(at: usize) -> String {
    format!("{at}.yaml")
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn damaged_manifests_are_checked_or_told_and_nothing_else() {
    let seconds = number("BLACKSTART_FUZZ_SECONDS").unwrap_or(10);
    let (seed, texts) = (seed(), seeds());
    let mut dice = Dice(seed);
    let folder = tempfile::tempdir().unwrap();
    let before = peak();
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut tried, mut objects) = (0_u64, 0);
    while Instant::now() < until {
        let count = 1 + dice.below(3);
        let own = folder.path().join("files");
        let _ = fs::remove_dir_all(&own);
        fs::create_dir(&own).unwrap();
        for at in 0..count {
            let text = &texts[dice.below(texts.len())];
            let text = if dice.below(5) == 0 { text.clone() } else { damage(text, &texts, &mut dice) };
            fs::write(own.join(name(at)), text).unwrap();
        }
        let begun = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| looked_at(&own, count)));
        let taken = begun.elapsed();
        tried += 1;
        let wrong = match done {
            Err(_) => Some("it panicked".to_owned()),
            Ok(_) if taken > PATIENCE => Some(format!("it took {taken:?}")),
            Ok(_) if peak() > before + MEMORY => Some(format!("it took {} MiB", (peak() - before) >> 10)),
            Ok((read, wrong)) => {
                objects += read;
                wrong
            }
        };
        if let Some(wrong) = wrong {
            let kept = folder.keep();
            panic!("case {tried} of BLACKSTART_SEED={seed}: {wrong}\nthe files are in {}", kept.display());
        }
    }
    println!("fuzz_check: {tried} cases, {objects} objects, {} MiB more at the most", (peak() - before) >> 10);
    // Most must come through, or only the reader was tried.
    assert!(tried > 20 && objects > usize::try_from(tried).unwrap(), "{objects} objects in {tried} cases");
}
