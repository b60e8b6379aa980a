//! A folder of our own for as long as something is worked on, gone with it.

use super::{Touch, files};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub struct Scratch<'t> {
    touch: &'t Touch,
    path: PathBuf,
}

impl<'t> Scratch<'t> {
    pub fn new(touch: &'t Touch) -> io::Result<Self> {
        // By its one name: a program that asks for the real path of what lies in it gets the same.
        let above = files::real(touch.look(), &std::env::temp_dir())?;
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = above.join(format!("blackstart-scratch-{}-{number}", std::process::id()));
            match files::make_new_folder(touch, &path) {
                Ok(()) => return Ok(Self { touch, path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// Makes a folder in it, with those above, and gives its path.
    pub fn folder(&self, name: &Path) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        files::make_private_folder(self.touch, &path)?;
        Ok(path)
    }
    pub fn write(&self, name: &Path, bytes: &[u8]) -> io::Result<()> {
        std::fs::write(self.path.join(name), bytes)
    }
    /// Puts a link into it that leads to something outside.
    pub fn link(&self, to: &Path, name: &Path) -> io::Result<()> {
        symlink(to, self.path.join(name))
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        // What stays lies where the system clears up.
        let _ = files::remove_folder(self.touch, &self.path);
    }
}
