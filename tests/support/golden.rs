//! The real binary in a fixed surrounding, and golden files that hold what it says.
//!
//! `BLACKSTART_GOLDEN=write cargo test` writes the golden files anew; the diff is then read by a person.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder of the tests.
pub fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The names, without their ending, of the files in a folder that have this ending.
pub fn names(folder: &Path, ending: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect();
    names.sort_unstable();
    names
}

/// A host with nothing of its own: an empty home, and these programs on the PATH.
pub struct Host {
    folder: tempfile::TempDir,
}

impl Host {
    pub fn with(programs: &[&str]) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        for name in ["bin", "home"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for program in programs {
            let path = folder.path().join("bin").join(program);
            fs::write(&path, "#!/bin/sh\nexit 1\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder }
    }
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("bin")
    }
    /// blackstart on this host. What hangs is ended, and fails the test.
    pub fn blackstart(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("blackstart"));
        command.env_clear().env("PATH", self.path()).env("HOME", self.home()).env("TZ", "UTC");
        command.timeout(Duration::from_secs(30));
        command
    }
    /// Fails when anything was left in the home.
    pub fn is_untouched(&self) {
        let left: Vec<_> = fs::read_dir(self.home()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "something was left behind: {left:?}");
    }
}

/// Compares texts with golden files, and tells of all that differ at once.
#[derive(Default)]
pub struct Golden {
    wrong: Vec<String>,
}

impl Golden {
    pub fn holds(&mut self, path: &Path, now: &str) {
        if std::env::var_os("BLACKSTART_GOLDEN").is_some_and(|what| what == "write") {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            return fs::write(path, now).unwrap();
        }
        let before = fs::read_to_string(path).unwrap_or_else(|_| "(there is no such file)\n".to_owned());
        if before != now {
            self.wrong.push(format!("=== {}\n--- golden\n{before}--- now\n{now}", path.display()));
        }
    }
    pub fn done(self) {
        let (many, texts) = (self.wrong.len(), self.wrong.concat());
        assert!(many == 0, "{many} golden files differ; if rightly, BLACKSTART_GOLDEN=write cargo test\n{texts}");
    }
}
