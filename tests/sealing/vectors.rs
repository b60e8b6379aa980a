//! Known answers: SealedSecrets that lie in the repository, some made by us and some by upstream. Neither may ever stop to
//! open. Their key is that of the example store, which blackstart's own code opens for it.

use crate::samples::difference;
use crate::{documents, judge, made, objects};
use blackstart::manifests::write::write;
use blackstart::model::Hidden;
use blackstart::secrets::{Document, Key, Store, open, sealed};
use blackstart::sys::age::Identities;
use blackstart::sys::{Look, base64};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn file(name: &str) -> String {
    std::fs::read_to_string(root().join("tests/fixtures/sealed-vectors").join(name)).unwrap()
}

/// The sealing key of the example store.
fn example() -> Key {
    let identity = Hidden::new(std::fs::read(root().join("secrets.example/identity.txt")).unwrap());
    let identities = Identities::read(&identity).unwrap_or_else(|trouble| panic!("{trouble}"));
    let look = Look::new();
    let store = Store::find(look, root(), "secrets.example", "secrets.example");
    let store = store.unwrap_or_else(|problem| panic!("{problem}"));
    let file = store.file("kube-system-sealed-secrets-key-example.yaml.age").unwrap();
    let documents = store.read(look, file, &identities).unwrap_or_else(|problem| panic!("{problem}"));
    Key::read(&documents[0]).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The same as upstream reads it.
fn example_file() -> PathBuf {
    made::put("example.key.pem", example().private.pem().reveal())
}

fn plain() -> Vec<Document> {
    let plain = documents(&file("plain.yaml"));
    assert_eq!(plain.len(), 3);
    plain
}

#[test]
fn what_was_sealed_once_still_opens() {
    let example = example();
    for name in ["ours.yaml", "upstreams.yaml"] {
        let objects = objects(&file(name));
        assert_eq!(objects.len(), 3, "{name}");
        for (object, plain) in objects.iter().zip(plain()) {
            let sealed = sealed::read(object).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
            let opened = open(&sealed, &[&example]).unwrap_or_else(|shut| panic!("{name}: {shut:?}"));
            assert_eq!(difference(&opened, &plain), None, "{name}: {}", plain.id);
        }
    }
}

#[test]
fn upstream_opens_the_known_answers_too() {
    let Some(kubeseal) = judge::kubeseal("upstream_opens_the_known_answers_too") else { return };
    for name in ["ours.yaml", "upstreams.yaml"] {
        for (object, plain) in objects(&file(name)).iter().zip(plain()) {
            let said = judge::unseal(&kubeseal, &example_file(), &write(&object.root.json()));
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
    let example = example();
    let opens = |label: &[u8]| matches!(parts.open(&example, label), blackstart::secrets::open::Tried::Opened(_));
    assert!(opens(b"vectors/strict") && !opens(b"vectorsstrict") && !opens(b""));
}
