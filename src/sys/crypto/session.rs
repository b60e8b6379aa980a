//! A key for one value: AES-256-GCM with a nonce of zeros. Such a key must never seal twice, so sealing takes it away.

use super::Broken;
use crate::model::Hidden;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

pub const LENGTH: usize = 32;
/// What GCM adds to a text.
pub const TAG: usize = 16;

pub struct Session(Hidden);

impl Session {
    pub fn random() -> Result<Self, Broken> {
        let mut bytes = Zeroizing::new(vec![0; LENGTH]);
        rand::fill(&mut bytes)?;
        Ok(Self(Hidden::new(std::mem::take(&mut *bytes))))
    }
    /// None where it has another length than such a key.
    pub fn of(bytes: Hidden) -> Option<Self> {
        (bytes.len() == LENGTH).then_some(Self(bytes))
    }
    pub fn bytes(&self) -> &Hidden {
        &self.0
    }
    fn key(&self) -> Result<LessSafeKey, Broken> {
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, self.0.reveal())?))
    }
    /// Adds the sealed value and its tag to what is there.
    pub fn seal(self, value: &Hidden, into: &mut Vec<u8>) -> Result<(), Broken> {
        let start = into.len();
        into.extend_from_slice(value.reveal());
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        match self.key()?.seal_in_place_separate_tag(nonce, Aad::empty(), &mut into[start..]) {
            Ok(tag) => into.extend_from_slice(tag.as_ref()),
            Err(error) => {
                // The value must not stay behind in the clear.
                into[start..].fill(0);
                into.truncate(start);
                return Err(error.into());
            }
        }
        Ok(())
    }
    /// None where the text is not what was sealed with this key, to the last bit.
    pub fn open(&self, sealed: &[u8]) -> Option<Hidden> {
        // Wiped also where it turns out to be something else after it was opened.
        let mut text = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let plain = self.key().ok()?.open_in_place(nonce, Aad::empty(), &mut text).ok()?.len();
        text.truncate(plain);
        Some(Hidden::new(std::mem::take(&mut *text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_only_and_only_when_it_is_whole() {
        let session = || Session::of(Hidden::new(vec![3; LENGTH])).unwrap_or_else(|| unreachable!());
        for length in [0, 1, 16, 100] {
            let (value, mut sealed) = (Hidden::new(vec![9; length]), vec![1, 2]);
            assert!(session().seal(&value, &mut sealed).is_ok());
            assert_eq!((&sealed[..2], sealed.len()), (&[1, 2][..], 2 + length + TAG));
            let opens = |session: &Session, text: &[u8]| session.open(text).is_some_and(|open| open.same(&value));
            assert!(opens(&session(), &sealed[2..]));
            for end in 2..sealed.len() {
                assert!(session().open(&sealed[2..end]).is_none());
            }
            for at in 2..sealed.len() {
                let mut flipped = sealed.clone();
                flipped[at] ^= 1;
                assert!(session().open(&flipped[2..]).is_none());
            }
            assert!(Session::random().is_ok_and(|other| !opens(&other, &sealed[2..])));
        }
        assert!(Session::of(Hidden::new(vec![0; 31])).is_none());
    }
}
