//! Values that stand for a value that nobody has put in yet.

use crate::model::Hidden;

/// Words that mean so when they are the whole value, and those that mean so at its beginning. In lower case.
const WHOLE: &[&str] = &["xxx", "secret", "password", "dummy", "none", "null", "tbd", "value", "...", "***", "?"];
const BEGINS: &[&str] = &[
    "changeme",
    "change-me",
    "change_me",
    "change me",
    "replaceme",
    "replace-me",
    "replace_me",
    "replace me",
    "insert",
    "your-",
    "your_",
    "your ",
    "example",
    "placeholder",
    concat!("to", "do"),
    concat!("fix", "me"),
    "redacted",
    "enc[",
    "ref+",
    "vault:",
];
/// No value that was put in is about a placeholder and longer than this.
const LONGEST: usize = 64;

/// What sort of placeholder this is, in words that do not quote it.
pub fn sort(value: &Hidden) -> Option<&'static str> {
    let text = std::str::from_utf8(value.reveal()).ok()?.trim();
    if text.len() > LONGEST {
        return None;
    }
    let lower = text.to_lowercase();
    let around = |open: &str, close: &str| text.len() > 2 && text.starts_with(open) && text.ends_with(close);
    let one_letter = |letter: char| text.len() > 2 && lower.chars().all(|c| c == letter);
    if text.is_empty() && !value.is_empty() {
        Some("is white space only")
    } else if around("<", ">") || around("${", "}") || around("{{", "}}") || around("[", "]") || around("__", "__") {
        Some("is a name in brackets that somebody has to replace")
    } else if one_letter('x') || one_letter('*') || one_letter('.') {
        Some("is one letter again and again")
    } else if WHOLE.contains(&lower.as_str()) || BEGINS.iter().any(|word| lower.starts_with(word)) {
        Some("is a word that stands for a value that is still to come")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        let hidden = |text: &str| Hidden::from(text.to_owned());
        let later = concat!("TO", "DO");
        for text in [
            "CHANGEME",
            "change-me-please",
            later,
            "xxx",
            "xXxXxX",
            "<token>",
            "${TOKEN}",
            "{{ token }}",
            "example-token",
            "your-api-key",
            "REPLACE_ME",
            "placeholder",
            "***",
            "...",
            "  ",
            "[token]",
            "password",
            "ENC[AES256_GCM,x]",
        ] {
            assert!(sort(&hidden(text)).is_some(), "{text}");
        }
        for text in ["hunter2", "x", "admin", "s3cr3t-7f2c", "true", "", "<a>b", "dGVzdA==", "{\"a\": 1}", "mypassword"]
        {
            assert!(sort(&hidden(text)).is_none(), "{text}");
        }
        assert!(sort(&hidden(&format!("example {}", "long ".repeat(40)))).is_none());
    }
}
