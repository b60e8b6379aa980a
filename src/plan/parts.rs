//! Cuts the text of a large plan where steps begin and reads the parts side by side. Knows how a step begins, and nothing
//! of what is in it.
//!
//! Parsing is two thirds of the planning time and the parser cannot be made faster from here; on two cores this halves it.
//! It is right because nothing is taken on trust. Each part is handed to a parser of its own as a list, with the *whole*
//! rest of the text, and is read until a step begins. That step must be the first one of the next part, at its very line
//! and column. So the parser of a part stands where a parser of the whole text would stand, in no quotes, no braces and no
//! block of text, and has seen the same characters since. Anything else is answered by `None`, and the plan is read in
//! order.

use crate::model::Spot;
use crate::sys::yaml::{Reader, Token};
use std::num::NonZero;
use std::thread;

/// A part is not worth a thread (50 µs) below this; 64 KiB of plan take 3 ms.
const SMALLEST: usize = 32 << 10;
/// With more parts the rest of planning is all that is left.
const MOST: usize = 8;
/// Steps lie in a list in a map.
const DEPTH: usize = 1;

/// How many parts a text is worth on this machine.
pub fn hands(text: &str) -> usize {
    match text.len() / SMALLEST {
        0 | 1 => 1,
        parts => parts.min(MOST).min(thread::available_parallelism().map_or(1, NonZero::get)),
    }
}

/// A plan whose steps are the last thing in it.
#[derive(Debug)]
pub struct Cut<'s> {
    /// All up to the key `steps`, and where that stands.
    pub head: &'s str,
    pub key: Spot,
    parts: Vec<Part<'s>>,
}

#[derive(Debug)]
struct Part<'s> {
    /// From the first step of the part to the end of the text.
    text: &'s str,
    lines_before: usize,
    /// Where the next part begins.
    end: Option<Spot>,
}

/// `None` where there is nothing to gain, or the text is not plain enough to say where its steps begin.
pub fn cut(text: &str, parts: usize) -> Option<Cut<'_>> {
    // A carriage return counts as a line of its own where it stands alone; plans that have any are not worth the question.
    if parts < 2 || text.contains('\r') {
        return None;
    }
    let key = if text.starts_with("steps:\n") { 0 } else { text.find("\nsteps:\n")? + 1 };
    let list = key + "steps:\n".len();
    let indent = text[list..].bytes().take_while(|byte| *byte == b' ').count();
    let dash = format!("\n{}- ", " ".repeat(indent));
    let mut starts = Vec::with_capacity(parts);
    for part in 0..parts {
        // From the line break on that stands before the part, so that the first part begins with the first step.
        let from = list - 1 + (text.len() - list) / parts * part;
        let start = next_step(text, &dash, from);
        starts.extend(start.filter(|start| starts.last() != Some(start)));
    }
    if starts.first() != Some(&list) {
        return None;
    }
    let head = &text[..list];
    let mut lines_before = lines(head);
    let spot = |line: usize, column: usize| {
        Some(Spot { line: u32::try_from(line).ok()?, column: u32::try_from(column).ok()? })
    };
    let key = spot(lines_before, 1)?;
    let mut parts: Vec<Part<'_>> = Vec::with_capacity(starts.len());
    let mut begun = list;
    for start in starts {
        lines_before += lines(&text[begun..start]);
        if let Some(before) = parts.last_mut() {
            before.end = Some(spot(lines_before + 1, dash.len())?);
        }
        parts.push(Part { text: &text[start..], lines_before, end: None });
        begun = start;
    }
    Some(Cut { head, key, parts })
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// The beginning of the next line that holds the dash of a step and the first letter or brace of the step itself.
fn next_step(text: &str, dash: &str, from: usize) -> Option<usize> {
    let mut from = (from..text.len()).find(|at| text.is_char_boundary(*at))?;
    loop {
        from += text[from..].find(dash)?;
        let first = text.as_bytes().get(from + dash.len());
        if first.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'{') {
            return Some(from + 1);
        }
        from += 1;
    }
}

impl<'s> Cut<'s> {
    /// Reads every part, element by element; `read` is given the first token of each and says `None` to give up.
    pub fn read<T: Send>(&self, read: impl Read<'s, T>) -> Option<Vec<T>> {
        let (first, others) = self.parts.split_first()?;
        thread::scope(|scope| {
            let others: Vec<_> = others.iter().map(|part| scope.spawn(|| part.read(&read))).collect();
            let mut all = first.read(&read)?;
            for other in others {
                all.append(&mut other.join().ok()??);
            }
            Some(all)
        })
    }
}

/// How an element becomes something.
pub trait Read<'s, T>: Fn(&mut Reader<'s>, Token<'s>, Spot) -> Option<T> + Sync {}
impl<'s, T, F: Fn(&mut Reader<'s>, Token<'s>, Spot) -> Option<T> + Sync> Read<'s, T> for F {}

impl<'s> Part<'s> {
    fn read<T>(&self, read: &impl Read<'s, T>) -> Option<Vec<T>> {
        let mut reader = Reader::inside(self.text, self.lines_before, DEPTH);
        let (Token::ListStart, _) = reader.token().ok()? else { return None };
        let mut items = Vec::new();
        loop {
            let (token, at) = reader.token().ok()?;
            match (&token, self.end) {
                (Token::End, None) => break,
                (Token::End, Some(_)) => return None,
                (_, Some(end)) if at >= end => return (at == end).then_some(items),
                (_, _) => items.push(read(&mut reader, token, at)?),
            }
        }
        // Behind the last part there must be nothing, as behind a whole plan: the end of the document, and of the text.
        let ends = [reader.token().ok()?, reader.token().ok()?];
        ends.iter().all(|(token, _)| matches!(token, Token::DocumentEnd)).then_some(items)
    }
}
