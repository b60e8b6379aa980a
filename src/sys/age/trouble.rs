//! Why an age file or an identity cannot be used. Words about the file, never from it.

use std::{fmt, io};

#[derive(Debug)]
pub enum Trouble {
    Empty,
    NotAge,
    /// Its head promises age; the rest is not whole.
    Damaged,
    OtherVersion,
    OtherIdentities,
    /// It wants a passphrase and has none.
    Passphrase,
    /// It was opened with a passphrase and wants an identity.
    NoPassphrase,
    WrongPassphrase,
    TooMuchWork {
        asked: u8,
        most: u8,
    },
    NotText,
    NoRecipient,
    NotWritten(io::Error),
    /// A line of an identity file or of a list of recipients.
    Line {
        line: usize,
        why: &'static str,
    },
    NoIdentity,
}

impl Trouble {
    pub(super) fn of_no_age_file(bytes: &[u8], binary: &[u8], armor: &[u8]) -> Self {
        let begins = |mark: &[u8]| !bytes.is_empty() && mark.starts_with(bytes);
        match bytes {
            [] => Trouble::Empty,
            _ if begins(binary) || begins(armor) => Trouble::Damaged,
            _ => Trouble::NotAge,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Empty => f.write_str("is empty"),
            Trouble::NotAge => f.write_str("is not an age file"),
            Trouble::Damaged => f.write_str("is damaged or cut short"),
            Trouble::OtherVersion => f.write_str("is an age file of a version that is not known here"),
            Trouble::OtherIdentities => f.write_str("is encrypted for other identities than this one"),
            Trouble::Passphrase => f.write_str("is encrypted with a passphrase"),
            Trouble::NoPassphrase => f.write_str("is not encrypted with a passphrase"),
            Trouble::WrongPassphrase => f.write_str("the passphrase is wrong"),
            Trouble::TooMuchWork { asked, most } => {
                write!(f, "its passphrase asks for 2^{asked} rounds of work, and 2^{most} is the most that is done")
            }
            Trouble::NotText => f.write_str("the passphrase is not UTF-8 text"),
            Trouble::NoRecipient => f.write_str("there is no recipient to encrypt for"),
            Trouble::NotWritten(error) => write!(f, "cannot be encrypted: {error}"),
            Trouble::Line { line, why } => write!(f, "line {line}: {why}"),
            Trouble::NoIdentity => f.write_str("holds no identity: no line begins with AGE-SECRET-KEY-1"),
        }
    }
}
