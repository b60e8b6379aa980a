//! The client against a scripted fake of an API server: busy, away, cut off, slow, refusing, and what comes of each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/fake_api.rs"]
mod fake_api;

use blackstart::model::ObjectId;
use blackstart::sys::kube::{Change, Force, Kube, Owner, Trouble, Unmet, Verdict};
use blackstart::sys::pace::{Brake, BrokenOff, Halt, Pace};
use blackstart::sys::{Look, Touch};
use fake_api::{Fake, Reply, kubeconfig, status};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::future::Future;
use std::time::{Duration, Instant};

const ONE: &str = "/api/v1/namespaces/a/configmaps/one";
const PATCH: &str = "/api/v1/namespaces/a/configmaps/one?fieldManager=blackstart&fieldValidation=Strict*";
const LIST: &str = "/api/v1/namespaces/a/configmaps?limit=500*";
const WATCH: &str = "/api/v1/namespaces/a/configmaps?watch=true*";

fn run<T>(work: impl Future<Output = T>) -> T {
    let limited = async { tokio::time::timeout(Duration::from_secs(40), work).await.expect("the test hangs") };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(limited)
}

async fn to(fake: &Fake) -> Kube {
    Kube::connect(Look::new(), &fake.kubeconfig()).await.unwrap()
}

/// The brake that nobody pulls must not be let go of: that is as if it were pulled.
fn pace(seconds: f64) -> Pace {
    Box::leak(Box::new(Brake::default())).pace(Duration::from_secs_f64(seconds), Halt::Now)
}

fn one() -> ObjectId {
    ObjectId::new("v1", "ConfigMap", Some("a"), "one")
}

fn map(name: &str, version: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "a", "uid": format!("uid-{name}"), "resourceVersion": version}})
}

fn list(version: &str, items: &[Value]) -> Value {
    json!({"kind": "ConfigMapList", "metadata": {"resourceVersion": version}, "items": items})
}

fn event(what: &str, object: &Value) -> Value {
    json!({"type": what, "object": object})
}

fn names(changes: &[Change]) -> Vec<String> {
    let name = |change: &Change| match change {
        Change::Is(object) => {
            let about = &object["metadata"];
            format!("{} is {}", about["name"].as_str().unwrap(), about["resourceVersion"].as_str().unwrap())
        }
        Change::Gone(id) => format!("{} is gone", id.name),
        Change::Synced => "synced".to_owned(),
        Change::Lost { .. } => "lost".to_owned(),
    };
    changes.iter().map(name).collect()
}

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
fn a_kubeconfig_that_starts_programs_or_trusts_anybody_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kubeconfig");
    let good = kubeconfig("https://127.0.0.1:1");
    let to = |text: &str| {
        std::fs::write(&file, text).unwrap();
        run(async { Kube::connect(Look::new(), &file).await.map(|kube| kube.server().to_owned()) })
    };
    assert_eq!(to(&good), Ok("https://127.0.0.1:1".to_owned()));
    let token = "token: canary-token";
    let with = |from: &str, to: &str| good.replace(from, to);
    for (text, why) in [
        (with(token, "exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/true}"), "by a program"),
        (with(token, "auth-provider: {name: oidc}"), "by a program"),
        (with("{server:", "{insecure-skip-tls-verify: true, server:"), "insecure-skip-tls-verify"),
        (kubeconfig("http://10.0.0.1:8080"), "no TLS"),
        (kubeconfig("http://localhost.example.org"), "no TLS"),
        (with("current-context: a", "current-context: b"), "b"),
        (with(token, "token: [canary-token]"), "is not a kubeconfig"),
        ("canary-token: {".to_owned(), "is not a kubeconfig"),
        (String::new(), "context"),
    ] {
        let said = to(&text).unwrap_err().to_string();
        assert!(said.contains(why) && said.contains("kubeconfig"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
    std::fs::remove_file(&file).unwrap();
    let said = run(async { Kube::connect(Look::new(), &file).await.err() }).unwrap().to_string();
    assert!(said.contains("No such file"), "{said}");
}

#[test]
fn the_environment_leads_nowhere_else() {
    // Again, as a child with an environment that would lead a client astray.
    let child = "BLACKSTART_TEST_CHILD";
    if std::env::var_os(child).is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "the_environment_leads_nowhere_else", "--nocapture"]).env(child, "1");
        for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
            again.env(name, "http://127.0.0.1:1");
        }
        again
            .env("KUBECONFIG", "/nowhere")
            .env("HOME", "/nowhere")
            .env("KUBE_RS_DEBUG_OVERRIDE_URL", "http://127.0.0.1:1");
        assert!(again.status().unwrap().success());
        return;
    }
    let fake = Fake::new(vec![("GET", ONE, Reply::Json(200, map("one", "1")))]);
    assert_eq!(run(async { to(&fake).await.get(&one()).await }), Ok(Some(map("one", "1"))));
    fake.done();
}

#[test]
fn a_script_that_is_not_followed_is_seen() {
    let missing = Fake::new(vec![("GET", ONE, Reply::Cut)]);
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| missing.done())).is_err());
    let extra = Fake::new(vec![]);
    assert!(run(async { to(&extra).await.get(&one()).await }).is_err());
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| extra.done())).is_err());
}
