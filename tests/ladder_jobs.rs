//! Jobs that came to their end and are cleared away: gone is not the same as not yet there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::checks::ladder::{Standing, climb};
use blackstart::checks::live::Live;
use blackstart::model::{ObjectId, Stamp};
use serde_json::{Value, json};

const NOW: &str = "2026-11-21T10:00:00Z";

fn job(changes: &[(&str, Value)]) -> Value {
    let mut job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "migrate", "namespace": "apps", "uid": "u1", "creationTimestamp": "2026-11-21T09:59:00Z"},
        "spec": {}, "status": {"conditions": [{"type": "Complete", "status": "True"}], "succeeded": 1}});
    for (path, value) in changes {
        *job.pointer_mut(path.rsplit_once('/').unwrap().0)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .entry(path.rsplit_once('/').unwrap().1)
            .or_insert(Value::Null) = value.clone();
    }
    job
}

fn said(reason: &str, kind: &str, message: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("migrate.{reason}"), "namespace": "apps"},
        "type": kind, "reason": reason, "message": message, "lastTimestamp": "2026-11-21T09:59:30Z",
        "involvedObject": {"kind": "Job", "namespace": "apps", "name": "migrate", "uid": "u1"}})
}

fn stands(objects: Vec<Value>) -> Standing {
    let mut live = Live::new();
    objects.into_iter().for_each(|object| assert!(live.insert(object)));
    let id = ObjectId::new("batch/v1", "Job", Some("apps"), "migrate");
    climb(&live, &id, &[], Stamp::read(NOW).unwrap(), None)
}

#[track_caller]
fn waits(objects: Vec<Value>, words: &str) {
    match stands(objects) {
        Standing::Waiting { why } => assert!(why.contains(words), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_that_said_that_it_was_complete_and_is_gone_has_done_what_it_was_for() {
    let completed = || said("Completed", "Normal", "Job completed");
    match stands(vec![completed()]) {
        Standing::Ready(what) => assert_eq!(what, "complete, and cleared away (Job completed)"),
        other => panic!("{other:?}"),
    }
    waits(vec![], "is not there yet");
    waits(vec![said("SuccessfulCreate", "Normal", "Created pod: migrate-x")], "is not there yet");
    // One that failed and was cleared away has not done it.
    waits(
        vec![said("BackoffLimitExceeded", "Warning", "Job has reached the specified backoff limit")],
        "not there yet",
    );
}

#[test]
fn a_job_that_is_cleared_away_soon_is_waited_for_where_somebody_has_to_let_it_go() {
    let ready = |changes: &[(&str, Value)]| matches!(stands(vec![job(changes)]), Standing::Ready(_));
    let (held, soon) =
        (("/metadata/finalizers", json!(["homelab.example.org/report"])), ("/spec/ttlSecondsAfterFinished", json!(1)));
    assert!(ready(&[]));
    assert!(ready(std::slice::from_ref(&held)));
    assert!(ready(std::slice::from_ref(&soon)));
    assert!(ready(&[held.clone(), ("/spec/ttlSecondsAfterFinished", json!(86400))]));
    waits(vec![job(&[held.clone(), soon.clone()])], "complete; to be cleared away 1 s after its end");
    // Not let go of, it is stuck, and is said to be.
    let deleted = ("/metadata/deletionTimestamp", json!("2026-11-21T09:59:00Z"));
    match stands(vec![job(&[held, soon, deleted])]) {
        Standing::Stuck(trouble) => assert_eq!(trouble.id, "F61"),
        other => panic!("{other:?}"),
    }
}
