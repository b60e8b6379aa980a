//! Fakes: an edge, and connectors. The edge is a page server that stands for everything between a public name and a cluster: what an
//! ingress controller would have learnt it takes from what passes on the way to a real API server, in front of which it stands. There
//! it answers for the pods of connectors too, which no sandbox can run.
#![allow(dead_code)]

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the edge does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Hands it to this cluster.
    Here,
    /// Hands every second one to another.
    Shared,
    /// Its connector finds nobody behind it.
    NoOrigin,
    /// Its connector leads to another cluster, which knows no such path.
    Elsewhere,
    NoConnector,
    /// Sends it back to where it came from, as https.
    Loop,
    /// Asks for a login first.
    Login,
    /// A cache answers.
    Cached,
    /// Nobody listens.
    Down,
}

#[derive(Default)]
struct Learnt {
    /// Where the endpoint of the proof is, and what the ingress leads to it.
    endpoint: Option<String>,
    path: Option<String>,
}

pub struct State {
    edge: Mutex<Edge>,
    connections: Mutex<u64>,
    learnt: Mutex<Learnt>,
    /// Requests that the edge has seen.
    pub seen: AtomicUsize,
    server: (reqwest::Client, String),
    /// Those of the proof itself.
    pub proofs: AtomicUsize,
}

pub struct World {
    pub state: Arc<State>,
    pub kubeconfig: PathBuf,
    /// The public name.
    pub url: String,
}

fn listen() -> (std::net::TcpListener, u16) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

impl World {
    pub fn new(folder: &Path, real: &Path, edge: Edge, connections: u64) -> Self {
        let ((api, api_port), (name, name_port)) = (listen(), listen());
        let kubeconfig = folder.join("kubeconfig");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "way",
            "clusters": [{"name": "way", "cluster": {"server": format!("http://127.0.0.1:{api_port}")}}],
            "users": [{"name": "way", "user": {}}],
            "contexts": [{"name": "way", "context": {"cluster": "way", "user": "way"}}],
        });
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        let state = Arc::new(State {
            edge: Mutex::new(edge),
            connections: Mutex::new(connections),
            learnt: Mutex::default(),
            seen: AtomicUsize::new(0),
            server: server(real),
            proofs: AtomicUsize::new(0),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (api, name) = (TcpListener::from_std(api).unwrap(), TcpListener::from_std(name).unwrap());
                loop {
                    let state = shared.clone();
                    tokio::select! {
                        Ok((stream, _)) = api.accept() => drop(tokio::spawn(async move { serve(stream, &state, true).await })),
                        Ok((stream, _)) = name.accept() => drop(tokio::spawn(async move { serve(stream, &state, false).await })),
                    }
                }
            });
        });
        Self { state, kubeconfig, url: format!("http://localhost:{name_port}/healthz") }
    }
    pub fn edge(&self, edge: Edge) {
        *self.state.edge.lock().unwrap() = edge;
    }
    pub fn connections(&self, count: u64) {
        *self.state.connections.lock().unwrap() = count;
    }
    pub fn seen(&self) -> usize {
        self.state.seen.load(Ordering::Relaxed)
    }
    /// Whether the path of a proof is there.
    pub fn has_path(&self) -> bool {
        let learnt = self.state.learnt.lock().unwrap();
        learnt.path.is_some() || learnt.endpoint.is_some()
    }
}

/// A client for the real server.
fn server(real: &Path) -> (reqwest::Client, String) {
    let file = kube::config::Kubeconfig::read_from(real).unwrap();
    let (cluster, user) = (file.clusters[0].cluster.clone().unwrap(), file.auth_infos[0].auth_info.clone().unwrap());
    let user = serde_json::to_value(&user).unwrap();
    let text = |name: &str| base64(user[name].as_str().unwrap());
    let pem = [text("client-key-data"), b"\n".to_vec(), text("client-certificate-data")].concat();
    let authority = base64(cluster.certificate_authority_data.as_deref().unwrap());
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
        .identity(reqwest::Identity::from_pem(&pem).unwrap())
        .no_proxy()
        .build()
        .unwrap();
    (client, cluster.server.unwrap())
}

fn base64(text: &str) -> Vec<u8> {
    blackstart::sys::base64::decode(text).unwrap().reveal().to_vec()
}

/// One connection: question after question.
async fn serve(stream: TcpStream, state: &State, api: bool) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        let (mut headers, mut length) = (Vec::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap_or(0),
                "host" | "connection" | "accept-encoding" => {}
                _ => headers.push((name.to_owned(), value.to_owned())),
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await?;
        match api {
            true => ask_api(&mut writer, state, &method, &path, headers, body).await?,
            false => {
                if *state.edge.lock().unwrap() == Edge::Down {
                    return Ok(());
                }
                let (status, more, text) = at_edge(state, &path).await;
                whole(&mut writer, status, &more, text.as_bytes()).await?;
            }
        }
    }
}

