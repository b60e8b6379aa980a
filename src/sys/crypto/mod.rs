//! Cryptography, by aws-lc: RSA-OAEP, AES-GCM, private keys and certificates. It knows bytes and keys, and nothing of what
//! they are sealed for.

pub mod certificate;
pub mod hash;
pub mod issue;
pub mod pem;
pub mod rsa;
pub mod session;

pub use certificate::Certificate;
pub use rsa::{PrivateKey, PublicKey};
pub use session::Session;

/// The library could not do what cannot fail on a machine that is well: make a random number, or use a key that it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl From<aws_lc_rs::error::Unspecified> for Broken {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Broken
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the library for cryptography failed; this machine may have no source of random numbers")
    }
}
