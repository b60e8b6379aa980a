//! Certificates as X.509 writes them: whose key it is, from when to when, and for what. It judges nothing.

use super::{PublicKey, pem};
use crate::model::{Hidden, Stamp};
use aws_lc_rs::digest::{SHA256, digest};
use std::fmt::Write;
use x509_parser::prelude::{FromDer, X509Certificate};

pub const LABEL: &str = "CERTIFICATE";

pub struct Certificate {
    der: Vec<u8>,
    /// None where its key is no RSA key of 2048 to 8192 bits.
    pub public: Option<PublicKey>,
    pub is_rsa: bool,
    pub not_before: Stamp,
    pub not_after: Stamp,
    /// Whether it may be used to encrypt: it says so, or it says nothing at all about its use.
    pub encrypts: bool,
}

/// `rsaEncryption`.
const RSA: &str = "1.2.840.113549.1.1.1";

impl Certificate {
    /// The first certificate of a text of PEM, as every program takes it.
    pub fn from_pem(text: &[u8]) -> Result<Self, &'static str> {
        let parts = pem::parts(text)?;
        let part = parts.iter().find(|part| &*part.label == LABEL).ok_or("holds no certificate")?;
        Self::from_der(part.bytes.reveal()).ok_or("is no certificate: its bytes are damaged")
    }
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let (rest, read) = X509Certificate::from_der(der).ok()?;
        let usage = read.key_usage().ok()?;
        let encrypts = usage.is_none_or(|usage| {
            let usage = usage.value;
            usage.key_encipherment() || usage.data_encipherment() || usage.key_agreement() || usage.encipher_only()
        });
        let moment = |seconds: i64| Stamp(seconds.saturating_mul(1000));
        rest.is_empty().then(|| Self {
            der: der.to_vec(),
            public: PublicKey::from_der(read.public_key().raw),
            is_rsa: read.public_key().algorithm.algorithm.to_id_string() == RSA,
            not_before: moment(read.validity().not_before.timestamp()),
            not_after: moment(read.validity().not_after.timestamp()),
            encrypts,
        })
    }
    pub fn pem(&self) -> Hidden {
        pem::write(LABEL, &self.der)
    }
    /// SHA-256 of the whole, as `openssl x509 -fingerprint -sha256` shows it, in small letters and without colons.
    pub fn fingerprint(&self) -> String {
        digest(&SHA256, &self.der).as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