async fn whole(out: &mut tokio::net::tcp::OwnedWriteHalf, status: u16, more: &str, text: &[u8]) -> std::io::Result<()> {
    let head =
        format!("HTTP/1.1 {status} x\r\nContent-Type: text/plain\r\n{more}Content-Length: {}\r\n\r\n", text.len());
    out.write_all(head.as_bytes()).await?;
    out.write_all(text).await
}

/// What comes back to who asks for the public name.
async fn at_edge(state: &State, path: &str) -> (u16, String, String) {
    let turn = state.seen.fetch_add(1, Ordering::Relaxed);
    let none = String::new;
    let edge = *state.edge.lock().unwrap();
    if path.starts_with("/.well-known/") {
        state.proofs.fetch_add(1, Ordering::Relaxed);
    }
    match edge {
        Edge::NoConnector => (530, none(), "error code: 1033".to_owned()),
        Edge::NoOrigin => (502, none(), "Bad gateway".to_owned()),
        Edge::Loop => (301, format!("Location: https://localhost{}\r\n", path.split('?').next().unwrap()), none()),
        Edge::Login => (302, "Location: https://login.example.org/\r\n".to_owned(), none()),
        Edge::Cached => (200, "cf-cache-status: HIT\r\n".to_owned(), "an old page".to_owned()),
        Edge::Elsewhere => (404, none(), "another cluster".to_owned()),
        Edge::Shared if turn.is_multiple_of(2) => (404, none(), "another cluster".to_owned()),
        Edge::Here | Edge::Shared | Edge::Down => {
            let bare = path.split('?').next().unwrap();
            let to = {
                let learnt = state.learnt.lock().unwrap();
                learnt.path.as_ref().filter(|known| *known == bare).and(learnt.endpoint.clone())
            };
            match to {
                None => (404, none(), "no such path".to_owned()),
                Some(to) => match reqwest::Client::new().get(format!("http://{to}{path}")).send().await {
                    Ok(answer) => (answer.status().as_u16(), none(), answer.text().await.unwrap_or_default()),
                    Err(_) => (502, none(), none()),
                },
            }
        }
    }
}

/// Takes from a question what an ingress controller would see of it.
fn learn(state: &State, method: &str, path: &str, body: &[u8]) {
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    let mut learnt = state.learnt.lock().unwrap();
    let is = |plural: &str| bare.ends_with(&format!("/{plural}/blackstart-proof"));
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    match method {
        "PATCH" if query.contains("dryRun") => {}
        "PATCH" if is("endpointslices") => {
            let address = sent["endpoints"][0]["addresses"][0].as_str().unwrap().to_owned();
            learnt.endpoint = Some(format!("{address}:{}", sent["ports"][0]["port"]));
        }
        "PATCH" if is("ingresses") => {
            learnt.path = sent["spec"]["rules"][0]["http"]["paths"][0]["path"].as_str().map(str::to_owned);
        }
        "DELETE" if is("endpointslices") => learnt.endpoint = None,
        "DELETE" if is("ingresses") => learnt.path = None,
        _ => {}
    }
}

async fn ask_api(
    out: &mut tokio::net::tcp::OwnedWriteHalf,
    state: &State,
    method: &str,
    path: &str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
) -> std::io::Result<()> {
    if path.ends_with("/proxy/ready") {
        let count = *state.connections.lock().unwrap();
        let status = if count > 0 { 200 } else { 503 };
        let said =
            json!({"status": status, "readyConnections": count, "connectorId": "11111111-2222-3333-4444-555555555555"});
        return whole(out, status, "", said.to_string().as_bytes()).await;
    }
    let (client, server) = &state.server;
    let mut request = client.request(method.parse().unwrap(), format!("{server}{path}")).body(body.clone());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut answer = request.send().await.map_err(std::io::Error::other)?;
    if answer.status().is_success() {
        learn(state, method, path, &body);
    }
    let kind =
        answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("text/plain").to_owned();
    let status = answer.status().as_u16();
    let head = format!("HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n");
    out.write_all(head.as_bytes()).await?;
    while let Ok(Some(chunk)) = answer.chunk().await {
        out.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await?;
        out.write_all(&chunk).await?;
        out.write_all(b"\r\n").await?;
    }
    out.write_all(b"0\r\n\r\n").await
}
