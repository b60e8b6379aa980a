//! JSON as a tree with places: objects one behind the other, as kubectl takes them.

use super::budget::{Budget, DEEPEST, Purse};
use super::scalar;
use super::tree::{Field, Node, Value};
use super::yaml::once;
use crate::model::Spot;
use crate::sys::yaml::Broken;

/// The objects of a text that begins with a brace.
pub fn objects(text: &str, lines_before: usize, budget: &Budget) -> Result<Vec<Node>, Broken> {
    let line = u32::try_from(lines_before + 1).unwrap_or(u32::MAX);
    let spot = Spot { line, column: 1 };
    let purse = Purse::new(budget);
    let mut reader = Reader { text: text.as_bytes(), whole: text, at: 0, counted: 0, spot, purse };
    let mut nodes = Vec::new();
    loop {
        reader.space();
        if reader.at == text.len() {
            return Ok(nodes);
        }
        nodes.push(reader.value(0)?);
    }
}

struct Reader<'s, 'b> {
    text: &'s [u8],
    whole: &'s str,
    at: usize,
    /// Up to here `spot` has counted.
    counted: usize,
    spot: Spot,
    purse: Purse<'b>,
}

impl Reader<'_, '_> {
    fn spot(&mut self) -> Spot {
        for byte in &self.text[self.counted..self.at] {
            match byte {
                b'\n' => self.spot = Spot { line: self.spot.line.saturating_add(1), column: 1 },
                // The later bytes of a character are no columns.
                0x80..=0xbf => {}
                _ => self.spot.column = self.spot.column.saturating_add(1),
            }
        }
        self.counted = self.at;
        self.spot
    }
    fn broken<T>(&mut self, message: &str) -> Result<T, Broken> {
        Err(Broken { at: self.spot(), message: format!("not JSON: {message}") })
    }
    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
    fn take(&mut self, byte: u8) -> bool {
        let there = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize) -> Result<Node, Broken> {
        let at = self.spot();
        self.purse.one().map_err(|message| Broken { at, message })?;
        if depth > DEEPEST {
            return self.broken("lists and maps are nested more than 200 deep here");
        }
        let value = match self.text.get(self.at) {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) | None => {
                let words = [("true", Value::Flag(true)), ("false", Value::Flag(false)), ("null", Value::Nothing)];
                let found = words.into_iter().find(|(word, _)| self.text[self.at..].starts_with(word.as_bytes()));
                let Some((word, value)) = found else { return self.broken("a value is missing here") };
                self.at += word.len();
                value
            }
        };
        Ok(Node { at, value })
    }

    fn list(&mut self, depth: usize) -> Result<Value, Broken> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Value::List(items));
            }
            if !self.take(b',') {
                return self.broken("a comma or ] is missing here");
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Broken> {
        self.at += 1;
        let mut fields: Vec<Field> = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Map(fields));
        }
        loop {
            self.space();
            let at = self.spot();
            if self.text.get(self.at) != Some(&b'"') {
                return self.broken("a key in double quotes is missing here");
            }
            let name = self.string()?;
            self.space();
            if !self.take(b':') {
                return self.broken("a colon is missing here");
            }
            self.space();
            fields.push(Field { name, at, node: self.value(depth + 1)? });
            self.space();
            if self.take(b'}') {
                break;
            }
            if !self.take(b',') {
                return self.broken("a comma or } is missing here");
            }
        }
        once(&fields)?;
        Ok(Value::Map(fields))
    }

    fn number(&mut self) -> Result<Value, Broken> {
        let from = self.at;
        self.take(b'-');
        let digits = |reader: &mut Self| {
            let from = reader.at;
            while reader.text.get(reader.at).is_some_and(u8::is_ascii_digit) {
                reader.at += 1;
            }
            reader.at > from
        };
        let mut good = self.take(b'0') || digits(self);
        if self.take(b'.') {
            good &= digits(self);
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            good &= digits(self);
        }
        let text = &self.whole[from..self.at];
        if good && let Ok(number) = text.parse::<i64>() {
            return Ok(Value::Whole(number));
        }
        match text.parse::<f64>().ok().and_then(scalar::real) {
            Some(value) if good => Ok(value),
            Some(_) | None => self.broken("this is no number, or one that is too large"),
        }
    }

    fn string(&mut self) -> Result<Box<str>, Broken> {
        self.at += 1;
        let from = self.at;
        let mut text: Option<String> = None;
        let mut copied = from;
        loop {
            match self.text.get(self.at) {
                Some(b'"') => {
                    let last = &self.whole[copied..self.at];
                    self.at += 1;
                    return Ok(match text {
                        Some(text) => (text + last).into(),
                        None => last.into(),
                    });
                }
                Some(b'\\') => {
                    let text = text.get_or_insert_default();
                    text.push_str(&self.whole[copied..self.at]);
                    let letter = escaped(&self.text[self.at..]);
                    let Some((letter, length)) = letter else { return self.broken("an unknown escape behind \\") };
                    text.push(letter);
                    self.at += length;
                    copied = self.at;
                }
                Some(0..=0x1f) => return self.broken("a line break or control character within quotes"),
                Some(_) => self.at += 1,
                None => return self.broken("a quote is not closed"),
            }
        }
    }
}

/// The character behind a backslash and how many bytes it took. Half of a pair of surrogates is no character, and is read
/// as kubectl reads it.
fn escaped(text: &[u8]) -> Option<(char, usize)> {
    let letter = match text.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = hex(text)?;
            let second = text.get(6..).and_then(hex).unwrap_or(0);
            let lost = char::REPLACEMENT_CHARACTER;
            return Some(match (first, second) {
                (0xd800..0xdc00, 0xdc00..0xe000) => {
                    let both = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    (char::from_u32(both).unwrap_or(lost), 12)
                }
                _ => (char::from_u32(first).unwrap_or(lost), 6),
            });
        }
        _ => return None,
    };
    Some((letter, 2))
}

/// The number of `\uXXXX` at the beginning of a text.
fn hex(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}
