//! Both judges, both ways: what we seal upstream opens, and what upstream seals we open, to the last byte.

use crate::samples::{LARGEST, Sample, difference, secret};
use crate::{certificate, judge, key, key_file, objects};
use blackstart::manifests::write::write;
use blackstart::model::Hidden;
use blackstart::secrets::{Document, Entry, open, sealed};
use blackstart::secrets::{manifest, seal};
use blackstart::sys::base64;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const KEYS: [&str; 3] = ["first", "second", "third"];

#[test]
fn what_one_seals_the_other_opens() {
    let Some(kubeseal) = judge::kubeseal("what_one_seals_the_other_opens") else { return };
    let given = std::env::var("BLACKSTART_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs());
    let cases = if std::env::var_os("BLACKSTART_LONG").is_some() { 300 } else { 24 };
    println!("what one seals the other opens: BLACKSTART_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let (mut values, mut most) = (0, 0);
    for case in 0..cases {
        let Sample(mut document, scope) = secret().new_tree(&mut runner).unwrap().current();
        // What chance gives seldom: nothing, and as much as a server takes.
        let fixed =
            [Vec::new(), (0..LARGEST).map(|at| u8::try_from(at % 251).unwrap()).collect()].into_iter().nth(case);
        if let Some(fixed) = fixed {
            let (key, Entry { at, .. }) = document.entries.pop_first().unwrap();
            document.entries = BTreeMap::from([(key, Entry { at, value: Hidden::new(fixed) })]);
        }
        let what = format!("case {case}: {} ({}), {} values", document.id, scope.as_str(), document.entries.len());
        let with = KEYS[case % KEYS.len()];
        upstream_opens_ours(&kubeseal, with, &document, &what);
        we_open_upstreams(&kubeseal, with, &document, &what);
        values += document.entries.len();
        most = document.entries.values().map(|entry| entry.value.len()).chain([most]).max().unwrap();
    }
    println!("sealing: {cases} Secrets with {values} values, the longest of {most} bytes, each way");
}

fn upstream_opens_ours(kubeseal: &Path, with: &str, document: &Document, what: &str) {
    let ours = seal(document, &certificate(with)).unwrap_or_else(|fault| panic!("{what}: {fault:?}"));
    let said = judge::unseal(kubeseal, &key_file(&format!("{with}.key.pem")), &write(&ours));
    let said = said.unwrap_or_else(|error| panic!("{what}: {error}"));
    let values: BTreeMap<&String, String> =
        document.entries.iter().map(|(key, entry)| (key, base64::encode(entry.value.reveal()))).collect();
    assert_eq!(said["data"], json!(values), "{what}");
    let about = &said["metadata"];
    assert_eq!(
        (about["name"].as_str(), about["namespace"].as_str(), said["type"].as_str()),
        (Some(&*document.id.name), document.id.namespace.as_deref(), Some(document.sort.as_str())),
        "{what}"
    );
    let or_none = |texts: &BTreeMap<String, String>| if texts.is_empty() { Value::Null } else { json!(texts) };
    assert_eq!(about["labels"], or_none(&document.labels), "{what}");
    assert_eq!(about["annotations"], or_none(&document.annotations), "{what}");
    assert_eq!(said["immutable"].as_bool().unwrap_or_default(), document.immutable, "{what}");
}

fn we_open_upstreams(kubeseal: &Path, with: &str, document: &Document, what: &str) {
    let text = manifest::yaml(document);
    let text = std::str::from_utf8(text.reveal()).unwrap();
    let theirs = judge::seal(kubeseal, &key_file(&format!("{with}.cert.pem")), text, &[]);
    let theirs = theirs.unwrap_or_else(|error| panic!("{what}: {error}"));
    let objects = objects(&theirs);
    let read = sealed::read(&objects[0]).unwrap_or_else(|faults| panic!("{what}: {faults:?}"));
    let keys = KEYS.map(key);
    let opened = open(&read, &keys.iter().collect::<Vec<_>>()).unwrap_or_else(|shut| panic!("{what}: {shut:?}"));
    assert_eq!(difference(&opened, document), None, "{what}");
}

/// The bits behind the last byte of a text in base64 mean nothing, and Go does not look at them.
#[test]
fn what_upstream_passes_over_in_base64_we_pass_over_too() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {k: x}\n";
    let mut object = seal(&crate::documents(text)[0], &certificate("second")).unwrap();
    let value = object["spec"]["encryptedData"]["k"].as_str().unwrap().to_owned();
    let last = value.strip_suffix('=').and_then(|value| value.chars().last()).unwrap();
    let next = char::from_u32(u32::from(last) + 1).unwrap();
    object["spec"]["encryptedData"]["k"] = format!("{}{next}=", &value[..value.len() - 2]).into();
    let text = write(&object);
    let read = sealed::read(&objects(&text)[0]).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert!(open(&read, &[&key("second")]).is_ok_and(|document| document.entries["k"].value.reveal() == b"x"));
    let Some(kubeseal) = judge::kubeseal("what_upstream_passes_over_in_base64_we_pass_over_too") else { return };
    let said = judge::unseal(&kubeseal, &key_file("second.key.pem"), &text).unwrap();
    assert_eq!(said["data"]["k"], base64::encode(b"x"));
}

#[test]
fn our_yaml_of_a_secret_is_read_back_as_the_secret() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..64 {
        let Sample(document, _) = secret().new_tree(&mut runner).unwrap().current();
        let read = blackstart::secrets::document::read(&manifest::yaml(&document), false);
        let read = read.unwrap_or_else(|faults| panic!("{}: {faults:?}", document.id));
        assert_eq!(difference(&read[0], &document), None, "{}", document.id);
    }
}

#[test]
fn what_stays_out_of_a_sealed_secret() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  namespace: b\n  uid: x\n  resourceVersion: '1'\n  \
                ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u}]\n  annotations:\n    kept: yes-this\n    \
                kubectl.kubernetes.io/last-applied-configuration: canary-4711\n    \
                kubecfg.ksonnet.io/last-applied-configuration: canary-4712\nstringData: {k: canary-4713}\n";
    let ours = seal(&crate::documents(text)[0], &certificate("second")).unwrap();
    assert!(!ours.to_string().contains("canary"), "{ours}");
    let about = json!({"name": "a", "namespace": "b", "annotations": {"kept": "yes-this"}});
    assert_eq!(ours["spec"]["template"]["metadata"], about);
    assert_eq!(ours["metadata"], json!({"name": "a", "namespace": "b"}));
}
