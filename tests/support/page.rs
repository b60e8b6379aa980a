//! A page of the documentation, with blocks that must say what the program says. A block stands between
//! `<!-- golden: NAME -->` and `<!-- end -->`; `BLACKSTART_GOLDEN=write cargo test --test docs` writes it anew.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

static WRITING: Mutex<()> = Mutex::new(());

pub struct Page {
    pub name: &'static str,
    pub text: String,
}

impl Page {
    pub fn open(name: &'static str) -> Self {
        let text = fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name, text }
    }

    fn span(&self, block: &str) -> std::ops::Range<usize> {
        let open = format!("<!-- golden: {block} -->\n");
        let at = self.text.find(&open).unwrap_or_else(|| panic!("{}: no block {block}", self.name)) + open.len();
        let end = self.text[at..].find("<!-- end -->").unwrap_or_else(|| panic!("{}: {block} is open", self.name));
        at..at + end
    }

    pub fn block(&self, block: &str) -> &str {
        &self.text[self.span(block)]
    }

    /// Holds a block to what is said now. `like` takes out what may differ from time to time.
    pub fn holds(&mut self, block: &str, now: &str, like: impl Fn(&str) -> String) {
        let span = self.span(block);
        if like(&self.text[span.clone()]) == like(now) {
            return;
        }
        if std::env::var_os("BLACKSTART_GOLDEN").is_some_and(|what| what == "write") {
            // Other tests of this binary may be writing other blocks of the page.
            let _one = WRITING.lock().unwrap();
            self.text = Self::open(self.name).text;
            let span = self.span(block);
            self.text.replace_range(span, now);
            return fs::write(root().join(self.name), &self.text).unwrap();
        }
        let (name, before) = (self.name, &self.text[span]);
        panic!("{name}: block {block} differs; if rightly, BLACKSTART_GOLDEN=write\n--- page\n{before}--- now\n{now}");
    }

    /// The rows of the table in a block, cell by cell, without its head.
    pub fn rows(&self, block: &str) -> Vec<Vec<String>> {
        let lines = self.block(block).lines().filter(|line| line.starts_with('|')).skip(2);
        lines.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
    }
}

/// Every page of ours, from the root.
pub fn pages() -> Vec<PathBuf> {
    let in_folder = |folder: &str| {
        let entries = fs::read_dir(root().join(folder)).unwrap().flatten().map(|entry| entry.path());
        entries.filter(|path| path.extension().is_some_and(|end| end == "md")).collect::<Vec<_>>()
    };
    let mut pages = [in_folder(""), in_folder("docs")].concat();
    pages.sort_unstable();
    pages
}

/// Times, moments, run ids and digests, each replaced by one that never changes; lines in a fixed order, because steps
/// that run at once end in any.
pub fn timeless(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(|line| digits(line.trim_end())).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// A line with each digit that belongs to a time, a moment or a digest as 0.
fn digits(line: &str) -> String {
    let word = |word: &str| {
        // A moment as runs are named after it, also within the name of a sandbox.
        let moment = word.as_bytes().windows(19).any(|at| {
            matches!(at[10], b'T' | b't') && [0, 1, 2, 3, 11, 12].iter().all(|digit| at[*digit].is_ascii_digit())
        });
        let core = word.trim_matches(|c: char| "();, /".contains(c));
        let time = core.split_once(':').is_some_and(|(a, b)| {
            !a.is_empty() && b.len() == 2 && (a.to_owned() + b).bytes().all(|b| b.is_ascii_digit())
        });
        let zero = |c: char| if c.is_ascii_digit() { '0' } else { c };
        match moment || time {
            true => word.chars().map(zero).collect::<String>(),
            false => word.to_owned(),
        }
    };
    line.split_inclusive([' ', '/']).map(word).collect()
}
