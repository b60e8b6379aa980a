//! What stands in files and will not open on the day: refused before anything is begun, with its own reason.

use crate::drills::{Home, PLAN};
use crate::lab::{KEY, hold, key, open, sealed, small, steps};
use blackstart::secrets::{Certificate, Key};
use blackstart::sys::clock;

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: extra, namespace: apps}\nstringData: {word: canary-4711}\n";
const FILE: &str = "plans/kubernetes/extra/sealed.yaml";
const MORE: &str = "  - {id: extra, kind: manifests, path: kubernetes/extra}\n";

fn with(home: &Home, text: &str) {
    home.lab.write(FILE, text);
}

/// Refused by drill and by recover, with these words, and no run was begun.
#[track_caller]
fn is_refused(home: &Home, words: &[&str]) {
    let name = home.lab.name.clone();
    for command in [&["drill", PLAN][..], &["recover", PLAN, "--confirm", &name]] {
        let run = home.does(command).code(3);
        words.iter().for_each(|words| assert!(run.all().contains(words), "{words:?} was not said:\n{}", run.all()));
        let run = run.says("before anything was begun").never_says("4711");
        assert!(run.out.is_empty(), "{run:?}");
    }
    assert!(home.lab.runs().is_empty(), "a run was begun");
}

#[test]
fn a_sealed_secret_that_will_not_open_is_told_with_its_own_reason() {
    let Some(home) = small("a_sealed_secret_that_will_not_open_is_told_with_its_own_reason", 0, MORE) else { return };
    let (_, certificate) = key(&home);
    let good = sealed(SECRET, &certificate);
    let both = |other: &str| format!("{good}---\n{other}");
    with(&home, &both(&good.replace("name: extra", "name: other")));
    is_refused(&home, &["F02", FILE, "was sealed for apps/extra, and is applied as apps/other"]);
    with(&home, &both(&good.replace("namespace: apps", "namespace: gitlab")));
    is_refused(&home, &["was sealed for apps/extra, and is applied as gitlab/extra"]);
    let wide = SECRET
        .replace("namespace: apps", "namespace: apps, annotations: {sealedsecrets.bitnami.com/cluster-wide: \"true\"}");
    let wide = sealed(&wide, &certificate).replacen("sealedsecrets.bitnami.com/cluster-wide", "note", 1);
    with(&home, &wide);
    is_refused(&home, &["was sealed cluster-wide", "add to metadata.annotations"]);
    // A letter in the middle of the value.
    let at = good.find("word: ").unwrap() + 710;
    let other = if good[at..].starts_with('A') { 'B' } else { 'A' };
    with(&home, &format!("{}{other}{}", &good[..at], &good[at + 1..]));
    is_refused(&home, &["damaged"]);
    with(
        &home,
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: extra, namespace: apps}\nspec: {encryptedData: {word: AgAA}}\n",
    );
    is_refused(&home, &["F28", "word is shorter than anything sealed: no Secret is made of any of its values"]);
    let (other, document) = Key::generate("kube-system", "other", clock::now()).unwrap();
    let pem = other.certificate.as_ref().unwrap().pem();
    let other = Certificate::from_pem(pem.reveal(), clock::now()).unwrap_or_else(|unfit| panic!("{unfit}"));
    with(&home, &sealed(SECRET, &other));
    is_refused(&home, &["the one key that is held does not open it", "seal Secret apps/extra anew"]);
    // The store has the key, but its label says that the controller shall not load it.
    let text = String::from_utf8(blackstart::secrets::manifest::yaml(&document).reveal().to_vec()).unwrap();
    hold(&home, "kube-system-other", &text.replace("sealed-secrets-key: active", "sealed-secrets-key: compromised"));
    is_refused(&home, &["opens with the key kube-system/other", "compromised"]);
}

