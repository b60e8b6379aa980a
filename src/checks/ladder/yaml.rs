//! Small objects as YAML, for patches that a person reads before applying them.

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
    if starts && !word && text.chars().all(simple) { text.to_owned() } else { Value::from(text).to_string() }
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
                    block(text, item, indent + 4);
                }
            }
            _ => {
                let _ = writeln!(text, " {}", flow(value));
            }
        }
    }
}
