//! A power cut: what was not synced is gone, or half there. A record may be relied on only once its sync has returned.

use blackstart::journal::{Disk, Record, Writer, read};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

#[derive(Default)]
struct State {
    durable: Vec<u8>,
    /// Written and not synced.
    floating: Vec<u8>,
    /// A disk that says yes and does nothing.
    lies: bool,
}
#[derive(Clone, Default)]
struct Losing(Rc<RefCell<State>>);

impl Disk for Losing {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().floating.extend_from_slice(bytes);
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        if !state.lies {
            let floating = std::mem::take(&mut state.floating);
            state.durable.extend(floating);
        }
        Ok(())
    }
}

/// A real head, so that the records are those of a journal.
fn records() -> Vec<Record> {
    let done = super::done();
    read(&done.journal).unwrap().records
}

#[derive(Clone, Copy)]
enum Act {
    Push,
    Flush,
    Sync,
}

/// Plays this many acts, then cuts the power: gives the records that were pushed, how many were promised, and the disk.
fn play<'r>(records: &'r [Record], acts: &[Act], lies: bool) -> (&'r [Record], usize, Losing) {
    let disk = Losing::default();
    disk.0.borrow_mut().lies = lies;
    let mut writer = Writer::begin(disk.clone());
    let (mut pushed, mut promised) = (0, 0);
    for act in acts {
        match act {
            Act::Push if pushed < records.len() => {
                writer.push(&records[pushed]).unwrap();
                pushed += 1;
            }
            Act::Push => {}
            Act::Flush => writer.flush().unwrap(),
            Act::Sync => {
                writer.sync().unwrap();
                promised = pushed;
            }
        }
    }
    (&records[..pushed], promised, disk)
}

/// Whatever of the floating bytes came to the disk: what was promised is there, and nothing is that was not pushed.
fn check(pushed: &[Record], promised: usize, disk: &Losing) -> Result<usize, String> {
    let state = disk.0.borrow();
    let (durable, floating) = (&state.durable, &state.floating);
    let mut checked = 0;
    for kept in 0..=floating.len() {
        let torn = [durable, &floating[..kept]].concat();
        // Some file systems make the file as long as it was to be, and leave zeros where nothing came.
        let zeros = [durable, &floating[..kept], &vec![0; floating.len() - kept][..]].concat();
        for (bytes, padded) in [(torn, false), (zeros, true)] {
            match read(&bytes) {
                Ok(story) => {
                    if story.records.len() < promised || !pushed.starts_with(&story.records) {
                        return Err(format!("{} records of {promised} promised", story.records.len()));
                    }
                }
                // Zeros behind half a record cannot be told from damage, but then they stand behind all that was promised.
                Err(damage) if padded && damage.offset >= durable.len() => {}
                Err(damage) => return Err(format!("{kept} bytes kept, zeros {padded}: {damage:?}")),
            }
            checked += 1;
        }
    }
    // A later block may come to the disk without an earlier one.
    for hole in (0..floating.len()).step_by(7) {
        let mut bytes = [&durable[..], floating].concat();
        let end = (durable.len() + hole + 64).min(bytes.len());
        bytes[durable.len() + hole..end].fill(0);
        match read(&bytes) {
            Ok(story) if story.records.len() >= promised && pushed.starts_with(&story.records) => {}
            Err(damage) if damage.offset >= durable.len() || damage.offset < 21 && durable.is_empty() => {}
            other => return Err(format!("a hole at {hole}: {other:?}")),
        }
        checked += 1;
    }
    Ok(checked)
}

#[test]
fn only_what_a_returned_sync_promised_is_relied_upon() {
    use Act::{Flush, Push, Sync};
    let records = records();
    let ways: [&[Act]; 4] = [
        &[Push, Sync],
        &[Push, Push, Sync, Push, Flush],
        &[Push, Flush, Push, Sync],
        &[Push, Push, Push, Flush, Flush, Sync, Sync],
    ];
    let mut checked = 0;
    for way in ways {
        let acts: Vec<Act> = way.iter().copied().cycle().take(24).collect();
        for count in 0..=acts.len() {
            let (pushed, promised, disk) = play(&records, &acts[..count], false);
            checked += check(pushed, promised, &disk).unwrap_or_else(|why| panic!("after {count} acts: {why}"));
        }
    }
    println!("power cuts: {checked}, 0 failures");
    // Seen red: a disk that lies about its sync is caught.
    let (pushed, promised, disk) = play(&records, &[Push, Push, Sync], true);
    assert!(check(pushed, promised, &disk).is_err());
}
