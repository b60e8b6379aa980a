//! One value of a store, as a plan names it: `secret/namespace/name/key`.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryName {
    pub namespace: String,
    pub name: String,
    pub key: String,
}

impl EntryName {
    pub fn read(text: &str) -> Result<Self, String> {
        let plain = |part: &&str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
        let parts: Vec<&str> = text.split('/').filter(plain).collect();
        match parts[..] {
            ["secret", namespace, name, key] if text.split('/').count() == 4 => {
                Ok(Self { namespace: namespace.to_owned(), name: name.to_owned(), key: key.to_owned() })
            }
            _ => Err("names no value of the store: write secret/namespace/name/key".to_owned()),
        }
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret/{}/{}/{}", self.namespace, self.name, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_a_namespace_a_name_and_a_key() {
        assert_eq!(EntryName::read("secret/a/b/tls.crt").map(|name| name.to_string()), Ok("secret/a/b/tls.crt".into()));
        for bad in ["", "secret/a/b", "secret/a/b/c/d", "secret//b/c", "configmap/a/b/c", "secret/a/b c/d", "a/b/c"] {
            assert!(EntryName::read(bad).is_err(), "{bad}");
        }
    }
}
