//! Takes known secret values out of texts, in every form in which programs write them. It knows no source and no sink: who
//! prints or keeps a text that came from elsewhere hands it through here first.

use super::Hidden;
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::BuildHasher;

/// Shorter values are ordinary words (`admin`, `true`): taken out everywhere they would destroy the text and hide nothing.
pub const SHORTEST: usize = 8;
/// What stands in the place of a value.
pub const MARK: &str = "[hidden]";

/// What JSON makes of one byte at the most: `\u001b`.
const LONGEST_ESCAPE: usize = 6;

/// All values of a store, in all their forms.
#[derive(Default)]
pub struct Redactor {
    forms: Vec<Hidden>,
    /// How long the forms are that begin with these bytes, longest first.
    heads: HashMap<[u8; SHORTEST], Vec<usize>>,
    /// Where they are, by their length and a keyed hash of both their ends: the lines of a large value can all begin alike.
    places: HashMap<(usize, u64), Vec<usize>>,
    hasher: RandomState,
    /// Whether any form begins with these two bytes.
    first: Vec<bool>,
    longest: usize,
}

impl Redactor {
    pub fn add(&mut self, value: &Hidden) {
        let bytes = value.reveal();
        self.add_forms(bytes);
        // Logs are written line by line, and a key or a certificate has many.
        if bytes.contains(&b'\n') {
            let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            lines.filter(|line| !line.starts_with(b"-----")).for_each(|line| self.add_forms(line));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }
    /// The length of the longest form: so much of a stream is held back before its rest is known.
    pub fn longest(&self) -> usize {
        self.longest
    }

    fn add_forms(&mut self, value: &[u8]) {
        if value.len() < SHORTEST {
            return;
        }
        self.form(value.to_vec());
        for skip in 0..3 {
            let text = base64_within(value, skip);
            let url = text.iter().map(|byte| match byte {
                b'+' => b'-',
                b'/' => b'_',
                other => *other,
            });
            self.form(url.collect());
            self.form(text);
        }
        let hex = |upper: bool| {
            let mut text = String::with_capacity(value.len() * 2);
            value.iter().for_each(|byte| {
                let _ = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
            });
            text.into_bytes()
        };
        self.form(hex(false));
        self.form(hex(true));
        self.form(escaped(value, false));
        self.form(escaped(value, true));
        if let Ok(text) = std::str::from_utf8(value) {
            let mut json = Vec::with_capacity(text.len() * LONGEST_ESCAPE + 2);
            if serde_json::to_writer(&mut json, text).is_ok() {
                let json = Hidden::new(json);
                self.form(json.reveal()[1..json.len() - 1].to_vec());
            }
            let mut debug = String::with_capacity(text.escape_debug().map(char::len_utf8).sum());
            debug.extend(text.escape_debug());
            self.form(debug.into_bytes());
        }
    }

    fn form(&mut self, form: Vec<u8>) {
        let Some(head) = form.first_chunk::<SHORTEST>().copied() else { return };
        let form = Hidden::new(form);
        let place = (form.len(), self.hasher.hash_one(ends(form.reveal())));
        let known = self.places.entry(place).or_default();
        if known.iter().any(|at| self.forms[*at].same(&form)) {
            return;
        }
        known.push(self.forms.len());
        let lengths = self.heads.entry(head).or_default();
        if let Err(at) = lengths.binary_search_by(|length| form.len().cmp(length)) {
            lengths.insert(at, form.len());
        }
        if self.first.is_empty() {
            self.first = vec![false; 1 << 16];
        }
        self.first[pair(&head)] = true;
        self.longest = self.longest.max(form.len());
        self.forms.push(form);
    }

    /// The text without any value.
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.hide_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // A value may end within a letter of the text: what is left of it is no text, and is shown as such.
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    pub fn hide_bytes<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut out, mut copied, mut at) = (Vec::new(), 0, 0);
        while let Some(head) = text[at..].first_chunk::<SHORTEST>() {
            match self.found(head, &text[at..]) {
                None => at += 1,
                Some(length) => {
                    out.extend_from_slice(&text[copied..at]);
                    out.extend_from_slice(MARK.as_bytes());
                    at += length;
                    copied = at;
                }
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.extend_from_slice(&text[copied..]);
        Cow::Owned(out)
    }

    fn found(&self, head: &[u8; SHORTEST], rest: &[u8]) -> Option<usize> {
        if !self.first[pair(head)] {
            return None;
        }
        let is_form = |part: &[u8]| {
            let known = self.places.get(&(part.len(), self.hasher.hash_one(ends(part))));
            known.is_some_and(|known| known.iter().any(|at| self.forms[*at].reveal() == part))
        };
        self.heads.get(head)?.iter().copied().find(|length| rest.get(..*length).is_some_and(is_form))
    }
}

/// How it begins and how it ends. To look at all of a long one wherever a text begins alike would take too long.
fn ends(form: &[u8]) -> (&[u8], &[u8]) {
    let end = form.len().min(32);
    (&form[..end], &form[form.len() - end..])
}

fn pair(head: &[u8; SHORTEST]) -> usize {
    usize::from(head[0]) << 8 | usize::from(head[1])
}

/// What base64 makes of a value that stands `skip` bytes into a group of three: only the letters that the value alone
/// decides, so that it is found whatever stands around it.
fn base64_within(value: &[u8], skip: usize) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |at: usize| {
        let (byte, shift) = ((at / 8).checked_sub(skip), 7 - at % 8);
        byte.and_then(|byte| value.get(byte)).map(|byte| usize::from(byte >> shift & 1))
    };
    // Made as large as it becomes, here and below: what grows leaves copies behind.
    let letters = (skip * 8).div_ceil(6)..(skip + value.len()) * 8 / 6;
    let letter = |at: usize| (0..6).try_fold(0, |sum, i| Some(sum << 1 | bit(at * 6 + i)?)).map(|sum| LETTERS[sum]);
    let mut text = Vec::with_capacity(letters.len());
    text.extend(letters.filter_map(letter));
    text
}

