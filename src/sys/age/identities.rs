//! Who may open: the secret keys of an identity file. They are never shown; `text` hands them to another process of ours.

use super::{Recipient, Trouble};
use crate::model::Hidden;
use age::secrecy::ExposeSecret;
use zeroize::Zeroizing;

/// One or more keys. Not Debug.
#[derive(Clone)]
pub struct Identities(Vec<age::x25519::Identity>);

impl Identities {
    pub fn generate() -> Self {
        Self(vec![age::x25519::Identity::generate()])
    }

    /// The keys of an identity file that is not encrypted, or is no longer.
    pub fn read(text: &Hidden) -> Result<Self, Trouble> {
        let Ok(text) = std::str::from_utf8(text.reveal()) else { return Err(Trouble::NoIdentity) };
        let mut keys = Vec::new();
        // Some editors put a mark before the text.
        for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let key = line.parse().map_err(|_| Trouble::Line { line: i + 1, why: why_not(line) })?;
                keys.push(key);
            }
        }
        if keys.is_empty() { Err(Trouble::NoIdentity) } else { Ok(Self(keys)) }
    }

    /// Whom to encrypt for, so that these can open it.
    pub fn recipients(&self) -> Vec<Recipient> {
        self.0.iter().map(|key| Recipient::of(key.to_public())).collect()
    }

    /// As `read` takes them, for a pipe to another process and for the file of a new identity.
    pub fn text(&self) -> Hidden {
        let lines: Vec<_> = self.0.iter().map(age::x25519::Identity::to_string).collect();
        let length = lines.iter().map(|line| line.expose_secret().len() + 1).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(length));
        for line in &lines {
            text.extend_from_slice(line.expose_secret().as_bytes());
            text.push(b'\n');
        }
        Hidden::new(std::mem::take(&mut *text))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &age::x25519::Identity> {
        self.0.iter()
    }
}

fn why_not(line: &str) -> &'static str {
    let upper = line.to_ascii_uppercase();
    if upper.starts_with("AGE-PLUGIN-") {
        "is an identity of a plugin or of a piece of hardware, and no plugins are started here"
    } else if line.starts_with("-----BEGIN") || upper.starts_with("SSH-") {
        "is an SSH key; only identities that begin with AGE-SECRET-KEY-1 are taken"
    } else if upper.starts_with("AGE-SECRET-KEY-1") {
        "is no whole identity: a letter is wrong or missing"
    } else if upper.starts_with("AGE-SECRET-KEY-") {
        "is an identity of another kind; only those that begin with AGE-SECRET-KEY-1 are taken"
    } else if upper.starts_with("AGE1") {
        "is a recipient, which is public, and not an identity"
    } else {
        "is no identity: those begin with AGE-SECRET-KEY-1"
    }
}
