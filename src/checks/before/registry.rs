//! One image at its registry, over the HTTP API of OCI's distribution: is it there, and for which architectures? Asks as
//! anybody may, with the token that a registry hands to everybody, and never with credentials.

use crate::sys::web::{Answer, Way, Web};
use serde_json::Value;
use std::collections::BTreeSet;

/// An image, taken apart as container runtimes do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pub registry: String,
    repository: String,
    reference: String,
}

impl Name {
    pub fn read(image: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@[]".contains(c);
        if image.is_empty() || !image.chars().all(plain) {
            return None;
        }
        let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            Some(_) | None => ("docker.io", name),
        };
        let (path, tag) = path.rsplit_once(':').map_or((path, None), |(path, tag)| (path, Some(tag)));
        let hub = matches!(registry, "docker.io" | "index.docker.io" | "registry-1.docker.io");
        let repository = if hub && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        if repository.chars().any(|c| c.is_ascii_uppercase()) || path.is_empty() {
            return None;
        }
        let registry = if hub { "registry-1.docker.io" } else { registry }.to_owned();
        Some(Self { registry, repository, reference: digest.or(tag).unwrap_or("latest").to_owned() })
    }
    fn url(&self, what: &str, reference: &str) -> String {
        let (host, port) = self.registry.rsplit_once(':').unwrap_or((&self.registry, ""));
        // As containerd: a registry of this host is spoken to in the clear, unless its port says otherwise.
        let own = host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "[::1]";
        let scheme = if own && port != "443" { "http" } else { "https" };
        format!("{scheme}://{}/v2/{}/{what}/{reference}", self.registry, self.repository)
    }
}

/// What a registry says of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is there. None: for which architectures was not asked, so as not to use up pulls.
    There(Option<BTreeSet<String>>),
    /// There is no such image: the registry says so in its own words.
    Gone(String),
    /// Nobody without credentials is told.
    Closed(u16),
    /// So much was asked of it that it does not answer.
    TooMuch,
    /// Something else came.
    Odd(String),
    /// Nothing came.
    Silent(String),
}

pub struct Heard {
    pub verdict: Verdict,
    /// How many pulls are left, of how many.
    pub pulls: Option<(u64, Option<u64>)>,
    /// What its clock says, and when it was heard.
    pub date: Option<(String, crate::model::Stamp)>,
}

impl Heard {
    pub fn silent(why: String) -> Self {
        Self { verdict: Verdict::Silent(why), pulls: None, date: None }
    }
}

const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";
const LARGEST: usize = 4 << 20;

struct Asker<'a> {
    web: &'a Web,
    token: Option<String>,
    heard: Heard,
}

/// Asks about an image. `needed`: how many pulls the plan will want of this registry; where fewer than twice as many are left,
/// nothing is asked that counts as one.
pub async fn ask(web: &Web, name: &Name, needed: usize) -> Heard {
    let heard = Heard { verdict: Verdict::TooMuch, pulls: None, date: None };
    let mut asker = Asker { web, token: None, heard };
    let verdict = asker.image(name, needed).await.unwrap_or_else(Verdict::Silent);
    Heard { verdict, ..asker.heard }
}

impl Asker<'_> {
    async fn image(&mut self, name: &Name, needed: usize) -> Result<Verdict, String> {
        let url = name.url("manifests", &name.reference);
        let mut head = self.once(Way::Head, &url, MANIFESTS).await?;
        if head.status == 401 {
            let challenge = head.header("www-authenticate").unwrap_or_default().to_owned();
            match self.token(&challenge, name).await? {
                true => head = self.once(Way::Head, &url, MANIFESTS).await?,
                false => return Ok(Verdict::Closed(401)),
            }
        }
        match head.status {
            200..300 => {}
            // Only the text says whether it is the image that is missing; what is refused counts as no pull.
            404 | 405 | 400 => {
                let whole = self.once(Way::Get, &url, MANIFESTS).await?;
                return match whole.status {
                    200..300 => self.architectures(name, &whole).await.map(|of| Verdict::There(Some(of))),
                    status => Ok(refused(status, &whole.text)),
                };
            }
            status => return Ok(refused(status, &[])),
        }
        let left = self.heard.pulls.map(|(left, _)| left);
        if left.is_some_and(|left| left < 2 * needed as u64) {
            return Ok(Verdict::There(None));
        }
        let whole = self.once(Way::Get, &url, MANIFESTS).await?;
        match whole.status {
            200..300 => self.architectures(name, &whole).await.map(|of| Verdict::There(Some(of))),
            status => Ok(refused(status, &whole.text)),
        }
    }

    async fn once(&mut self, way: Way, url: &str, accept: &str) -> Result<Answer, String> {
        let token = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("Accept", accept)];
        headers.extend(token.as_deref().map(|token| ("Authorization", token)));
        let answer = self.web.ask(way, url, &headers, LARGEST).await?;
        let number = |name: &str| answer.header(name)?.split(';').next()?.trim().parse::<u64>().ok();
        if let Some(left) = number("ratelimit-remaining") {
            self.heard.pulls = Some((left, number("ratelimit-limit")));
        }
        // What a cache gives out says when it was made.
        if let (Some(date), None) = (answer.header("date"), answer.header("age")) {
            self.heard.date = Some((date.to_owned(), crate::sys::clock::now()));
        }
        Ok(answer)
    }

    /// Asks for the token that everybody gets. False where nobody gets one without credentials.
    async fn token(&mut self, challenge: &str, name: &Name) -> Result<bool, String> {
        let Some(words) = challenge.strip_prefix("Bearer ").or_else(|| challenge.strip_prefix("bearer ")) else {
            return Ok(false);
        };
        let Some(realm) = parameter(words, "realm").filter(|realm| realm.starts_with("http")) else {
            return Ok(false);
        };
        let scope = parameter(words, "scope").unwrap_or_else(|| format!("repository:{}:pull", name.repository));
        let sign = if realm.contains('?') { '&' } else { '?' };
        let mut url = format!("{realm}{sign}scope={}", escaped(&scope));
        if let Some(service) = parameter(words, "service") {
            url = format!("{url}&service={}", escaped(&service));
        }
        let answer = self.web.ask(Way::Get, &url, &[], LARGEST).await?;
        let told: Value = serde_json::from_slice(&answer.text).unwrap_or_default();
        let token = told["token"].as_str().or(told["access_token"].as_str()).filter(|token| !token.is_empty());
        match (answer.status, token) {
            (200..300, Some(token)) => {
                self.token = Some(token.to_owned());
                Ok(true)
            }
            (429, _) | (500.., _) => Err(format!("the server of its tokens answers {}", answer.status)),
            (_, _) => Ok(false),
        }
    }

    /// What the image was made for. Nothing where it does not say.
    async fn architectures(&mut self, name: &Name, whole: &Answer) -> Result<BTreeSet<String>, String> {
        let manifest: Value =
            serde_json::from_slice(&whole.text).map_err(|_| "its answer is no manifest".to_owned())?;
        if let Some(list) = manifest["manifests"].as_array() {
            let linux = list.iter().map(|one| &one["platform"]).filter(|platform| platform["os"] == "linux");
            return Ok(linux.filter_map(|platform| platform["architecture"].as_str()).map(str::to_owned).collect());
        }
        if let Some(of) = manifest["architecture"].as_str() {
            return Ok([of.to_owned()].into());
        }
        let Some(digest) = manifest["config"]["digest"].as_str() else { return Ok(BTreeSet::new()) };
        let config = self.once(Way::Get, &name.url("blobs", digest), "*/*").await?;
        let config: Value = serde_json::from_slice(&config.text).unwrap_or_default();
        Ok(config["architecture"].as_str().map(str::to_owned).into_iter().collect())
    }
}

