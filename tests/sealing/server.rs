//! A server as judge: random Secrets, sealed by us, sent to a real API server, opened there by upstream's own function, and
//! read back as any client reads a Secret.

use crate::controller::{CRD, until};
use crate::samples::{Sample, difference, secret};
use crate::sandbox::own;
use crate::world::{World, run};
use crate::{certificate, key_text};
use blackstart::model::{Hidden, ObjectId};
use blackstart::secrets::document::{LAST_APPLIED, OPAQUE};
use blackstart::secrets::{Document, document, seal};
use blackstart::sys::base64;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// As a server has it, and without what the server has added.
fn plain(mut live: Value) -> Document {
    let about = live["metadata"].as_object_mut().unwrap();
    about.retain(|name, _| ["name", "namespace", "labels", "annotations"].contains(&name.as_str()));
    let text = Hidden::from(live.to_string());
    document::read(&text, true).unwrap_or_else(|faults| panic!("{faults:?}")).remove(0)
}

#[test]
fn a_server_opens_what_we_sealed() {
    const TEST: &str = "a_server_opens_what_we_sealed";
    let Some(sandbox) = own(TEST, &[]) else { return };
    let given = std::env::var("BLACKSTART_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs());
    println!("a server opens what we sealed: BLACKSTART_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let cases = if std::env::var_os("BLACKSTART_LONG").is_some() { 200 } else { 24 };
    let samples: Vec<Document> = (0..cases)
        .map(|case| {
            let Sample(mut sample, _) = secret().new_tree(&mut runner).unwrap().current();
            sample.id = ObjectId::new("v1", "Secret", Some("lab"), &format!("s{case}-{}", sample.id.name));
            // A server wants certain keys in a Secret of these.
            if sample.sort.starts_with("kubernetes.io/") {
                sample.sort = OPAQUE.to_owned();
            }
            LAST_APPLIED.iter().for_each(|name| drop(sample.annotations.remove(*name)));
            sample
        })
        .collect();
    let values: usize = samples.iter().map(|sample| sample.entries.len()).sum();
    run(async {
        let world = World::at(&sandbox.kubeconfig).await;
        world.apply(CRD).await;
        let part = |name: &str| base64::encode(&key_text(name));
        let key = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": "key", "namespace": "kube-system", "labels": {"sealedsecrets.bitnami.com/sealed-secrets-key": "active"}},
            "data": {"tls.key": part("first.key.pem"), "tls.crt": part("first.cert.pem")}});
        world.other_applies("test", &key).await;
        for sample in &samples {
            world.other_applies("test", &seal(sample, &certificate("first")).unwrap()).await;
        }
        for sample in &samples {
            let live = until(&sample.id.name, String::new, async || world.kube.get(&sample.id).await.unwrap()).await;
            assert_eq!(difference(&plain(live), sample), None, "{}", sample.id);
        }
    });
    println!("sealing: a server opened {cases} of {cases} Secrets with {values} values");
}
