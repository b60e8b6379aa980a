//! Puts records on disk. After the first failure it writes nothing more: what is not on disk must not be followed.

use super::frame;
use super::record::Record;
use std::io;

/// Where records go. A trait, so that a test can lose what was not synced.
pub trait Disk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

pub struct Writer<D> {
    disk: D,
    waiting: Vec<u8>,
    unsynced: bool,
    broken: Option<String>,
}

impl<D: Disk> Writer<D> {
    /// For a new file.
    pub fn begin(disk: D) -> Self {
        Self { waiting: frame::MAGIC.to_vec(), ..Self::go_on(disk) }
    }
    /// For a file that ends with a whole record.
    pub fn go_on(disk: D) -> Self {
        Self { disk, waiting: Vec::new(), unsynced: false, broken: None }
    }
    /// Puts a record in line. It is not on disk before `sync` returned.
    pub fn push(&mut self, record: &Record) -> io::Result<()> {
        self.usable()?;
        let body = serde_json::to_vec(record)?;
        frame::put(&mut self.waiting, &body);
        Ok(())
    }
    /// Hands everything in line to the system: it outlives this process, but not a power cut.
    pub fn flush(&mut self) -> io::Result<()> {
        self.usable()?;
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.unsynced = true;
        let done = self.disk.append(&self.waiting);
        self.waiting.clear();
        self.note(done)
    }
    /// Returns when everything in line is on disk. One wait serves all records that came together.
    pub fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        if !self.unsynced {
            return Ok(());
        }
        let done = self.disk.sync();
        self.unsynced = false;
        self.note(done)
    }
    fn usable(&self) -> io::Result<()> {
        match &self.broken {
            Some(first) => Err(io::Error::other(format!("it failed before: {first}"))),
            None => Ok(()),
        }
    }
    fn note(&mut self, done: io::Result<()>) -> io::Result<()> {
        if let Err(error) = &done {
            self.broken = Some(error.to_string());
        }
        done
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    #[derive(Default)]
    struct Told {
        bytes: Vec<u8>,
        syncs: usize,
        full: bool,
    }
    impl Disk for Rc<RefCell<Told>> {
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            if self.borrow().full {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.borrow_mut().bytes.extend_from_slice(bytes);
            Ok(())
        }
        fn sync(&mut self) -> io::Result<()> {
            self.borrow_mut().syncs += 1;
            Ok(())
        }
    }
    fn notice(message: &str) -> Record {
        Record::Notice { t: 0, message: message.into() }
    }

    #[test]
    fn records_that_come_together_wait_for_the_disk_once() {
        let disk = Rc::new(RefCell::new(Told::default()));
        let mut writer = Writer::begin(disk.clone());
        writer.push(&notice("a")).unwrap();
        writer.push(&notice("b")).unwrap();
        writer.sync().unwrap();
        writer.sync().unwrap();
        assert_eq!(disk.borrow().syncs, 1);
        assert_eq!(frame::take(&disk.borrow().bytes).unwrap().bodies.len(), 2);
    }

    #[test]
    fn after_one_failure_nothing_more_is_written() {
        let disk = Rc::new(RefCell::new(Told { full: true, ..Told::default() }));
        let mut writer = Writer::begin(disk.clone());
        writer.push(&notice("a")).unwrap();
        assert!(writer.sync().is_err());
        disk.borrow_mut().full = false;
        assert!(writer.push(&notice("b")).is_err());
        assert!(writer.sync().is_err());
        assert!(disk.borrow().bytes.is_empty());
    }
}
