//! Lists, watches and waits: they go on where they were, and miss nothing.

use crate::fake_api::{Fake, Reply, status};
use crate::{LIST, WATCH, event, list, map, names, one, pace, run, to};
use blackstart::sys::kube::{Trouble, Unmet, Verdict};
use blackstart::sys::pace::BrokenOff;
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn a_list_follows_its_pages_and_begins_anew_when_they_have_become_too_old() {
    let page =
        |token: &str, items: &[Value]| json!({"metadata": {"resourceVersion": "9", "continue": token}, "items": items});
    let fake = Fake::new(vec![
        (
            "GET",
            "/api/v1/namespaces/a/configmaps?limit=500",
            Reply::Json(200, page("x/y", &[json!({"metadata": {"name": "one"}})])),
        ),
        (
            "GET",
            "/api/v1/namespaces/a/configmaps?limit=500&continue=x%2Fy",
            Reply::Json(410, status(410, "Expired", "too old")),
        ),
        ("GET", "/api/v1/namespaces/a/configmaps?limit=500", Reply::Json(200, page("z", &[map("one", "1")]))),
        ("GET", "/api/v1/namespaces/a/configmaps?limit=500&continue=z", Reply::Json(200, page("", &[map("two", "1")]))),
    ]);
    let items = run(async { to(&fake).await.list("v1", "ConfigMap", Some("a")).await });
    assert_eq!(items, Ok(vec![map("one", "1"), map("two", "1")]));
    fake.done();
}

#[test]
fn a_watch_that_is_cut_or_ends_goes_on_from_where_it_was() {
    let mark =
        event("BOOKMARK", &json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}}));
    let fake = Fake::new(vec![
        ("GET", LIST, Reply::Json(200, list("5", &[map("one", "4"), map("two", "5")]))),
        ("GET", WATCH, Reply::EventsCut(vec![event("MODIFIED", &map("one", "6"))])),
        ("GET", WATCH, Reply::Events(vec![mark])),
        ("GET", WATCH, Reply::EventsHeld(vec![event("DELETED", &map("two", "8"))])),
    ]);
    let changes = run(async {
        let (mut watch, mut changes) = (to(&fake).await.watch(&[("v1", "ConfigMap")], Some("a")), Vec::new());
        for _ in 0..5 {
            changes.push(watch.next().await);
        }
        changes
    });
    assert_eq!(names(&changes), ["one is 4", "two is 5", "synced", "one is 6", "two is gone"]);
    let from: Vec<_> =
        fake.done()[1..].iter().map(|call| call.path.split("resourceVersion=").nth(1).unwrap().to_owned()).collect();
    assert_eq!(from, ["5", "6", "7"]);
}

#[test]
fn a_watch_that_has_become_too_old_tells_what_it_missed() {
    for gone in [
        Reply::Json(410, status(410, "Expired", "too old resource version")),
        Reply::Events(vec![event("ERROR", &status(410, "Expired", "too old resource version"))]),
    ] {
        let mut other = map("four", "1");
        other["metadata"]["uid"] = "another".into();
        let fake = Fake::new(vec![
            (
                "GET",
                LIST,
                Reply::Json(200, list("5", &[map("one", "1"), map("two", "1"), map("three", "1"), map("four", "1")])),
            ),
            ("GET", WATCH, gone),
            ("GET", LIST, Reply::Json(200, list("9", &[map("one", "1"), map("two", "8"), other]))),
            ("GET", WATCH, Reply::EventsHeld(vec![])),
        ]);
        let changes = run(async {
            let (mut watch, mut changes) = (to(&fake).await.watch(&[("v1", "ConfigMap")], Some("a")), Vec::new());
            while let Ok(change) = tokio::time::timeout(Duration::from_secs(2), watch.next()).await {
                changes.push(change);
            }
            changes
        });
        let told = names(&changes);
        assert_eq!(told[..5], ["one is 1", "two is 1", "three is 1", "four is 1", "synced"]);
        assert_eq!(told[5..], ["two is 8", "four is gone", "four is 1", "three is gone", "synced"]);
        fake.done();
    }
}

