//! What a word without quotes is to kubectl, which reads YAML 1.1: `yes` is true, `0644` is 420, `1e3` is 1000.
//!
//! These rules were read off kubectl's YAML library and tried against kubectl itself; tests/kubectl.rs holds both together.

use super::tree::Value;
use crate::sys::yaml::events::{Scalar, Tag};

/// A word as it was resolved, before numbers are made one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Word {
    Nothing,
    Flag(bool),
    Whole(i64),
    Real(f64),
    Text,
}

/// The value of a scalar, or what is wrong with it, without the scalar itself.
pub fn value(scalar: &Scalar<'_>) -> Result<Value, &'static str> {
    let text = &*scalar.text;
    let word = match scalar.marks.tag {
        Tag::None if scalar.plain => word(text),
        Tag::None | Tag::Text => Word::Text,
        Tag::Whole => match word(text) {
            whole @ Word::Whole(_) => whole,
            Word::Nothing | Word::Flag(_) | Word::Real(_) | Word::Text => {
                return Err("the tag !!int stands before what is no whole number");
            }
        },
        Tag::Real => match word(text) {
            number @ (Word::Whole(_) | Word::Real(_)) => number,
            Word::Nothing | Word::Flag(_) | Word::Text => {
                return Err("the tag !!float stands before what is no number");
            }
        },
        Tag::Flag => match word(text) {
            flag @ Word::Flag(_) => flag,
            Word::Nothing | Word::Whole(_) | Word::Real(_) | Word::Text => {
                return Err("the tag !!bool stands before what is neither true nor false");
            }
        },
        Tag::Nothing => match word(text) {
            Word::Nothing => Word::Nothing,
            Word::Flag(_) | Word::Whole(_) | Word::Real(_) | Word::Text => {
                return Err("the tag !!null stands before something");
            }
        },
        Tag::Binary => {
            return Err("the tag !!binary is not read: kubectl would send the bytes and not their base64; take it out");
        }
        Tag::List | Tag::Map | Tag::Other => {
            return Err("this tag (!name) is not read: kubectl ignores it; take it out");
        }
    };
    Ok(match word {
        Word::Nothing => Value::Nothing,
        Word::Flag(flag) => Value::Flag(flag),
        Word::Whole(number) => Value::Whole(number),
        Word::Real(number) => real(number).ok_or("infinity and not-a-number cannot be sent to Kubernetes")?,
        Word::Text => Value::Text(text.into()),
    })
}

/// The name that a word makes of itself when it is a key. Kubectl makes a text of whatever it resolved; where that is not
/// what was written, hardly anybody wants it.
pub fn key(scalar: &Scalar<'_>) -> Result<Box<str>, &'static str> {
    const CHANGED: &str =
        "this key is a number or a yes-or-no word to kubectl, which would write it otherwise: put it in quotes";
    let text = &*scalar.text;
    let name = match value(scalar)? {
        Value::Text(name) => return Ok(name),
        Value::Nothing => return Err("a key is missing here, or it is null: write one, or put it in quotes"),
        Value::Flag(flag) => flag.to_string(),
        Value::Whole(number) => number.to_string(),
        // Beyond these it would be written with an exponent.
        Value::Real(number) if (1e-4..1e6).contains(&number.abs()) => short(number),
        Value::Real(_) | Value::List(_) | Value::Map(_) => return Err(CHANGED),
    };
    if name == text { Ok(name.into()) } else { Err(CHANGED) }
}

/// With the digits of a float of 32 bits, as kubectl's keys are.
#[allow(clippy::cast_possible_truncation)]
fn short(number: f64) -> String {
    (number as f32).to_string()
}

/// A number as it arrives: kubectl sends what is whole without a point, in the fewest digits that mean the same float, and
/// the server reads those as whole.
pub fn real(number: f64) -> Option<Value> {
    if !number.is_finite() {
        return None;
    }
    let digits = if number.fract() == 0.0 { number.to_string().parse::<i64>().ok() } else { None };
    Some(digits.map_or(Value::Real(number), Value::Whole))
}

fn word(text: &str) -> Word {
    let Some(first) = text.bytes().next() else { return Word::Nothing };
    match first {
        b'~' | b'n' | b'N' | b'y' | b'Y' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => named(text),
        b'.' => match text {
            ".nan" | ".NaN" | ".NAN" => Word::Real(f64::NAN),
            ".inf" | ".Inf" | ".INF" => Word::Real(f64::INFINITY),
            _ => pointed(text),
        },
        b'+' | b'-' | b'0'..=b'9' => number(text),
        _ => Word::Text,
    }
}

fn named(text: &str) -> Word {
    match text {
        "~" | "null" | "Null" | "NULL" => Word::Nothing,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Word::Flag(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Word::Flag(false),
        _ => Word::Text,
    }
}

fn number(text: &str) -> Word {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Word::Real(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Word::Real(f64::NEG_INFINITY),
        _ => {}
    }
    // Whatever has these is a date, an address or a version; the common words end here.
    if text.bytes().any(|b| matches!(b, b':' | b'/' | b' ') || b > b'z') {
        return Word::Text;
    }
    let plain = without_underscores(text);
    let text = &*plain;
    if let Some(number) = whole(text) {
        return Word::Whole(number);
    }
    if let Some(number) = beyond(text) {
        return Word::Real(number);
    }
    match decimal(text) {
        Word::Text => {}
        number => return number,
    }
    // A second chance for binary numbers, in which the sign may stand behind the prefix.
    let binary = text.strip_prefix("0b").and_then(|digits| signed(digits, 2));
    binary.map_or(Word::Text, Word::Whole)
}

/// What begins with a point may have underscores between digits only; elsewhere they are thrown away first.
fn pointed(text: &str) -> Word {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let good = |at: usize| bytes[at] != b'_' || (digit(at - 1) && digit(at + 1));
    if (1..bytes.len()).all(good) { decimal(&without_underscores(text)) } else { Word::Text }
}

fn without_underscores(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('_') { text.replace('_', "").into() } else { text.into() }
}

/// A whole number in the notation of Go: a prefix or a leading zero says the base.
fn whole(text: &str) -> Option<i64> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) = base(rest);
    let number = i128::from(unsigned(digits, base)?);
    i64::try_from(if negative { -number } else { number }).ok()
}

/// What only fits without a sign is a float to the API.
#[allow(clippy::cast_precision_loss)]
fn beyond(text: &str) -> Option<f64> {
    let (base, digits) = base(text);
    unsigned(digits, base).map(|number| number as f64)
}

fn base(text: &str) -> (u32, &str) {
    match text.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &text[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &text[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &text[2..]),
        [b'0', _, ..] => (8, &text[1..]),
        _ => (10, text),
    }
}

fn unsigned(digits: &str, base: u32) -> Option<u64> {
    let plain = digits.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain { u64::from_str_radix(digits, base).ok() } else { None }
}

fn signed(digits: &str, base: u32) -> Option<i64> {
    i64::from_str_radix(digits, base).ok()
}

/// `1.5`, `.5`, `5.`, `1e3`; one that is too large for a float is a text.
fn decimal(text: &str) -> Word {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let before = digits(rest);
    let rest = &rest[before..];
    let (after, rest) = match rest.strip_prefix('.') {
        Some(rest) => (digits(rest), &rest[digits(rest)..]),
        None => (0, rest),
    };
    let exponent = match rest.strip_prefix(['e', 'E']) {
        Some(rest) => {
            let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
            !rest.is_empty() && digits(rest) == rest.len()
        }
        None => rest.is_empty(),
    };
    match text.parse::<f64>() {
        Ok(number) if exponent && before + after > 0 && number.is_finite() => Word::Real(number),
        Ok(_) | Err(_) => Word::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::yaml::events::Marks;

    fn plain(text: &str) -> Scalar<'_> {
        Scalar { text: text.into(), plain: true, marks: Marks { anchor: 0, tag: Tag::None } }
    }

    /// Each row was tried with kubectl 1.32; tests/kubectl.rs tries them again.
    #[test]
    fn words_are_what_they_are_to_kubectl() {
        for text in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            assert_eq!(value(&plain(text)), Ok(Value::Flag(true)), "{text}");
        }
        for text in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
            assert_eq!(value(&plain(text)), Ok(Value::Flag(false)), "{text}");
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(value(&plain(text)), Ok(Value::Nothing), "{text}");
        }
        let wholes = [
            ("0644", 420),
            ("0o644", 420),
            ("08", 8),
            ("0x1F", 31),
            ("0b101", 5),
            ("0b-11", -3),
            ("1_000", 1000),
            ("+1", 1),
            ("-0", 0),
            ("1e3", 1000),
            ("1.0", 1),
            ("9e18", 9_000_000_000_000_000_000),
            ("-9223372036854775808", i64::MIN),
        ];
        for (text, number) in wholes {
            assert_eq!(value(&plain(text)), Ok(Value::Whole(number)), "{text}");
        }
        let reals = [
            ("1.5", 1.5),
            (".5", 0.5),
            ("-.5", -0.5),
            (".2_5", 0.25),
            ("18446744073709551615", 18_446_744_073_709_551_615.0),
        ];
        for (text, number) in reals {
            assert_eq!(value(&plain(text)), Ok(Value::Real(number)), "{text}");
        }
        let texts = [
            "yEs",
            "nULL",
            "12:30:45",
            "2024-01-01",
            "1e999",
            "1.2.3",
            "0x",
            "0b2",
            "0o8",
            "0xg",
            "1Gi",
            "inf",
            "nan",
            "+",
            "-",
            ".",
            "1e",
            "-.",
            "<<",
            "_1",
            "10.0.0.0/8",
            "1 2",
            "٣",
        ];
        for text in texts {
            assert_eq!(value(&plain(text)), Ok(Value::Text(text.into())), "{text}");
        }
        assert!(value(&plain(".inf")).is_err() && value(&plain("-.INF")).is_err() && value(&plain(".nan")).is_err());
    }

    #[test]
    fn a_key_that_kubectl_would_write_otherwise_wants_quotes() {
        for text in ["yes", "y", "0644", "1.10", "1.0", "1e3", "1e7", "+1", "~", "", "1_0", ".5", "123456.789"] {
            assert!(key(&plain(text)).is_err(), "{text} was taken");
        }
        for text in ["true", "8080", "1.5", "-1", "name", "12:30"] {
            assert_eq!(key(&plain(text)).as_deref(), Ok(text));
        }
    }
}
