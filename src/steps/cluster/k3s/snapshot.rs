//! Whether a file is a snapshot of etcd, whole, before anything is made to wait for it. What is in it is not known here.

use crate::model::digest::Plain;
use crate::sys::{Look, hosts};
use std::io::Read;
use std::path::Path;

/// What the pages of etcd's database begin with: an id, flags, counts; and in the first of them, this number.
const MAGIC: u32 = 0xED0C_DAED;
const MAGIC_AT: usize = 16;
const VERSION: u32 = 2;
/// etcd writes the digest of all that is before behind it.
const TRAILER: usize = 32;
/// A database is made of such blocks at least.
const BLOCK: u64 = 512;
const ZIP: &[u8] = b"PK\x03\x04";

/// What sort of a snapshot it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// As etcd writes it; its own digest agrees.
    Whole,
    /// As k3s packs it: only k3s can tell whether what is in it is whole.
    Packed,
}

/// The words follow the name of the file.
pub fn check(look: Look, path: &Path) -> Result<Sort, String> {
    let mut file = hosts::open(look, path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "is not there".to_owned(),
        std::io::ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        _ => format!("cannot be read: {error}"),
    })?;
    read(&mut file, path.extension().is_some_and(|end| end == "zip"))
}

fn read(from: &mut dyn Read, named_zip: bool) -> Result<Sort, String> {
    let (mut plain, mut length, mut head) = (Plain::default(), 0u64, Vec::new());
    // The last bytes are held back until it is known that they are not the digest.
    let mut held: Vec<u8> = Vec::new();
    let mut part = vec![0; 1 << 20];
    loop {
        let count = from.read(&mut part).map_err(|error| format!("cannot be read: {error}"))?;
        if count == 0 {
            break;
        }
        if head.len() < MAGIC_AT + 8 {
            head.extend_from_slice(&part[..count.min(64)]);
            if head.starts_with(ZIP) {
                return match named_zip {
                    true => Ok(Sort::Packed),
                    false => Err("is packed, and k3s unpacks only what is called .zip: give it that name".to_owned()),
                };
            }
        }
        held.extend_from_slice(&part[..count]);
        length += count as u64;
        let ready = held.len().saturating_sub(TRAILER);
        plain.add(&held[..ready]);
        held.drain(..ready);
    }
    let number = |at: usize| {
        let bytes = head.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    if number(MAGIC_AT) != Some(MAGIC) || number(MAGIC_AT + 4) != Some(VERSION) {
        return Err("is no snapshot of etcd: it does not begin as its database does".to_owned());
    }
    if length % BLOCK != TRAILER as u64 {
        return Err(format!("is not whole: {length} bytes are no database with its digest behind it"));
    }
    match plain.finish().is(&held) {
        true => Ok(Sort::Whole),
        false => Err("is damaged: the digest at its end is that of other bytes".to_owned()),
    }
}

/// Whether it was etcd before 3.6 that wrote it: later ones write down by which version a database can be read.
pub fn of_etcd_3_5(look: Look, path: &Path) -> Result<bool, String> {
    let mut found = false;
    through(look, path, |part| found |= part.windows(MARK_OF_SIX.len()).any(|one| one == MARK_OF_SIX))?;
    Ok(!found)
}

const MARK_OF_SIX: &[u8] = b"storageVersion";

/// The version of k3s that a program says it is, as text and as two numbers. None where it says several, or none.
pub fn version_in(look: Look, path: &Path) -> Result<Option<Version>, String> {
    let mut found = std::collections::BTreeSet::new();
    through(look, path, |part| {
        found.extend(
            part.windows(4)
                .enumerate()
                .filter_map(|(at, one)| (one == b"+k3s").then(|| version_before(part, at)).flatten()),
        )
    })?;
    let mut found = found.into_iter();
    Ok(found.next().filter(|_| found.next().is_none()))
}

pub type Version = (String, (u64, u64));

/// The `v1.34.4` in front of this place.
fn version_before(bytes: &[u8], at: usize) -> Option<Version> {
    let from = bytes[..at].iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    let text = std::str::from_utf8(&bytes[from..at]).ok()?;
    let mut numbers = text.strip_prefix('v')?.split('.');
    let (major, minor) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    numbers.next()?.parse::<u64>().ok()?;
    Some((text.to_owned(), (major, minor)))
}

/// Goes through a file in parts that overlap, so that no short word is cut.
fn through(look: Look, path: &Path, mut work: impl FnMut(&[u8])) -> Result<(), String> {
    const OVERLAP: usize = 64;
    let mut file = hosts::open(look, path).map_err(|error| error.to_string())?;
    let (mut part, mut kept) = (vec![0; 1 << 20], 0);
    loop {
        let count = file.read(&mut part[kept..]).map_err(|error| error.to_string())?;
        if count == 0 {
            return Ok(());
        }
        let length = kept + count;
        work(&part[..length]);
        kept = length.min(OVERLAP);
        part.copy_within(length - kept..length, 0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn made() -> Vec<u8> {
        let mut bytes = vec![7; 3 << 20];
        bytes[MAGIC_AT..MAGIC_AT + 4].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[MAGIC_AT + 4..MAGIC_AT + 8].copy_from_slice(&VERSION.to_le_bytes());
        let digest = Plain::of(&bytes).to_string();
        let digits = |at: usize| u8::from_str_radix(&digest[at..at + 2], 16).unwrap();
        bytes.extend((0..TRAILER).map(|at| digits(2 * at)));
        bytes
    }

    #[test]
    fn what_wrote_a_snapshot_and_what_a_program_is_stand_in_their_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (look, path) = (Look::new(), folder.path().join("file"));
        let mut bytes = vec![b'x'; (1 << 20) - 6];
        bytes.extend(b"storageVersion and \0v1.34.4+k3s1\0");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(of_etcd_3_5(look, &path), Ok(false));
        assert_eq!(version_in(look, &path), Ok(Some(("v1.34.4".to_owned(), (1, 34)))));
        std::fs::write(&path, b"v1.34.4+k3s1 v1.33.1+k3s2 go1.24+k3s").unwrap();
        assert_eq!((of_etcd_3_5(look, &path), version_in(look, &path)), (Ok(true), Ok(None)));
    }

    #[test]
    fn a_snapshot_is_whole_or_the_reason_is_told() {
        let whole = made();
        assert_eq!(read(&mut &*whole, false), Ok(Sort::Whole));
        let why = |bytes: &[u8]| read(&mut &*bytes, false).unwrap_err();
        assert!(why(&whole[..whole.len() - 1]).starts_with("is not whole"));
        assert!(why(&whole[..1 << 20]).starts_with("is not whole"));
        let mut damaged = whole.clone();
        damaged[2 << 20] ^= 1;
        assert!(why(&damaged).starts_with("is damaged"));
        for none in [&b""[..], b"SQLite format 3\0 and more of it", &whole[1..]] {
            assert!(why(none).starts_with("is no snapshot of etcd"), "{none:?}");
        }
        assert!(why(b"PK\x03\x04 and so on").starts_with("is packed"));
        assert_eq!(read(&mut &b"PK\x03\x04 and so on"[..], true), Ok(Sort::Packed));
    }
}
