//! A certificate that a key signs for itself, as the controller of sealed secrets makes one for each of its keys.

use super::rsa::plain_public;
use super::{Broken, Certificate, PrivateKey};
use crate::model::Stamp;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, Error, IsCa, KeyUsagePurpose, PKCS_RSA_SHA256,
    PublicKeyData, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use std::time::Duration;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Signs with the key where it lies, so that no copy of it is made.
struct Signer(KeyPair);

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        plain_public(&self.0)
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for Signer {
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature);
        signed.map(|()| signature).map_err(|_| Error::RemoteKeyError)
    }
}

/// Good from this second on, for so many years of 365 days.
pub fn certificate(key: &PrivateKey, from: Stamp, years: u32) -> Result<Certificate, Broken> {
    let seconds = u64::try_from(from.0 / 1000).map_err(|_| Broken)?;
    let mut wanted = CertificateParams::default();
    // A clock that is wrong by thousands of years gives no certificate, and no panic.
    let later = |length: Duration| length.try_into().map_err(|_| Broken);
    let epoch = date_time_ymd(1970, 1, 1);
    wanted.not_before = epoch.checked_add(later(Duration::from_secs(seconds))?).ok_or(Broken)?;
    wanted.not_after = wanted.not_before.checked_add(later(YEAR * years)?).ok_or(Broken)?;
    wanted.distinguished_name = DistinguishedName::new();
    wanted.distinguished_name.push(DnType::CommonName, "sealed-secrets");
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    wanted.key_usages = vec![KeyUsagePurpose::EncipherOnly];
    let made = wanted.self_signed(&Signer(key.pair()?)).map_err(|_| Broken)?;
    Certificate::from_der(made.der()).ok_or(Broken)
}
