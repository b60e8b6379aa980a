//! Sealing keys: read from PEM and from Secrets, made anew, refused where their parts do not belong together.

use crate::{documents, key, key_text, made, today};
use blackstart::model::{Hidden, Stamp};
use blackstart::secrets::key::{ACTIVE, LABEL, TLS};
use blackstart::secrets::{Certificate, Key, document, manifest, open, seal, sealed};
use blackstart::sys::crypto;

fn secret(sort: &str, key: &str, certificate: &str) -> String {
    let indented = |name: &str| String::from_utf8(key_text(name)).unwrap().replace('\n', "\n    ");
    let (key, certificate) = (indented(key), indented(certificate));
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: k, namespace: kube-system, labels: {{{LABEL}: active}}}}\n\
         type: {sort}\nstringData:\n  tls.crt: |\n    {certificate}\n  tls.key: |\n    {key}\n"
    )
}

fn faults(text: &str) -> String {
    let read = Key::read(&documents(text)[0]);
    let faults = read.err().expect("it was taken");
    assert!(faults.iter().all(|fault| fault.at.line > 0));
    faults.iter().map(|fault| format!("{}: {}\n", fault.at.line, fault.text)).collect()
}

#[test]
fn all_ways_of_writing_a_private_key_are_the_same_key() {
    if !made::has_openssl("all_ways_of_writing_a_private_key_are_the_same_key") {
        return;
    }
    made::put("notes.txt", b"no key is in here\n");
    let read = |name: &str| Key::alone(name, &Hidden::new(key_text(name))).map(|mut keys| keys.remove(0).private);
    let one = read("second.key.pem").unwrap();
    assert!(one.public() == read("second.pkcs8.pem").unwrap().public());
    assert!(one.public() != read("third.key.pem").unwrap().public());
    for (name, says) in [
        ("second.protected.pem", "passphrase"),
        ("second.old-protected.pem", "passphrase"),
        ("small.key.pem", "another size"),
        ("curve.key.pem", "no RSA key"),
        ("second.cert.pem", "no private key"),
        ("notes.txt", "no private key"),
    ] {
        let why = read(name).err().unwrap_or_else(|| panic!("{name} was taken"));
        assert!(why.contains(says), "{name}: {why}");
    }
    assert_eq!(key("first").private.public().bits(), 4096);
    let several = [key_text("second.cert.pem"), key_text("second.key.pem"), key_text("third.key.pem")].concat();
    let bits = |keys: Vec<Key>| keys.iter().map(|key| key.private.public().bits()).collect::<Vec<_>>();
    assert_eq!(Key::alone("several", &Hidden::new(several.clone())).map(bits), Ok(vec![2048, 3072]));
    let spoilt = [several, key_text("curve.key.pem")].concat();
    assert!(Key::alone("spoilt", &Hidden::new(spoilt)).is_err(), "one that cannot be read was passed over");
}

#[test]
fn a_key_is_read_from_its_secret() {
    let document = documents(&secret(TLS, "second.key.pem", "second.cert.pem")).remove(0);
    assert!(Key::is_one(&document));
    let read = Key::read(&document).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!((read.name.as_str(), read.mark.as_deref(), read.active), ("kube-system/k", Some(ACTIVE), true));
    // The oldest keys have a name instead of a label.
    let text = secret(TLS, "second.key.pem", "second.cert.pem");
    let old = text.replace("name: k,", "name: sealed-secrets-key,").replace(&format!("{{{LABEL}: active}}"), "{}");
    let old = Key::read(&documents(&old)[0]).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert!(old.active && old.mark.is_none());
}

#[test]
fn a_secret_that_is_no_whole_key_is_refused_with_the_part_that_is_wrong() {
    let told = faults(&secret(TLS, "second.key.pem", "third.cert.pem"));
    assert!(told.contains("tls.crt: this certificate belongs to another key"), "{told}");
    assert!(faults(&secret("Opaque", "second.key.pem", "second.cert.pem")).contains(TLS));
    let told = faults(&secret(TLS, "second.cert.pem", "second.key.pem"));
    assert!(told.contains("tls.key: holds no private key") && told.contains("tls.crt: holds no certificate"), "{told}");
    let bare = "apiVersion: v1\nkind: Secret\nmetadata: {name: k}\ntype: kubernetes.io/tls\n";
    assert!(faults(bare).contains("needs tls.key") && faults(bare).contains("needs tls.crt"));
}

#[test]
fn a_clock_that_is_wrong_by_thousands_of_years_gives_no_certificate() {
    let private = key("second").private;
    let last = Stamp::read("9999-12-01T00:00:00Z").unwrap();
    for now in [last, Stamp(i64::MAX), Stamp(-1000), Stamp(i64::MIN)] {
        assert!(crypto::issue::certificate(&private, now, 10).is_err(), "{}", now.0);
    }
    assert!(crypto::issue::certificate(&private, today(), 10).is_ok());
}

#[test]
fn a_new_key_seals_opens_and_is_read_back_from_its_manifest() {
    let now = today();
    let (made, document) = Key::generate("kube-system", "sealed-secrets-key-home", now).unwrap();
    assert_eq!(made.private.public().bits(), 4096);
    let text = manifest::yaml(&document);
    let read = document::read(&text, false).unwrap_or_else(|faults| panic!("{faults:?}"));
    let read = Key::read(&read[0]).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert!(read.active && read.private.public() == made.private.public());
    let pem = crypto::Certificate::from_pem(document.entries["tls.crt"].value.reveal()).unwrap();
    let certificate = Certificate::checked(pem, now).unwrap_or_else(|unfit| panic!("{unfit}"));
    assert_eq!(certificate.fingerprint(), read.certificate.as_ref().unwrap().fingerprint());
    assert_eq!(certificate.not_before().0, now.0 / 1000 * 1000);
    let years = (certificate.not_after().0 - certificate.not_before().0) / 1000;
    assert_eq!(years, 10 * 365 * 24 * 60 * 60);
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {k: v}\n";
    let made = seal(&documents(secret)[0], &certificate).unwrap();
    let text = blackstart::manifests::write::write(&made);
    let sealed = sealed::read(&crate::objects(&text)[0]).unwrap();
    assert_eq!(open(&sealed, &[&read]).map(|document| document.entries["k"].value.reveal() == b"v").ok(), Some(true));
}
