//! The log of one step: what its programs print goes straight into this file, so that they live on when we are killed.

use super::Touch;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How much of the end of a log is shown with a failure.
const TAIL_BYTES: u64 = 8 * 1024;
const TAIL_LINES: usize = 8;
const TAIL_WIDTH: usize = 300;

pub struct StepLog {
    file: File,
    path: PathBuf,
}

impl StepLog {
    pub fn open(_: &Touch, path: &Path) -> io::Result<Self> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?.into();
        Ok(Self { file, path: path.to_owned() })
    }
    /// The same log for somebody else who writes into it.
    pub fn of(file: File, run: &Path, step: &str) -> Self {
        Self { file, path: run.join("log").join(format!("{step}.log")) }
    }
    /// A line of our own between what the programs print.
    pub fn note(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(format!("--- {text}\n").as_bytes())
    }
    /// For a program to write into.
    pub fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }
    /// What a program printed.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }
    /// How long it is now; `tail` from here on tells what came after.
    pub fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |about| about.size())
    }
    /// The last lines that were printed since `from`, made safe to show.
    pub fn tail(&self, touch: &Touch, from: u64) -> Vec<String> {
        match super::files::read_tail(touch.look(), &self.path, from, TAIL_BYTES) {
            Ok(bytes) => last_lines(&String::from_utf8_lossy(&bytes), TAIL_LINES),
            Err(error) => vec![format!("(its log cannot be read: {error})")],
        }
    }
}

/// The last non-empty lines of a text, without control characters and not too wide.
pub fn last_lines(text: &str, count: usize) -> Vec<String> {
    let clean: Vec<String> =
        text.lines().map(plain).filter(|line| !line.trim().is_empty() && !line.starts_with("--- ")).collect();
    clean[clean.len().saturating_sub(count)..].to_vec()
}

/// A line without escape sequences: what a program prints must not move the cursor of who reads about it.
fn plain(line: &str) -> String {
    let line = line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or("");
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => sequence(&mut chars),
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    match out.char_indices().nth(TAIL_WIDTH) {
        Some((at, _)) => format!("{} …", &out[..at]),
        None => out,
    }
}

/// Takes what belongs to an escape sequence: a short one, one with numbers, or a text such as the title of a window.
fn sequence(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => drop(chars.find(|c| ('@'..='~').contains(c))),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            if chars.find(|c| matches!(c, '\u{7}' | '\u{1b}')) == Some('\u{1b}') {
                chars.next();
            }
        }
        Some(' '..='/') => drop(chars.find(|c| ('0'..='~').contains(c))),
        Some(_) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_character_sets_in_escape_sequences_are_not_shown() {
        let text = "a\u{1b}]0;title\u{7}b\u{1b}]8;;http://x\u{1b}\\c\u{1b}(Bd\u{1b}7e\u{1b}";
        assert_eq!(last_lines(text, 1), ["abcde"]);
    }

    #[test]
    fn what_is_shown_has_no_escape_sequences_and_no_lines_of_ours() {
        let text = "--- run x\none\n\u{1b}[31mred\u{1b}[0m\u{7}\n50%\r100%\n\n";
        assert_eq!(last_lines(text, 5), ["one", "red", "100%"]);
        assert_eq!(last_lines(text, 1), ["100%"]);
        assert!(last_lines(&"x".repeat(1000), 1)[0].ends_with(" …"));
    }
}
