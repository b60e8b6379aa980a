//! Files that are in memory and have no name: what a program is given to read that must stand on no disk, and what it prints
//! before it is known to be fit to be kept.

use super::Touch;
use crate::model::{Hidden, Redactor};
use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, memfd_create};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// What is read at a time.
const PART: usize = 64 << 10;
/// A line longer than this is handed on before its end is known.
const LONGEST_LINE: usize = 1 << 20;

/// A file with this in it, at its beginning, that nobody can change.
pub fn holding(_: &Touch, value: &Hidden) -> io::Result<File> {
    let mut file: File = memfd_create("blackstart", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?.into();
    file.write_all(value.reveal())?;
    file.seek(SeekFrom::Start(0))?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file)
}

/// A file with this text, which is no secret, at its beginning.
pub(super) fn text(text: &str) -> io::Result<File> {
    let mut file: File = memfd_create("blackstart", MemfdFlags::CLOEXEC)?.into();
    file.write_all(text.as_bytes())?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// What a program prints, on its way to its log: no value of the store gets there. When this process is killed the program
/// goes on printing into its file, which is gone with it.
pub struct Veil {
    file: File,
    read: u64,
    /// What is read and not handed on: the beginning of a line.
    rest: Vec<u8>,
    redactor: Arc<Redactor>,
}

impl Veil {
    pub fn new(redactor: &Arc<Redactor>) -> io::Result<Self> {
        let file = memfd_create("blackstart output", MemfdFlags::CLOEXEC)?.into();
        Ok(Self { file, read: 0, rest: Vec::new(), redactor: redactor.clone() })
    }

    /// For a program to write into.
    pub fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Hands on what has come: whole lines, and at the end all of it.
    pub fn drain(&mut self, end: bool, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut part = vec![0; PART];
        loop {
            let read = self.file.read_at(&mut part, self.read)?;
            self.rest.extend_from_slice(&part[..read]);
            self.read += read as u64;
            let line = self.rest.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
            let ready = match line {
                _ if read == 0 && end => self.rest.len(),
                Some(ready) => ready,
                // A value may stand across the cut: so much is held back as the longest of them has.
                None if self.rest.len() > LONGEST_LINE => self.rest.len().saturating_sub(self.redactor.longest()),
                None => 0,
            };
            if ready > 0 {
                to(&self.redactor.hide_bytes(&self.rest[..ready]))?;
                self.rest.drain(..ready);
            }
            if read == 0 {
                // What has been read need not be kept in memory. Where this cannot be done it takes its place until the end.
                let _ =
                    fallocate(&self.file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, self.read.max(1));
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn drained(veil: &mut Veil, end: bool) -> String {
        let mut out = Vec::new();
        veil.drain(end, |bytes| {
            out.extend_from_slice(bytes);
            Ok(())
        })
        .unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    fn veil() -> (Veil, File) {
        let mut redactor = Redactor::default();
        redactor.add(&Hidden::from("canary-4711".to_owned()));
        let veil = Veil::new(&Arc::new(redactor)).unwrap();
        let file = veil.handle().unwrap();
        (veil, file)
    }

    #[test]
    fn lines_come_out_whole_and_without_values_and_the_rest_at_the_end() {
        let (mut veil, mut file) = veil();
        file.write_all(b"one canary-4711\ntwo cana").unwrap();
        assert_eq!(drained(&mut veil, false), "one [hidden]\n");
        file.write_all(b"ry-4711 three").unwrap();
        assert_eq!(drained(&mut veil, false), "");
        assert_eq!(drained(&mut veil, true), "two [hidden] three");
    }

    #[test]
    fn a_line_without_an_end_is_handed_on_and_no_value_slips_through_a_cut() {
        let (mut veil, mut file) = veil();
        let long = "x".repeat(LONGEST_LINE + 7) + "canary-4711";
        let mut all = String::new();
        for piece in [&long[..long.len() - 5], &long[long.len() - 5..], &long] {
            file.write_all(piece.as_bytes()).unwrap();
            all += &drained(&mut veil, false);
        }
        all += &drained(&mut veil, true);
        assert_eq!(all, long.replace("canary-4711", "[hidden]").repeat(2));
    }

    #[test]
    fn what_is_handed_to_a_program_is_read_and_never_changed() {
        let file = holding(&Touch::granted(), &Hidden::from("value".to_owned())).unwrap();
        assert!((&file).write_all(b"x").is_err());
        assert_eq!(std::io::read_to_string(&file).unwrap(), "value");
    }
}
