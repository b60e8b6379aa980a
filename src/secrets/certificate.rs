//! A certificate that may be sealed for: one that is good today, for this use, with a key that opens somewhere.

use crate::model::Stamp;
use crate::sys::crypto::{self, PublicKey};
use std::fmt;

/// One that was looked at and found fit.
pub struct Certificate {
    read: crypto::Certificate,
    public: PublicKey,
}

/// Why nothing is sealed for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    Unreadable(&'static str),
    NotRsa,
    /// Smaller than 2048 bits, or larger than 8192.
    Size,
    Expired(Stamp),
    NotYet(Stamp),
    /// It says what it is for, and that is not this.
    OtherUse,
}

impl Certificate {
    pub fn from_pem(text: &[u8], now: Stamp) -> Result<Self, Unfit> {
        Self::checked(crypto::Certificate::from_pem(text).map_err(Unfit::Unreadable)?, now)
    }
    pub fn checked(mut read: crypto::Certificate, now: Stamp) -> Result<Self, Unfit> {
        let public = match read.public.take() {
            Some(public) => public,
            None if read.is_rsa => return Err(Unfit::Size),
            None => return Err(Unfit::NotRsa),
        };
        if now > read.not_after {
            return Err(Unfit::Expired(read.not_after));
        }
        if now < read.not_before {
            return Err(Unfit::NotYet(read.not_before));
        }
        if read.encrypts { Ok(Self { read, public }) } else { Err(Unfit::OtherUse) }
    }
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
    /// SHA-256 of the whole certificate in 64 small hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        self.read.fingerprint()
    }
    pub fn not_before(&self) -> Stamp {
        self.read.not_before
    }
    pub fn not_after(&self) -> Stamp {
        self.read.not_after
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Unreadable(why) => f.write_str(why),
            Unfit::NotRsa => f.write_str("is for a key that is not RSA, and the controller opens nothing with others"),
            Unfit::Size => f.write_str("is for an RSA key that has less than 2048 bits, or more than 8192"),
            Unfit::Expired(at) => write!(f, "expired on {}", at.date()),
            Unfit::NotYet(at) => write!(f, "is not valid before {}", at.minute()),
            Unfit::OtherUse => f.write_str("says what it may be used for, and encryption is not among it"),
        }
    }
}

impl Unfit {
    /// What to do now.
    pub fn advice(&self) -> &'static str {
        match self {
            Unfit::Unreadable(_) => "a certificate is a text that begins with -----BEGIN CERTIFICATE-----",
            Unfit::NotRsa | Unfit::Size | Unfit::OtherUse => {
                "take the certificate of the sealing key: it is tls.crt of the controller's key Secret"
            }
            Unfit::Expired(_) => {
                "take the certificate of the newest sealing key; one of your own needs a new key and certificate first"
            }
            Unfit::NotYet(_) => {
                "look whether the clock of this machine is right, then whether this is the certificate meant"
            }
        }
    }
}
