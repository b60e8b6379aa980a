//! Every fault that `secrets check` knows, made one by one: it must be told, with its place, and be the only one.

use crate::lab::{Lab, another, secret};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

/// What is wrong, as (place, message).
fn wrong(lab: &Lab, more: &[&str]) -> Vec<(String, String)> {
    let told = lab.run(&[&["check", "--output", "json"], more].concat());
    let object: Value = serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {told:?}"));
    let list = object["wrong"].as_array().unwrap();
    assert_eq!(told.code, i32::from(!list.is_empty()), "{told:?}");
    assert!(list.iter().all(|one| !one["fix"].as_str().unwrap().is_empty()), "{list:#?}");
    let place = |one: &Value| match one["line"].as_u64() {
        Some(line) => format!("{}:{line}", one["file"].as_str().unwrap()),
        None => one["file"].as_str().unwrap().to_owned(),
    };
    list.iter().map(|one| (place(one), one["message"].as_str().unwrap().to_owned())).collect()
}

#[track_caller]
fn only(lab: &Lab, more: &[&str], place: &str, message: &str) {
    let all = wrong(lab, more);
    assert_eq!(all.len(), 1, "{all:#?}");
    assert!(all[0].0.ends_with(place) && all[0].1.contains(message), "{all:#?}");
}

#[test]
fn a_store_with_nothing_wrong_is_well() {
    assert_eq!(wrong(&Lab::filled(), &[]), []);
}

#[test]
fn what_is_in_a_secret() {
    for (rest, place, message) in [
        ("stringData:\n  a: ''", "x.yaml.age:5", "a: is empty"),
        ("stringData:\n  b: x\n  a: CHANGEME", "x.yaml.age:6", "a: is a word that stands for a value"),
        ("stringData:\n  a: <token>", "x.yaml.age:5", "a: is a name in brackets"),
        ("stringData:\n  a: XXXX", "x.yaml.age:5", "a: is one letter again and again"),
        ("data:\n  a: ZXhhbXBsZS10b2tlbg==", "x.yaml.age:5", "a: is a word that stands"),
        ("type: Opaque", "x.yaml.age:1", "has no key"),
    ] {
        let lab = Lab::filled();
        lab.hold("x.yaml.age", &secret("apps", "x", rest));
        only(&lab, &[], place, message);
    }
}

