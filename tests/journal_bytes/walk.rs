//! Whatever records a journal may hold, in whatever order: they are folded, told and reported, or refused. Never a panic.

use blackstart::journal::record::{Part, Pid};
use blackstart::journal::{Begin, Did, Past, Record, Resume, Story, Teller, Writer, frame, read};
use blackstart::model::{Digest, Ending, Mode, NotExercised, Outcome, PlanName, RunId, Stamp, State, StepId};
use blackstart::report;
use proptest::prelude::*;

fn id() -> impl Strategy<Value = StepId> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(|id| StepId::new(id).unwrap())
}
fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "\\PC{0,20}", ".{0,10}"]
}
fn digest() -> impl Strategy<Value = Digest> {
    prop::sample::select(vec!["00", "ab"]).prop_map(|two| Digest::try_from(two.repeat(32)).unwrap())
}
fn t() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..100_000_u64, 1 => any::<u64>()]
}
fn at() -> impl Strategy<Value = Stamp> {
    prop_oneof![4 => (1_700_000_000_000..1_800_000_000_000_i64).prop_map(Stamp), 1 => any::<i64>().prop_map(Stamp)]
}
fn seconds() -> impl Strategy<Value = f64> {
    (0..u32::MAX).prop_map(|ms| f64::from(ms) / 1000.0)
}
fn pid() -> impl Strategy<Value = Pid> {
    (any::<i32>(), any::<u64>()).prop_map(|(pid, started)| Pid { pid, started })
}

