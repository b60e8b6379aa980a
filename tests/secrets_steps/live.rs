//! Secrets in real clusters: proven, done twice, and told apart where they do not come.

use crate::drills::{Home, PLAN, Run};
use crate::lab::{companion, open, small};
use crate::world::{World, run};
use blackstart::model::ObjectId;
use blackstart::secrets::{Key, manifest};
use blackstart::sys::clock;
use serde_json::json;

fn id(kind: &str, namespace: &str, name: &str) -> ObjectId {
    let version = match kind {
        "SealedSecret" => "bitnami.com/v1alpha1",
        "ClusterRoleBinding" => "rbac.authorization.k8s.io/v1",
        _ => "v1",
    };
    ObjectId::new(version, kind, Some(namespace).filter(|name| !name.is_empty()), name)
}

/// What a step was verified with.
fn proof(run: &Run, step: &str) -> String {
    let verified = run.events("step.verified").into_iter().find(|event| event["step"] == step);
    verified.unwrap_or_else(|| panic!("{step} was not verified:\n{}", run.all())).to_string()
}

/// Once more into the cluster that was kept, which ends red in this step with these words.
#[track_caller]
fn is_red(home: &Home, step: &str, words: &[&str]) {
    let run = home.drill(&["--again"]).code(1);
    let told = run.failure(step);
    words.iter().for_each(|words| assert!(told.contains(words), "{words:?} is not in\n{told}\n{}", run.all()));
}

