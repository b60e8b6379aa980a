//! Known answers: SealedSecrets that lie in the repository, some made by us and some by upstream. Neither may ever stop to
//! open.

use crate::samples::difference;
use crate::{documents, judge, key, key_file, objects};
use blackstart::manifests::write::write;
use blackstart::secrets::{Document, open, sealed};
use blackstart::sys::base64;
use std::path::PathBuf;

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sealed-vectors").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn plain() -> Vec<Document> {
    let plain = documents(&file("plain.yaml"));
    assert_eq!(plain.len(), 3);
    plain
}

#[test]
fn what_was_sealed_once_still_opens() {
    let first = key("first");
    for name in ["ours.yaml", "upstreams.yaml"] {
        let objects = objects(&file(name));
        assert_eq!(objects.len(), 3, "{name}");
        for (object, plain) in objects.iter().zip(plain()) {
            let sealed = sealed::read(object).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
            let opened = open(&sealed, &[&first]).unwrap_or_else(|shut| panic!("{name}: {shut:?}"));
            assert_eq!(difference(&opened, &plain), None, "{name}: {}", plain.id);
        }
    }
}

#[test]
fn upstream_opens_the_known_answers_too() {
    let Some(kubeseal) = judge::kubeseal("upstream_opens_the_known_answers_too") else { return };
    for name in ["ours.yaml", "upstreams.yaml"] {
        for (object, plain) in objects(&file(name)).iter().zip(plain()) {
            let said = judge::unseal(&kubeseal, &key_file("first.key.pem"), &write(&object.root.json()));
            let said = said.unwrap_or_else(|error| panic!("{name}: {error}"));
            let data = said["data"].as_object().unwrap();
            assert_eq!(data.len(), plain.entries.len(), "{name}");
            for (key, entry) in &plain.entries {
                assert_eq!(data[key], base64::encode(entry.value.reveal()), "{name}: {} {key}", plain.id);
            }
        }
    }
}

#[test]
fn the_label_of_upstreams_own_page_opens_nothing() {
    // Its page on the cryptography puts namespace and name together without the slash.
    let objects = objects(&file("upstreams.yaml"));
    let sealed = sealed::read(&objects[0]).unwrap();
    let parts = blackstart::secrets::open::Parts::of(&sealed.values["text"].text).unwrap();
    let opens = |label: &[u8]| matches!(parts.open(&key("first"), label), blackstart::secrets::open::Tried::Opened(_));
    assert!(opens(b"vectors/strict") && !opens(b"vectorsstrict") && !opens(b""));
}
