//! What is concluded from Applications as a real Argo CD has left them: each stage was recorded, and cut down to the fields
//! that a verdict reads. Half of them lie in one way or another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::checks::argocd::{Application, Expected, Is, Source, judge, told};
use blackstart::checks::ladder::Heals;
use blackstart::model::{Place, Spot};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const FIRST: &str = "141a46e079028d65f8c31eb5e244dd7538cf71bd";

/// A stage: the Applications that were there, by name.
struct Stage(BTreeMap<String, Value>);

impl Stage {
    fn read(name: &str) -> Self {
        let path = format!("{}/tests/argocd_verdict/seen/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let list: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let named = |one: &Value| (one["metadata"]["name"].as_str().unwrap().to_owned(), one.clone());
        Self(list["items"].as_array().unwrap().iter().map(named).collect())
    }
    fn change(mut self, name: &str, work: impl FnOnce(&mut Value)) -> Self {
        work(self.0.get_mut(name).unwrap());
        self
    }
    /// As they would be expected from a work tree at this commit: all of them, made by `root`.
    fn judge(&self, revision: &str) -> BTreeMap<String, Is> {
        let mut names: Vec<&str> = self.0.keys().map(String::as_str).filter(|name| *name != "root").collect();
        names.insert(0, "root");
        self.judge_these(revision, &names)
    }
    /// What is written in git of a broken one is not what this is about, but for the commit.
    fn expected(&self, revision: &str, names: &[&str]) -> Vec<Expected> {
        let mut all = expected(names, revision);
        for one in &mut all {
            let spec = self.0.get(&one.name).map(|live| live["spec"]["source"].clone()).unwrap_or_default();
            let text = |name: &str| spec[name].as_str().unwrap_or_default().to_owned();
            let (url, path, target) = (text("repoURL"), text("path"), text("targetRevision"));
            one.sources[0] = Source { url, path, target, ..one.sources[0].clone() };
        }
        all
    }
    fn judge_these(&self, revision: &str, names: &[&str]) -> BTreeMap<String, Is> {
        let live: BTreeMap<&str, Application> = self.0.iter().map(|(n, one)| (&**n, Application::of(one))).collect();
        let expected = self.expected(revision, names);
        let judged = judge(&expected, |space, name| live.get(name).filter(|one| one.namespace == space));
        names.iter().map(|name| (*name).to_owned()).zip(judged).collect()
    }
}

fn source(revision: &str, name: &str) -> Source {
    let text = str::to_owned;
    let path = if name == "root" { "apps" } else { name };
    Source {
        url: text("http://192.0.2.10:3000/gitops.git"),
        path: text(path),
        chart: String::new(),
        target: text("main"),
        revision: Some(text(revision)).filter(|revision| !revision.is_empty()),
    }
}

fn expected(names: &[&str], revision: &str) -> Vec<Expected> {
    let one = |(at, name): (usize, &&str)| Expected {
        namespace: "argocd".to_owned(),
        name: (*name).to_owned(),
        parent: (at > 0).then_some(0),
        set: None,
        place: Place { file: "root.yaml".to_owned(), spot: Spot { line: 1, column: 1 } },
        sources: vec![source(revision, name)],
    };
    names.iter().enumerate().map(one).collect()
}

/// `green`, `waits …`, or the id, whether it heals, whether a new sync is what is missing, and why.
fn line(is: &Is) -> String {
    match is {
        Is::Green => "green".to_owned(),
        Is::Waits(why) => format!("waits: {why}"),
        Is::Stuck(stuck) => {
            let heals = if stuck.heals == Heals::Never { "never" } else { "may" };
            let again = if stuck.again { " again" } else { "" };
            format!("{} {heals}{again}: {}", stuck.id, stuck.why)
        }
    }
}

#[track_caller]
fn is(judged: &BTreeMap<String, Is>, name: &str, begins: &str) {
    let line = line(&judged[name]);
    assert!(line.starts_with(begins), "{name}: {line}");
}

fn all_green(judged: &BTreeMap<String, Is>) -> bool {
    judged.values().all(|is| *is == Is::Green)
}

#[test]
fn a_root_and_its_children_are_green_when_nothing_speaks_against_it() {
    let judged = Stage::read("good").judge(FIRST);
    assert_eq!(judged.len(), 4);
    assert!(all_green(&judged), "{judged:?}");
}

#[test]
fn healthy_is_no_answer_while_the_source_cannot_be_read() {
    for stage in ["git-down", "git-blackhole"] {
        let stage = Stage::read(stage);
        assert_eq!(stage.0["web"]["status"]["health"]["status"], "Healthy");
        let judged = stage.judge(FIRST);
        is(&judged, "web", "F10 may: ComparisonError: failed to list refs: Get");
        is(&judged, "root", "F10 may: ComparisonError: ");
        is(&judged, "config", "green");
    }
}

#[test]
fn an_operation_that_failed_before_its_commit_was_synced_all_the_same_is_history() {
    let stage = Stage::read("git-back");
    assert_eq!(stage.0["web"]["status"]["operationState"]["phase"], "Error");
    assert!(all_green(&stage.judge(FIRST)));
    // Without that history nobody has ever brought this commit to its end.
    let never = stage.change("web", |web| web["status"]["history"] = json!([]));
    is(&never.judge(FIRST), "web", "F10 may again: its sync failed and is not tried again: ");
}

#[test]
fn children_that_are_broken_are_named_though_their_root_is_synced_and_healthy() {
    let judged = Stage::read("bad-children").judge("");
    is(&judged, "root", "green");
    is(&judged, "badbranch", "F10 never: ComparisonError: unable to resolve 'nope' to a commit SHA");
    is(&judged, "badpath", "F10 never: ComparisonError: nope: app path does not exist");
    is(&judged, "badrepo", "F10 never: ComparisonError: failed to list refs: repository not found");
    is(&judged, "badyaml", "F96 never: ComparisonError: Failed to unmarshal \"x.yaml\"");
    is(&judged, "badschema", "F103 never: Deployment badschema/web is refused: Deployment in version \"v1\" cannot");
    is(&judged, "badapi", "F103 never: ConfigMap badapi/Not_Valid is refused: ConfigMap \"Not_Valid\" is invalid");
    is(&judged, "nocrd", "waits: it is tried again (attempt 4): Widget nocrd/w: The Kubernetes API could not find");
    is(&judged, "nons", "waits: it is tried again (attempt 4): ConfigMap nons/settings: namespaces \"nons\" not found");
    is(&judged, "wrongkey", "UNKNOWN may: it is Degraded");
    is(&judged, "noimage", "waits: its health is Progressing");
    is(&judged, "sealed", "green");
}

#[test]
fn what_is_still_tried_is_waited_for_and_what_came_late_is_green() {
    let later = Stage::read("bad-children-10min").judge("");
    is(&later, "nocrd", "green");
    is(&later, "nons", "waits: it is tried again (attempt 6)");
    is(&later, "noimage", "UNKNOWN may: it is Degraded");
}

#[test]
fn attempts_that_are_used_up_want_a_new_sync_where_the_cause_may_have_gone() {
    let gave_up = |name: &'static str| {
        Stage::read("bad-children").change(name, |app| {
            app.as_object_mut().unwrap().remove("operation");
            let state = &mut app["status"]["operationState"];
            (state["phase"], state["retryCount"]) = (json!("Failed"), json!(5));
        })
    };
    is(
        &gave_up("nons").judge(""),
        "nons",
        "F82 may again: it gave up after 6 attempts: ConfigMap nons/settings: names",
    );
    is(&gave_up("nocrd").judge(""), "nocrd", "F08 may again: it gave up after 6 attempts: Widget nocrd/w: The Kub");
    // Nothing that comes would make a wrong field right.
    is(&gave_up("badschema").judge(""), "badschema", "F103 never: it gave up after 6 attempts: Deployment");
}

