//! The project's own source, read as text: which files there are, and what is left of one without its comments, its texts
//! and its tests.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One file of ours: its path from the root, and what is in it.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
    /// What the compiler makes a program of.
    pub fn code(&self) -> String {
        without_tests(&plain(&self.text)).to_owned()
    }
    /// The module at the top that a file of `src` belongs to; `lib.rs` and `main.rs` belong to none.
    pub fn module(&self) -> Option<&str> {
        let (module, rest) = self.path.strip_prefix("src/")?.split_once('/')?;
        (!rest.is_empty()).then_some(module)
    }
}

fn walk(folder: &Path, wanted: &dyn Fn(&str) -> bool, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort_unstable();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            // What a link leads to is found where it lies.
            if name != "target" && name != ".git" && !path.is_symlink() {
                walk(&path, wanted, found);
            }
        } else if wanted(&name) {
            found.push(path);
        }
    }
}

/// The files below a folder of the project whose names are wanted. What is not UTF-8 is no text of ours.
pub fn files(folder: &str, wanted: &dyn Fn(&str) -> bool) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root().join(folder), wanted, &mut paths);
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        Some(Source { path: name, text: String::from_utf8(fs::read(&path).unwrap()).ok()? })
    };
    paths.into_iter().filter_map(read).collect()
}

pub fn rust(folder: &str) -> Vec<Source> {
    files(folder, &|name| name.ends_with(".rs"))
}

/// Rust with a blank for each character of a comment and of a text, so that only code is looked at.
pub fn plain(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => block_end(&chars, at),
            '"' => text_end(&chars, at + 1),
            'r' if !before_is_word(&chars, at) => raw_end(&chars, at).unwrap_or(at),
            '\'' => char_end(&chars, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

fn before_is_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n)
}

fn block_end(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn text_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn raw_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    let begin = at + 1 + hashes;
    (chars.get(begin) == Some(&'"')).then_some(())?;
    let closes = |n: &usize| chars[*n] == '"' && (0..hashes).all(|i| chars.get(n + 1 + i) == Some(&'#'));
    Some((begin + 1..chars.len()).find(closes).map_or(chars.len(), |n| n + 1 + hashes))
}

/// The end of a character; a lifetime is none.
fn char_end(chars: &[char], at: usize) -> Option<usize> {
    match (chars.get(at + 1)?, chars.get(at + 2)?) {
        ('\\', _) => chars[at + 3..].iter().position(|c| *c == '\'').map(|n| at + 4 + n),
        (_, '\'') => Some(at + 3),
        _ => None,
    }
}

/// What stands before the tests of a file: they may look at everything.
fn without_tests(code: &str) -> &str {
    for (at, mark) in code.match_indices("#[cfg(test)]") {
        let mut behind = code[at + mark.len()..].lines().map(str::trim_start);
        let item = behind.find(|line| !line.is_empty() && !line.starts_with("#["));
        if item.is_some_and(|item| item.starts_with("mod ") && item.ends_with('{')) {
            return &code[..at];
        }
    }
    code
}

/// Each path that the code names, as `crate::plan::load`, with the line it is in. Groups are taken apart.
pub fn paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let bytes = code.as_bytes();
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut at = 0;
    while at < bytes.len() {
        if !word(bytes[at]) || (at > 0 && word(bytes[at - 1])) || goes_on(&code[..at]) {
            at += 1;
            continue;
        }
        let mut end = at;
        while end < bytes.len() && (word(bytes[end]) || bytes[end..].starts_with(b"::") || code[..=end].ends_with("::"))
        {
            end += 1;
        }
        let line = code[..at].matches('\n').count() + 1;
        let path = &code[at..end];
        match bytes.get(end) {
            Some(b'{') if path.ends_with("::") => {
                found.extend(group(&code[end..]).into_iter().map(|part| (line, format!("{path}{part}"))));
            }
            _ => found.push((line, path.to_owned())),
        }
        at = end.max(at + 1);
    }
    found
}

/// Whether what stands here is behind `name::` or `<T>::`; behind a bare `::` a crate begins.
fn goes_on(before: &str) -> bool {
    let Some(before) = before.strip_suffix("::") else { return false };
    before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '>')
}

/// The first words of the parts of `{a, b::c, d::{e, f}}`.
fn group(code: &str) -> Vec<String> {
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for c in code.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => parts.push(std::mem::take(&mut part)),
            c if depth == 1 && !c.is_whitespace() => part.push(c),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    parts.push(part);
    parts.retain(|part| !part.is_empty());
    parts
}
