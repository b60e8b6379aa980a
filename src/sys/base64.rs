//! Bytes as text and back, as Kubernetes takes them; what is decoded is a secret until somebody says otherwise.

use crate::model::Hidden;
use base64::alphabet;
use base64::engine::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// Go, in which servers and controllers are written, wants the padding and does not look at the bits behind the last byte.
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// None for what is not base64. Line breaks are passed over, as a server does.
pub fn decode(text: &str) -> Option<Hidden> {
    // Both as large as they can become: what grows leaves copies behind.
    let mut letters = Zeroizing::new(Vec::with_capacity(text.len()));
    letters.extend(text.bytes().filter(|byte| !b"\r\n".contains(byte)));
    let mut bytes = Zeroizing::new(vec![0; letters.len().div_ceil(4) * 3]);
    let length = STANDARD.decode_slice(&*letters, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(Hidden::new(std::mem::take(&mut *bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_takes_is_taken_and_nothing_else() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("aGk=", b"hi"),
            ("aG\r\nk\n=", b"hi"),
            // Its last two bits are not those of an encoder.
            ("aGl=", b"hi"),
            ("QR==", b"A"),
        ] {
            assert!(decode(text).is_some_and(|read| read.reveal() == bytes), "{text:?}");
        }
        for text in ["a", "aGk", "aGk==", "a Gk=", "aGk=aGk=", "aGk-", "=", "aG=k", "ä"] {
            assert!(decode(text).is_none(), "{text:?}");
        }
    }
}
