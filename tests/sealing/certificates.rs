//! Certificates that nothing may be sealed for: each refused for its own reason, with what to do.

use crate::{certificate, key, key_text, made, today};
use blackstart::model::Stamp;
use blackstart::secrets::Certificate;
use blackstart::secrets::certificate::Unfit;
use std::process::Command;

fn unfit(name: &str) -> Unfit {
    let read = Certificate::from_pem(&key_text(&format!("{name}.cert.pem")), today());
    let unfit = read.err().unwrap_or_else(|| panic!("{name} was taken"));
    assert!(!unfit.to_string().is_empty() && !unfit.advice().is_empty());
    unfit
}

#[test]
fn each_that_is_unfit_is_refused_for_its_own_reason() {
    if !made::has_openssl("each_that_is_unfit_is_refused_for_its_own_reason") {
        return;
    }
    assert!(matches!(unfit("expired"), Unfit::Expired(_)));
    assert!(unfit("expired").to_string().starts_with("expired on 2020-12-3"));
    assert!(matches!(unfit("not-yet"), Unfit::NotYet(_)));
    assert_eq!(unfit("signing"), Unfit::OtherUse);
    assert_eq!(unfit("small"), Unfit::Size);
    assert_eq!(unfit("curve"), Unfit::NotRsa);
    assert!(unfit("small").to_string().contains("2048"));
}

#[test]
fn a_certificate_ends_with_its_last_second() {
    let text = key_text("expired.cert.pem");
    let end = Stamp::read("2020-12-31T00:00:00Z").unwrap();
    assert!(Certificate::from_pem(&text, end).is_ok());
    assert_eq!(Certificate::from_pem(&text, Stamp(end.0 + 1000)).err(), Some(Unfit::Expired(end)));
    let begin = Stamp::read("2020-01-01T00:00:00Z").unwrap();
    assert!(Certificate::from_pem(&text, begin).is_ok());
    assert_eq!(Certificate::from_pem(&text, Stamp(begin.0 - 1)).err(), Some(Unfit::NotYet(begin)));
}

#[test]
fn what_is_no_certificate_is_unreadable_and_one_for_encryption_is_taken() {
    assert!(certificate("server").public() == key("second").private.public());
    for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let read = Certificate::from_pem(text.as_bytes(), today());
        assert!(matches!(read.err(), Some(Unfit::Unreadable(_))), "{text:?}");
    }
    assert!(matches!(Certificate::from_pem(&key_text("second.key.pem"), today()).err(), Some(Unfit::Unreadable(_))));
}

#[test]
fn every_byte_of_a_certificate_may_be_wrong_without_harm() {
    let text = String::from_utf8(key_text("second.cert.pem")).unwrap();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 0x05;
        // Most are refused; where the signature is hit the key is still the key. It must only not panic.
        let _ = Certificate::from_pem(&bytes, today());
        let _ = Certificate::from_pem(&text.as_bytes()[..at], today());
    }
}

#[test]
fn the_fingerprint_is_the_one_that_openssl_shows() {
    if !made::has_openssl("the_fingerprint_is_the_one_that_openssl_shows") {
        return;
    }
    let mut command = Command::new("openssl");
    command.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(made::file("first.cert.pem"));
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let said = said.trim().split('=').next_back().unwrap().replace(':', "").to_lowercase();
    assert_eq!(certificate("first").fingerprint(), said);
}
