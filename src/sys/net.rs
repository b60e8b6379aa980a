//! Questions over the network: does a port answer, what does a page say.

use super::Look;
use std::error::Error;
use std::time::Duration;

/// How long one question may take. Whoever waits longer asks again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a connection and closes it.
pub async fn connect(_: Look, address: &str) -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Asks for a page and tells its status. Redirects are not followed: the page that the plan names is the one that counts.
pub async fn status(_: Look, url: &str) -> Result<u16, String> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .user_agent(concat!("blackstart/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| chain(&error))?;
    let answer = client.get(url).send().await.map_err(|error| chain(&error.without_url()))?;
    Ok(answer.status().as_u16())
}

/// Sends a text to a page and tells its status.
pub async fn post(_: Look, url: &str, text: String) -> Result<u16, String> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .user_agent(concat!("blackstart/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| chain(&error))?;
    let answer = client.post(url).body(text).send().await.map_err(|error| chain(&error.without_url()))?;
    Ok(answer.status().as_u16())
}

pub(super) type Client = reqwest::Client;

/// For questions that follow redirects.
pub(super) fn client(patience: Duration) -> Result<Client, String> {
    let builder = reqwest::Client::builder().timeout(patience);
    let builder = builder.user_agent(concat!("blackstart/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(|error| chain(&error))
}

/// For questions whose answer can be a redirect.
pub(super) fn client_that_stays(patience: Duration) -> Result<Client, String> {
    let builder = reqwest::Client::builder().timeout(patience).redirect(reqwest::redirect::Policy::none());
    let builder = builder.user_agent(concat!("blackstart/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(|error| chain(&error))
}

/// Host and path of a URL.
pub fn parts(text: &str) -> Option<(String, String)> {
    let url = reqwest::Url::parse(text).ok()?;
    Some((url.host_str()?.to_owned(), url.path().to_owned()))
}

/// The same place with another path.
pub fn at_path(text: &str, path: &str, query: &str) -> Option<String> {
    let mut url = reqwest::Url::parse(text).ok()?;
    url.set_path(path);
    url.set_query(Some(query));
    url.set_fragment(None);
    Some(url.into())
}

/// The address of this host as a neighbour at that address sees it. Nothing is sent.
pub fn own_address(_: Look, neighbour: std::net::IpAddr) -> Result<std::net::IpAddr, String> {
    let any: &str = if neighbour.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = std::net::UdpSocket::bind(any).map_err(|error| error.to_string())?;
    socket.connect((neighbour, 9)).map_err(|error| format!("no way to {neighbour}: {error}"))?;
    socket.local_addr().map(|address| address.ip()).map_err(|error| error.to_string())
}

/// Whom a server is believed by, and as whom it is asked.
#[derive(Clone, Default)]
pub struct Trust {
    /// An authority beside those of this host, as PEM.
    pub authority: Option<Vec<u8>>,
    /// A certificate of our own and its key, as PEM.
    pub own: Option<Vec<u8>>,
    /// Somebody has said that its certificate is not to be looked at.
    pub anything: bool,
}

/// For questions to one server that is asked directly, as itself, and under a name that may lead to this address only.
pub(super) fn trusting(
    patience: Duration,
    trust: &Trust,
    at: Option<(&str, std::net::SocketAddr)>,
) -> Result<Client, String> {
    let certificates = trust.authority.as_deref().map(reqwest::Certificate::from_pem_bundle).transpose();
    let certificates = certificates.map_err(|error| format!("its authority: {}", chain(&error)))?;
    if certificates.as_ref().is_some_and(Vec::is_empty) {
        return Err("its authority: no certificate is in it".to_owned());
    }
    let own = trust.own.as_deref().map(reqwest::Identity::from_pem).transpose();
    let own = own.map_err(|error| format!("its client certificate: {}", chain(&error)))?;
    let builder = || {
        let builder =
            reqwest::Client::builder().timeout(patience).no_proxy().redirect(reqwest::redirect::Policy::none());
        let builder = builder.user_agent(concat!("blackstart/", env!("CARGO_PKG_VERSION")));
        let builder = builder.tls_danger_accept_invalid_certs(trust.anything);
        let builder = match at {
            Some((name, address)) => builder.resolve(name, address),
            None => builder,
        };
        match &own {
            Some(own) => builder.identity(own.clone()),
            None => builder,
        }
    };
    let made = match certificates {
        None => builder().build(),
        // A host without authorities of its own still knows this one.
        Some(all) => builder().tls_certs_merge(all.clone()).build().or_else(|_| builder().tls_certs_only(all).build()),
    };
    made.map_err(|error| chain(&error))
}

/// True for a URL that `status` can ask.
pub fn is_url(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// An error with its causes, each said once: the library's own text hides the reason in the last of them.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
