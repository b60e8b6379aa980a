//! A repository of its own for a test, and `check` run in it.

use crate::common::{Told, binary, told};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub struct Desk(tempfile::TempDir);

/// A namespace that lets little in.
pub const STRICT: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: apps\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n";

/// A Deployment that such a namespace refuses.
pub fn lax(name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: apps\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n        - name: web\n          image: registry.example.org/web:1\n          resources: {{requests: {{cpu: 10m, memory: 16Mi}}}}\n"
    )
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.git(&["init", "-q", "."]).code(0);
        desk
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }
    pub fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
    pub fn git(&self, words: &[&str]) -> Told {
        let mut command = Command::new("git");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"];
        told(command.args(who).args(words).current_dir(self.0.path()).env("HOME", self.0.path()))
    }
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words).current_dir(self.0.path()).env("XDG_STATE_HOME", self.path("state"));
        command.env_remove("NO_COLOR").env_remove("COLUMNS").stdin(Stdio::null());
        command
    }
    pub fn run(&self, words: &[&str]) -> Told {
        told(&mut self.command(words))
    }
    /// What `check` answers as JSON.
    pub fn json(&self, words: &[&str]) -> Value {
        let told = self.run(&[&["check", "--output", "json"], words].concat());
        serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {}", told.all()))
    }
    /// The findings, each as `id severity file:line`.
    pub fn found(&self, words: &[&str]) -> Vec<String> {
        lines(&self.json(words)["findings"])
    }
}

pub fn lines(list: &Value) -> Vec<String> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    let line =
        |one: &Value| format!("{} {} {}:{}", text(one, "id"), text(one, "severity"), text(one, "file"), one["line"]);
    list.as_array().unwrap().iter().map(line).collect()
}

/// Every file below a folder, with what stands in it, without what git keeps.
pub fn all(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true if entry.file_name() == ".git" => {}
                true => left.push(entry.path()),
                false => found.push((entry.path(), fs::read(entry.path()).unwrap())),
            }
        }
    }
    found.sort();
    found
}
