//! PEM: the parts of a text between lines of dashes. What is decoded is wiped when it goes, for it may be a private key.

use crate::model::Hidden;
use crate::sys::base64;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const WIDTH: usize = 64;

/// One part: what it says that it is, as `CERTIFICATE`, and its bytes.
pub struct Part {
    pub label: Box<str>,
    pub bytes: Hidden,
}

/// True where a part begins at the start of a line, which it does in no YAML.
pub fn is_pem(text: &[u8]) -> bool {
    text.starts_with(BEGIN.as_bytes())
        || text.windows(BEGIN.len() + 1).any(|at| at[0] == b'\n' && &at[1..] == BEGIN.as_bytes())
}

/// All parts of a text, in their order. Words around them are passed over, as everybody does.
pub fn parts(text: &[u8]) -> Result<Vec<Part>, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| "is no text, and so no PEM")?;
    let mut parts = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(label) = label(line, BEGIN) else { continue };
        let mut inner: Vec<&str> = Vec::new();
        loop {
            match lines.next() {
                None => return Err("ends within a part of PEM: is it whole?"),
                Some(line) if line.starts_with(END) && self::label(line, END) == Some(label) => break,
                Some(line) if line.starts_with(DASHES) => {
                    return Err("a part of PEM ends with another name than it begins");
                }
                Some(line) if line.contains(':') => {
                    return Err(
                        "is a key protected by a passphrase in the old way of OpenSSL: take that off, with openssl pkey",
                    );
                }
                Some(line) => inner.push(line.trim_start()),
            }
        }
        // Put together at once: what grows leaves copies behind.
        let inner = Hidden::from(inner.concat());
        let decoded = std::str::from_utf8(inner.reveal()).ok().and_then(base64::decode);
        let bytes = decoded.ok_or("a part of PEM is not base64: is it whole?")?;
        parts.push(Part { label: label.into(), bytes });
    }
    Ok(parts)
}

fn label<'l>(line: &'l str, mark: &str) -> Option<&'l str> {
    line.strip_prefix(mark)?.strip_suffix(DASHES)
}

/// Bytes as one part.
pub fn write(label: &str, bytes: &[u8]) -> Hidden {
    let inner = Hidden::from(base64::encode(bytes));
    let mut text = Vec::with_capacity(inner.len() + inner.len() / WIDTH + 2 * (label.len() + 20));
    text.extend_from_slice(format!("{BEGIN}{label}{DASHES}\n").as_bytes());
    for line in inner.reveal().chunks(WIDTH) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(format!("{END}{label}{DASHES}\n").as_bytes());
    Hidden::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_with_what_stands_around_it() {
        let bytes: Vec<u8> = (0..=200).collect();
        let text = [b"subject=x\n", write("A KEY", &bytes).reveal(), write("B", b"").reveal(), b"the end\n"].concat();
        assert!(is_pem(&text) && !is_pem(b"tls.key: |\n  -----BEGIN A-----\n"));
        let parts = parts(&text).unwrap_or_default();
        let read: Vec<(&str, &[u8])> = parts.iter().map(|part| (&*part.label, part.bytes.reveal())).collect();
        assert_eq!(read, [("A KEY", &bytes[..]), ("B", &[][..])]);
        assert!(super::parts(b"nothing").is_ok_and(|parts| parts.is_empty()));
    }

    #[test]
    fn a_part_of_a_million_lines_is_read_in_one_go() {
        let text = format!("{BEGIN}A{DASHES}\n{}{END}A{DASHES}\n", "QUJD\n".repeat(1_000_000));
        let began = std::time::Instant::now();
        assert!(parts(text.as_bytes()).is_ok_and(|parts| parts[0].bytes.len() == 3_000_000));
        // Copied anew for each line it would be hours.
        assert!(began.elapsed() < std::time::Duration::from_secs(30));
    }

    #[test]
    fn what_is_torn_or_mixed_up_is_refused() {
        let whole = write("A", &[7; 99]);
        let text = String::from_utf8_lossy(whole.reveal()).into_owned();
        for bad in [
            text.replace("-----END A-----", ""),
            text.replace("END A", "END B"),
            text.replace("BwcH", "Bw!H"),
            text.replacen("BwcH", "Bwc", 1),
            text.replacen('\n', "\nProc-Type: 4,ENCRYPTED\n", 1),
        ] {
            assert!(parts(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parts(&[0xff, 0xfe]).is_err());
    }
}
