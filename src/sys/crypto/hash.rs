//! Digests and chance: SHA-256 of what everybody may see, HMAC-SHA-256 of what nobody may guess, and random bytes.

use crate::model::Hidden;
use crate::sys::base64;
use aws_lc_rs::{digest, hmac, rand};
use zeroize::Zeroizing;

/// A public key of ssh, as base64, in the form in which ssh shows it to people.
pub fn fingerprint(key: &str) -> Option<String> {
    let bytes = base64::decode(key).filter(|bytes| !bytes.is_empty())?;
    let digest = base64::encode(digest::digest(&digest::SHA256, bytes.reveal()).as_ref());
    Some(format!("SHA256:{}", digest.trim_end_matches('=')))
}

/// As `sha256sum` prints it.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// A key that is set up once and used for many messages.
pub struct Keyed(hmac::Key);

impl Keyed {
    pub fn new(key: &Hidden) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.reveal()))
    }
    /// Over all parts, each behind its length, so that they do not run into each other.
    pub fn digest(&self, parts: &[&[u8]]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        hex(context.sign().as_ref())
    }
}

/// Bytes that nobody knows. None when the system gives none, which no system of today does.
pub fn random(count: usize) -> Option<Hidden> {
    let mut bytes = Zeroizing::new(vec![0; count]);
    rand::fill(&mut bytes).ok()?;
    Some(Hidden::new(std::mem::take(&mut *bytes)))
}

/// A number of 128 bits that nobody has used before, in digits of sixteen. It is no secret.
pub fn number() -> Option<String> {
    Some(hex(random(16)?.reveal()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        // RFC 4231, case 2, whose message our lengths would change: with no part, the message is empty.
        let empty = Keyed::new(&Hidden::new(Vec::new())).digest(&[]);
        assert_eq!(empty, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    }

    #[test]
    fn parts_do_not_run_into_each_other_and_chance_is_not_twice_the_same() {
        let key = Keyed::new(&Hidden::new(vec![7; 32]));
        assert_ne!(key.digest(&[b"ab", b"c"]), key.digest(&[b"a", b"bc"]));
        assert_eq!(key.digest(&[b"ab", b"c"]), key.digest(&[b"ab", b"c"]));
        let (one, two) = (random(32), random(32));
        assert!(one.is_some_and(|one| two.is_some_and(|two| one.len() == 32 && !one.same(&two))));
    }
}
