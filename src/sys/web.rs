//! Pages that are asked for: their status, a few of their headers, and their text up to a limit. Sends no credentials.

use super::Look;
use super::net::{Client, chain, client};
use std::time::Duration;

/// Asks over connections that are used again.
#[derive(Clone)]
pub struct Web(Client);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Head,
    Get,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub text: Vec<u8>,
}

impl Answer {
    /// A header by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

impl Web {
    pub fn new(_: Look, patience: Duration) -> Result<Self, String> {
        client(patience).map(Self)
    }
    /// One that follows no redirect, and shares no connection with any other.
    pub fn still(_: Look, patience: Duration) -> Result<Self, String> {
        super::net::client_that_stays(patience).map(Self)
    }
    /// Follows redirects, where it was not made to stay. A text longer than the limit is an error: half a page says nothing.
    pub async fn ask(&self, way: Way, url: &str, headers: &[(&str, &str)], limit: usize) -> Result<Answer, String> {
        let asked = match way {
            Way::Head => self.0.head(url),
            Way::Get => self.0.get(url),
        };
        let asked = headers.iter().fold(asked, |asked, (name, value)| asked.header(*name, *value));
        let mut answer = asked.send().await.map_err(|error| chain(&error.without_url()))?;
        let status = answer.status().as_u16();
        let each = answer.headers().iter();
        let headers = each
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        let mut text = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| chain(&error.without_url()))? {
            text.extend_from_slice(&part);
            if text.len() > limit {
                return Err(format!("its answer has more than {} MiB", limit >> 20));
            }
        }
        Ok(Answer { status, headers, text })
    }
}