#[test]
fn git_with_an_older_value_than_the_store_is_told_and_write_back_mends_it() {
    let test = "git_with_an_older_value_than_the_store_is_told_and_write_back_mends_it";
    let Some(home) = small(test, 1, MORE) else { return };
    home.lab.write("plans/.git/HEAD", "ref: refs/heads/main\n");
    let (_, certificate) = key(&home);
    let old = "apiVersion: v1\nkind: Secret\nmetadata: {name: tunnel-token, namespace: networking}\nstringData: {token: old-canary-4711}\n";
    with(&home, &sealed(old, &certificate));
    let store = "secrets.example/networking-tunnel-token.yaml.age";
    is_refused(
        &home,
        &["F02", FILE, "token has another value than in", store, "secrets write-back plans/kubernetes/extra"],
    );
    home.does(&["secrets", "check"]).code(1).says(FILE).says("token has another value").never_says("4711");
    // The command that was shown.
    let written = home.does(&["secrets", "write-back", "plans/kubernetes/extra"]).code(0);
    assert!(written.out.contains("sealed.yaml"), "{written:?}");
    let again = home.does(&["secrets", "write-back", "plans/kubernetes/extra"]).code(0);
    assert!(again.out.is_empty() && again.err.contains("nothing written"), "{again:?}");
    // One key fewer than the store has.
    let file = home.lab.read(FILE);
    hold(&home, "networking-tunnel-token", &old.replace("{token: ", "{more: x1234567, token: "));
    is_refused(&home, &["token has another value", FILE]);
    home.lab.write(FILE, &file);
    home.does(&["secrets", "write-back", "plans/kubernetes/extra"]).code(0);
    home.drill(&[]).is_green();
}

#[test]
fn what_cannot_come_to_a_good_end_is_found_in_the_files_of_the_controller() {
    let Some(home) = small("what_cannot_come_to_a_good_end_is_found_in_the_files_of_the_controller", 0, "") else {
        return;
    };
    let controller = "plans/kubernetes/sealed-secrets/controller.yaml";
    let whole = home.lab.read(controller);
    home.edit(controller, |text| text.replace("controller:0.40.0", "controller:0.35.0"));
    is_refused(&home, &["F02", controller, "0.35.0", "CVE-2026-22728"]);
    home.lab.write(controller, &whole);
    home.edit(controller, |text| text.replace("            - --key-renew-period=0\n", ""));
    home.does(&["plan", PLAN]).code(0).says("older than 30 days").says("--key-renew-period=0");
    home.lab.write(controller, &whole.replace("namespace: kube-system", "namespace: sealing"));
    is_refused(&home, &["it looks for its keys in sealing"]);
    home.lab.write(controller, &whole);
    let plan = home.lab.read(PLAN);
    steps(
        &home,
        &plan
            .split("steps:\n")
            .nth(1)
            .unwrap()
            .replace("kubernetes/sealed-secrets}", "kubernetes/sealed-secrets, key: fresh}")
            .replace("  - {id: secrets, kind: secrets}\n", MORE),
    );
    with(&home, &sealed(SECRET, &key(&home).1));
    is_refused(&home, &["was sealed for a key of before", FILE]);
    home.lab.write(PLAN, &plan);
    // Retired, and gone.
    let text = String::from_utf8(blackstart::secrets::manifest::yaml(&open(&home, KEY)[0]).reveal().to_vec()).unwrap();
    hold(&home, KEY, &text.replace("sealed-secrets-key: active", "sealed-secrets-key: retired"));
    is_refused(&home, &["no sealing key of the store is labelled active"]);
    crate::lab::forget(&home, KEY);
    is_refused(&home, &["the store has no sealing key for it", "secrets init --sealing-key"]);
}

#[test]
fn a_secret_that_stands_in_the_clear_beside_the_store_is_told() {
    let Some(home) = small("a_secret_that_stands_in_the_clear_beside_the_store_is_told", 0, MORE) else { return };
    with(
        &home,
        "apiVersion: v1\nkind: Secret\nmetadata: {name: tunnel-token, namespace: networking}\nstringData: {token: canary-4711}\n",
    );
    let run =
        home.does(&["plan", PLAN]).code(0).says("F01").says("networking-tunnel-token.yaml.age").never_says("4711");
    assert!(run.out.contains("left to chance"), "{run:?}");
}
