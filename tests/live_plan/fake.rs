//! A fake: no registry, no repository of charts and no git host, but a server on loopback that answers as they do, for the few
//! names that the tests use. It behaves as the registry of distribution does where the API of OCI leaves a choice.

use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How it differs from a server that is well.
#[derive(Clone, Default)]
pub struct Moods {
    /// The Date of its answers, where it is not now.
    pub date: Option<String>,
    /// How many pulls of 100 are left.
    pub left: Option<u32>,
    /// It takes connections, and never says a word.
    pub mute: bool,
}

pub struct Fake {
    pub port: u16,
    /// What it was asked, as `GET /v2/…`.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub fn new(moods: Moods) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (heard, moods) = (Arc::clone(&heard), moods.clone());
                std::thread::spawn(move || serve(stream.unwrap(), port, &moods, &heard));
            }
        });
        Self { port, asked }
    }
    pub fn well() -> Self {
        Self::new(Moods::default())
    }
    pub fn image(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

struct Reply {
    status: u16,
    headers: Vec<String>,
    body: Vec<u8>,
}

fn reply(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Reply {
    Reply { status, headers: vec![format!("Content-Type: {kind}")], body: body.into() }
}

fn refuse(status: u16, code: &str) -> Reply {
    reply(status, "application/json", json!({"errors": [{"code": code, "message": "…"}]}).to_string())
}

fn serve(stream: TcpStream, port: u16, moods: &Moods, heard: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let words: Vec<&str> = first.split(' ').collect();
    heard.lock().unwrap().push(format!("{} {}", words[0], words[1]));
    if moods.mute {
        return std::thread::sleep(std::time::Duration::from_secs(30));
    }
    let holds = |text: &str| head.iter().any(|line| line.to_ascii_lowercase() == text);
    let mut reply = answer(words[1], port, holds("authorization: bearer for-everybody"));
    if let Some(left) = moods.left {
        reply.headers.push("ratelimit-limit: 100;w=21600".to_owned());
        reply.headers.push(format!("ratelimit-remaining: {left};w=21600"));
    }
    let now = httpdate();
    reply.headers.push(format!("Date: {}", moods.date.as_ref().unwrap_or(&now)));
    let mut out = stream;
    let mut text =
        format!("HTTP/1.1 {} x\r\nContent-Length: {}\r\nConnection: close\r\n", reply.status, reply.body.len());
    reply.headers.iter().for_each(|header| text.push_str(&format!("{header}\r\n")));
    // Who asked may have gone.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\r\n"));
    if words[0] != "HEAD" {
        let _ = out.write_all(&reply.body);
    }
}

/// Now, as `date` tells it to web servers.
pub fn httpdate() -> String {
    at("now")
}

/// A moment as web servers write it: `now`, `100 seconds ago`.
pub fn at(when: &str) -> String {
    let mut date = std::process::Command::new("date");
    let out = date.env("LC_ALL", "C").args(["-u", "-d", when, "+%a, %d %b %Y %H:%M:%S GMT"]).output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn answer(path: &str, port: u16, token: bool) -> Reply {
    let list = |of: &[&str]| {
        let each = of.iter().map(|one| json!({"digest": "sha256:1", "platform": {"os": "linux", "architecture": one}}));
        reply(200, INDEX, json!({"schemaVersion": 2, "manifests": each.collect::<Vec<_>>()}).to_string())
    };
    if let Some(rest) = path.strip_prefix("/v2/") {
        let (name, what) = rest.split_once("/manifests/").or(rest.split_once("/blobs/")).unwrap();
        return match name {
            "all/both" | "other/both" => list(&["amd64", "arm64"]),
            "all/board" => list(&["arm64"]),
            "all/single" if what.starts_with("sha256:") => {
                reply(200, "application/json", json!({"architecture": "amd64", "os": "linux"}).to_string())
            }
            "all/single" => reply(200, MANIFEST, json!({"config": {"digest": "sha256:2"}, "layers": []}).to_string()),
            "token/both" if token => list(&["amd64", "arm64"]),
            "token/both" | "private/app" => {
                let mut reply = refuse(401, "UNAUTHORIZED");
                let realm = format!("http://127.0.0.1:{port}/{}", name.split('/').next().unwrap());
                reply.headers.push(format!(
                    "WWW-Authenticate: Bearer realm=\"{realm}\",service=\"fake\",scope=\"repository:{name}:pull\""
                ));
                reply
            }
            "busy/app" => refuse(429, "TOOMANYREQUESTS"),
            "strange/app" => reply(404, "text/html", "<html>nothing here</html>"),
            _ => refuse(404, "MANIFEST_UNKNOWN"),
        };
    }
    match path.split('?').next().unwrap() {
        "/token" => reply(200, "application/json", json!({"token": "for-everybody"}).to_string()),
        "/private" => refuse(401, "UNAUTHORIZED"),
        "/charts/index.yaml" => {
            let text = "apiVersion: v1\nentries:\n  loki:\n  - name: loki\n    version: 6.1.0\n  - name: loki\n    version: 6.0.0\n";
            reply(200, "text/yaml", text)
        }
        "/closed/index.yaml" | "/closed.git/info/refs" => refuse(401, "UNAUTHORIZED"),
        "/ops.git/info/refs" => {
            let id = "1111111111111111111111111111111111111111";
            reply(200, "text/plain", format!("{id}\trefs/heads/main\n{id}\trefs/tags/v1.0.0\n"))
        }
        "/ops.git/HEAD" => reply(200, "text/plain", "ref: refs/heads/main\n"),
        _ => reply(404, "text/plain", "not here\n"),
    }
}
