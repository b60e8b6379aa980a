//! Stands between blackstart and a real API server, reads what passes, and spoils some of it by a schedule that a seed gives:
//! connections that end, answers that are late, 429, 500 and 409 in place of the server, answers that break off after the
//! server did what was asked, watches that are cut. It speaks plain HTTP to its client and TLS, with the client's
//! certificate, to the server.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::common::Dice;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is done to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    None,
    /// The connection ends before the server hears of it.
    Drop,
    /// The server does what was asked, and the connection ends before it can say so.
    Unsaid,
    /// The answer comes late.
    Late,
    /// Half of the answer comes.
    Half,
    TooMany,
    Broken,
    Conflict,
    /// A watch ends without a word after some events.
    Cut,
}

/// How much of each there is, in a hundred questions.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub name: &'static str,
    pub shares: Vec<(Harm, usize)>,
}

pub fn schedules() -> Vec<Schedule> {
    let of = |name, shares: &[(Harm, usize)]| Schedule { name, shares: shares.to_vec() };
    vec![
        of(
            "all of it",
            &[
                (Harm::Drop, 4),
                (Harm::Unsaid, 4),
                (Harm::Late, 8),
                (Harm::Half, 3),
                (Harm::TooMany, 5),
                (Harm::Broken, 5),
                (Harm::Conflict, 3),
                (Harm::Cut, 40),
            ],
        ),
        of("connections end", &[(Harm::Drop, 15), (Harm::Unsaid, 15), (Harm::Half, 8), (Harm::Cut, 60)]),
        of("a server that is full", &[(Harm::TooMany, 30), (Harm::Late, 20)]),
        of("a server that fails", &[(Harm::Broken, 20), (Harm::Conflict, 8), (Harm::Cut, 30)]),
        of("a server that is broken", &[(Harm::Broken, 97)]),
    ]
}

struct State {
    about: PathBuf,
    schedule: Schedule,
    dice: Mutex<Dice>,
    done: Mutex<BTreeMap<Harm, usize>>,
    server: Mutex<Option<(reqwest::Client, String)>>,
    /// Nobody gets through any more.
    broken: AtomicBool,
}

pub struct Meddler {
    state: Arc<State>,
    /// To be named as the sandbox program.
    pub program: PathBuf,
}

impl Meddler {
    /// In front of every sandbox that this program makes; its own files go into this folder.
    pub fn new(folder: &Path, real: &Path, schedule: Schedule, seed: u64) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (program, about, kubeconfig) =
            (folder.join("meddled-sandbox"), folder.join("about.json"), folder.join("meddled-kubeconfig"));
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "way",
            "clusters": [{"name": "way", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
            "users": [{"name": "way", "user": {}}],
            "contexts": [{"name": "way", "context": {"cluster": "way", "user": "way"}}],
        });
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        // Only where the server is to be found is told otherwise; the program itself, its input and its end stay as they are.
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = up ] || exec '{real}' \"$@\"\n\
             exec 3<&0\n'{real}' \"$@\" <&3 3<&- | {{ exec 3<&-; IFS= read -r line || exit 1; printf '%s\\n' \"$line\" > '{about}.new'\n\
             mv '{about}.new' '{about}'; printf '%s\\n' \"$line\" | sed 's#\"kubeconfig\":\"[^\"]*\"#\"kubeconfig\":\"{kubeconfig}\"#'\n\
             exec 1>&-; cat > /dev/null; }}\n",
            real = real.display(),
            about = about.display(),
            kubeconfig = kubeconfig.display(),
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let state = Arc::new(State {
            about,
            schedule,
            dice: Mutex::new(Dice(seed)),
            done: Mutex::default(),
            server: Mutex::default(),
            broken: AtomicBool::new(false),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    let state = shared.clone();
                    tokio::spawn(async move { drop(serve(client, &state).await) });
                }
            });
        });
        Self { state, program }
    }

    /// From now on the server answers nothing well, and says nothing more to who watches.
    pub fn breaks(&self) {
        self.state.broken.store(true, Ordering::Relaxed);
    }
    /// What was done so far, and how often.
    pub fn done(&self) -> BTreeMap<Harm, usize> {
        self.state.done.lock().unwrap().clone()
    }
    pub fn harmed(&self) -> usize {
        self.done().into_iter().filter(|(harm, _)| *harm != Harm::None).map(|(_, count)| count).sum()
    }
    /// The way that is not meddled with.
    pub fn real_kubeconfig(&self) -> PathBuf {
        let about: Value = serde_json::from_slice(&std::fs::read(&self.state.about).unwrap()).unwrap();
        PathBuf::from(about["kubeconfig"].as_str().unwrap())
    }
}

