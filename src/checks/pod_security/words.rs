//! The turns of phrase that the admission plugin builds its messages of.

/// `"a", "b"`, as they are.
pub fn listed<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("\"{}\"", item.as_ref())).collect();
    items.join(", ")
}

pub fn plural(one: &'static str, more: &'static str, count: usize) -> &'static str {
    if count == 1 { one } else { more }
}

/// `container "a"` or `containers "a", "b"`.
pub fn containers(names: &[&str]) -> String {
    format!("{} {}", plural("container", "containers", names.len()), listed(names))
}

/// The pod itself, containers, or both: whoever sets what may not be set.
pub fn setters(pod: bool, names: &[&str]) -> String {
    let pod = pod.then(|| "pod".to_owned());
    let names = (!names.is_empty()).then(|| containers(names));
    pod.into_iter().chain(names).collect::<Vec<_>>().join(" and ")
}

/// A text in double quotes, with escapes as Go writes them.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if matches!(c, ' '..='~') || printable(c) => out.push(c),
            c if u32::from(c) < 0x80 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// A letter in front keeps marks that combine with it from being escaped: Go prints them.
fn printable(c: char) -> bool {
    ["a", c.encode_utf8(&mut [0; 4])].concat().escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_go_does() {
        assert_eq!(quoted("a\"b\\c\n\t\u{1}\u{7f}"), r#""a\"b\\c\n\t\x01\x7f""#);
        assert_eq!(
            quoted("e\u{301} \u{200b} \u{a0} \u{1f600} \u{e0001}"),
            "\"e\u{301} \\u200b \\u00a0 \u{1f600} \\U000e0001\""
        );
        assert_eq!(quoted("it's"), "\"it's\"");
    }

    #[test]
    fn one_and_several_are_told_apart() {
        assert_eq!(setters(true, &["a", "b"]), "pod and containers \"a\", \"b\"");
        assert_eq!(setters(false, &["a"]), "container \"a\"");
        assert_eq!(setters(true, &[]), "pod");
    }
}
