//! age files: opened whole or not at all, and closed. The one folder that knows the crate. X25519 keys only: a file of an
//! identity can name programs that others would start, and this one starts none.

mod identities;
mod recipient;
mod trouble;

pub use identities::Identities;
pub use recipient::Recipient;
pub use trouble::Trouble;

use crate::model::Hidden;
use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt};
use std::io::{Read, Write};
use zeroize::Zeroizing;

/// The most work that a passphrase may ask for, as a power of two. This much takes 4 GiB of memory and half a minute; more
/// than this is damage or malice.
pub const MOST_WORK: u8 = 22;

/// The work that we ask for: a second on a machine of today, also on a slower one that has to open it on a bad day.
const OUR_WORK: u8 = 18;

const BINARY: &[u8] = b"age-encryption.org/";
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

/// True for an age file as text.
pub fn is_armored(cipher: &[u8]) -> bool {
    cipher.trim_ascii_start().starts_with(ARMOR)
}

/// True when these bytes mean to be an age file, whole or not.
pub fn looks_like_age(cipher: &[u8]) -> bool {
    cipher.starts_with(BINARY) || is_armored(cipher)
}

/// The plaintext, once all of it is proved to be what was closed.
pub fn open(cipher: &[u8], identities: &Identities) -> Result<Hidden, Trouble> {
    opened(cipher, &mut identities.keys().map(|key| key as &dyn age::Identity), false)
}

/// The same for a file that a passphrase closes.
pub fn open_with_passphrase(cipher: &[u8], passphrase: &Hidden) -> Result<Hidden, Trouble> {
    let mut identity = scrypt::Identity::new(secret_text(passphrase)?);
    identity.set_max_work_factor(MOST_WORK);
    opened(cipher, &mut std::iter::once(&identity as &dyn age::Identity), true)
}

/// True for a file that a passphrase closes.
pub fn wants_passphrase(cipher: &[u8]) -> bool {
    looks_like_age(cipher) && Decryptor::new_buffered(ArmoredReader::new(cipher)).is_ok_and(|file| file.is_scrypt())
}

fn opened(
    cipher: &[u8],
    identities: &mut dyn Iterator<Item = &dyn age::Identity>,
    by_passphrase: bool,
) -> Result<Hidden, Trouble> {
    if !looks_like_age(cipher) {
        return Err(Trouble::of_no_age_file(cipher, BINARY, ARMOR));
    }
    let file = Decryptor::new_buffered(ArmoredReader::new(cipher)).map_err(|error| trouble(&error))?;
    match (file.is_scrypt(), by_passphrase) {
        (true, false) => return Err(Trouble::Passphrase),
        (false, true) => return Err(Trouble::NoPassphrase),
        (true, true) | (false, false) => {}
    }
    let mut reader = file.decrypt(identities).map_err(|error| match (by_passphrase, error) {
        // So the crate says that the key of the file did not come out.
        (true, DecryptError::DecryptionFailed) => Trouble::WrongPassphrase,
        (_, error) => trouble(&error),
    })?;
    // A plaintext is never longer than its file, so the bytes are not copied about while it is read.
    let mut plain = Zeroizing::new(Vec::with_capacity(cipher.len() + 64));
    reader.read_to_end(&mut plain).map_err(|_| Trouble::Damaged)?;
    Ok(Hidden::new(std::mem::take(&mut *plain)))
}

/// What can be opened by each of these recipients and by nobody else.
pub fn close(plain: &Hidden, recipients: &[Recipient], armor: bool) -> Result<Vec<u8>, Trouble> {
    if recipients.is_empty() {
        return Err(Trouble::NoRecipient);
    }
    let keys = recipients.iter().map(|recipient| recipient.key() as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(keys).map_err(|_| Trouble::NoRecipient)?;
    closed(encryptor, plain, armor)
}

/// What this passphrase opens. Always as text, so that it can be printed.
pub fn close_with_passphrase(plain: &Hidden, passphrase: &Hidden) -> Result<Vec<u8>, Trouble> {
    let mut recipient = scrypt::Recipient::new(secret_text(passphrase)?);
    recipient.set_work_factor(OUR_WORK);
    let one = std::iter::once(&recipient as &dyn age::Recipient);
    closed(Encryptor::with_recipients(one).map_err(|_| Trouble::NoRecipient)?, plain, true)
}

fn closed(encryptor: Encryptor, plain: &Hidden, armor: bool) -> Result<Vec<u8>, Trouble> {
    let format = if armor { Format::AsciiArmor } else { Format::Binary };
    let write = || {
        let mut out = ArmoredWriter::wrap_output(Vec::with_capacity(plain.len() + 4096), format)?;
        let mut writer = encryptor.wrap_output(&mut out)?;
        writer.write_all(plain.reveal())?;
        writer.finish()?;
        out.finish()
    };
    write().map_err(Trouble::NotWritten)
}

fn secret_text(passphrase: &Hidden) -> Result<SecretString, Trouble> {
    let text = std::str::from_utf8(passphrase.reveal()).map_err(|_| Trouble::NotText)?;
    Ok(SecretString::from(text.to_owned()))
}

/// The words of the crate are left out: some of them quote.
fn trouble(error: &DecryptError) -> Trouble {
    match error {
        DecryptError::NoMatchingKeys => Trouble::OtherIdentities,
        DecryptError::ExcessiveWork { required, .. } => Trouble::TooMuchWork { asked: *required, most: MOST_WORK },
        DecryptError::KeyDecryptionFailed => Trouble::WrongPassphrase,
        DecryptError::UnknownFormat => Trouble::OtherVersion,
        // The crate may add kinds; whatever they are, the file did not open.
        _ => Trouble::Damaged,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
