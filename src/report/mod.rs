//! FACES: what people and programs see of a run. Reads events; knows nothing else.

pub mod bars;
pub mod html;
pub mod json;
pub mod lines;
pub mod md;
pub mod paint;
pub mod summary;

use std::io::{self, Write};

/// Puts lines on stdout, whole.
pub(crate) fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}
