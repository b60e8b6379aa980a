//! How records lie in the file: `length | crc of the length | crc of the body | body`. The length has a check of its own,
//! so that a flipped bit in it cannot pass for a torn end.

/// The first bytes of every journal; the number is the version of the format.
pub const MAGIC: &[u8] = b"blackstart journal 1\n";
const NAME: &[u8] = b"blackstart journal ";
const HEAD: usize = 12;
/// No record is longer; a longer length is damage.
const LONGEST: usize = 256 << 20;

/// What a file holds, as far as it is whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Frames<'b> {
    pub bodies: Vec<&'b [u8]>,
    /// The offset behind each body.
    pub ends: Vec<usize>,
    /// How many bytes are good; what stands behind them is a torn end that was never acted upon.
    pub good: usize,
    pub torn: usize,
}

/// The file is not as it was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Damage {
    pub offset: usize,
    pub what: String,
}

fn damage<T>(offset: usize, what: impl Into<String>) -> Result<T, Damage> {
    Err(Damage { offset, what: what.into() })
}

/// Adds a framed body to a buffer.
pub fn put(buffer: &mut Vec<u8>, body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    buffer.extend_from_slice(&length);
    buffer.extend_from_slice(&crc32fast::hash(&length).to_le_bytes());
    buffer.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    buffer.extend_from_slice(body);
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |n, byte| n << 8 | u32::from(*byte))
}

/// Takes a file apart. A record that the file ends within was never synced, so nothing rests on it: it is left out and
/// counted. So is an end of nothing but zeros, which some file systems leave after a power cut. All else is damage.
pub fn take(bytes: &[u8]) -> Result<Frames<'_>, Damage> {
    let mut frames = Frames { bodies: Vec::new(), ends: Vec::new(), good: 0, torn: 0 };
    if bytes.len() < MAGIC.len() && MAGIC.starts_with(bytes) {
        frames.torn = bytes.len();
        return Ok(frames);
    }
    if !bytes.starts_with(MAGIC) {
        return match bytes.strip_prefix(NAME).and_then(|rest| rest.split(|b| *b == b'\n').next()) {
            Some(version) if version.len() < 10 && version.iter().all(u8::is_ascii_digit) => {
                let version = String::from_utf8_lossy(version);
                damage(NAME.len(), format!("is of format {version}; this blackstart reads format 1"))
            }
            _ => damage(0, "does not begin like a journal"),
        };
    }
    frames.good = MAGIC.len();
    while let Some(body) = next(bytes, frames.good)? {
        frames.good += size(body);
        frames.bodies.push(body);
        frames.ends.push(frames.good);
    }
    frames.torn = bytes.len() - frames.good;
    Ok(frames)
}

/// The body that begins at `at`, or `None` where the file ends before it is whole.
pub fn next(bytes: &[u8], at: usize) -> Result<Option<&[u8]>, Damage> {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.len() < HEAD || rest.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    if crc32fast::hash(&rest[..4]) != number(&rest[4..8]) {
        return damage(at, "a record's length does not agree with its check sum");
    }
    let length = number(&rest[..4]) as usize;
    if length > LONGEST {
        return damage(at, format!("a record claims {length} bytes"));
    }
    match rest.get(HEAD..HEAD + length) {
        Some(body) if crc32fast::hash(body) != number(&rest[8..12]) => {
            damage(at, "a record does not agree with its check sum")
        }
        body => Ok(body),
    }
}

/// How many bytes a body takes in the file.
pub fn size(body: &[u8]) -> usize {
    HEAD + body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        for body in [b"one".as_slice(), b"", b"three"] {
            put(&mut file, body);
        }
        file
    }

    #[test]
    fn records_come_out_as_they_went_in() {
        let file = three();
        let frames = take(&file).unwrap_or_else(|damage| unreachable!("{damage:?}"));
        assert_eq!(frames.bodies, [b"one".as_slice(), b"", b"three"]);
        assert_eq!((frames.good, frames.torn), (file.len(), 0));
    }

    #[test]
    fn every_prefix_is_a_whole_beginning_and_a_torn_end() {
        let file = three();
        let whole = take(&file).map(|frames| frames.ends.clone()).unwrap_or_default();
        for cut in 0..=file.len() {
            let frames = take(&file[..cut]).unwrap_or_else(|damage| unreachable!("{cut}: {damage:?}"));
            assert_eq!(frames.bodies.len(), whole.iter().filter(|end| **end <= cut).count());
            assert_eq!(frames.good + frames.torn, cut);
        }
    }

    #[test]
    fn every_flipped_bit_is_damage() {
        let file = three();
        for bit in 0..file.len() * 8 {
            let mut bad = file.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(take(&bad).is_err(), "bit {bit} went unnoticed");
        }
    }

    #[test]
    fn a_tail_of_zeros_is_a_torn_end() {
        let mut file = three();
        let good = file.len();
        file.extend_from_slice(&[0; 100]);
        assert_eq!(take(&file).map(|frames| (frames.good, frames.torn)), Ok((good, 100)));
    }

    #[test]
    fn another_format_is_named() {
        let damage = take(b"blackstart journal 7\nxxxx");
        assert!(damage.is_err_and(|damage| damage.what.contains("format 7")));
    }
}
