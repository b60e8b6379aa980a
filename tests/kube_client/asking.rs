//! Questions to a server that is busy, slow, away or of another opinion: which of them are asked again, and when.

use crate::fake_api::{Fake, Reply, kubeconfig, status};
use crate::{ONE, PATCH, map, one, pace, run, to};
use blackstart::model::ObjectId;
use blackstart::sys::kube::{Force, Kube, Owner, Trouble};
use blackstart::sys::pace::BrokenOff;
use blackstart::sys::{Look, Touch};
use serde_json::json;
use std::cell::RefCell;
use std::time::{Duration, Instant};

#[test]
fn a_busy_server_is_asked_again_when_it_says_and_not_before() {
    let busy = || Reply::With(429, "retry-after", "1", status(429, "TooManyRequests", "too many requests"));
    let fake = Fake::new(vec![("GET", ONE, busy()), ("GET", ONE, Reply::Json(200, map("one", "1")))]);
    let found = run(async { to(&fake).await.get(&one()).await });
    assert_eq!(found, Ok(Some(map("one", "1"))));
    let calls = fake.done();
    let between = calls[1].at - calls[0].at;
    assert!(between >= Duration::from_secs(1) && between < Duration::from_secs(3), "{between:?}");
}

#[test]
fn a_burst_of_failures_behind_the_server_is_sat_out() {
    let failed = |code| Reply::Json(code, status(code, "InternalError", "etcdserver: leader changed"));
    let fake = Fake::new(vec![
        ("PATCH", PATCH, failed(500)),
        ("PATCH", PATCH, Reply::Text(502, "bad gateway")),
        ("PATCH", PATCH, failed(503)),
        ("PATCH", PATCH, failed(504)),
        ("PATCH", PATCH, Reply::Json(200, map("one", "2"))),
    ]);
    let after = run(async { to(&fake).await.apply(&Touch::granted(), &map("one", ""), Force::No).await });
    assert_eq!(after, Ok(map("one", "2")));
    fake.done();
}

#[test]
fn a_connection_that_is_cut_before_or_within_the_answer_costs_one_more_question() {
    let fake = Fake::new(vec![
        ("PATCH", PATCH, Reply::Cut),
        ("PATCH", PATCH, Reply::Half(map("one", "2"))),
        ("PATCH", PATCH, Reply::Json(200, map("one", "2"))),
    ]);
    let after = run(async { to(&fake).await.apply(&Touch::granted(), &map("one", ""), Force::No).await });
    assert_eq!(after, Ok(map("one", "2")));
    fake.done();
}

#[test]
fn what_is_about_the_object_itself_is_not_asked_again() {
    let typed = "failed to create typed patch object (a/one; /v1, Kind=ConfigMap): .dta: field not declared in schema";
    for (code, reason, message) in [
        (500, "", typed),
        (422, "Invalid", "ConfigMap \"one\" is invalid"),
        (403, "Forbidden", "exceeded quota: few, requested: configmaps=1, used: configmaps=1, limited: configmaps=1"),
        (404, "NotFound", "namespaces \"a\" not found"),
        (400, "BadRequest", "strict decoding error: unknown field \"dta\""),
    ] {
        let fake = Fake::new(vec![("PATCH", PATCH, Reply::Json(code, status(code, reason, message)))]);
        let said =
            run(async { to(&fake).await.apply(&Touch::granted(), &map("one", ""), Force::No).await }).unwrap_err();
        assert!(!said.transient(), "{said:?}");
        assert_eq!(said.to_string(), format!("{message} ({code})"), "the server's words, whole");
        fake.done();
    }
}

#[test]
fn a_conflict_names_the_owners_and_is_forced_only_when_asked() {
    let cause = |manager: &str, field: &str| json!({"reason": "FieldManagerConflict", "message": format!("conflict with \"{manager}\" using v1"), "field": field});
    let mut conflict = status(409, "Conflict", "Apply failed with 2 conflicts");
    conflict["details"] = json!({"causes": [cause("kubectl-edit", ".data.a"), cause("argocd-controller", ".data.b")]});
    let fake = Fake::new(vec![
        ("PATCH", PATCH, Reply::Json(409, conflict)),
        ("PATCH", PATCH, Reply::Json(200, map("one", "2"))),
    ]);
    let (no, yes) = run(async {
        let (kube, touch, body) = (to(&fake).await, Touch::granted(), map("one", ""));
        (kube.apply(&touch, &body, Force::No).await, kube.apply(&touch, &body, Force::Yes).await)
    });
    let owner = |manager: &str, field: &str| Owner { manager: manager.to_owned(), field: field.to_owned() };
    let said = no.unwrap_err();
    assert_eq!(said, Trouble::Conflict(vec![owner("kubectl-edit", ".data.a"), owner("argocd-controller", ".data.b")]));
    assert_eq!(said.to_string(), "fields are owned by others: data.a by kubectl-edit, data.b by argocd-controller");
    assert!(yes.is_ok());
    let calls = fake.done();
    assert!(!calls[0].path.contains("force") && calls[1].path.ends_with("&force=true"), "{calls:?}");
}

#[test]
fn a_write_that_somebody_overtook_is_done_again() {
    let overtaken =
        status(409, "Conflict", "the object has been modified; please apply your changes to the latest version");
    let fake = Fake::new(vec![
        ("PATCH", PATCH, Reply::Json(409, overtaken)),
        ("PATCH", PATCH, Reply::Json(200, map("one", "3"))),
    ]);
    assert!(run(async { to(&fake).await.apply(&Touch::granted(), &map("one", ""), Force::No).await }).is_ok());
    fake.done();
}