impl State {
    fn harm(&self, watch: bool) -> Harm {
        if self.broken.load(Ordering::Relaxed) {
            *self.done.lock().unwrap().entry(Harm::Broken).or_insert(0) += 1;
            return Harm::Broken;
        }
        let mut roll = self.dice.lock().unwrap().roll(100);
        // Watches are cut in their own share, and what else there is befalls the other questions.
        let shares = self.schedule.shares.iter().filter(|(harm, _)| watch || *harm != Harm::Cut);
        let mut harm = Harm::None;
        for (one, share) in shares {
            if roll < *share {
                harm = *one;
                break;
            }
            roll -= share;
        }
        *self.done.lock().unwrap().entry(harm).or_insert(0) += 1;
        harm
    }
    fn pick(&self, from: u64, to: u64) -> u64 {
        from + self.dice.lock().unwrap().roll((to - from) as usize) as u64
    }
    /// A client for the server of the sandbox that was made last.
    fn server(&self) -> Option<(reqwest::Client, String)> {
        let about: Value = serde_json::from_slice(&std::fs::read(&self.about).ok()?).ok()?;
        let address = about["server"].as_str()?.to_owned();
        let mut known = self.server.lock().unwrap();
        if let Some((client, known)) = known.as_ref().filter(|(_, known)| *known == address) {
            return Some((client.clone(), known.clone()));
        }
        let file = kube::config::Kubeconfig::read_from(about["kubeconfig"].as_str()?).ok()?;
        let plain = |text: &Option<String>| base64(text.as_deref().unwrap());
        let (cluster, user) = (file.clusters[0].cluster.clone()?, file.auth_infos[0].auth_info.clone()?);
        let secret = serde_json::to_value(&user).unwrap();
        let key = base64(secret["client-key-data"].as_str()?);
        let certificate = plain(&user.client_certificate_data);
        let client = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&plain(&cluster.certificate_authority_data)).unwrap()])
            .identity(reqwest::Identity::from_pem(&[key, b"\n".to_vec(), certificate].concat()).unwrap())
            .no_proxy()
            .build()
            .unwrap();
        *known = Some((client.clone(), address.clone()));
        Some((client, address))
    }
}

fn base64(text: &str) -> Vec<u8> {
    let value =
        |byte: u8| "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".bytes().position(|b| b == byte);
    let mut bytes = Vec::new();
    for chunk in text.bytes().filter_map(value).collect::<Vec<_>>().chunks(4) {
        let bits = chunk.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - chunk.len()));
        bytes.extend((0..chunk.len() - 1).map(|at| (bits >> (16 - 8 * at)) as u8));
    }
    bytes
}

/// One connection: question after question, until one of them is the last.
async fn serve(client: TcpStream, state: &State) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let (reader, mut writer) = client.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let (method, path) = line.trim_end().rsplit_once(' ').unwrap_or_default().0.split_once(' ').unwrap_or_default();
        let (method, path) = (method.to_owned(), path.to_owned());
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
        if !answer(&mut writer, state, &method, &path, headers, body).await? {
            return Ok(());
        }
    }
}

/// Answers one question. False when the connection is to end.
async fn answer(
    writer: &mut tokio::net::tcp::OwnedWriteHalf,
    state: &State,
    method: &str,
    path: &str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
) -> std::io::Result<bool> {
    let watch = path.contains("watch=true");
    let harm = state.harm(watch);
    let instead = match harm {
        Harm::Drop => return Ok(false),
        Harm::TooMany => Some((429, "TooManyRequests", "Retry-After: 1\r\n")),
        Harm::Broken => Some((500, "InternalError", "")),
        Harm::Conflict if method != "GET" => Some((409, "Conflict", "")),
        Harm::None | Harm::Unsaid | Harm::Late | Harm::Half | Harm::Conflict | Harm::Cut => None,
    };
    if let Some((code, reason, more)) = instead {
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
            "reason": reason, "message": format!("the way to the server says {code}")});
        let text = status.to_string();
        let head = format!(
            "HTTP/1.1 {code} x\r\nContent-Type: application/json\r\n{more}Content-Length: {}\r\n\r\n",
            text.len()
        );
        writer.write_all(format!("{head}{text}").as_bytes()).await?;
        return Ok(true);
    }
    if harm == Harm::Late {
        tokio::time::sleep(Duration::from_millis(state.pick(100, 2500))).await;
    }
    let Some((client, server)) = state.server() else { return Ok(false) };
    let mut request = client.request(method.parse().unwrap(), format!("{server}{path}")).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let Ok(mut response) = request.send().await else { return Ok(false) };
    if harm == Harm::Unsaid {
        return Ok(false);
    }
    let kind =
        response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("text/plain").to_owned();
    let head = format!(
        "HTTP/1.1 {} x\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n",
        response.status().as_u16()
    );
    writer.write_all(head.as_bytes()).await?;
    let mut left = if harm == Harm::Cut { state.pick(0, 12) } else { u64::MAX };
    loop {
        let chunk = match tokio::time::timeout(Duration::from_millis(200), response.chunk()).await {
            Err(_) if state.broken.load(Ordering::Relaxed) => return Ok(false),
            Err(_) => continue,
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None) | Err(_)) => break,
        };
        if harm == Harm::Half || left == 0 {
            // Half of what was on its way still arrives, in the middle of an object.
            writer.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await?;
            writer.write_all(&chunk[..chunk.len() / 2]).await?;
            return Ok(false);
        }
        left -= 1;
        writer.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await?;
        writer.write_all(&chunk).await?;
        writer.write_all(b"\r\n").await?;
    }
    writer.write_all(b"0\r\n\r\n").await?;
    Ok(true)
}
