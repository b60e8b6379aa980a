//! SHA-256 of what must not change unnoticed: a graph, the inputs of a step. Never of a secret value.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A finished digest, written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.0 == bytes
    }
    /// The first twelve digits: enough for a person to compare.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || "a digest has 64 hexadecimal digits".to_owned();
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Digest(bytes))
    }
}

/// Builds a digest from fields. Each field is preceded by its length, so that `ab`,`c` differs from `a`,`bc`.
#[derive(Default)]
pub struct Digester(Sha256);

impl Digester {
    pub fn new(purpose: &str) -> Self {
        Self::default().field(purpose.as_bytes())
    }
    #[must_use]
    pub fn field(mut self, bytes: &[u8]) -> Self {
        self.add(bytes);
        self
    }
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// The digest of bytes as they are, part after part: the one that other programs tell.
#[derive(Default)]
pub struct Plain(Sha256);

impl Plain {
    pub fn of(bytes: &[u8]) -> Digest {
        let mut plain = Self::default();
        plain.add(bytes);
        plain.finish()
    }
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_into_each_other() {
        let one = Digester::new("t").field(b"ab").field(b"c").finish();
        let two = Digester::new("t").field(b"a").field(b"bc").finish();
        assert_ne!(one, two);
    }

    #[test]
    fn a_digest_reads_back_and_a_damaged_one_does_not() {
        let digest = Digester::new("t").finish();
        assert_eq!(Digest::try_from(digest.to_string()), Ok(digest));
        assert!(Digest::try_from("zz".repeat(32)).is_err());
        assert!(Digest::try_from("é".repeat(32)).is_err());
    }
}