/// A status that is none of success.
fn refused(status: u16, text: &[u8]) -> Verdict {
    let told: Value = serde_json::from_slice(text).unwrap_or_default();
    let codes = told["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let code = codes.iter().find_map(|error| error["code"].as_str()).unwrap_or_default();
    match (status, code) {
        (429, _) | (_, "TOOMANYREQUESTS") => Verdict::TooMuch,
        (401 | 403, _) | (_, "UNAUTHORIZED" | "DENIED") => Verdict::Closed(status),
        (404, "MANIFEST_UNKNOWN" | "NAME_UNKNOWN" | "NOT_FOUND" | "MANIFEST_NOT_FOUND") => {
            Verdict::Gone(code.to_ascii_lowercase().replace('_', " "))
        }
        (404, _) => Verdict::Odd("answers 404, and not in the words of a registry".to_owned()),
        (_, _) => Verdict::Odd(format!("answers {status}")),
    }
}

/// `realm="…"` of a challenge.
fn parameter(words: &str, name: &str) -> Option<String> {
    let mut rest = words;
    loop {
        let at = rest.find(name)?;
        let before = rest[..at].chars().next_back();
        let after = &rest[at + name.len()..];
        match after.strip_prefix("=\"") {
            Some(value) if before.is_none_or(|c| c == ',' || c == ' ') => {
                return Some(value.split('"').next().unwrap_or_default().to_owned());
            }
            Some(_) | None => rest = after,
        }
    }
}

/// A text as it stands in the question of a URL.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~:/,".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_taken_apart_as_container_runtimes_do() {
        let url = |image: &str| Name::read(image).map(|name| name.url("manifests", &name.reference));
        assert_eq!(url("nginx").unwrap(), "https://registry-1.docker.io/v2/library/nginx/manifests/latest");
        assert_eq!(url("a/b:1").unwrap(), "https://registry-1.docker.io/v2/a/b/manifests/1");
        assert_eq!(url("docker.io/redis:7").unwrap(), "https://registry-1.docker.io/v2/library/redis/manifests/7");
        assert_eq!(url("ghcr.io/a/b/c:v1@sha256:ab").unwrap(), "https://ghcr.io/v2/a/b/c/manifests/sha256:ab");
        assert_eq!(url("localhost/a").unwrap(), "http://localhost/v2/a/manifests/latest");
        assert_eq!(url("127.0.0.1:5000/a:x").unwrap(), "http://127.0.0.1:5000/v2/a/manifests/x");
        assert_eq!(url("reg.example.org:5000/a").unwrap(), "https://reg.example.org:5000/v2/a/manifests/latest");
        assert_eq!((url("${IMAGE}"), url("Nginx"), url("")), (None, None, None));
    }

    #[test]
    fn only_the_words_of_a_registry_say_that_an_image_is_gone() {
        let said = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
        assert_eq!(refused(404, said), Verdict::Gone("manifest unknown".to_owned()));
        assert!(matches!(refused(404, b"<html>not here</html>"), Verdict::Odd(_)));
        assert_eq!(refused(404, br#"{"errors":[{"code":"DENIED"}]}"#), Verdict::Closed(404));
    }

    #[test]
    fn a_challenge_is_read_whatever_the_order_of_its_words() {
        let words = r#"service="a b",realm="https://auth.example.org/token",scope="repository:x:pull""#;
        assert_eq!(parameter(words, "realm").unwrap(), "https://auth.example.org/token");
        assert_eq!(escaped(&parameter(words, "service").unwrap()), "a%20b");
        assert_eq!(parameter(words, "error"), None);
    }
}
