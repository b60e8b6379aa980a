//! A real Kubernetes for the tests of one binary: started when the first test asks for it, ended with the binary. Where its
//! program is not built, the tests count as not run.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

pub struct Sandbox {
    pub kubeconfig: PathBuf,
    /// What it said when it was usable.
    pub about: Value,
    /// It lives until this child's standard input ends, which is when this process does.
    _child: Child,
}

static ONE: OnceLock<Option<Sandbox>> = OnceLock::new();

/// The program: what `BLACKSTART_SANDBOX` names, else where the build puts it.
pub fn program() -> Option<PathBuf> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/sandbox/blackstart-sandbox");
    let named = std::env::var_os("BLACKSTART_SANDBOX").map(PathBuf::from);
    named.or(Some(built)).filter(|path| path.exists())
}

/// The sandbox of this test binary; None, and counted, where there is no program for one.
pub fn sandbox(test: &str) -> Option<&'static Sandbox> {
    let found = ONE.get_or_init(|| program().map(|program| start(program, &[]))).as_ref();
    if found.is_none() {
        not_run(test, "blackstart-sandbox is not built");
    }
    found
}

/// One for a single test, with more words; it ends when it is dropped.
pub fn own(test: &str, more: &[&str]) -> Option<Sandbox> {
    let found = program().map(|program| start(program, more));
    if found.is_none() {
        not_run(test, "blackstart-sandbox is not built");
    }
    found
}

fn start(program: PathBuf, more: &[&str]) -> Sandbox {
    let mut child = Command::new(&program)
        .args(["up", "--wait", "2m"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let about: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("sandbox: {error}: {line:?}"));
    let kubeconfig = PathBuf::from(about["kubeconfig"].as_str().unwrap());
    Sandbox { kubeconfig, about, _child: child }
}

pub fn not_run(test: &str, why: &str) {
    println!("not run: {test}: {why}");
    if let Some(path) = std::env::var_os("BLACKSTART_NOT_RUN") {
        let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
        writeln!(file, "not run: {test}: {why}").unwrap();
    }
}
