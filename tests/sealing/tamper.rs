//! Sealed values and whole SealedSecrets, changed in every place and cut at every length: refused with a place, or what they
//! were; never a panic, never a part.

use crate::{certificate, documents, key, objects, sealed};
use blackstart::manifests::objects_of;
use blackstart::manifests::write::write;
use blackstart::secrets::guess::{Around, guess};
use blackstart::secrets::{Key, Sealed, open, seal};
use blackstart::sys::base64;

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {k: canary-4711}\n";

fn short() -> Sealed {
    sealed(&write(&seal(&documents(SECRET)[0], &certificate("second")).unwrap()))
}

/// Refused, with the place of the value and without anything of what was in it.
fn is_refused(sealed: &Sealed, key: &Key, what: &str) {
    let shut = open(sealed, &[key]).err().unwrap_or_else(|| panic!("{what} was opened"));
    assert_eq!((shut.len(), shut[0].key.as_str()), (1, "k"), "{what}");
    assert!(shut[0].at.line > 1, "{what}: {shut:?}");
    for guess in guess(sealed, &shut, &[key], &[], &Around::default()) {
        let (fault, advice) = guess.told(sealed);
        assert!(fault.text.starts_with("spec.encryptedData.k: ") && fault.at.line > 1, "{what}: {fault:?}");
        assert!(!advice.is_empty() && !fault.text.contains("4711"), "{what}: {fault:?}");
    }
}

#[test]
fn a_value_changed_in_any_place_is_refused() {
    let (mut sealed, key) = (short(), key("second"));
    let whole = base64::decode(&sealed.values["k"].text).unwrap();
    assert!(open(&sealed, &[&key]).is_ok());
    let mut tried = 0;
    for at in 0..whole.len() {
        for bit in [0x01, 0x80] {
            let mut bytes = whole.reveal().to_vec();
            bytes[at] ^= bit;
            sealed.values.get_mut("k").unwrap().text = base64::encode(&bytes);
            is_refused(&sealed, &key, &format!("byte {at} ^ {bit}"));
            tried += 1;
        }
    }
    println!("sealing: {tried} flips of {} bytes refused", whole.len());
}

#[test]
fn a_value_cut_at_any_length_is_refused() {
    let (mut sealed, key) = (short(), key("second"));
    let text = sealed.values["k"].text.clone();
    let whole = base64::decode(&text).unwrap();
    for length in 0..whole.len() {
        sealed.values.get_mut("k").unwrap().text = base64::encode(&whole.reveal()[..length]);
        is_refused(&sealed, &key, &format!("{length} bytes"));
    }
    for length in 0..text.len() {
        sealed.values.get_mut("k").unwrap().text = text[..length].to_owned();
        is_refused(&sealed, &key, &format!("{length} letters"));
    }
    println!("sealing: {} truncations refused", whole.len() + text.len());
}

/// Opens whatever is there. What opens must hold the one value and nothing else.
fn never_lies(text: &[u8], key: &Key, what: &str) {
    let (objects, broken) = objects_of(text, false, "set.yaml");
    let mut refused = !broken.is_empty();
    for object in &objects {
        match blackstart::secrets::sealed::read(object) {
            Err(faults) => refused |= !faults.is_empty(),
            Ok(sealed) => match open(&sealed, &[key]) {
                Err(shut) => refused |= !shut.is_empty(),
                Ok(document) => {
                    // A value's key, labels and the type are not part of what is sealed, for upstream neither.
                    let values: Vec<&[u8]> = document.entries.values().map(|entry| entry.value.reveal()).collect();
                    assert!(values.iter().all(|value| *value == b"canary-4711"), "{what}: another value");
                    assert!(values.len() <= 1, "{what}: {} values", values.len());
                    refused = true;
                }
            },
        }
    }
    assert!(refused || text.iter().all(u8::is_ascii_whitespace) || objects.is_empty(), "{what}: nothing was said");
}

#[test]
fn a_file_changed_or_cut_in_any_place_gives_the_value_or_nothing() {
    let key = key("second");
    let text = write(&seal(&documents(SECRET)[0], &certificate("second")).unwrap());
    assert_eq!(objects(&text).len(), 1);
    for at in 0..text.len() {
        for bit in [0x01, 0x04, 0x10] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= bit;
            never_lies(&bytes, &key, &format!("byte {at} ^ {bit}"));
        }
        never_lies(&text.as_bytes()[..at], &key, &format!("{at} bytes"));
    }
    println!("sealing: {} flips and {} truncations of a file", text.len() * 3, text.len());
}
