//! Every byte prefix of a journal, resumed in a world that fits it. Bytes and not records: a kill knows no records.

use super::{Done, IDS, done, each};
use crate::common::{self, Dice};
use blackstart::journal::{Did, Record, read};

/// The steps whose intent lies wholly within these bytes, in order.
fn begun(bytes: &[u8]) -> Vec<&'static str> {
    let mut begun = Vec::new();
    for record in read(bytes).unwrap().records {
        if let Record::Step { step, did: Did::Touch { .. }, .. } = record {
            begun.extend(IDS.into_iter().filter(|id| *id == step.as_str()));
        }
    }
    begun
}

/// As a person would who reads what is printed: looks, and says which it is.
fn settle(done: &Done, at: &str) -> Result<(), String> {
    let folder = done.folder();
    let mut words: Vec<String> = vec![folder.clone()];
    for _ in 0..5 {
        let before = done.there();
        let told = done.lab.resume(&words.iter().map(String::as_str).collect::<Vec<_>>());
        words.truncate(1);
        if told.all().contains("panicked") || told.code < 0 {
            return Err(format!("{at}: {told:?}"));
        }
        match told.code {
            0 if done.there() == IDS && done.counts() == [1; 3] => return Ok(()),
            0 => return Err(format!("{at}: exit 0, there is {:?}, counted {:?}", done.there(), done.counts())),
            3 if told.all().contains("it has no head") => {
                let untouched =
                    done.there() == before && begun(&std::fs::read(done.run.join("journal")).unwrap()).is_empty();
                return if untouched { Ok(()) } else { Err(format!("{at}: refused after it had begun")) };
            }
            3 => {
                for id in ["one", "three"].into_iter().filter(|id| told.all().contains(&format!("--redo {id}"))) {
                    let word = if done.there().contains(&id) { "--accept" } else { "--redo" };
                    words.extend([word.to_owned(), id.to_owned()]);
                }
                if words.len() == 1 {
                    return Err(format!("{at}: it asks and names no step: {}", told.all()));
                }
            }
            _ => return Err(format!("{at}: exit {}: {}", told.code, told.all())),
        }
    }
    Err(format!("{at}: does not settle"))
}

fn point(done: &Done, (part, last_absent): (f64, bool)) -> Result<(), String> {
    // Journals of two runs differ by a few bytes: a place in one is a place in the other.
    let cut = (part * done.journal.len() as f64).round() as usize;
    let prefix = &done.journal[..cut];
    if last_absent && cut == done.journal.len() {
        // A run that came to its end is not looked at any more, whatever becomes of the world after it.
        return Ok(());
    }
    let mut effects = begun(prefix);
    if last_absent && effects.pop().is_none() {
        return Ok(());
    }
    done.set(&effects, prefix);
    settle(done, &format!("prefix of {cut} of {} bytes, last absent: {last_absent}", done.journal.len()))
}

#[test]
fn every_byte_prefix_comes_to_the_same_end_or_says_why_not() {
    let length = done().journal.len();
    let cuts: Vec<usize> = match common::long() {
        true => (0..=length).collect(),
        false => Dice(common::seed("prefixes")).some(length + 1, 30),
    };
    let points: Vec<(f64, bool)> =
        cuts.iter().flat_map(|cut| [false, true].map(|absent| (*cut as f64 / length as f64, absent))).collect();
    let count = points.len();
    let wrong = each(points, point);
    println!("prefixes: {count} of {} points, {} failures", 2 * (length + 1), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Seen red: a world in which an effect happened that the journal says nothing of is noticed by the count.
#[test]
fn an_effect_too_many_would_be_noticed() {
    let done = done();
    let first = read(&done.journal).unwrap();
    assert_eq!(begun(&done.journal), IDS);
    let head = blackstart::journal::frame::take(&done.journal).unwrap().ends[0];
    assert!(first.records.len() > 3 && begun(&done.journal[..head]).is_empty());
    done.set(&["one"], &done.journal[..head]);
    assert!(settle(&done, "").is_err_and(|why| why.contains("[2, 1, 1]")));
}
