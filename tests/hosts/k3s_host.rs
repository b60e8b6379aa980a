//! A stand-in host for one test: its disk is a folder that outlives it, everything else ends with it.
#![allow(dead_code)] // each binary of tests uses another part of it

use super::sandbox::not_run;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub struct Host {
    folder: tempfile::TempDir,
    programs: PathBuf,
    child: Option<Child>,
}

/// None, and counted, where there can be none.
pub fn host(test: &str, words: &[&str]) -> Option<Host> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/stand-in");
    let named = std::env::var_os("BLACKSTART_STAND_IN").map(PathBuf::from).unwrap_or(built);
    let programs = named.join("bin");
    if !programs.join("host").exists() || !programs.join("k3s").exists() {
        not_run(test, "the stand-in host is not built");
        return None;
    }
    // A folder of root's own: overlays of containers do not lie on overlays.
    if std::fs::read_dir("/root").is_err() {
        not_run(test, "a stand-in host wants root");
        return None;
    }
    let mut host = Host { folder: tempfile::tempdir().unwrap(), programs, child: None };
    host.boot(words);
    Some(host)
}

impl Host {
    pub fn boot(&mut self, words: &[&str]) {
        let mut command = Command::new(self.programs.join("host"));
        command.args(["run", "--name", "standin-0", "--dir"]).arg(self.disk()).args(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let about: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("the host: {error}: {line:?}"));
        assert!(about["pid"].is_number());
        self.child = Some(child);
    }

    /// As when the power goes.
    pub fn dies(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn disk(&self) -> PathBuf {
        self.folder.path().join("host")
    }
    /// A folder that both sides see.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn enter(&self, words: &[&str]) -> Command {
        self.enter_at(&[], words)
    }
    /// The same in the network beside the host, which it was booted with as `--also edge`.
    pub fn beside(&self, words: &[&str]) -> Command {
        self.enter_at(&["--net", "edge"], words)
    }
    fn enter_at(&self, place: &[&str], words: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join("host"));
        command.args(["enter", "--dir"]).arg(self.disk()).args(place).arg("--").args(words);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }
    /// One of the stand-ins' programs, as a word of a command.
    pub fn program(&self, name: &str) -> String {
        self.programs.join(name).display().to_string()
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.enter(words).output().unwrap()
    }

    /// A program that goes on in it until it is killed.
    pub fn hold(&self, words: &[&str]) -> Child {
        self.enter(words).spawn().unwrap()
    }

    /// What a script prints, which must end well.
    #[track_caller]
    pub fn sh(&self, script: &str) -> String {
        let output = self.run(&["sh", "-c", script]);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {:?}: {err}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Asks until the script ends well.
    #[track_caller]
    pub fn until(&self, script: &str, seconds: u64) {
        let begun = Instant::now();
        while !self.run(&["sh", "-c", script]).status.success() {
            assert!(begun.elapsed() < Duration::from_secs(seconds), "{script}: not within {seconds} s");
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    fn blackstart(&self, words: &[&str]) -> Command {
        self.blackstart_in(&self.path("state"), words)
    }
    pub fn blackstart_in(&self, state: &Path, words: &[&str]) -> Command {
        let state = state.display().to_string();
        let own = env!("CARGO_BIN_EXE_blackstart");
        let mut command = self.enter(&[&[own, "--state-dir", &state, "--color", "never"], words].concat());
        command.env("BLACKSTART_IDENTITY", self.path("identity.txt"));
        command
    }

    /// Puts a value into a store beside the plan, which is made with the first.
    pub fn store(&self, secret: &str, key: &str, value: &str) {
        let secrets = |words: &[&str]| {
            let store = self.path("store").display().to_string();
            let mut command = self.blackstart(&[&["secrets"], words, &["--store", &store]].concat());
            command.stdin(Stdio::piped()).stdout(Stdio::null());
            let mut child = command.spawn().unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), value.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success(), "{words:?}");
        };
        if !self.path("store").exists() {
            secrets(&["init"]);
        }
        secrets(&["add", secret, key]);
    }
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// Exit and all that is printed.
    pub fn recover(&self, plan: &str) -> (Option<i32>, String) {
        said(self.blackstart(&["recover", plan, "--confirm", "rack"]).output().unwrap())
    }
    pub fn begin(&self, plan: &str) -> Child {
        let mut command = self.blackstart(&["recover", plan, "--confirm", "rack"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
    pub fn status(&self) -> (Option<i32>, String) {
        said(self.blackstart(&["status"]).output().unwrap())
    }
    pub fn diagnose(&self, plan: &str) -> (Option<i32>, String) {
        said(self.blackstart(&["diagnose", plan]).output().unwrap())
    }
    pub fn resume(&self) -> (Option<i32>, String) {
        said(self.blackstart(&["resume"]).output().unwrap())
    }

    /// Everything that lies below a folder of the host, by its digest.
    pub fn digests(&self, folder: &str) -> String {
        self.sh(&format!("find {folder} -type f -exec sha256sum {{}} + | LC_ALL=C sort -k 2"))
    }
    pub fn exists(&self, path: &str) -> bool {
        self.run(&["test", "-e", path]).status.success()
    }
}

fn said(output: Output) -> (Option<i32>, String) {
    let both = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(both).unwrap())
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It ends with its standard input, and takes all that is in it along.
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

/// The first name in a folder of the host's disk that begins so.
pub fn named(folder: &Path, begin: &str) -> Option<String> {
    let names = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name().into_string().unwrap());
    names.into_iter().find(|name| name.starts_with(begin))
}
