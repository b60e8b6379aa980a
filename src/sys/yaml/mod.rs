//! YAML, read from parser events within limits. The only folder that knows the parser: `plan` makes the strict trees of plans
//! of them, `events` hands them out for whoever reads other people's files.

pub mod events;
mod plan;
mod source;

pub use plan::{Body, DEEPEST, Entry, LONGEST_SCALAR, Node, Reader, Sort, Token};

use crate::model::Spot;

/// Something that is wrong with the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub at: Spot,
    pub message: String,
}

/// The first character that may not stand in YAML. The parser refuses a zero byte only and reads the others as text; a
/// control character in a plan is damage, and is told as that before anything is made of it.
pub fn unprintable(text: &str) -> Option<Broken> {
    let odd = |b: u8| (b < b' ' && b != b'\t' && b != b'\n' && b != b'\r') || b == 0x7f;
    let at = text.bytes().position(odd)?;
    let message = format!(
        "the character U+{:04X} may not stand in a text file; was the file cut or damaged?",
        text.as_bytes()[at]
    );
    Some(Broken { at: place_of(text.as_bytes(), at), message })
}

/// The place of a byte in a text of which at least what stands before it is UTF-8.
pub fn place_of(text: &[u8], at: usize) -> Spot {
    let before = &text[..at.min(text.len())];
    let lines = before.iter().filter(|b| **b == b'\n').count();
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    let columns = String::from_utf8_lossy(&before[start..]).chars().count();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Spot { line: number(lines + 1), column: number(columns + 1) }
}

/// What the parser says, whole, and what mostly is behind it.
fn mistake(said: &str) -> String {
    const BEHIND: &[(&str, &str)] = &[
        ("a tab", "indent with spaces, never with tabs"),
        ("tab cannot", "indent with spaces, never with tabs"),
        ("tabs disallowed", "indent with spaces, never with tabs"),
        ("mapping values are not allowed", "put a text with a colon in quotes, or mend the indentation"),
        ("illegal placement of ':'", "a list or map above is not closed, or a text with a colon wants quotes"),
        ("',' or '}'", "a { is not closed, a comma is missing, or a text with a colon wants quotes"),
        ("',' or ']'", "a [ is not closed, or a comma is missing"),
        ("end of stream", "a quote that begins here is not closed"),
        ("invalid trailing content", "a quote ends before this; write '' for a ' between single quotes"),
        ("unknown escape", "write \\\\ for one \\, or take single quotes"),
        ("expected '-' indicator", "this line is not indented like those above it"),
        ("did not find expected key", "this line is not indented like those above it"),
        ("indentation", "this line is not indented like those above it"),
        (
            "simple key expect",
            "a key here or in the line above wants a colon and a space behind it, within 1024 letters",
        ),
        ("recursion limit", "lists and maps are nested far too deep here: no key of a plan wants that"),
        ("unprintable", "this character may not stand in a text file; was the file cut or damaged?"),
        ("directive", "a plan wants no line that begins with %"),
        ("expected node content", "something is missing here, or a text wants quotes"),
    ];
    if said.contains("unknown anchor") {
        return plan::ALIAS.to_owned();
    }
    match BEHIND.iter().find(|(part, _)| said.contains(part)) {
        Some((_, behind)) => format!("not YAML: {said}; {behind}"),
        None => format!("not YAML: {said}"),
    }
}