/// As in a URL: everything but the plain letters, or everything but these and what needs no escape in a path.
fn escaped(value: &[u8], lower: bool) -> Vec<u8> {
    let mut text = String::with_capacity(value.len() * 3);
    for byte in value {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(*byte)),
            _ if lower => {
                let _ = write!(text, "%{byte:02x}");
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "canary/4711+\"ü\\x";

    fn redactor(values: &[&str]) -> Redactor {
        let mut redactor = Redactor::default();
        values.iter().for_each(|value| redactor.add(&Hidden::from((*value).to_owned())));
        redactor
    }

    /// By a way of its own, bit by bit.
    fn base64(bytes: &[u8]) -> String {
        let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
        let letters = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain("+/".chars()).collect::<Vec<_>>();
        let groups = bits.as_bytes().chunks(6).map(|group| format!("{:0<6}", String::from_utf8_lossy(group)));
        groups.map(|group| letters[usize::from_str_radix(&group, 2).unwrap_or(0)]).collect()
    }

    #[test]
    fn a_value_is_found_in_every_form_and_at_every_place() {
        let redactor = redactor(&[VALUE]);
        let hex: String = VALUE.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut texts = vec![
            VALUE.to_owned(),
            format!("a{VALUE}b{VALUE}"),
            hex.to_uppercase(),
            hex,
            serde_json::Value::from(VALUE).to_string(),
            format!("{VALUE:?}"),
            "canary%2F4711%2B%22%C3%BC%5Cx".to_owned(),
            "canary%2f4711%2b%22%c3%bc%5cx".to_owned(),
        ];
        for before in 0..6 {
            let text = base64(format!("{}{VALUE}behind", "x".repeat(before)).as_bytes());
            texts.push(text.replace('+', "-").replace('/', "_"));
            texts.push(text);
        }
        for text in texts {
            let hidden = redactor.hide(&text);
            assert!(hidden.contains(MARK), "{text} was left as it is");
            assert!(!hidden.contains("4711") && !hidden.contains("NDcxM"), "{text}: {hidden}");
        }
    }

    #[test]
    fn other_text_stays_byte_for_byte() {
        let redactor = redactor(&[VALUE, "admin", "", "another value"]);
        for text in ["", "admin", "canary/4712", "nothing of it ü", "canary/"] {
            assert!(matches!(redactor.hide(text), Cow::Borrowed(same) if same == text), "{text}");
        }
        assert_eq!(redactor.hide("a another value, and another value."), "a [hidden], and [hidden].");
        assert_eq!(redactor.hide_bytes(b"\xff\xfeanother value\xff").as_ref(), b"\xff\xfe[hidden]\xff");
    }

    #[test]
    fn each_line_of_a_long_value_is_found_alone_and_the_longest_value_first() {
        let redactor =
            redactor(&["-----BEGIN KEY-----\nfirst-line-of-it\nsecond-line-of-it\n", "second-line", "second-line-of"]);
        assert_eq!(redactor.hide("-----BEGIN KEY----- first-line-of-it"), "-----BEGIN KEY----- [hidden]");
        assert_eq!(redactor.hide("second-line-of-it!"), "[hidden]!");
        assert_eq!(redactor.hide("second-line-of!"), "[hidden]!");
    }

    #[test]
    fn a_large_value_whose_lines_all_begin_alike_is_learnt_and_found_in_no_time() {
        let value: String = (0..20_000).map(|n| format!("password-of-{n:05}\n")).collect();
        let begun = std::time::Instant::now();
        let redactor = redactor(&[&value]);
        let hidden = redactor.hide(&value.replace('\n', " and ")).into_owned();
        assert_eq!(hidden, format!("{MARK} and ").repeat(20_000));
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
