//! A fake: stands in for a Kubernetes API server and does what a script says, and nothing else. It knows no objects and no
//! rules. A call that the script does not have fails the test, and so does a line of the script that nobody called.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What happens to a call.
pub enum Reply {
    Json(u16, Value),
    /// With one more header.
    With(u16, &'static str, &'static str, Value),
    Text(u16, &'static str),
    /// The connection ends before an answer.
    Cut,
    /// The connection ends within the answer.
    Half(Value),
    Late(Duration, Box<Reply>),
    /// A watch: these events, one packet each, then the stream ends as it should.
    Events(Vec<Value>),
    /// A watch that is cut within an event.
    EventsCut(Vec<Value>),
    /// A watch that stays open, silent, after these.
    EventsHeld(Vec<Value>),
}

struct Line {
    method: &'static str,
    path: &'static str,
    reply: Reply,
}

/// A call as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    /// With its query.
    pub path: String,
    pub body: String,
    pub at: Instant,
}

#[derive(Default)]
struct State {
    script: VecDeque<Line>,
    calls: Vec<Call>,
    extra: Vec<String>,
}

pub struct Fake {
    state: Arc<Mutex<State>>,
    pub port: u16,
    folder: tempfile::TempDir,
}

impl Fake {
    /// A server that has this script. Calls are matched to the first line that fits, so side by side they have no order.
    pub fn new(script: Vec<(&'static str, &'static str, Reply)>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub fn on(listener: TcpListener, script: Vec<(&'static str, &'static str, Reply)>) -> Self {
        let script = script.into_iter().map(|(method, path, reply)| Line { method, path, reply }).collect();
        let state = Arc::new(Mutex::new(State { script, ..State::default() }));
        let port = listener.local_addr().unwrap().port();
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig(&format!("http://127.0.0.1:{port}"))).unwrap();
        Self { state, port, folder }
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
    /// All calls but those that ask for kinds.
    pub fn calls(&self) -> Vec<Call> {
        self.state.lock().unwrap().calls.clone()
    }

    /// The end of the test: nothing missing, nothing extra. Returns the calls.
    #[track_caller]
    pub fn done(&self) -> Vec<Call> {
        let state = self.state.lock().unwrap();
        let missing: Vec<_> = state.script.iter().map(|line| format!("{} {}", line.method, line.path)).collect();
        assert!(state.extra.is_empty(), "calls that the script does not have: {:#?}", state.extra);
        assert!(missing.is_empty(), "calls that never came: {missing:#?}");
        state.calls.clone()
    }
}

pub fn kubeconfig(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{{name: a, cluster: {{server: \"{server}\"}}}}]\n\
         users: [{{name: a, user: {{token: canary-token}}}}]\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n"
    )
}

/// The kinds that every script has: as few as the tests need.
fn kinds(path: &str) -> Option<Value> {
    let resource = |plural: &str, kind: &str, scope: &str| {
        json!({"resource": plural, "responseKind": {"kind": kind}, "scope": scope,
            "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"]})
    };
    let group = |name: &str, resources: Value| json!({"metadata": {"name": name}, "versions": [{"version": "v1", "freshness": "Current", "resources": resources}]});
    let items = match path {
        "/api" => json!([group(
            "",
            json!([
                resource("namespaces", "Namespace", "Cluster"),
                resource("configmaps", "ConfigMap", "Namespaced"),
                resource("secrets", "Secret", "Namespaced"),
                resource("pods", "Pod", "Namespaced"),
            ])
        )]),
        "/apis" => json!([group("apps", json!([resource("deployments", "Deployment", "Namespaced")]))]),
        _ => return None,
    };
    Some(
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}),
    )
}

pub fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message})
}

fn serve(stream: &TcpStream, shared: &Mutex<State>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut reader, mut out) = (BufReader::new(stream.try_clone().ok()?), stream.try_clone().ok()?);
    loop {
        let mut head = String::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        let length =
            head.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let mut words = head.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let reply = match kinds(&path) {
            Some(kinds) => Reply::Json(200, kinds),
            None => {
                let body = String::from_utf8_lossy(&body).into_owned();
                let call = Call { method: method.clone(), path: path.clone(), body, at: Instant::now() };
                let mut state = shared.lock().unwrap();
                state.calls.push(call);
                let fits = |line: &Line| line.method == method && (path == line.path || starts(&path, line.path));
                match state.script.iter().position(fits) {
                    Some(at) => state.script.remove(at)?.reply,
                    None => {
                        state.extra.push(format!("{method} {path}"));
                        Reply::Json(418, status(418, "", "this call is not in the script"))
                    }
                }
            }
        };
        answer(&mut out, reply)?;
    }
}

/// A line may leave out the end of the query.
fn starts(path: &str, line: &str) -> bool {
    line.strip_suffix('*').is_some_and(|line| path.starts_with(line))
}

/// None when the connection ends with it.
fn answer(out: &mut TcpStream, reply: Reply) -> Option<()> {
    let whole = |code: u16, header: &str, kind: &str, body: &str| {
        format!("HTTP/1.1 {code} X\r\ncontent-type: {kind}\r\n{header}content-length: {}\r\n\r\n{body}", body.len())
    };
    let text = match reply {
        Reply::Json(code, value) => whole(code, "", "application/json", &value.to_string()),
        Reply::With(code, name, value, body) => {
            whole(code, &format!("{name}: {value}\r\n"), "application/json", &body.to_string())
        }
        Reply::Text(code, text) => whole(code, "", "text/plain", text),
        Reply::Late(span, then) => {
            std::thread::sleep(span);
            return answer(out, *then);
        }
        Reply::Cut => {
            let _ = out.shutdown(std::net::Shutdown::Both);
            return None;
        }
        Reply::Half(value) => {
            let text = whole(200, "", "application/json", &value.to_string());
            let _ = out.write_all(&text.as_bytes()[..text.len() - 5]);
            let _ = out.shutdown(std::net::Shutdown::Both);
            return None;
        }
        Reply::Events(events) => {
            stream(out, &events)?;
            return out.write_all(b"0\r\n\r\n").ok();
        }
        Reply::EventsCut(events) => {
            stream(out, &events)?;
            let _ = out.write_all(b"40\r\n{\"type\":\"MODI");
            let _ = out.shutdown(std::net::Shutdown::Both);
            return None;
        }
        Reply::EventsHeld(events) => {
            stream(out, &events)?;
            std::thread::sleep(Duration::from_secs(600));
            return None;
        }
    };
    out.write_all(text.as_bytes()).ok()
}

fn stream(out: &mut TcpStream, events: &[Value]) -> Option<()> {
    out.write_all(b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n").ok()?;
    for event in events {
        let line = format!("{event}\n");
        out.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).ok()?;
    }
    Some(())
}
