//! Stands between a client and a real API server and spoils the way: connections are cut after some bytes, held up, or
//! refused for a while, by a schedule that a seed gives. It reads nothing of what goes through it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

pub struct Proxy {
    folder: tempfile::TempDir,
    state: Arc<State>,
}

struct State {
    dice: AtomicU64,
    /// Nobody gets through while this is set.
    shut: AtomicBool,
    /// Whether it spoils anything at all.
    calm: AtomicBool,
    cuts: AtomicUsize,
}

impl State {
    fn below(&self, most: u64) -> u64 {
        let next = |mut x: u64| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^ (x << 17)
        };
        let old = self.dice.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |x| Some(next(x))).unwrap();
        next(old) % most
    }
}

impl Proxy {
    /// A way to the server of this kubeconfig, by `Proxy::kubeconfig`.
    pub fn to(kubeconfig: &Path, seed: u64) -> Self {
        let text = std::fs::read_to_string(kubeconfig).unwrap();
        let (_, rest) = text.split_once("https://127.0.0.1:").unwrap();
        let port: u16 = rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = listener.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let text = text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{ours}"));
        std::fs::write(folder.path().join("kubeconfig"), text).unwrap();
        let state = Arc::new(State {
            dice: AtomicU64::new(seed | 1),
            shut: AtomicBool::new(false),
            calm: AtomicBool::new(false),
            cuts: AtomicUsize::new(0),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Dropping it resets the connection.
                if shared.shut.load(Ordering::Relaxed) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let shared = shared.clone();
                    std::thread::spawn(move || pass(from, to, &shared));
                }
            }
        });
        Self { folder, state }
    }
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }
    pub fn shut(&self, shut: bool) {
        self.state.shut.store(shut, Ordering::Relaxed);
    }
    pub fn calm(&self, calm: bool) {
        self.state.calm.store(calm, Ordering::Relaxed);
    }
    pub fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::Relaxed)
    }
}

/// Passes bytes on, some of them late, and cuts the connection after as many as chance gives it.
fn pass(mut from: TcpStream, mut to: TcpStream, state: &State) {
    let _ = to.set_nodelay(true);
    let mut left = 2_000 + state.below(60_000);
    let mut bytes = [0; 4096];
    while let Ok(count) = from.read(&mut bytes) {
        if count == 0 {
            break;
        }
        if !state.calm.load(Ordering::Relaxed) {
            if state.below(20) == 0 {
                std::thread::sleep(Duration::from_millis(state.below(120)));
            }
            left = left.saturating_sub(count as u64);
        }
        if left == 0 || state.shut.load(Ordering::Relaxed) {
            state.cuts.fetch_add(1, Ordering::Relaxed);
            // Half of what is on its way still arrives.
            let _ = to.write_all(&bytes[..count / 2]);
            break;
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