#[test]
fn what_does_not_open_or_is_no_secret() {
    let lab = Lab::filled();
    let path = lab.path("secrets/apps-db.yaml.age");
    let whole = std::fs::read(&path).unwrap();
    let of_file = |all: Vec<(String, String)>| {
        let all: Vec<_> = all.into_iter().filter(|one| one.0.contains("apps-db")).map(|one| one.1).collect();
        all.join("\n")
    };
    for (bytes, message) in [
        (&whole[..whole.len() - 80], "is damaged or cut short"),
        (b"", "is empty"),
        (b"kind: Secret\n", "is not an age file"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let told = of_file(wrong(&lab, &[]));
        assert!(told.contains(message) && told.contains("is not the file that recipients.lock knows"), "{told}");
    }
    let lab = Lab::filled();
    lab.put("apps-db.yaml.age", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n");
    assert!(of_file(wrong(&lab, &[])).contains("only Secrets belong into the store"));
    lab.put("apps-db.yaml.age", "stringData: 'canary-9\n");
    let told = of_file(wrong(&lab, &[]));
    assert!(!told.is_empty() && !told.contains("canary-9"), "{told}");
    lab.run(&["rotate"]).code(3).says("secrets/apps-db.yaml.age:").never_says("canary-9");
}

#[test]
fn what_the_ledger_says() {
    let lab = Lab::filled();
    lab.put("apps-db.yaml.age", &secret("apps", "db", "stringData: {password: canary-4712}"));
    only(&lab, &[], "secrets/apps-db.yaml.age", "is not the file that recipients.lock knows");
    let lab = Lab::filled();
    lab.put("new.yaml.age", &secret("apps", "new", "stringData: {a: canary-1}"));
    only(&lab, &[], "secrets/new.yaml.age", "recipients.lock does not know it");
    let lab = Lab::filled();
    std::fs::remove_file(lab.path("secrets/apps-db.yaml.age")).unwrap();
    only(&lab, &[], "secrets/apps-db.yaml.age", "recipients.lock knows it, and it is not there");
    let lab = Lab::filled();
    std::fs::remove_file(lab.path("secrets/recipients.lock")).unwrap();
    assert!(wrong(&lab, &[]).iter().any(|(_, text)| text == "there is no recipients.lock"));
    lab.feed(&["add", "a/b", "c"], "canary").code(3).says("blackstart secrets rotate");
    lab.run(&["rotate"]).code(0);
    assert_eq!(wrong(&lab, &[]), []);
    let lab = Lab::filled();
    lab.write("secrets/recipients.lock", "<<<<<<< HEAD\n{}\n");
    assert!(wrong(&lab, &[]).iter().any(|(_, text)| text.contains("recipients.lock cannot be read, at line 1")));
    let lab = Lab::filled();
    let ledger = String::from_utf8(lab.read("secrets/recipients.lock")).unwrap();
    let digest = lab.list()["files"][0]["secrets"][0]["keys"][0]["digest"].as_str().unwrap().to_owned();
    lab.write("secrets/recipients.lock", &ledger.replace(&digest, &"0".repeat(32)));
    only(&lab, &[], "apps-db.yaml.age:8", "password: recipients.lock has the digest of another value");
    lab.write("secrets/recipients.lock", &ledger.replace("\"password\"", "\"other\""));
    only(&lab, &[], "apps-db.yaml.age:1", "other keys of it");
    let lab = Lab::filled();
    std::fs::remove_file(lab.path("secrets/digest-key.age")).unwrap();
    only(&lab, &[], "secrets/digest-key.age", "is not there");
    lab.run(&["rotate"]).code(0).says("the key of the digests is new");
    assert_eq!(wrong(&lab, &[]), []);
}

#[test]
fn whom_the_files_are_for() {
    let lab = Lab::filled();
    let (other, public) = another(&lab, "other");
    let own = lab.recipient().to_string();
    lab.write("secrets/recipients.txt", &format!("{own}\n{public}\n"));
    let all = wrong(&lab, &[]);
    assert!(all.len() == 3 && all.iter().all(|one| one.1.contains("is not encrypted for")), "{all:#?}");
    lab.write("secrets/recipients.txt", "# nobody\n");
    assert!(wrong(&lab, &[]).iter().any(|one| one.1 == "names no recipient"));
    lab.write("secrets/recipients.txt", &format!("{own}\nage1nonsense\n"));
    lab.run(&["check"]).code(2).says("secrets/recipients.txt: line 2: is no whole recipient");
    lab.write("secrets/recipients.txt", &format!("{own}\n"));
    lab.run(&["rotate", "--add", &public]).code(0);
    lab.write("secrets/recipients.txt", &format!("{public}\n"));
    assert!(wrong(&lab, &[]).iter().any(|one| one.1.contains("does not name the identity that is used here")));
    drop(other);
}

#[test]
fn where_the_identity_lies() {
    let lab = Lab::filled();
    std::fs::set_permissions(lab.identity(), std::fs::Permissions::from_mode(0o644)).unwrap();
    only(&lab, &[], "identity.txt", "may be read by others (mode 0644)");
    let lab = Lab::filled();
    std::fs::rename(lab.identity(), lab.path("identity.txt")).unwrap();
    only(&lab, &["--identity", "identity.txt"], "identity.txt", "lies in a git work tree");
    std::os::unix::fs::symlink(lab.path("identity.txt"), lab.identity()).unwrap();
    only(&lab, &[], "identity.txt", "lies in a git work tree");
}

#[test]
fn a_secret_that_stands_twice() {
    let lab = Lab::filled();
    lab.put("twice.yaml.age", &secret("apps", "db", "stringData: {password: canary-1}"));
    assert!(wrong(&lab, &[]).iter().any(|one| one.1 == "stands in secrets/apps-db.yaml.age:1 too"));
    lab.run(&["rotate"])
        .code(3)
        .says("secrets/twice.yaml.age:1: Secret apps/db stands in secrets/apps-db.yaml.age:1 too");
}

#[test]
fn plain_secrets_beside_the_store() {
    let lab = Lab::filled();
    lab.write("apps/page.yaml", &format!("# x\n---\n{}", secret("apps", "page", "stringData: {a: canary-77}")));
    only(&lab, &[], "apps/page.yaml:3", "is a Secret in plain text");
    lab.write("apps/page.yaml", &secret("apps", "page", "stringData: {a: CHANGEME}"));
    lab.write("apps/sealed.yaml", &secret("apps", "page", "").replace("kind: Secret", "kind: SealedSecret"));
    assert_eq!(wrong(&lab, &[]), []);
    lab.write("chart/x.yaml", "{{ if .x }}\nkind: Secret\nstringData:\n  a: canary-77\n{{ end }}\n");
    only(&lab, &[], "chart/x.yaml:2", "looks like a Secret in plain text");
    std::fs::remove_file(lab.path("chart/x.yaml")).unwrap();
    lab.write("secrets/.edge.swp", &secret("apps", "page", "stringData: {a: canary-77}"));
    only(&lab, &[], ".edge.swp:1", "is a Secret in plain text");
}

#[test]
fn namespaces_that_no_plan_makes() {
    let lab = Lab::filled();
    lab.write("kubernetes/all.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n");
    lab.write(
        "plans/lab.yaml",
        "name: lab\ncluster: {provider: sandbox}\nsteps:\n  - {id: a, kind: manifests, path: ../kubernetes}\n",
    );
    only(&lab, &[], "secrets/edge-tunnel.yaml.age:1", "its namespace edge is in no manifest of the plan");
    lab.add("kube-system/x", "a", "canary-1");
    only(&lab, &["--plan", "plans/lab.yaml"], "secrets/edge-tunnel.yaml.age:1", "its namespace edge");
    lab.run(&["check", "--plan", "none.yaml"]).code(2);
}
