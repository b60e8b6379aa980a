//! RSA keys of 2048 to 8192 bits, and OAEP with SHA-256 and a label. A private key is wiped when it goes and is never shown.

use super::{Broken, pem};
use crate::model::Hidden;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use aws_lc_rs::signature::KeyPair as _;

pub struct PublicKey {
    key: OaepPublicEncryptingKey,
    /// As X.509 writes it, in the one way that the library does.
    der: Vec<u8>,
}

impl PublicKey {
    /// From the part of a certificate that holds it. None for another kind of key, and for sizes that nobody should use.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        Self::of(&PublicEncryptingKey::from_der(der).ok()?).ok()
    }
    fn of(key: &PublicEncryptingKey) -> Result<Self, Broken> {
        let der: PublicKeyX509Der<'_> = key.as_der()?;
        Ok(Self { der: der.as_ref().to_vec(), key: OaepPublicEncryptingKey::new(key.clone())? })
    }
    pub fn bits(&self) -> usize {
        self.key.key_size_bits()
    }
    /// Adds the text under this key to what is there, and gives how long it is.
    pub fn seal(&self, plain: &Hidden, label: &[u8], into: &mut Vec<u8>) -> Result<usize, Broken> {
        let (start, length) = (into.len(), self.key.ciphertext_size());
        into.resize(start + length, 0);
        let sealed = self.key.encrypt(&OAEP_SHA256_MGF1SHA256, plain.reveal(), &mut into[start..], Some(label))?.len();
        into.truncate(start + sealed);
        Ok(sealed)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

const NONE: &str = "holds no private key";

fn is_private(part: &&pem::Part) -> bool {
    part.label.ends_with("PRIVATE KEY")
}

pub struct PrivateKey {
    key: OaepPrivateDecryptingKey,
    pkcs8: Hidden,
    public: PublicKey,
}

impl PrivateKey {
    /// Of 4096 bits, as those of the controller.
    pub fn generate() -> Result<Self, Broken> {
        Self::of(&PrivateDecryptingKey::generate(KeySize::Rsa4096)?)
    }
    fn of(key: &PrivateDecryptingKey) -> Result<Self, Broken> {
        let der: Pkcs8V1Der<'_> = key.as_der()?;
        let pkcs8 = Hidden::new(der.as_ref().to_vec());
        let public = PublicKey::of(&key.public_key())?;
        Ok(Self { key: OaepPrivateDecryptingKey::new(key.clone())?, pkcs8, public })
    }
    /// The first private key of a text of PEM, which is the one that the controller takes.
    pub fn from_pem(text: &[u8]) -> Result<Self, &'static str> {
        pem::parts(text)?.iter().find(is_private).map_or(Err(NONE), Self::from_part)
    }
    /// All private keys of a text of PEM, of which there must be one.
    pub fn all_from_pem(text: &[u8]) -> Result<Vec<Self>, &'static str> {
        let all: Vec<Self> =
            pem::parts(text)?.iter().filter(is_private).map(Self::from_part).collect::<Result<_, _>>()?;
        if all.is_empty() { Err(NONE) } else { Ok(all) }
    }
    fn from_part(part: &pem::Part) -> Result<Self, &'static str> {
        const REFUSED: &str = "is damaged, or has another size than 2048 to 8192 bits, or is no RSA key";
        let bytes = part.bytes.reveal();
        let pkcs8 = match &*part.label {
            "PRIVATE KEY" => PrivateDecryptingKey::from_pkcs8(bytes).map_err(|_| REFUSED)?,
            "RSA PRIVATE KEY" => {
                let pair = KeyPair::from_der(bytes).map_err(|_| REFUSED)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| REFUSED)?;
                let der = Hidden::new(der.as_ref().to_vec());
                PrivateDecryptingKey::from_pkcs8(der.reveal()).map_err(|_| REFUSED)?
            }
            "ENCRYPTED PRIVATE KEY" => {
                return Err(
                    "is protected by a passphrase, which nothing here asks for: take it off, with openssl pkey",
                );
            }
            _ => return Err("is not an RSA key, and nothing is sealed for others"),
        };
        Self::of(&pkcs8).map_err(|_| REFUSED)
    }
    /// As PKCS#8, which the controller reads like its own.
    pub fn pem(&self) -> Hidden {
        pem::write("PRIVATE KEY", self.pkcs8.reveal())
    }
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
    /// None where another key, another label or other bytes were sealed.
    pub fn open(&self, sealed: &[u8], label: &[u8]) -> Option<Hidden> {
        let length = self.key.min_output_size();
        if sealed.len() != length {
            return None;
        }
        let mut plain = vec![0; length];
        let opened = self.key.decrypt(&OAEP_SHA256_MGF1SHA256, sealed, &mut plain, Some(label)).map(|text| text.len());
        let plain = Hidden::new(plain);
        Some(Hidden::new(plain.reveal()[..opened.ok()?].to_vec()))
    }
    /// To sign its own certificate with.
    pub(super) fn pair(&self) -> Result<KeyPair, Broken> {
        KeyPair::from_pkcs8(self.pkcs8.reveal()).map_err(|_| Broken)
    }
}

/// The bytes of the public key as a certificate wants them from whom it is signed by.
pub(super) fn plain_public(pair: &KeyPair) -> &[u8] {
    pair.public_key().as_ref()
}