#[test]
fn a_child_that_its_root_could_not_apply_is_missing_and_its_root_is_not_done() {
    let judged = Stage::read("bad-child-app").judge_these("", &["root", "web", "badapp"]);
    is(
        &judged,
        "root",
        "F103 never: Application argocd/badapp is refused: Application.argoproj.io \"badapp\" is invalid",
    );
    is(&judged, "badapp", "waits: Application root, which is to make it, is stuck");
}

#[test]
fn an_application_that_nobody_made_is_a_failure_and_no_smaller_number() {
    let stage = Stage::read("good");
    let names = ["root", "config", "gone", "sealed", "web"];
    is(
        &stage.judge_these(FIRST, &names),
        "gone",
        "F13 may: there is no such Application, and root, which is to make it",
    );
    let mut busy = stage.change("root", |root| root["status"]["operationState"]["phase"] = json!("Running"));
    is(&busy.judge_these(FIRST, &names), "gone", "waits: Application root has not made it yet");
    busy.0.remove("root");
    is(&busy.judge_these(FIRST, &names), "root", "F13 never: there is no such Application: somebody deleted it");
}

#[test]
fn a_repo_server_that_is_away_is_seen_in_operations_alone() {
    let judged = Stage::read("repo-server-down").judge("");
    // Nothing in it says so.
    is(&judged, "sealed", "green");
    is(&judged, "badapi", "F103 never: it gave up after 6 attempts: ConfigMap badapi/Not_Valid");
    is(&judged, "nons", "F82 may again: it gave up after 6 attempts");
    let bare = Stage::read("repo-server-down").change("nons", |nons| {
        nons["status"]["operationState"].as_object_mut().unwrap().remove("syncResult");
    });
    is(&bare.judge(""), "nons", "F102 may again: it gave up after 6 attempts: connection error:");
}

