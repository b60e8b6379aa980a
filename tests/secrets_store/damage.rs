//! Every byte of a file of the store changed, and the file cut at every length: refused with its place, and never a part.

use crate::lab::Lab;
use blackstart::model::Hidden;
use blackstart::model::ObjectId;
use blackstart::secrets::Store;
use blackstart::sys::Look;
use blackstart::sys::age::Identities;

#[test]
fn a_damaged_file_is_refused_with_its_place_and_never_read_in_part() {
    let lab = Lab::filled();
    let path = lab.path("secrets/apps-db.yaml.age");
    let armored = std::fs::read(&path).unwrap();
    let identities = lab.identities();
    let plain = lab.open("apps/db");
    let binary = blackstart::sys::age::close(&blackstart::model::Hidden::from(plain), &[lab.recipient()], false);
    let binary = binary.map_err(|trouble| trouble.to_string()).unwrap();
    let look = Look::new();
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let store = Store::find(look, &lab.path(""), "secrets", "").unwrap();
        let stale = store.outline().stale.iter().any(|stale| stale.file.ends_with("apps-db.yaml.age"));
        let documents = store.read(look, store.file("apps-db.yaml.age").unwrap(), &identities);
        (stale, documents)
    };
    let id = ObjectId::new("v1", "Secret", Some("apps"), "db");
    let mut refused = 0;
    for whole in [&armored, &binary] {
        let changed = (0..whole.len()).map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            bytes
        });
        let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
        for bytes in changed.chain(cut) {
            let (stale, documents) = read(&bytes);
            assert!(stale, "a changed file is told from the one that is known");
            match documents {
                Err(problem) => {
                    assert!(problem.fact.starts_with("secrets/apps-db.yaml.age: "), "{problem}");
                    assert!(!problem.to_string().contains("canary"), "{problem}");
                    refused += 1;
                }
                // White space behind the armor is no damage.
                Ok(documents) => {
                    let whole = documents.len() == 1 && documents[0].id == id && documents[0].entries.len() == 1;
                    assert!(whole && bytes.len() + 1 >= armored.len());
                }
            }
        }
    }
    println!("secrets: {refused} damaged files refused, each byte and each length");
    assert!(refused > 1_500);
}

#[test]
fn a_damaged_ledger_or_key_is_told_and_panics_nowhere() {
    let lab = Lab::filled();
    let look = Look::new();
    for name in ["recipients.lock", "digest-key.age", "recipients.txt"] {
        let path = lab.path("secrets").join(name);
        let whole = std::fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(3) {
            for bytes in [whole[..at].to_vec(), [&whole[..at], b"\x00", &whole[at + 1..]].concat()] {
                std::fs::write(&path, bytes).unwrap();
                if let Ok(store) = Store::find(look, &lab.path(""), "secrets", "") {
                    let _ = (store.outline(), store.digests(look, &lab.identities()).is_ok());
                }
            }
        }
        std::fs::write(&path, whole).unwrap();
    }
    lab.run(&["check"]).code(0);
}

#[test]
fn a_damaged_identity_is_never_taken_for_another() {
    let lab = Lab::new();
    let whole = std::fs::read(lab.identity()).unwrap();
    let own = lab.recipient();
    let key = String::from_utf8_lossy(&whole).lines().last().unwrap()[20..50].to_owned();
    let mut refused = 0;
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let changed = (0..whole.len() * 8).map(|bit| {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    for bytes in changed.chain(cut) {
        match Identities::read(&Hidden::new(bytes)) {
            Ok(identities) => {
                assert_eq!(identities.recipients(), std::slice::from_ref(&own), "a comment was changed, or nothing")
            }
            Err(trouble) => {
                assert!(!trouble.to_string().contains(&key), "{trouble}");
                refused += 1;
            }
        }
    }
    println!("secrets: {refused} damaged identities refused");
    assert!(refused > 600);
}
