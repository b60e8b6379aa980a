//! Whom a file is encrypted for: the public half of an identity, as one line of text.

use super::Trouble;
use std::cmp::Ordering;
use std::fmt;

#[derive(Clone)]
pub struct Recipient {
    text: String,
    key: age::x25519::Recipient,
}

impl Recipient {
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.parse::<age::x25519::Recipient>() {
            // Written anew, so that one recipient has one text.
            Ok(key) => Ok(Self::of(key)),
            Err(_) => Err(why_not(text)),
        }
    }
    pub(super) fn of(key: age::x25519::Recipient) -> Self {
        Self { text: key.to_string(), key }
    }
    pub(super) fn key(&self) -> &age::x25519::Recipient {
        &self.key
    }
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// A list of them: one a line, comments and empty lines between them.
    pub fn list(text: &str) -> Result<Vec<Self>, Trouble> {
        let mut list = Vec::new();
        for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                list.push(Self::parse(line).map_err(|why| Trouble::Line { line: i + 1, why })?);
            }
        }
        Ok(list)
    }
}

fn why_not(text: &str) -> &'static str {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("age-secret-key-") {
        "is an identity, which is secret, and not a recipient: take it out and make a new one, it may have been seen"
    } else if lower.starts_with("ssh-") || lower.starts_with("ecdsa-") || lower.starts_with("sk-") {
        "is an SSH key; only recipients that begin with age1 and belong to no plugin are taken"
    } else if lower.starts_with("age1") && lower[4..].contains('1') {
        "is a recipient of a plugin, and no plugins are started here"
    } else if lower.starts_with("age1") {
        "is no whole recipient: a letter is wrong or missing"
    } else {
        "is no recipient: those begin with age1"
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for Recipient {}
impl PartialOrd for Recipient {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Recipient {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}
