//! One question to the server and its answer: within a time, one of a bounded number, and told apart by what failed.

use super::trouble::Trouble;
use super::{Kube, retry};
use crate::sys::net::chain;
use http::{Method, Request};
use kube::client::Body;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
pub const JSON: &str = "application/json";

/// A question. It is kept, so that it can be asked again.
pub struct Ask<'a> {
    pub method: Method,
    /// Path and query, encoded.
    pub path: String,
    pub accept: &'static str,
    pub content: &'static str,
    pub body: Vec<u8>,
    /// The object in the body, to know what must not come back in a message.
    pub sent: Option<&'a Value>,
}

impl<'a> Ask<'a> {
    pub fn get(path: String) -> Self {
        Self { method: Method::GET, path, accept: JSON, content: JSON, body: Vec::new(), sent: None }
    }
    pub fn with(method: Method, path: String, content: &'static str, sent: &'a Value) -> Self {
        Self { method, path, accept: JSON, content, body: sent.to_string().into_bytes(), sent: Some(sent) }
    }
    pub fn request<B>(&self, body: B) -> Result<Request<B>, Trouble> {
        let asked = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header("accept", self.accept)
            .header("content-type", self.content)
            .header("user-agent", concat!("blackstart/", env!("CARGO_PKG_VERSION")));
        asked.body(body).map_err(|error| Trouble::NoName(format!("{}: {error}", self.path)))
    }
}

/// Anything as a part of a path or a query.
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~:@".contains(&byte);
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) { out.push(char::from(byte)) } else { out.push_str(&format!("%{byte:02X}")) }
    }
    out
}

impl Kube {
    /// Asks for JSON, more than once if need be: only for questions that may be repeated.
    pub(super) async fn json<T: DeserializeOwned>(&self, ask: &Ask<'_>) -> Result<T, Trouble> {
        let read = |bytes: &[u8]| {
            // What does not fit can be a value that nobody may see: the place is enough.
            let place = |error: serde_json::Error| format!("{}: byte {} of its answer", ask.path, error.column());
            serde_json::from_slice(bytes).map_err(|error| Trouble::Unreadable(place(error)))
        };
        retry::within(self.patience, async || self.once(ask, read).await).await
    }

    pub(super) async fn text(&self, ask: &Ask<'_>) -> Result<String, Trouble> {
        let read = |bytes: &[u8]| Ok(String::from_utf8_lossy(bytes).into_owned());
        retry::within(self.patience, async || self.once(ask, read).await).await
    }

    async fn once<T>(&self, ask: &Ask<'_>, read: impl Fn(&[u8]) -> Result<T, Trouble>) -> Result<T, Trouble> {
        let Ok(_place) = self.shared.places.acquire().await else {
            return Err(Trouble::Unreachable("this connection was given up".to_owned()));
        };
        let request = ask.request(Body::from(ask.body.clone()))?;
        let exchange = async {
            let answer = self.shared.client.send(request).await.map_err(lost)?;
            let (code, after) = (answer.status(), answer.headers().get("retry-after").cloned());
            let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
            let body = answer.into_body().collect_bytes().await.map_err(lost)?;
            if code.is_success() {
                return read(&body);
            }
            Err(Trouble::of_answer(code.as_u16(), after, &body, ask.sent))
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Err(Trouble::Timeout(PATIENCE)))
    }
}

/// What the way to the server says: nobody there, cut off, or somebody else there.
pub fn lost(error: kube::Error) -> Trouble {
    if let kube::Error::Api(status) = &error {
        let text = serde_json::to_vec(status).unwrap_or_default();
        return Trouble::of_answer(status.code, None, &text, None);
    }
    let why = chain(&error);
    match error {
        kube::Error::Auth(_) => Trouble::Unauthorised(why),
        // Another certificate does not become the right one by waiting.
        _ if why.contains("invalid peer certificate") => Trouble::Unauthorised(why),
        _ => Trouble::Unreachable(why),
    }
}