#[test]
fn each_value_is_proven_and_a_second_run_changes_nothing() {
    let Some(home) = small("each_value_is_proven_and_a_second_run_changes_nothing", 1, "") else { return };
    let first = home.drill(&["--keep"]).is_green();
    assert!(proof(&first, "secrets").contains("12 sealed, 12 unsealed, values match"), "{}", first.all());
    assert!(proof(&first, "sealed-secrets").contains("1 active key, certificate "), "{}", first.all());
    let versions = |home: &Home| {
        let kubeconfig = home.kubeconfig();
        run(async move {
            let world = World::at(&kubeconfig).await;
            let (sealed, live) =
                (id("SealedSecret", "networking", "tunnel-token"), id("Secret", "networking", "tunnel-token"));
            let pods = world.kube.list("v1", "Pod", Some("kube-system")).await.unwrap();
            let pod = pods[0]["metadata"]["uid"].to_string();
            [world.version(&sealed).await, world.version(&live).await, pod]
        })
    };
    let before = versions(&home);
    let second = home.drill(&["--again"]).is_green();
    assert!(proof(&second, "secrets").contains("12 sealed, 12 unsealed"), "{}", second.all());
    assert_eq!(before, versions(&home), "something was moved");
    // Somebody changes a value by hand: it is put right, and said.
    let kubeconfig = home.kubeconfig();
    run(async {
        let world = World::at(&kubeconfig).await;
        let live = id("Secret", "networking", "tunnel-token");
        world.other_edits("somebody", &live, &json!({"data": {"token": "b3RoZXI=", "more": "eA=="}})).await;
    });
    home.drill(&["--again"]).is_green();
    assert_ne!(before[0], versions(&home)[0], "it was not sealed anew");
    // What is sealed there opens no more, while the Secret of before is still what it was.
    run(async {
        let world = World::at(&kubeconfig).await;
        let sealed = id("SealedSecret", "networking", "tunnel-token");
        world.other_edits("somebody", &sealed, &json!({"spec": {"encryptedData": {"token": "AgBroken"}}})).await;
        while world.get(&sealed).await["status"]["conditions"][0]["status"] != "False" {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    let third = home.drill(&["--again"]).is_green();
    let told = proof(&third, "secrets");
    assert!(told.contains("12 unsealed, values match") && !told.contains("says otherwise"), "{told}");
    // A controller that is older than its key has not read it.
    run(async {
        let world = World::at(&kubeconfig).await;
        world.other_deletes(&id("Secret", "kube-system", "sealed-secrets-key-example")).await;
    });
    home.drill(&["--again"]).is_green().says("is started anew, to read the key");
    home.drill(&["--again"]).is_green().never_says("is started anew, to read the key");
    home.reap().code(0);
}

#[test]
fn what_stands_in_the_way_is_told_with_its_place_in_the_store() {
    let test = "what_stands_in_the_way_is_told_with_its_place_in_the_store";
    let Some(home) = small(test, 1, "") else { return };
    home.drill(&["--keep"]).is_green();
    let kubeconfig = home.kubeconfig();
    let (sealed, live) = (id("SealedSecret", "networking", "tunnel-token"), id("Secret", "networking", "tunnel-token"));
    run(async {
        // The Secret goes with its SealedSecret; then somebody makes one by hand.
        let world = World::at(&kubeconfig).await;
        world.other_deletes(&sealed).await;
        while world.kube.get(&live).await.unwrap().is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tunnel-token", "namespace": "networking"},
            "stringData": {"token": "by hand"}});
        world.other_applies("somebody", &body).await;
    });
    let store = "secrets.example/networking-tunnel-token.yaml.age:1";
    is_red(
        &home,
        "secrets",
        &[
            "1 of 12 not unsealed",
            "networking/tunnel-token",
            "already exists and is not managed by SealedSecret",
            store,
            "sealedsecrets.bitnami.com/managed",
        ],
    );
    run(async {
        let world = World::at(&kubeconfig).await;
        world.other_deletes(&live).await;
        // The controller renews its key.
        let (_, document) = Key::generate("kube-system", "sealed-secrets-keyxyz12", clock::now()).unwrap();
        world.apply(std::str::from_utf8(manifest::yaml(&document).reveal()).unwrap()).await;
    });
    is_red(
        &home,
        "sealed-secrets",
        &[
            "kube-system/sealed-secrets-keyxyz12 is an active sealing key that is not in the store",
            "--key-renew-period=0",
        ],
    );
    run(async {
        let world = World::at(&kubeconfig).await;
        world.other_deletes(&id("Secret", "kube-system", "sealed-secrets-keyxyz12")).await;
    });
    home.drill(&["--again"]).is_green();
    // The controller may no longer write Secrets: its binding is not the one of the files any more.
    home.edit("plans/kubernetes/sealed-secrets/controller.yaml", |text| {
        text.replace("verbs: [get, list, watch, create, update, delete]}", "verbs: [get, list, watch]}")
    });
    is_red(
        &home,
        "sealed-secrets",
        &["ServiceAccount kube-system/sealed-secrets-controller may not create secrets in namespace"],
    );
    home.reap().code(0);
}

#[test]
fn a_controller_is_asked_for_the_rights_that_it_needs_and_for_no_more() {
    let Some(home) = small("a_controller_is_asked_for_the_rights_that_it_needs_and_for_no_more", 1, "") else { return };
    let may = |verbs: &str| {
        home.edit("plans/kubernetes/sealed-secrets/controller.yaml", |text| {
            let line = |line: &str| match line.contains("resources: [secrets]") && line.contains("get") {
                true => format!("  - {{apiGroups: [\"\"], resources: [secrets], verbs: [{verbs}]}}\n"),
                false => format!("{line}\n"),
            };
            text.lines().map(line).collect()
        });
    };
    may("get, create, update");
    home.drill(&["--keep"]).is_green();
    // One with a key of its own needs them as well.
    home.edit(PLAN, |plan| {
        plan.replace("path: kubernetes/sealed-secrets}", "path: kubernetes/sealed-secrets, key: fresh}")
    });
    home.drill(&["--again"]).is_green();
    may("get");
    is_red(&home, "sealed-secrets", &["may not create secrets in namespace"]);
    home.reap().code(0);
}

#[test]
fn a_controller_that_does_not_run_is_told() {
    let Some(mut home) = small("a_controller_that_does_not_run_is_told", 1, "") else { return };
    companion(&mut home, "--no-unseal");
    home.edit(PLAN, |plan| plan.replace("{id: secrets, kind: secrets}", "{id: secrets, kind: secrets, timeout: 8s}"));
    let run = home.drill(&[]).code(1);
    let told = run.failure("secrets");
    for words in [
        "12 of 12 not unsealed",
        "does the controller run?",
        "gitlab/runner-token",
        "secrets.example/gitlab-runner-token.yaml.age:1",
    ] {
        assert!(told.contains(words), "{words:?} is not in\n{told}");
    }
    home.reap().code(0);
}

#[test]
fn without_sealing_they_go_there_as_they_are() {
    let Some(home) = small("without_sealing_they_go_there_as_they_are", 1, "") else { return };
    home.edit(PLAN, |plan| {
        let plan = plan.replace("{id: secrets, kind: secrets}", "{id: secrets, kind: secrets, seal: false}");
        plan.lines().filter(|line| !line.contains("kind: sealing")).map(|line| format!("{line}\n")).collect()
    });
    let first = home.drill(&["--keep"]).is_green();
    assert!(proof(&first, "secrets").contains("12 as in the store, values match"), "{}", first.all());
    let kubeconfig = home.kubeconfig();
    let wanted = open(&home, "networking-wildcard-tls").remove(0);
    run(async {
        let world = World::at(&kubeconfig).await;
        let live = world.get(&wanted.id).await;
        assert_eq!(live["type"], wanted.sort, "{}", live["metadata"]);
        assert!(live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].is_null());
        world.other_edits("somebody", &wanted.id, &json!({"data": {"tls.key": "b3RoZXI="}})).await;
    });
    home.drill(&["--again"]).is_green();
    home.reap().code(0);
}

#[test]
fn a_fresh_key_is_made_once_and_kept() {
    let Some(home) = small("a_fresh_key_is_made_once_and_kept", 1, "") else { return };
    crate::lab::forget(&home, crate::lab::KEY);
    home.edit(PLAN, |plan| {
        plan.replace("path: kubernetes/sealed-secrets}", "path: kubernetes/sealed-secrets, key: fresh}")
    });
    let first = home.drill(&["--keep"]).is_green();
    assert!(proof(&first, "secrets").contains("12 sealed, 12 unsealed, values match"), "{}", first.all());
    let second = home.drill(&["--again"]).is_green();
    let print = |run: &Run| proof(run, "sealed-secrets").split("certificate ").nth(1).map(|rest| rest[..12].to_owned());
    assert!(print(&first).is_some() && print(&first) == print(&second), "{:?} {:?}", print(&first), print(&second));
    // Another drill has another.
    home.reap().code(0);
    assert_ne!(print(&home.drill(&[]).is_green()), print(&first));
}
