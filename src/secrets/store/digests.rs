//! Keyed digests of values: enough to see that two are the same, and of no use to who tries to guess one.

use super::{DIGEST_KEY, Store};
use crate::model::{Hidden, ObjectId, Problem};
use crate::sys::Look;
use crate::sys::age::{self, Identities};
use crate::sys::crypto::hash::Keyed;

const PURPOSE: &[u8] = b"blackstart value of a secret 1";
const KEY_LENGTH: usize = 32;
const DIGITS: usize = 32;

pub struct Digests(Keyed);

impl Digests {
    /// None for what is no key of digests.
    pub(super) fn new(key: &Hidden) -> Option<Self> {
        (key.len() == KEY_LENGTH).then(|| Self(Keyed::new(key)))
    }
    /// The same value under another name has another digest.
    pub fn of(&self, id: &ObjectId, key: &str, value: &Hidden) -> String {
        let namespace = id.namespace.as_deref().unwrap_or_default();
        let parts = [PURPOSE, namespace.as_bytes(), id.name.as_bytes(), key.as_bytes(), value.reveal()];
        let mut digest = self.0.digest(&parts);
        digest.truncate(DIGITS);
        digest
    }
}

impl Store {
    pub fn digests(&self, _: Look, identities: &Identities) -> Result<Digests, Problem> {
        self.open_digest_key(identities).and_then(|key| {
            Digests::new(&key).ok_or_else(|| {
                Problem::refused(format!("{}: is no key of digests", self.place(DIGEST_KEY))).next(RENEW)
            })
        })
    }

    pub(super) fn open_digest_key(&self, identities: &Identities) -> Result<Hidden, Problem> {
        let place = self.place(DIGEST_KEY);
        let cipher = self.digest_key.as_ref().ok_or_else(|| {
            Problem::refused(format!("{place}: is not there, and digests cannot be made without it")).next(RENEW)
        })?;
        age::open(cipher, identities).map_err(|trouble| Problem::refused(format!("{place}: {trouble}")))
    }
}

/// Makes a new one where none can be used.
pub const RENEW: &str = "blackstart secrets rotate --new-digest-key   # makes a new one";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_the_key_and_on_every_part_of_the_name() {
        let digests = |byte: u8| Digests::new(&Hidden::new(vec![byte; KEY_LENGTH]));
        let id = |namespace: &str, name: &str| ObjectId::new("v1", "Secret", Some(namespace), name);
        let value = Hidden::from("x".to_owned());
        let (one, other) = (digests(1), digests(2));
        let (Some(one), Some(other)) = (one, other) else { unreachable!("32 bytes are a key") };
        let all = [
            one.of(&id("a", "b"), "c", &value),
            one.of(&id("ab", ""), "c", &value),
            one.of(&id("a", "c"), "c", &value),
            one.of(&id("a", "b"), "d", &value),
            one.of(&id("a", "b"), "c", &Hidden::from("y".to_owned())),
            other.of(&id("a", "b"), "c", &value),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!((different.len(), all[0].len()), (all.len(), DIGITS));
        assert!(Digests::new(&Hidden::new(vec![0; 31])).is_none());
    }
}
