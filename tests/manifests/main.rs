//! Manifests as files and folders: what is read, what is refused and where, and that nothing hostile, broken or secret gets
//! further than an error with a place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../support/damage.rs"]
mod damage;

mod folders;
mod hostile;
mod mistakes;

use blackstart::manifests::{At, Papers, Wrongs, read_all};
use blackstart::sys::Look;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(TempDir::new().unwrap());
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fn read(&self, steps: &[&[&str]]) -> Result<Vec<Papers>, Wrongs> {
        let wanted: Vec<Vec<String>> =
            steps.iter().map(|paths| paths.iter().map(|p| (*p).to_owned()).collect()).collect();
        read_all(Look::new(), self.0.path(), "plans", &wanted)
    }
    /// The objects of one step that names everything, each with its place.
    fn objects(&self, paths: &[&str]) -> Vec<String> {
        let papers = self.read(&[paths]).unwrap_or_else(|wrongs| panic!("{wrongs:#?}"));
        papers[0].objects.iter().map(|object| format!("{} {}", object.place(), object.id)).collect()
    }
    /// What is wrong, as it is told.
    fn wrong(&self, steps: &[&[&str]]) -> Vec<String> {
        let Err(wrongs) = self.read(steps) else { panic!("it was read") };
        assert!(wrongs.count >= wrongs.list.len() && !wrongs.list.is_empty());
        let told = |at: &At| match at {
            At::Asked { step, path } => format!("step {step} path {path}: "),
            At::Place(_) => String::new(),
        };
        wrongs.list.iter().map(|wrong| format!("{}{wrong}", told(&wrong.at))).collect()
    }
}

fn object(kind: &str, name: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: apps}}\n")
}

/// What is wrong with one file of this text.
fn wrong_with(text: impl AsRef<[u8]>) -> Vec<String> {
    let folder = Folder::new(&[]);
    folder.write("a.yaml", text);
    folder.wrong(&[&["a.yaml"]])
}