#[test]
fn without_its_project_nothing_is_ever_synced() {
    let judged = Stage::read("no-appproject").judge_these(FIRST, &["root"]);
    is(&judged, "root", "F100 never: InvalidSpecError: Application referencing project default which does not exist");
}

#[test]
fn green_is_for_the_very_commit_that_git_has() {
    let judged = Stage::read("good").judge("dc44874f4b8dbe8b85a4a9a64be2f6a3d5e1ae6f");
    is(
        &judged,
        "web",
        "F101 may: Argo CD reads commit 141a46e079 of http://192.0.2.10:3000/gitops.git, and the work tree has dc",
    );
    // Where the commit is not known on this host there is nothing to compare.
    assert!(all_green(&Stage::read("good").judge("")));
}

#[test]
fn each_thing_that_speaks_against_it_keeps_an_application_from_green() {
    let with = |work: fn(&mut Value)| line(&Stage::read("good").change("web", work).judge(FIRST)["web"]);
    for (work, begins) in [
        ((|web| web["status"]["sync"]["status"] = json!("OutOfSync")) as fn(&mut Value), "waits: it is OutOfSync, and"),
        (|web| web["status"]["sync"]["status"] = json!("Unknown"), "waits: Argo CD does not know how it stands"),
        (|web| web["status"]["sync"] = json!({}), "waits: Argo CD has not looked at it yet"),
        (|web| web["status"]["health"]["status"] = json!("Degraded"), "UNKNOWN may: it is Degraded"),
        (|web| web["status"]["health"]["status"] = json!("Progressing"), "waits: its health is Progressing"),
        (|web| web["status"]["health"]["status"] = json!("Missing"), "waits: its health is Missing"),
        (|web| web["status"]["health"]["status"] = json!("Suspended"), "F92 may: something of it is suspended"),
        (|web| web["status"]["health"] = json!({}), "waits: Argo CD has not looked at its health yet"),
        (|web| web["status"]["conditions"] = json!([{"type": "UnknownError", "message": "huh"}]), "UNKNOWN may: Unk"),
        (|web| web["status"]["operationState"]["phase"] = json!("Running"), "waits: its sync runs: successfully"),
        (|web| web["status"]["operationState"]["phase"] = json!("Terminating"), "waits: its sync runs"),
        (
            |web| {
                web["status"]["sync"]["comparedTo"] = json!({"source": web["spec"]["source"]});
                web["status"]["sync"]["comparedTo"]["source"]["targetRevision"] = json!("old");
            },
            "waits: Argo CD has not looked at it as it is now",
        ),
        (|web| web["operation"] = json!({"sync": {}}), "waits: its sync is about to begin"),
        (|web| web["metadata"]["deletionTimestamp"] = json!("2026-11-21T03:45:35Z"), "waits: it is being deleted"),
        (
            |web| web["metadata"]["annotations"] = json!({"argocd.argoproj.io/refresh": "hard"}),
            "waits: Argo CD was asked to look again",
        ),
        (
            |web| {
                web["status"]["sync"]["status"] = json!("OutOfSync");
                web["spec"]["syncPolicy"] = json!({});
            },
            "F14 may again: it is OutOfSync and has no syncPolicy.automated: nobody syncs it",
        ),
        (
            |web| {
                web["status"]["sync"]["status"] = json!("OutOfSync");
                web["spec"]["syncPolicy"]["automated"] = json!({"selfHeal": false});
            },
            "F14 may: its sync of this commit succeeded, and it is OutOfSync all the same",
        ),
    ] {
        let line = with(work);
        assert!(line.starts_with(begins), "{begins}: {line}");
    }
    // A warning is no error.
    let warned = with(|web| web["status"]["conditions"] = json!([{"type": "SharedResourceWarning", "message": "x"}]));
    assert_eq!(warned, "green");
}