#[test]
fn a_slow_server_is_waited_for_and_not_longer_than_there_is_time() {
    let late = |after| Reply::Late(Duration::from_millis(after), Box::new(Reply::Json(200, map("one", "1"))));
    let fake = Fake::new(vec![("GET", ONE, late(700)), ("GET", ONE, late(5000))]);
    run(async {
        let kube = to(&fake).await;
        assert!(kube.patiently(&pace(5.0), &|_| {}, async |kube| kube.get(&one()).await).await.is_ok());
        let (begun, time) = (Instant::now(), Duration::from_millis(500));
        let over = kube.patiently(&pace(0.5), &|_| {}, async |kube| kube.get(&one()).await).await;
        assert_eq!(over, Err(Trouble::BrokenOff(BrokenOff::Deadline(time), None)));
        assert!(begun.elapsed() < Duration::from_secs(2));
    });
    fake.done();
}

#[test]
fn a_server_that_goes_away_and_comes_back_is_told_of_once_each() {
    let place = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = place.local_addr().unwrap().port();
    drop(place);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, kubeconfig(&format!("http://127.0.0.1:{port}"))).unwrap();
    let said = RefCell::new(Vec::new());
    let back = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(3));
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        Fake::on(listener, vec![("GET", ONE, Reply::Json(200, map("one", "1")))])
    });
    run(async {
        let kube = Kube::connect(Look::new(), &file).await.unwrap();
        let say = |text: &str| said.borrow_mut().push(text.to_owned());
        let found = kube.patiently(&pace(20.0), &say, async |kube| kube.get(&one()).await).await;
        assert_eq!(found, Ok(Some(map("one", "1"))));
    });
    back.join().unwrap().done();
    let said = said.into_inner();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("the API server cannot be reached: ") && said[0].contains("refused"), "{said:?}");
    assert!(said[1].starts_with("it goes on, after "), "{said:?}");
}

#[test]
fn a_delete_is_meant_for_the_object_that_was_there_and_for_no_later_one() {
    let fake = Fake::new(vec![
        ("GET", ONE, Reply::Json(200, map("one", "1"))),
        ("DELETE", ONE, Reply::Cut),
        ("DELETE", ONE, Reply::Json(404, status(404, "NotFound", "configmaps \"one\" not found"))),
    ]);
    assert_eq!(run(async { to(&fake).await.delete(&Touch::granted(), &one()).await }), Ok(false));
    for call in &fake.done()[1..] {
        assert!(call.body.contains(r#""preconditions":{"uid":"uid-one"}"#), "{}", call.body);
    }
}

#[test]
fn a_kind_that_nobody_serves_and_a_name_that_is_none_are_not_asked_for() {
    let fake = Fake::new(vec![]);
    run(async {
        let kube = to(&fake).await;
        let id = ObjectId::new("example.org/v1", "Thing", None, "x");
        let trouble = kube.get(&id).await.unwrap_err();
        assert_eq!(trouble.to_string(), "the server has no kind Thing in example.org/v1");
        for name in ["", ".", "..", "a/b"] {
            let trouble = kube.get(&ObjectId::new("v1", "Namespace", None, name)).await.unwrap_err();
            assert!(matches!(trouble, Trouble::NoName(_)), "{trouble:?}");
        }
    });
    fake.done();
}

#[test]
fn odd_names_stay_within_their_part_of_the_path() {
    let fake = Fake::new(vec![(
        "GET",
        "/api/v1/namespaces/a%3Fb%23/pods/x%25%20y",
        Reply::Json(404, status(404, "NotFound", "")),
    )]);
    let id = ObjectId::new("v1", "Pod", Some("a?b#"), "x% y");
    assert_eq!(run(async { to(&fake).await.get(&id).await }), Ok(None));
    fake.done();
}

#[test]
fn logs_come_as_they_are() {
    let path = "/api/v1/namespaces/a/pods/p/log?tailLines=10&previous=true&container=c";
    let fake = Fake::new(vec![("GET", path, Reply::Text(200, "one\ntwo\n"))]);
    assert_eq!(run(async { to(&fake).await.logs("a", "p", "c", true, 10).await }), Ok("one\ntwo\n".to_owned()));
    fake.done();
}

#[test]
fn no_more_questions_are_under_way_at_once_than_the_limit() {
    let late = || Reply::Late(Duration::from_millis(150), Box::new(Reply::Json(200, map("one", "1"))));
    let fake = Fake::new((0..48).map(|_| ("GET", ONE, late())).collect());
    let begun = Instant::now();
    run(async {
        let kube = to(&fake).await;
        let ids: Vec<ObjectId> = (0..48).map(|_| one()).collect();
        blackstart::sys::kube::many(&ids, async |id| kube.get(id).await.unwrap()).await;
    });
    assert!(begun.elapsed() >= Duration::from_millis(4 * 150 - 20), "48 questions went in {:?}", begun.elapsed());
    let calls = fake.done();
    let within = |from: Instant| {
        calls.iter().filter(|call| call.at >= from && call.at < from + Duration::from_millis(100)).count()
    };
    let most = calls.iter().map(|call| within(call.at)).max().unwrap();
    assert!(most <= blackstart::sys::kube::AT_ONCE, "{most} at once");
}

#[test]
fn a_script_that_is_not_followed_is_seen() {
    let missing = Fake::new(vec![("GET", ONE, Reply::Cut)]);
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| missing.done())).is_err());
    let extra = Fake::new(vec![]);
    assert!(run(async { to(&extra).await.get(&one()).await }).is_err());
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| extra.done())).is_err());
}
