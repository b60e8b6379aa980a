//! The documents of a file, cut where kubectl cuts them, and each of them read. Knows nothing of Kubernetes objects.

use super::budget::Budget;
use super::tree::Node;
use super::{json, yaml};
use crate::model::Spot;
use crate::sys::yaml::{Broken, place_of, unprintable};
use std::borrow::Cow;

const MARK: &str = "---";

/// What a file holds, and what is wrong with it: a broken document does not hide the others.
pub fn read(bytes: &[u8], is_json: bool, budget: &Budget) -> (Vec<Node>, Vec<Broken>) {
    let text = match text(bytes) {
        Ok(text) => text,
        Err(broken) => return (Vec::new(), vec![broken]),
    };
    // Kubectl asks the first letter, and goes on with YAML where it is a brace and JSON does not follow.
    let braces = text.trim_start().starts_with('{');
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut nodes, mut wrong) = (Vec::new(), Vec::new());
    for (i, part) in parts(text).into_iter().enumerate() {
        let part = match part {
            Ok(part) => part,
            Err(broken) => {
                wrong.push(broken);
                continue;
            }
        };
        if let Some(broken) = directive(&part) {
            wrong.push(broken);
            continue;
        }
        let as_json = (braces && i == 0).then(|| json::objects(part.text, part.lines_before, budget));
        let as_json = match as_json {
            Some(Ok(found)) => {
                nodes.extend(found);
                continue;
            }
            // It is JSON, and not what we take; as YAML it would be no better.
            Some(Err(broken)) if !broken.message.starts_with(json::NOT) => {
                wrong.push(broken);
                continue;
            }
            Some(Err(broken)) => Some(broken),
            None => None,
        };
        match yaml::document(&ended(part.text), part.lines_before, budget) {
            Ok(node) => nodes.extend(node),
            Err(broken) => wrong.push(as_json.filter(|_| is_json).unwrap_or(broken)),
        }
    }
    (nodes, wrong)
}

/// The document in which something was said of this line, and the number of the line before it; all of what is no text.
pub fn around(bytes: &[u8], line: u32) -> (usize, &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return (0, bytes) };
    // What is missed at the end of a document is said of the mark behind it.
    let is_before = |part: &Part<'_>| part.lines_before < usize::try_from(line).unwrap_or(usize::MAX);
    let part = parts(text).into_iter().flatten().take_while(is_before).last();
    part.map_or((0, bytes), |part| (part.lines_before, part.text.as_bytes()))
}

fn text(bytes: &[u8]) -> Result<&str, Broken> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let advice = match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it looks like UTF-16: save it as UTF-8",
            _ => "save it as UTF-8; is it a manifest at all?",
        };
        let message = format!("not UTF-8 text: {advice}");
        Broken { at: place_of(bytes, error.valid_up_to()), message }
    })?;
    match unprintable(text).or_else(|| odd(text)) {
        Some(broken) => Err(broken),
        None => Ok(text),
    }
}

/// Characters of which readers of YAML disagree whether they end a line.
fn odd(text: &str) -> Option<Broken> {
    let (at, letter) = text
        .char_indices()
        .find(|(_, c)| matches!(c, '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'))?;
    let number = u32::from(letter);
    let message = format!(
        "the character U+{number:04X} is read differently by different programs: write it as \\u{number:04x} in double quotes"
    );
    Some(Broken { at: place_of(text.as_bytes(), at), message })
}

struct Part<'s> {
    text: &'s str,
    lines_before: usize,
}

/// Kubectl ends every line, also the last; a block of text may end otherwise without that.
fn ended(text: &str) -> Cow<'_, str> {
    if text.ends_with('\n') { text.into() } else { format!("{text}\n").into() }
}

/// Kubectl cuts a directive off the document that it stands before, and then cannot read it.
fn directive(part: &Part<'_>) -> Option<Broken> {
    let blank = |line: &&str| line.trim().is_empty() || line.starts_with('#');
    let before = part.text.lines().take_while(blank).count();
    let first = part.text.lines().nth(before)?;
    first.starts_with('%').then(|| {
        let line = u32::try_from(part.lines_before + before + 1).unwrap_or(u32::MAX);
        let message = "a line that begins with % is not read by kubectl: take it out".to_owned();
        Broken { at: Spot { line, column: 1 }, message }
    })
}

/// The text between lines that begin with `---`.
fn parts(text: &str) -> Vec<Result<Part<'_>, Broken>> {
    let mut parts = Vec::new();
    let (mut from, mut lines_before, mut searched) = (0, 0, 0);
    loop {
        let mark = if searched == 0 && text.starts_with(MARK) {
            Some(0)
        } else {
            text[searched..].find("\n---").map(|at| searched + at + 1)
        };
        let end = mark.unwrap_or(text.len());
        let part = &text[from..end];
        if !part.is_empty() {
            parts.push(Ok(Part { text: part, lines_before }));
        }
        let Some(mark) = mark else { return parts };
        lines_before += part.bytes().filter(|byte| *byte == b'\n').count();
        let line_end = text[mark..].find('\n').map_or(text.len(), |at| mark + at + 1);
        let behind = text[mark + MARK.len()..line_end].trim();
        if !behind.is_empty() && !behind.starts_with('#') {
            let message = "kubectl reads nothing behind --- in its line: begin the document in the next one".to_owned();
            parts.push(Err(Broken { at: place_of(text.as_bytes(), mark), message }));
        }
        lines_before += 1;
        from = line_end;
        // The next mark may stand in the very next line, whose line break is this one's.
        searched = line_end.saturating_sub(1).max(1).min(text.len());
        if line_end == text.len() {
            return parts;
        }
    }
}
