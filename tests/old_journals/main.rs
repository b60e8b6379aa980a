//! Journals of format 1, as the real binary wrote them: kept, and read by every later version. Paths, names, process
//! numbers and the clock were set by hand; nothing else was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../living/mod.rs"]
mod living;
mod made;

use blackstart::journal::{Memory, Past, Record, Story, Teller, frame, read};
use blackstart::model::{Outcome, RunId, State, What};
use common::{Lab, Told};
use made::{NAMES, STEPS, journal_of, set};
use std::path::PathBuf;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal-1").join(name)
}
fn kept(name: &str) -> Vec<u8> {
    std::fs::read(folder(name).join("journal")).unwrap()
}
fn story(name: &str) -> Story {
    read(&kept(name)).unwrap()
}

/// What is remembered of each step, in the order of the plan.
fn remembered(story: &Story) -> Vec<(State, Memory)> {
    let past = Past::of(story).unwrap();
    past.begin.steps.iter().map(|(id, _)| past.step(id)).map(|step| (step.state, step.memory)).collect()
}

#[test]
fn every_kept_journal_is_whole_and_says_what_it_was_kept_for() {
    use {Memory as M, State as S};
    let skipped = (S::Skipped, M::Never);
    let whole = [(S::Verified, M::Done), (S::Verified, M::Done), skipped, (S::Verified, M::Done)];
    type Kept = (&'static str, Option<Outcome>, [(State, Memory); 4]);
    let as_told: [Kept; 5] = [
        ("verified", Some(Outcome::Verified), whole),
        (
            "failed",
            Some(Outcome::Failed),
            [(S::Verified, M::Done), (S::Failed, M::Broken), skipped, (S::NotRun, M::Never)],
        ),
        ("killed", None, [(S::Verified, M::Done), (S::Touching, M::Begun), skipped, (S::Waiting, M::Never)]),
        ("resumed", Some(Outcome::Verified), whole),
        ("accepted", Some(Outcome::Verified), [(S::Accepted, M::Accepted), whole[1], skipped, whole[3]]),
    ];
    assert_eq!(as_told.map(|(name, _, _)| name), NAMES);
    for (name, outcome, steps) in as_told {
        let story = story(name);
        let past = Past::of(&story).unwrap();
        assert_eq!((story.torn, past.ending.as_ref().map(|ending| ending.outcome)), (0, outcome), "{name}");
        assert_eq!(remembered(&story), steps, "{name}");
        assert_eq!(past.begin.file.to_str(), Some("/plan/plan.yaml"), "{name}");
        let text = String::from_utf8_lossy(&kept(name)).into_owned();
        assert!(!text.contains("/tmp"), "{name} holds a path of where it was made");
    }
    assert_eq!(Past::of(&story("resumed")).unwrap().resumes, 1);
}

#[test]
fn they_are_told_as_events() {
    for name in NAMES {
        let story = story(name);
        let events = Teller::all(RunId::new(name).unwrap(), &story.records);
        assert!(matches!(events[0].what, What::RunStarted { resumed: false, .. }), "{name}");
        let last = matches!(events.last().unwrap().what, What::RunFinished { .. });
        assert_eq!(last, name != "killed", "{name}");
        assert!(events.windows(2).all(|pair| pair[0].into <= pair[1].into && pair[0].at <= pair[1].at), "{name}");
        // Every record but that of a started program is told.
        let programs = story.records.iter().filter(|record| made::is_child(record)).count();
        assert_eq!(events.len() + programs, story.records.len(), "{name}");
    }
}

#[test]
fn they_are_shown_by_their_folder() {
    let lab = Lab::new("");
    let ask = |name: &str, words: &[&str]| -> Told {
        let folder = folder(name).display().to_string();
        lab.run(&[&[words[0], &folder], &words[1..]].concat())
    };
    for name in NAMES {
        let complete = !matches!(name, "failed" | "killed");
        ask(name, &["status"]).code(i32::from(!complete)).says("homelab").says("apply").never_says("/tmp");
        let json = ask(name, &["status", "--output", "json"]).code(i32::from(!complete));
        let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!((json["plan"].as_str(), json["alive"].as_bool()), (Some("homelab"), Some(false)), "{name}");
        ask(name, &["report", "--output", "md"]).code(0).says("homelab").says("apply");
        let html = ask(name, &["report", "--output", "html"]).code(0).says("</html>").says("apply");
        assert!(html.out.starts_with("<!"), "{name}");
        let json = ask(name, &["report", "--output", "json"]).code(0);
        assert!(serde_json::from_str::<serde_json::Value>(&json.out).unwrap().is_object(), "{name}");
    }
    ask("failed", &["report"]).code(0).says("no room left").says("apply");
    ask("accepted", &["report"]).code(0).says("--accept");
    ask("killed", &["status"]).code(1).says("begun, end unknown");
}

/// Not only read: gone on with, in a world that is as this run left it.
#[test]
fn a_run_that_was_killed_then_is_resumed_now() {
    let lab = Lab::new(STEPS);
    lab.script("act", made::KILLED_IN);
    for gate in ["before-fetch", "after-fetch", "before-apply", "after-apply"] {
        living::open(&lab, gate);
    }
    lab.write("world/fetch", "");
    lab.write("world/there", "");
    let run = lab.path("state").join("killed");
    std::fs::create_dir_all(run.join("log")).unwrap();
    let here = lab.path("plan.yaml").display().to_string();
    std::fs::write(run.join("journal"), set(&story("killed").records, "/plan/plan.yaml", &here)).unwrap();
    lab.resume(&[&run.display().to_string()]).code(0).says("still so").says("3 verified");
    assert_eq!((living::effects(&lab, "fetch"), living::effects(&lab, "apply")), (0, 1));
}

#[test]
fn another_format_is_refused_with_its_number() {
    let lab = Lab::new("");
    let run = lab.path("state").join("from-later");
    std::fs::create_dir_all(&run).unwrap();
    let later = [b"blackstart journal 2\n", &kept("verified")[frame::MAGIC.len()..]].concat();
    std::fs::write(run.join("journal"), &later).unwrap();
    for word in ["status", "report", "resume"] {
        lab.run(&[word, &run.display().to_string()]).code(3).says("is of format 2").says("reads format 1");
    }
    assert_eq!(std::fs::read(run.join("journal")).unwrap(), later);
    // Seen red: the same bytes under the number that they belong to are read.
    std::fs::write(run.join("journal"), kept("verified")).unwrap();
    lab.run(&["status", &run.display().to_string()]).code(0);
}

/// A version that writes something else than it reads back would go unnoticed until it matters.
#[test]
fn what_is_written_today_is_remembered_like_what_was_kept() {
    let rewrite = std::env::var_os("BLACKSTART_WRITE_JOURNALS").is_some();
    for name in NAMES {
        let today = journal_of(name);
        if rewrite {
            std::fs::create_dir_all(folder(name)).unwrap();
            std::fs::write(folder(name).join("journal"), &today).unwrap();
        }
        assert_eq!(remembered(&read(&today).unwrap()), remembered(&story(name)), "{name}");
    }
}

/// Records that this version does not know are named with their place, not skipped.
#[test]
fn a_record_of_an_unknown_kind_is_refused_with_its_offset() {
    let whole = kept("verified");
    let mut longer = whole.clone();
    frame::put(&mut longer, br#"{"r":"step","step":"fetch","t":1,"did":{"is":"dream"}}"#);
    let damage = read(&longer).unwrap_err();
    assert!(damage.offset == whole.len() && damage.what.contains("dream"), "{damage:?}");
    let mut twice = whole.clone();
    let head: &Record = &story("verified").records[0];
    frame::put(&mut twice, &serde_json::to_vec(head).unwrap());
    assert!(read(&twice).unwrap_err().what.contains("head is not the first"));
}
