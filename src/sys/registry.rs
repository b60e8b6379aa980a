//! One question to a registry, asked as a node would ask it: does `/v2/` answer, trusted by this authority, to this password?
//! What a mirror is, and where these were written, is not known here. Nothing of a password is ever told.

use super::Look;
use super::net::{Trust, chain, trusting};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

/// How long one question may take.
pub const PATIENCE: Duration = Duration::from_secs(5);
const LARGEST: usize = 1 << 20;

/// How a node would ask. It cannot be printed: a password is in it.
#[derive(Default)]
pub struct Asked<'a> {
    /// With its scheme, and without a slash at the end: `https://mirror.example.org:5000/v2`.
    pub url: &'a str,
    /// Where its name leads to, when nobody outside of the nodes knows that.
    pub at: Option<(&'a str, SocketAddr)>,
    pub trust: Trust,
    pub login: Option<(&'a str, &'a str)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Well,
    /// It wants a password, and none was given.
    Closed,
    /// It does not take this one.
    Wrong,
    /// Something else answers there.
    Odd(u16),
    Untrusted(String),
    Silent(String),
    /// The question could not be put: an authority or a key that cannot be read.
    Unasked(String),
}

pub async fn ask(_: Look, asked: &Asked<'_>) -> Answer {
    let client = match trusting(PATIENCE, &asked.trust, asked.at) {
        Ok(client) => client,
        Err(why) => return Answer::Unasked(why),
    };
    let url = format!("{}/", asked.url);
    let mut question = client.get(&url);
    if let Some((user, password)) = asked.login {
        question = question.basic_auth(user, Some(password));
    }
    let answer = match question.send().await {
        Ok(answer) => answer,
        Err(error) => return failed(&chain(&error.without_url())),
    };
    match answer.status().as_u16() {
        200..300 => Answer::Well,
        401 | 403 => {
            let header = answer.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
            match (bearer(header.unwrap_or_default()), asked.login) {
                (Some(realm), login) => token(&client, &realm, login).await,
                (None, Some(_)) => Answer::Wrong,
                (None, None) => Answer::Closed,
            }
        }
        status => Answer::Odd(status),
    }
}

fn failed(why: &str) -> Answer {
    match why.to_ascii_lowercase().contains("certificate") {
        true => Answer::Untrusted(why.to_owned()),
        false => Answer::Silent(why.to_owned()),
    }
}

/// Where its tokens come from, when it takes tokens.
fn bearer(challenge: &str) -> Option<String> {
    let words = challenge.strip_prefix("Bearer ").or_else(|| challenge.strip_prefix("bearer "))?;
    let value = |name: &str| words.split(&format!("{name}=\"")).nth(1)?.split('"').next().map(str::to_owned);
    let realm = value("realm").filter(|realm| realm.starts_with("http"))?;
    let sign = if realm.contains('?') { '&' } else { '?' };
    let service =
        value("service").filter(|service| service.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'&'));
    Some(service.map_or(realm.clone(), |service| format!("{realm}{sign}service={service}")))
}

async fn token(client: &super::net::Client, realm: &str, login: Option<(&str, &str)>) -> Answer {
    let question = client.get(realm);
    let question = match login {
        Some((user, password)) => question.basic_auth(user, Some(password)),
        None => question,
    };
    let mut answer = match question.send().await {
        Ok(answer) => answer,
        Err(error) => return failed(&chain(&error.without_url())),
    };
    let status = answer.status().as_u16();
    let mut text = Vec::new();
    while let Ok(Some(part)) = answer.chunk().await {
        text.extend_from_slice(&part);
        if text.len() > LARGEST {
            break;
        }
    }
    let told: Value = serde_json::from_slice(&text).unwrap_or_default();
    let is_there = told["token"].is_string() || told["access_token"].is_string();
    match (status, is_there, login) {
        (200..300, true, _) => Answer::Well,
        (401 | 403, _, Some(_)) => Answer::Wrong,
        (401 | 403, _, None) => Answer::Closed,
        (_, _, _) => Answer::Odd(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_tells_where_tokens_come_from() {
        let words = r#"Bearer realm="https://auth.example.org/token",service="registry.example.org""#;
        assert_eq!(bearer(words).as_deref(), Some("https://auth.example.org/token?service=registry.example.org"));
        assert_eq!(bearer(r#"Basic realm="x""#), None);
        assert_eq!(bearer(r#"Bearer realm="file:///etc/passwd""#), None);
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_told_from_silence() {
        assert!(matches!(failed("invalid peer certificate: UnknownIssuer"), Answer::Untrusted(_)));
        assert!(matches!(failed("Connection refused"), Answer::Silent(_)));
    }
}
