//! Round trips, refusals told apart, and damage at every place of short files.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

fn hidden(text: &str) -> Hidden {
    Hidden::from(text.to_owned())
}

fn why<T>(result: Result<T, Trouble>) -> String {
    result.err().map_or_else(|| "opened".to_owned(), |trouble| trouble.to_string())
}

#[test]
fn what_is_closed_for_several_is_opened_by_each_and_by_nobody_else() {
    let (one, two, other) = (Identities::generate(), Identities::generate(), Identities::generate());
    let recipients = [one.recipients(), two.recipients()].concat();
    for armor in [true, false] {
        for plain in ["", "x", &"long ".repeat(40_000)] {
            let cipher = close(&hidden(plain), &recipients, armor).unwrap();
            assert_eq!(is_armored(&cipher), armor);
            for identity in [&one, &two] {
                assert!(open(&cipher, identity).unwrap().same(&hidden(plain)));
            }
            assert_eq!(why(open(&cipher, &other)), "is encrypted for other identities than this one");
        }
    }
    assert_eq!(why(close(&hidden("x"), &[], true)), "there is no recipient to encrypt for");
}

#[test]
fn an_identity_reads_back_and_anything_else_is_refused_by_its_line() {
    let identity = Identities::generate();
    let text = String::from_utf8(identity.text().reveal().to_vec()).unwrap();
    let read = Identities::read(&hidden(&format!("# made today\r\n\n{text}# and\n{text}"))).unwrap();
    assert_eq!(read.recipients(), [identity.recipients(), identity.recipients()].concat());
    let public = identity.recipients()[0].to_string();
    let cases = [
        ("", "holds no identity"),
        ("# nothing\n", "holds no identity"),
        ("AGE-PLUGIN-YUBIKEY-1QQQ", "of a plugin"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "SSH key"),
        (&text[..40], "no whole identity"),
        ("AGE-SECRET-KEY-PQ-1QQQ", "of another kind"),
        (&public, "is a recipient"),
        ("hunter2", "no identity: those begin"),
    ];
    for (text, wanted) in cases {
        let told = why(Identities::read(&hidden(text)));
        assert!(told.contains(wanted) && !told.contains("hunter2"), "{text}: {told}");
    }
    assert!(why(Identities::read(&hidden(&format!("{text}\nhunter2\n")))).starts_with("line 3: "));
}

#[test]
fn recipients_are_those_of_age_itself_and_nothing_else() {
    let public = Identities::generate().recipients()[0].to_string();
    let list = Recipient::list(&format!("# ana\n{public}\n\n  {}\n", public.to_uppercase())).unwrap();
    assert_eq!(list[0], list[1]);
    for (text, wanted) in [
        ("ssh-ed25519 AAAA", "SSH key"),
        ("age1yubikey1qqqq", "of a plugin"),
        (&public[..30], "no whole recipient"),
        ("AGE-SECRET-KEY-1ABC", "is an identity, which is secret"),
        ("someone", "no recipient"),
    ] {
        let told = Recipient::list(text).map_err(|trouble| trouble.to_string()).unwrap_err();
        assert!(told.starts_with("line 1: ") && told.contains(wanted), "{text}: {told}");
    }
}

#[test]
fn a_passphrase_opens_what_it_closed_and_a_wrong_one_is_told() {
    let mut weak = scrypt::Recipient::new(SecretString::from("right".to_owned()));
    weak.set_work_factor(4);
    let weak = Encryptor::with_recipients(std::iter::once(&weak as &dyn age::Recipient)).unwrap();
    let cipher = closed(weak, &hidden("plain"), true).unwrap();
    assert!(wants_passphrase(&cipher));
    assert!(open_with_passphrase(&cipher, &hidden("right")).unwrap().same(&hidden("plain")));
    assert_eq!(why(open_with_passphrase(&cipher, &hidden("wrong"))), "the passphrase is wrong");
    assert_eq!(why(open(&cipher, &Identities::generate())), "is encrypted with a passphrase");
    // One that asks for more work than is done for anybody: made by hand, nobody would wait for it.
    let binary = b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 23\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n0123456789012345";
    assert!(why(open_with_passphrase(binary, &hidden("right"))).contains("2^23 rounds of work, and 2^22 is the most"));
    let ours = close(&hidden("x"), &Identities::generate().recipients(), true).unwrap();
    assert!(!wants_passphrase(&ours));
    assert_eq!(why(open_with_passphrase(&ours, &hidden("right"))), "is not encrypted with a passphrase");
}

/// A flipped bit or a missing end: refused, or (white space around the armor) the very same text. Never another, never a part.
#[test]
fn damage_at_any_place_of_a_short_file_is_refused() {
    let identity = Identities::generate();
    let plain = hidden("stringData: {a: b}\n");
    let mut refused = 0;
    for armor in [false, true] {
        let cipher = close(&plain, &identity.recipients(), armor).unwrap();
        for length in 0..cipher.len() {
            match open(&cipher[..length], &identity) {
                Err(Trouble::Empty | Trouble::Damaged) => refused += 1,
                Err(other) => panic!("cut to {length}: {other}"),
                // Only the line break behind the last line of the armor may be missing.
                Ok(_) => assert!(armor && length == cipher.len() - 1, "cut to {length} of {}", cipher.len()),
            }
        }
        for at in 0..cipher.len() {
            for bit in 0..8 {
                let mut bytes = cipher.clone();
                bytes[at] ^= 1 << bit;
                match open(&bytes, &identity) {
                    Err(_) => refused += 1,
                    Ok(read) => assert!(armor && at == cipher.len() - 1 && read.same(&plain), "byte {at} bit {bit}"),
                }
            }
        }
    }
    assert!(refused > 3_000, "{refused}");
}