#[test]
fn several_kinds_are_synced_when_each_of_them_is_and_lost_when_one_is() {
    let fake = Fake::new(vec![
        ("GET", LIST, Reply::Json(200, list("5", &[map("one", "1")]))),
        ("GET", WATCH, Reply::EventsHeld(vec![])),
        ("GET", "/api/v1/namespaces/a/secrets?limit=500", Reply::Json(403, status(403, "Forbidden", "no"))),
        ("GET", "/api/v1/namespaces/a/secrets?limit=500", Reply::Json(200, list("5", &[]))),
        ("GET", "/api/v1/namespaces/a/secrets?watch=true*", Reply::EventsHeld(vec![])),
    ]);
    let changes = run(async {
        let mut watch = to(&fake).await.watch(&[("v1", "ConfigMap"), ("v1", "Secret")], Some("a"));
        let mut changes = vec![watch.next().await, watch.next().await, watch.next().await];
        changes.extend(tokio::time::timeout(Duration::from_millis(300), watch.next()).await);
        changes
    });
    let mut told = names(&changes);
    told[..2].sort_unstable();
    assert_eq!(told, ["lost", "one is 1", "synced"]);
    fake.done();
}

#[test]
fn a_wait_ends_with_the_state_that_was_waited_for_and_needs_no_poll() {
    let at = |phase: &str, version: &str| {
        let mut object = map("one", version);
        object["status"] = json!({"phase": phase});
        object
    };
    let fake = Fake::new(vec![
        ("GET", LIST, Reply::Json(200, list("5", &[]))),
        (
            "GET",
            WATCH,
            Reply::EventsHeld(vec![
                event("ADDED", &at("Pending", "6")),
                event("MODIFIED", &at("Active", "7")),
                event("MODIFIED", &at("Late", "8")),
            ]),
        ),
    ]);
    let met = run(async {
        let active = |object: Option<&Value>| match object.map(|object| object["status"]["phase"].as_str().unwrap()) {
            Some("Active") => Verdict::Met,
            Some(phase) => Verdict::NotYet(format!("it is {phase}")),
            None => Verdict::NotYet("it is not there".to_owned()),
        };
        to(&fake).await.until(&one(), &pace(5.0), &|_| {}, active).await
    });
    assert_eq!(met, Ok(Some(at("Active", "7"))));
    let calls = fake.done();
    assert!(calls.iter().all(|call| call.path.contains("fieldSelector=metadata.name=one")), "{calls:?}");
}

#[test]
fn a_wait_that_cannot_be_met_says_what_was_missing() {
    let script = || {
        vec![("GET", LIST, Reply::Json(200, list("5", &[map("one", "5")]))), ("GET", WATCH, Reply::EventsHeld(vec![]))]
    };
    let fake = Fake::new(script());
    let over = run(async {
        to(&fake).await.until(&one(), &pace(0.4), &|_| {}, |_| Verdict::NotYet("it is Pending".to_owned())).await
    });
    let time = Duration::from_millis(400);
    assert_eq!(over, Err(Unmet::Over { why: BrokenOff::Deadline(time), last: "it is Pending".to_owned() }));
    fake.done();
    let fake = Fake::new(vec![script().remove(0)]);
    let never =
        run(async { to(&fake).await.until(&one(), &pace(5.0), &|_| {}, |_| Verdict::Never("no".to_owned())).await });
    assert_eq!(never, Err(Unmet::Never("no".to_owned())));
    fake.done();
    let refused = status(403, "Forbidden", "configmaps is forbidden");
    let fake = Fake::new(vec![("GET", LIST, Reply::Json(403, refused))]);
    let refused = run(async { to(&fake).await.until(&one(), &pace(5.0), &|_| {}, |_| Verdict::Met).await });
    assert!(matches!(refused, Err(Unmet::Trouble(Trouble::Refused(_)))), "{refused:?}");
    fake.done();
}
