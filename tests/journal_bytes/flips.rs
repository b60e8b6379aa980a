//! A single flipped bit, anywhere: told with its offset, never read as something else.

use super::{Done, IDS, done, each};
use crate::common::{self, Dice};
use blackstart::journal::{Past, read};

fn flipped(journal: &[u8], bit: usize) -> Vec<u8> {
    let mut bad = journal.to_vec();
    bad[bit / 8] ^= 1 << (bit % 8);
    bad
}

#[test]
fn every_flipped_bit_is_told_with_an_offset_before_it() {
    let done = done();
    // The whole run, and one that was killed: there a torn end must not hide the damage.
    for journal in [&done.journal[..], &done.journal[..done.journal.len() - 7]] {
        let whole = read(journal).unwrap();
        assert!(Past::of(&whole).is_ok());
        for bit in 0..journal.len() * 8 {
            match read(&flipped(journal, bit)) {
                Err(damage) => assert!(damage.offset <= bit / 8 || bit / 8 < 21, "bit {bit}: {damage:?}"),
                // In a torn end nothing was relied upon; what stands before it is as it was.
                Ok(story) => {
                    assert!(bit / 8 >= whole.good, "bit {bit} went unnoticed");
                    assert_eq!(story.records, whole.records, "bit {bit}");
                }
            }
        }
    }
}

fn point(done: &Done, (part, bit): (f64, usize)) -> Result<(), String> {
    let byte = ((part * done.journal.len() as f64) as usize).min(done.journal.len() - 1);
    let bad = flipped(&done.journal, byte * 8 + bit);
    done.set(&IDS, &bad);
    let folder = done.folder();
    for told in [
        done.lab.run(&["status", &folder]),
        done.lab.resume(&[&folder]),
        done.lab.resume(&[]),
        done.lab.run(&["report"]),
    ] {
        let all = told.all();
        if told.code != 3 || !all.contains("damaged at offset") || all.contains("panicked") {
            return Err(format!("byte {byte} bit {bit}: {told:?}"));
        }
    }
    // A damaged run is not in the way of looking at the others.
    let history = done.lab.run(&["history"]);
    if history.all().contains("panicked") || history.code < 0 {
        return Err(format!("byte {byte} bit {bit}: {history:?}"));
    }
    let kept = std::fs::read(done.run.join("journal")).unwrap() == bad;
    if done.there() == IDS && done.counts() == [1; 3] && kept {
        Ok(())
    } else {
        Err(format!("byte {byte} bit {bit}: the world was changed by a run that cannot be trusted"))
    }
}

#[test]
fn the_binary_refuses_a_journal_with_a_flipped_bit_and_leaves_the_world_alone() {
    let length = done().journal.len();
    let bits: Vec<usize> = match common::long() {
        true => (0..length * 8).collect(),
        false => Dice(common::seed("flips")).some(length * 8, 150),
    };
    let points: Vec<(f64, usize)> = bits.iter().map(|bit| ((bit / 8) as f64 / length as f64, bit % 8)).collect();
    let count = points.len();
    let wrong = each(points, point);
    println!("flipped bits: {count} of {}, {} failures", length * 8, wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Seen red: a bit that is flipped together with its check sum goes unnoticed by the frame.
#[test]
fn a_changed_record_with_its_check_sum_changed_too_is_read() {
    let done = done();
    let frames = blackstart::journal::frame::take(&done.journal).unwrap();
    let mut body = frames.bodies[0].to_vec();
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    let at = body.windows(version.len()).position(|window| window == version).unwrap();
    body[at] = b'9';
    let mut changed = blackstart::journal::frame::MAGIC.to_vec();
    blackstart::journal::frame::put(&mut changed, &body);
    assert_eq!(read(&changed).unwrap().begin().unwrap().version.as_bytes()[..2], *b"9.");
}
