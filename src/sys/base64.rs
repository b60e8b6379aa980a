//! Bytes as text and back. Strict, as Kubernetes is; what is decoded is a secret until somebody says otherwise.

use crate::model::Hidden;
use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// None for what is not base64. Line breaks are passed over, as a server does.
pub fn decode(text: &str) -> Option<Hidden> {
    let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(text.bytes().filter(|byte| !b"\r\n".contains(byte)).collect());
    STANDARD.decode(&*bytes).ok().map(Hidden::new)
}
