//! The terminal: whether there is one, how wide it is, and one line asked of a person.

use super::Look;
use crate::model::Hidden;
use std::io::{self, IsTerminal, Read, Write};
use zeroize::Zeroizing;

/// A stream that people may be reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

pub fn is_terminal(_: Look, stream: Stream) -> bool {
    match stream {
        Stream::Out => io::stdout().is_terminal(),
        Stream::Err => io::stderr().is_terminal(),
    }
}

/// True when another program reads what we write, and no file keeps it.
pub fn is_pipe(_: Look) -> bool {
    use rustix::fs::FileType;
    let kind = rustix::fs::fstat(io::stdout()).map(|about| FileType::from_raw_mode(about.st_mode));
    kind.is_ok_and(|kind| matches!(kind, FileType::Fifo | FileType::Socket))
}

/// Puts out what was hidden, for who asked for just that.
pub fn reveal(text: &Hidden) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.reveal())?;
    out.flush()
}

/// True when the terminal can move its cursor and show colours.
pub fn is_capable(look: Look, stream: Stream) -> bool {
    is_terminal(look, stream) && std::env::var_os("TERM").is_some_and(|term| term != "dumb" && !term.is_empty())
}

/// Everything that comes in, which may be secret; at most so many bytes.
pub fn read_all(_: Look, limit: u64) -> io::Result<Hidden> {
    let mut input = io::stdin().lock().take(limit + 1);
    let (mut bytes, mut filled) = (Zeroizing::new(vec![0; 1 << 16]), 0);
    loop {
        if filled == bytes.len() {
            // Moved by hand, so that what was there before is wiped.
            let mut larger = Zeroizing::new(vec![0; filled * 2]);
            larger[..filled].copy_from_slice(&bytes);
            bytes = larger;
        }
        match input.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if filled as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("has more than {limit} bytes")));
    }
    bytes.truncate(filled);
    Ok(Hidden::new(std::mem::take(&mut *bytes)))
}

/// How wide to write: the terminal's width within reason, COLUMNS where it says so, else 100.
pub fn width(_: Look) -> usize {
    let asked = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    let named = || std::env::var("COLUMNS").ok()?.parse::<usize>().ok();
    let width = if asked > 0 { asked } else { named().unwrap_or(100) };
    width.clamp(60, 200)
}

pub fn can_ask(_: Look) -> bool {
    io::stdin().is_terminal()
}

/// Shows a question and returns the line that was typed; `None` at the end of input.
pub fn ask(question: &str) -> io::Result<Option<String>> {
    let mut err = io::stderr().lock();
    err.write_all(question.as_bytes())?;
    err.flush()?;
    let mut line = String::new();
    match io::stdin().read_line(&mut line)? {
        0 => Ok(None),
        _ => Ok(Some(line.trim().to_owned())),
    }
}

/// Puts a text out whole.
pub fn write(stream: Stream, text: &str) -> io::Result<()> {
    match stream {
        Stream::Out => {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()
        }
        Stream::Err => io::stderr().lock().write_all(text.as_bytes()),
    }
}
