//! Where a journal's bytes go in earnest: an append-only file.

use crate::journal::Disk;
use crate::sys::files::Append;
use std::io;

impl Disk for Append {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        Append::append(self, bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        Append::sync(self)
    }
}
