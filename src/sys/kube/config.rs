//! From a kubeconfig file to a client: this file only, no programs, no proxies, and only servers that prove who they are.

use super::Trouble;
use crate::sys::{Look, files};
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Client, ClientBuilder, ConfigExt};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use std::path::Path;
use std::time::Duration;
use tower::{BoxError, ServiceBuilder};

const LARGEST: u64 = 1 << 20;
const CONNECT: Duration = Duration::from_secs(5);
/// A peer that has gone without a word is noticed after this and three unanswered questions.
const STILL_THERE: Duration = Duration::from_secs(10);

/// A client, and the address of its server.
pub async fn client(look: Look, path: &Path) -> Result<(Client, String), Trouble> {
    let shown = path.display().to_string();
    let bytes = files::read(look, path, LARGEST).map_err(|error| Trouble::Unusable(format!("{shown}: {error}")))?;
    client_of(bytes, &shown, path.parent().unwrap_or(Path::new(""))).await
}

/// The same of a text that lies in no file.
pub async fn client_of(bytes: Vec<u8>, shown: &str, folder: &Path) -> Result<(Client, String), Trouble> {
    let wrong = |why: String| Trouble::Unusable(format!("{shown}: {why}"));
    // Neither its text nor an error of its parser is shown: both can hold a token.
    let text = String::from_utf8(bytes).map_err(|_| wrong("is not a kubeconfig".to_owned()))?;
    let mut file = Kubeconfig::from_yaml(&text).map_err(|_| wrong("is not a kubeconfig".to_owned()))?;
    prepare(&mut file, folder);
    let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .map_err(|error| wrong(error.to_string()))?;
    config.proxy_url = None;
    if config.auth_info.exec.is_some() || config.auth_info.auth_provider.is_some() {
        return Err(wrong("its user is shown in by a program; a certificate or a token is needed".to_owned()));
    }
    if config.accept_invalid_certs {
        return Err(wrong("insecure-skip-tls-verify: nobody could tell whether it is the right server".to_owned()));
    }
    let plain = config.cluster_url.scheme_str() != Some("https");
    if plain && !config.cluster_url.host().is_some_and(is_this_machine) {
        return Err(wrong("its server has no TLS and is not on this machine".to_owned()));
    }
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let client = build(&config).map_err(|error| wrong(error.to_string()))?;
    Ok((client, server))
}

/// Files are named from where the kubeconfig lies, and the environment is not asked for a proxy: that happens only where
/// the file names none. The one that is named here is taken out again.
fn prepare(file: &mut Kubeconfig, folder: &Path) {
    let from_here = |name: &mut Option<String>| {
        if let Some(name) = name {
            *name = folder.join(&*name).to_string_lossy().into_owned();
        }
    };
    for cluster in file.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        from_here(&mut cluster.certificate_authority);
        cluster.proxy_url = Some("http://none.invalid".to_owned());
    }
    for user in file.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        from_here(&mut user.client_certificate);
        from_here(&mut user.client_key);
        from_here(&mut user.token_file);
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The connections are made here and not by the library: its own wait for a full packet before they send the rest of a
/// question, which costs 40 ms each against a server that acknowledges late, and do not notice a peer that has gone.
fn build(config: &Config) -> Result<Client, kube::Error> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_keepalive(Some(STILL_THERE));
    tcp.set_keepalive_interval(Some(STILL_THERE / 2));
    tcp.set_keepalive_retries(Some(3));
    let connector = config.rustls_https_connector_with_connector(tcp)?;
    let http = Http::builder(TokioExecutor::new()).pool_max_idle_per_host(super::AT_ONCE + 4).build(connector);
    let http = ServiceBuilder::new().map_err(BoxError::from).service(http);
    let stack = ClientBuilder::new(http, config.default_namespace.as_str())
        .with_layer(&config.base_uri_layer())
        .with_layer(&config.extra_headers_layer()?);
    Ok(match config.auth_layer()? {
        Some(layer) => stack.with_layer(&layer).build(),
        None => stack.build(),
    })
}