#[test]
fn the_line_counts_what_is_healthy_synced_expected_and_failing() {
    let stage = Stage::read("bad-children");
    let names: Vec<&str> = stage.0.keys().map(String::as_str).collect();
    let live: BTreeMap<&str, Application> = stage.0.iter().map(|(n, one)| (&**n, Application::of(one))).collect();
    let find = |_: &str, name: &str| live.get(name);
    let expected = stage.expected("", &names);
    let judged = judge(&expected, find);
    // Eight are Healthy by their own word, and four of these could not even be compared.
    assert_eq!(told(&expected, &judged, find), ("apps 4H/6S/14".to_owned(), 7));
}

#[test]
fn a_credential_in_the_words_of_argo_cd_is_not_passed_on() {
    let stage = Stage::read("good").change("web", |web| {
        web["status"]["conditions"] =
            json!([{"type": "ComparisonError", "message": "failed to list refs: https://me:hunter2hunter2@git/x: nope"}]);
    });
    let line = format!("{:?}", stage.judge(FIRST)["web"]);
    assert!(!line.contains("hunter2"), "{line}");
}

#[test]
fn several_sources_are_compared_each_with_its_own_commit() {
    let stage = Stage::read("good").change("web", |web| {
        web["status"]["sync"]["revision"] = json!("");
        web["status"]["sync"]["revisions"] = json!(["1.2.3", FIRST]);
        let git = web["spec"]["source"].clone();
        let mut chart = git.clone();
        chart["repoURL"] = json!("https://charts.example.org");
        web["spec"]["sources"] = json!([chart, git]);
    });
    let live = Application::of(&stage.0["web"]);
    let mut wanted = expected(&["web"], FIRST);
    wanted[0].sources.insert(0, Source { url: "https://charts.example.org".to_owned(), ..source("", "web") });
    assert_eq!(judge(&wanted, |_, _| Some(&live)), [Is::Green]);
    wanted[0].sources[1].revision = Some("0000000000000000000000000000000000000000".to_owned());
    let judged = judge(&wanted, |_, _| Some(&live));
    assert!(matches!(&judged[0], Is::Stuck(stuck) if stuck.id == "F101"), "{judged:?}");
}

#[test]
fn what_an_application_says_of_an_older_self_is_not_taken_for_the_one_in_git() {
    let stage = Stage::read("bad-children");
    let live = Application::of(&stage.0["badbranch"]);
    let mut wanted = expected(&["badbranch"], "");
    wanted[0].sources[0] = Source { path: live.asks[0][1].clone(), ..source("", "badbranch") };
    // It cannot find its branch; in git it names another by now, and its root is about to bring that.
    assert_eq!(judge(&wanted, |_, _| Some(&live)), [Is::Waits("it is not yet what git has of it".to_owned())]);
    wanted[0].sources[0].target = "nope".to_owned();
    assert!(matches!(&judge(&wanted, |_, _| Some(&live))[0], Is::Stuck(stuck) if stuck.id == "F10"));
}
