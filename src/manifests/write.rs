//! Objects as YAML that people read, and that every reader of YAML takes for the same.

use serde_json::Value;
use std::fmt::Write;

/// A map as a document.
pub fn write(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

/// One value on one line.
pub fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{}: {}", plain(key), flow(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A text as it is where YAML reads it as that text, else in quotes.
fn plain(text: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '-');
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    if starts && !word && text.chars().all(simple) { text.to_owned() } else { quoted(text) }
}

/// As JSON quotes it; what readers of YAML take for the end of a line, or do not take at all, as its number.
fn quoted(text: &str) -> String {
    let odd =
        |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    let json = Value::from(text).to_string();
    if !json.contains(odd) {
        return json;
    }
    json.chars().fold(String::with_capacity(json.len() + 8), |mut out, c| {
        let _ = if odd(c) { write!(out, "\\u{:04x}", u32::from(c)) } else { write!(out, "{c}") };
        out
    })
}

fn block(text: &mut String, value: &Value, indent: usize) {
    let Value::Object(fields) = value else { return };
    // What tells elements of a list apart comes first.
    let (first, rest): (Vec<_>, Vec<_>) = fields.iter().partition(|(key, _)| *key == "name");
    for (i, (key, value)) in first.into_iter().chain(rest).enumerate() {
        // The first field of an element of a list stands behind its dash.
        let space = if i == 0 && text.ends_with("- ") { 0 } else { indent };
        let _ = write!(text, "{:space$}{}:", "", plain(key));
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                text.push('\n');
                block(text, value, indent + 2);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                text.push('\n');
                for item in items {
                    let _ = write!(text, "{:space$}- ", "", space = indent + 2);
                    match item.as_object().is_some_and(|fields| !fields.is_empty()) {
                        true => block(text, item, indent + 4),
                        false => {
                            let _ = writeln!(text, "{}", flow(item));
                        }
                    }
                }
            }
            _ => {
                let _ = writeln!(text, " {}", flow(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::reread;
    use serde_json::json;

    #[test]
    fn every_text_is_read_back_as_it_was() {
        let odd = [
            "",
            "~",
            "yes",
            "0x1",
            "1e3",
            "12:30",
            "- a",
            "a: b",
            "#",
            "a\nb",
            "\t",
            "\u{85}\u{2028}\u{feff}x",
            "'\"\\",
            "é",
            "😀",
            "<<",
            "!x",
            "=",
            "null",
            "{",
            "y",
            "a b",
            "trailing ",
            "\u{7f}\u{0}\u{1b}",
        ];
        for text in odd {
            let value = json!({"metadata": {"name": text, "annotations": {"k": text}}, "list": [text, {"name": text}]});
            let read = reread(&write(&value)).unwrap_or_default();
            assert_eq!(read.iter().map(crate::manifests::Node::json).collect::<Vec<_>>(), [value], "{text:?}");
        }
        for key in odd.into_iter().filter(|key| !key.is_empty()) {
            let value = json!({"data": {key: "x"}});
            let read = reread(&write(&value)).unwrap_or_default();
            assert_eq!(read.iter().map(crate::manifests::Node::json).collect::<Vec<_>>(), [value], "{key:?}");
        }
    }
}
