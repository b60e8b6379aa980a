//! The sealing key of a store: made with it or later, once, and one that the controller and we can use.

use crate::lab::{Lab, secret};
use blackstart::secrets::{Key, document};
use blackstart::sys::Look;

/// The keys that the store holds, read as the controller's are.
fn keys(lab: &Lab) -> Vec<Key> {
    let store = blackstart::secrets::Store::find(Look::new(), &lab.path(""), "secrets", "").unwrap();
    let identities = lab.identities();
    let mut keys = Vec::new();
    for file in &store.files {
        let plain = store.plain(Look::new(), file, &identities).unwrap();
        let documents = document::read(&plain, false).unwrap_or_default();
        let own = documents.iter().filter(|document| Key::is_one(document));
        keys.extend(own.map(|document| Key::read(document).map_err(|faults| format!("{faults:?}")).unwrap()));
    }
    keys
}

#[test]
fn a_store_is_made_with_a_sealing_key_that_opens_what_is_sealed_for_it() {
    let lab = Lab::bare();
    let told = lab.run(&["init", "--sealing-key"]).code(0).says("sealing key   kube-system/sealed-secrets-key-");
    let told = told.says("new, in secrets/sealing-keys.yaml.age").says("before the controller of SealedSecrets starts");
    assert!(!told.all().contains("PRIVATE") && !told.all().contains("BEGIN"), "{told:?}");
    let all = keys(&lab);
    assert!(all.len() == 1 && all[0].active && all[0].name.starts_with("kube-system/"), "{}", all.len());
    lab.run(&["check"]).code(0).says("1 file, 1 Secret");
    lab.run(&["list"]).code(0).says("kubernetes.io/tls   sealing key, active").never_says("stale");
    // Sealed for its certificate, and opened by the key as `open` prints it.
    lab.write("cert.pem", std::str::from_utf8(all[0].certificate.as_ref().unwrap().pem().reveal()).unwrap());
    lab.write("one.yaml", &secret("apps", "one", "stringData: {a: canary-1}"));
    let sealed = lab.run(&["seal", "--cert", "cert.pem", "one.yaml"]).code(0).never_says("canary").out;
    lab.write("sealed.yaml", &sealed);
    let key = lab.open("secrets/sealing-keys.yaml.age");
    std::fs::write(lab.home().join("key.yaml"), key).unwrap();
    let opened = lab.run(&["unseal", "--key", "../home/key.yaml", "sealed.yaml"]).code(0).out;
    assert!(opened.contains("Y2FuYXJ5LTE="), "{opened}");
    // One only.
    let before = lab.files();
    let told = lab.run(&["init", "--sealing-key"]).code(3).says("secrets/sealing-keys.yaml.age:1: kube-system/");
    told.says("is an active sealing key already");
    assert!(lab.files() == before);
}

#[test]
fn a_store_that_has_none_gets_one_later_in_the_namespace_that_is_named() {
    let lab = Lab::filled();
    let before = lab.files();
    for bad in ["Kube", "", "-a", "a/b"] {
        lab.run(&["init", &format!("--sealing-key={bad}")]).code(2).says("the namespace of the controller");
    }
    lab.run(&["init", "--sealing-key", "--identity", "/none"]).code(3);
    assert!(lab.files() == before);
    // One that the controller does not load is none.
    let retired = "metadata: {name: old, namespace: kube-system, labels: {sealedsecrets.bitnami.com/sealed-secrets-key: compromised}}";
    let retired = format!("apiVersion: v1\nkind: Secret\n{retired}\nstringData: {{a: canary-5}}\n");
    lab.hold("sealing-keys.yaml.age", &retired);
    let before = lab.files();
    lab.run(&["init", "--sealing-key", "sealing"]).code(0).says("sealing/sealed-secrets-key-").says("secrets list");
    let text = lab.open("secrets/sealing-keys.yaml.age");
    assert!(text.contains("name: old") && text.contains("namespace: sealing"), "what was there stays");
    for (name, files) in before {
        assert!(
            ["recipients.lock", "sealing-keys.yaml.age"].contains(&name.as_str())
                || lab.read(&format!("secrets/{name}")) == files,
            "{name} was touched"
        );
    }
    lab.run(&["init", "--sealing-key", "other"]).code(3).says("is an active sealing key already");
}

#[test]
fn where_it_is_not_known_what_the_store_holds_no_key_is_made() {
    let lab = Lab::filled();
    lab.put("new.yaml.age", &secret("apps", "new", "stringData: {a: canary-1}"));
    let told = lab.run(&["init", "--sealing-key"]).code(3).says("secrets/new.yaml.age: it is not known");
    told.says("blackstart secrets rotate");
    lab.run(&["rotate"]).code(0);
    lab.run(&["init", "--sealing-key"]).code(0);
    // The name by which old controllers know a key, without a label.
    let lab = Lab::filled();
    let old = secret("kube-system", "sealed-secrets-key", "type: kubernetes.io/tls\nstringData: {a: canary-1}");
    lab.hold("old.yaml.age", &old);
    lab.run(&["init", "--sealing-key"]).code(3).says("kube-system/sealed-secrets-key is an active sealing key already");
}
