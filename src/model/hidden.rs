//! The value of a secret. It has neither Debug nor Display nor Serialize, so that it cannot be shown by accident, and its
//! bytes are wiped when it goes.

use zeroize::{Zeroize, Zeroizing};

/// Where it is taken out again is held by a test: `reveal` is called in few files.
pub struct Hidden(Zeroizing<Vec<u8>>);

impl Hidden {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
    /// In a time that does not tell where they differ.
    pub fn same(&self, other: &Hidden) -> bool {
        let differ = self.0.iter().zip(other.0.iter()).fold(0, |differ, (a, b)| differ | (a ^ b));
        self.len() == other.len() && std::hint::black_box(differ) == 0
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

/// Overwrites a text that may hold one.
pub fn wipe(text: &mut Box<str>) {
    let mut bytes = std::mem::take(text).into_string();
    bytes.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_is_the_same_to_the_last_byte() {
        let hidden = |text: &str| Hidden::from(text.to_owned());
        assert!(hidden("abc").same(&hidden("abc")) && hidden("").same(&hidden("")));
        assert!(
            !hidden("abc").same(&hidden("abd")) && !hidden("abc").same(&hidden("ab")) && !hidden("").same(&hidden("a"))
        );
    }
}
