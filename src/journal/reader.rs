//! Reads a journal back: whole, or with a torn end left out, or not at all and then with the offset.

use super::frame::{self, Damage};
use super::record::{Begin, Record};

/// A journal as it can be relied on.
#[derive(Debug)]
pub struct Story {
    pub records: Vec<Record>,
    /// Where the good part ends; a writer goes on from here.
    pub good: usize,
    /// Bytes behind it that were never acted upon.
    pub torn: usize,
}

impl Story {
    /// The head, when the run got as far as writing it.
    pub fn begin(&self) -> Option<&Begin> {
        match self.records.first() {
            Some(Record::Begin(begin)) => Some(begin),
            _ => None,
        }
    }
}

pub fn read(bytes: &[u8]) -> Result<Story, Damage> {
    let frames = frame::take(bytes)?;
    let mut records = Vec::with_capacity(frames.bodies.len());
    let mut offset = frame::MAGIC.len();
    for (i, (body, end)) in frames.bodies.iter().zip(&frames.ends).enumerate() {
        let record: Record = serde_json::from_slice(body).map_err(|error| Damage {
            offset,
            what: format!("a record is of a kind that this blackstart does not know ({error})"),
        })?;
        if matches!(record, Record::Begin(_)) != (i == 0) {
            let what = "the head is not the first record".to_owned();
            return Err(Damage { offset, what });
        }
        offset = *end;
        records.push(record);
    }
    Ok(Story { records, good: frames.good, torn: frames.torn })
}
