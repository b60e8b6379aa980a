//! Upstream's programs: where they are, and what they say. Where they are not built, tests count as not run.

use crate::sandbox::not_run;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the variable names, else where the build puts it.
fn program(variable: &str, name: &str) -> Option<PathBuf> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/judges").join(name);
    std::env::var_os(variable).map(PathBuf::from).or(Some(built)).filter(|path| path.exists())
}

pub fn kubeseal(test: &str) -> Option<PathBuf> {
    let found = program("BLACKSTART_KUBESEAL", "kubeseal");
    if found.is_none() {
        not_run(test, "upstream's kubeseal is not built (scripts/build-judges)");
    }
    found
}

pub fn controller(test: &str) -> Option<PathBuf> {
    let found = program("BLACKSTART_SEALED_SECRETS_CONTROLLER", "controller");
    if found.is_none() {
        not_run(test, "upstream's controller is not built (scripts/build-judges)");
    }
    found
}

/// What it prints of this input, or what it complains of.
pub fn ask(kubeseal: &Path, words: &[&str], input: &str) -> Result<String, String> {
    let mut command = Command::new(kubeseal);
    // Whatever kubeconfig is at home must have no say.
    command.args(words).env("KUBECONFIG", "/dev/null").env("HOME", "/nonexistent");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // One that complains may not have read to the end.
    let _ = writer.join().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// The Secret that upstream makes of a SealedSecret, as JSON.
pub fn unseal(kubeseal: &Path, key: &Path, sealed: &str) -> Result<serde_json::Value, String> {
    let key = format!("--recovery-private-key={}", key.display());
    let said = ask(kubeseal, &["--recovery-unseal", &key], sealed)?;
    let mut said: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("kubeseal: {error}"));
    // It writes an empty value as null, which a server takes as empty.
    let values = said["data"].as_object_mut().into_iter().flat_map(|values| values.values_mut());
    values.filter(|value| value.is_null()).for_each(|value| *value = "".into());
    Ok(said)
}

/// The SealedSecret that upstream makes of Secrets, as YAML.
pub fn seal(kubeseal: &Path, certificate: &Path, secret: &str, more: &[&str]) -> Result<String, String> {
    let certificate = format!("--cert={}", certificate.display());
    ask(kubeseal, &[&[certificate.as_str(), "--format=yaml"], more].concat(), secret)
}
