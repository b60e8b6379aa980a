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
