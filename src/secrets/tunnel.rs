//! The token of a Cloudflare tunnel: whose it is and of which tunnel. Its secret is looked at for being there and is not kept.

use crate::model::Hidden;
use crate::model::hidden::wipe;
use crate::sys::base64;
use serde::Deserialize;

/// What of a token may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub account: String,
    pub tunnel: String,
}

/// A token has short names. The file of credentials, out of which one is made, has long ones.
#[derive(Deserialize)]
struct Parts {
    #[serde(alias = "AccountTag")]
    a: String,
    #[serde(alias = "TunnelID")]
    t: String,
    #[serde(alias = "TunnelSecret")]
    s: Box<str>,
}

/// Reads a token, or a file of credentials. What is wrong with one is told without anything of it.
pub fn read(value: &Hidden) -> Result<Token, &'static str> {
    let text = std::str::from_utf8(value.reveal()).map_err(|_| "is no text")?.trim();
    if text.is_empty() {
        return Err("is empty");
    }
    let parts: Option<Parts> = match text.starts_with('{') {
        true => serde_json::from_str(text).ok(),
        false => {
            let inner = base64::decode(text).ok_or("is no token of a tunnel: it is not base64")?;
            serde_json::from_slice(inner.reveal()).ok()
        }
    };
    let Some(Parts { a: account, t: tunnel, s: mut secret }) = parts else {
        return Err("is no token of a tunnel: the fields a, t and s are not in it");
    };
    let length = base64::decode(&secret).map(|secret| secret.len());
    wipe(&mut secret);
    if !is_uuid(&tunnel) {
        return Err("is no token of a tunnel: what stands in it as the tunnel's id is none");
    }
    if account.is_empty() || !account.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("is no token of a tunnel: what stands in it as the account is none");
    }
    match length {
        Some(32..) => Ok(Token { account: account.to_ascii_lowercase(), tunnel: tunnel.to_ascii_lowercase() }),
        Some(_) | None => Err("is a token without its secret, or with half of it: the edge would refuse it"),
    }
}

/// 8-4-4-4-12 digits of sixteen.
pub fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(hex)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ID: &str = "6ff42ae2-765d-4adf-8112-31c55c1551ef";
    const ACCOUNT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

    fn token(account: &str, tunnel: &str, secret: &str) -> Hidden {
        Hidden::from(base64::encode(format!(r#"{{"a":"{account}","t":"{tunnel}","s":"{secret}"}}"#).as_bytes()))
    }

    #[test]
    fn a_token_says_whose_it_is_and_nothing_of_its_secret_is_kept() {
        let secret = base64::encode(&[7; 32]);
        let read = |value: &Hidden| super::read(value);
        let good = Token { account: ACCOUNT.to_owned(), tunnel: ID.to_owned() };
        assert_eq!(read(&token(ACCOUNT, ID, &secret)), Ok(good.clone()));
        let lines = std::str::from_utf8(token(ACCOUNT, ID, &secret).reveal()).unwrap().to_owned() + "\n";
        assert_eq!(read(&Hidden::from(lines)), Ok(good.clone()));
        let file = format!(r#"{{"AccountTag":"{ACCOUNT}","TunnelID":"{ID}","TunnelSecret":"{secret}","Endpoint":""}}"#);
        assert_eq!(read(&Hidden::from(file)), Ok(good));
        for (bad, word) in [
            (Hidden::from(String::new()), "is empty"),
            (Hidden::from("REPLACE_ME".to_owned()), "not base64"),
            (Hidden::from(base64::encode(b"hello")), "fields a, t and s"),
            (Hidden::from("{\"a\": 1}".to_owned()), "fields a, t and s"),
            (token(ACCOUNT, "home", &secret), "the tunnel's id"),
            (token("", ID, &secret), "the account"),
            (token(ACCOUNT, ID, ""), "without its secret"),
            (token(ACCOUNT, ID, &secret[..20]), "without its secret"),
        ] {
            let why = read(&bad).unwrap_err();
            assert!(why.contains(word), "{why}");
            assert!(!why.contains(&secret[..8]));
        }
    }
}