fn did() -> impl Strategy<Value = Did> {
    prop_oneof![
        text().prop_map(|why| Did::Check { why }),
        text().prop_map(|saw| Did::Cleared { saw }),
        (text(), any::<bool>(), prop::option::of(digest())).prop_map(|(saw, adopted, inputs)| Did::Found {
            saw,
            adopted,
            inputs
        }),
        text().prop_map(|saw| Did::Unclear { saw }),
        (any::<u32>(), digest(), text(), proptest::collection::vec(text(), 0..3))
            .prop_map(|(attempt, inputs, why, parts)| Did::Touch { attempt, inputs, why, parts }),
        (pid(), any::<bool>())
            .prop_map(|(child, touch)| Did::Child { child, part: if touch { Part::Touch } else { Part::Verify } }),
        Just(Did::Touched),
        text().prop_map(|saw| Did::Prove { saw }),
        (text(), any::<u64>()).prop_map(|(reason, wait_ms)| Did::Retry { reason, wait_ms }),
        (text(), prop::collection::vec(text(), 0..3), any::<bool>()).prop_map(|(reason, tail, began)| Did::Break {
            reason,
            tail,
            began
        }),
        text().prop_map(|reason| Did::Stop { reason }),
        text().prop_map(|saw| Did::Accept { saw }),
        text().prop_map(|reason| Did::Skip { reason }),
        text().prop_map(|reason| Did::Exclude { reason }),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    let outcomes = [
        Outcome::Verified,
        Outcome::Failed,
        Outcome::Refused,
        Outcome::Interrupted,
        Outcome::OverGoal,
        Outcome::JournalFailed,
    ];
    let unproved = prop::collection::vec((id(), text()).prop_map(|(step, reason)| NotExercised { step, reason }), 0..2);
    (prop::sample::select(outcomes.to_vec()), seconds(), prop::option::of(seconds()), 0..9_usize, unproved, text())
        .prop_map(|(outcome, seconds, goal_seconds, count, not_exercised, next)| Ending {
            outcome,
            seconds,
            cpu_seconds: goal_seconds.map(|goal| goal / 2.0),
            goal_seconds,
            verified: count,
            failed: count,
            not_run: count,
            not_exercised,
            left: vec![next.clone()],
            next: vec![next],
        })
}

fn begin() -> impl Strategy<Value = Record> {
    let steps = prop::collection::vec((id(), text()), 0..4);
    (at(), t(), steps, digest(), prop::option::of(seconds()), pid(), any::<bool>()).prop_map(
        |(at, t, steps, digest, expected, runner, drill)| {
            Record::Begin(Box::new(Begin {
                version: "0.1.0".into(),
                plan: PlanName::new("homelab").unwrap(),
                file: "/plan/plan.yaml".into(),
                mode: if drill { Mode::Drill } else { Mode::Recover },
                digest,
                goal_seconds: expected,
                expected_seconds: expected,
                jobs: 4,
                at,
                t,
                boot: "boot-1".into(),
                host: "h".into(),
                runner,
                longest: steps.iter().map(|(id, _)| id.clone()).collect(),
                provider: None,
                steps,
            }))
        },
    )
}

fn record() -> impl Strategy<Value = Record> {
    let resume = (at(), t(), any::<bool>(), pid(), prop::collection::vec(id(), 0..2), any::<usize>()).prop_map(
        |(at, t, same, runner, words, torn)| {
            Record::Resume(Box::new(Resume {
                version: "0.1.0".into(),
                jobs: 1,
                at,
                t,
                boot: if same { "boot-1".into() } else { "boot-2".into() },
                host: "h".into(),
                runner,
                redo: words.clone(),
                accept: words,
                torn,
            }))
        },
    );
    prop_oneof![
        16 => (id(), t(), did()).prop_map(|(step, t, did)| Record::Step { step, t, did }),
        2 => resume,
        1 => (t(), text()).prop_map(|(t, message)| Record::Notice { t, message }),
        1 => (t(), ending()).prop_map(|(t, ending)| Record::End { t, ending }),
        1 => begin(),
    ]
}

fn told(records: &[Record]) {
    let events = Teller::all(RunId::new("2026-11-03T02-11-07").unwrap(), records);
    if let Some(summary) = report::summary(&events) {
        report::md::render(&summary);
        report::html::render(&summary);
        let text = report::json::report(&summary);
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
    for pair in events.windows(2) {
        assert!(pair[0].seq < pair[1].seq);
    }
}

/// Drops what the table does not allow, so that long walks come about and not only refusals.
fn allowed(records: Vec<Record>) -> Vec<Record> {
    let mut kept: Vec<Record> = Vec::new();
    for record in records {
        kept.push(record);
        if Past::of(&story(&kept)).is_err() {
            kept.pop();
        }
    }
    kept
}
fn story(records: &[Record]) -> Story {
    Story { records: records.to_vec(), good: 0, torn: 0 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if crate::common::long() { 4000 } else { 300 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_of_any_records_is_folded_or_refused(head in begin(), walk in prop::collection::vec(record(), 0..40)) {
        let records: Vec<Record> = std::iter::once(head).chain(walk).collect();
        let _ = Past::of(&story(&records));
        told(&records);
    }

    #[test]
    fn a_walk_that_the_table_allows_is_told_and_comes_back_from_its_bytes(head in begin(), walk in prop::collection::vec(record(), 0..60)) {
        let walk = walk.into_iter().filter(|record| !matches!(record, Record::Begin(_)));
        let records = allowed(std::iter::once(head).chain(walk).collect());
        told(&records);
        let past = Past::of(&story(&records)).unwrap();
        for step in past.steps.values() {
            // Verified is never a memory of nothing.
            prop_assert!(step.state != State::Verified || step.memory == blackstart::journal::Memory::Done);
        }
        let bytes = written(&records);
        let read = read(&bytes).unwrap();
        prop_assert_eq!(read.records, records);
        prop_assert_eq!((read.good, read.torn), (bytes.len(), 0));
    }

    #[test]
    fn bytes_of_any_sort_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), magic in any::<bool>()) {
        let whole = if magic { [frame::MAGIC, &bytes[..]].concat() } else { bytes };
        let _ = read(&whole).map(|story| Past::of(&story));
    }
}

fn written(records: &[Record]) -> Vec<u8> {
    #[derive(Clone, Default)]
    struct Kept(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);
    impl blackstart::journal::Disk for Kept {
        fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(())
        }
        fn sync(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let kept = Kept::default();
    let mut writer = Writer::begin(kept.clone());
    for record in records {
        writer.push(record).unwrap();
    }
    writer.sync().unwrap();
    kept.0.take()
}

/// Seen red: a walk that the table forbids is refused, with the record and the step named.
#[test]
fn a_step_that_is_proved_without_having_begun_is_refused() {
    let id = StepId::new("a").unwrap();
    let head = super::done();
    let head = read(&head.journal).unwrap().records.remove(0);
    let proved = Record::Step { step: id, t: 1, did: Did::Prove { saw: String::new() } };
    let refused = Past::of(&story(&[head, proved])).unwrap_err();
    assert!(refused.0.contains("record 2") && refused.0.contains("step a"), "{refused:?}");
}
