//! Secrets written as YAML that people can go on editing: what is text stays text, what is not becomes base64.

use crate::model::Hidden;
use crate::sys::base64;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A Secret to be written.
pub struct Fresh<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    pub sort: &'a str,
    pub labels: &'a BTreeMap<String, String>,
    pub annotations: &'a BTreeMap<String, String>,
    pub immutable: bool,
    pub entries: Vec<(&'a str, &'a Hidden)>,
}

/// Grows without leaving copies of its bytes behind.
pub struct Page(Zeroizing<Vec<u8>>);

impl Page {
    pub fn with_room(bytes: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(bytes)))
    }
    pub fn put(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        if self.0.capacity() - self.0.len() < bytes.len() {
            let mut larger = Zeroizing::new(Vec::with_capacity((self.0.len() + bytes.len()) * 2));
            larger.extend_from_slice(&self.0);
            // The old bytes are wiped as they go.
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }
    pub fn done(mut self) -> Hidden {
        Hidden::new(std::mem::take(&mut *self.0))
    }
}

pub fn document(fresh: &Fresh<'_>) -> Hidden {
    let room: usize = fresh.entries.iter().map(|(_, value)| value.len() * 2 + 512).sum();
    let mut page = Page::with_room(room + 4096);
    page.put("apiVersion: v1\nkind: Secret\nmetadata:\n");
    page.put(format!("  name: {}\n  namespace: {}\n", quoted(fresh.name), quoted(fresh.namespace)));
    for (name, texts) in [("labels", fresh.labels), ("annotations", fresh.annotations)] {
        if !texts.is_empty() {
            page.put(format!("  {name}:\n"));
        }
        for (key, text) in texts {
            page.put(format!("    {}: {}\n", quoted(key), quoted(text)));
        }
    }
    page.put(format!("type: {}\n", quoted(fresh.sort)));
    if fresh.immutable {
        page.put("immutable: true\n");
    }
    for part in [Part::StringData, Part::Data] {
        let entries = fresh.entries.iter().filter(|(_, value)| Part::of(value) == part);
        let mut entries = entries.peekable();
        if entries.peek().is_some() {
            page.put(format!("{}:\n", part.name()));
        }
        entries.for_each(|(key, value)| entry(&mut page, 2, key, value));
    }
    page.done()
}

/// Where in a Secret a value belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    StringData,
    Data,
}

impl Part {
    pub fn of(value: &Hidden) -> Self {
        let odd = |c: char| {
            (c < ' ' && c != '\n' && c != '\t')
                || matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        };
        match std::str::from_utf8(value.reveal()) {
            Ok(text) if !text.contains(odd) => Part::StringData,
            Ok(_) | Err(_) => Part::Data,
        }
    }
    pub fn name(self) -> &'static str {
        match self {
            Part::StringData => "stringData",
            Part::Data => "data",
        }
    }
}

/// The lines of one key, indented so far.
pub fn entry(page: &mut Page, indent: usize, key: &str, value: &Hidden) {
    let space = " ".repeat(indent);
    page.put(format!("{space}{}: ", quoted(key)));
    match (Part::of(value), std::str::from_utf8(value.reveal())) {
        (Part::StringData, Ok(text)) if is_block(text) => {
            page.put("|\n");
            for line in text.lines() {
                match line.is_empty() {
                    true => page.put("\n"),
                    false => [space.as_str(), "  ", line, "\n"].iter().for_each(|part| page.put(part)),
                }
            }
        }
        (Part::StringData, Ok(text)) => {
            // JSON's way to quote is one of YAML's.
            page.put(&*Zeroizing::new(serde_json::to_vec(text).unwrap_or_default()));
            page.put("\n");
        }
        (Part::StringData | Part::Data, _) => {
            page.put(&*Zeroizing::new(base64::encode(value.reveal())));
            page.put("\n");
        }
    }
}

/// Texts of several lines that a block can hold as they are.
fn is_block(text: &str) -> bool {
    let ends_once = text.ends_with('\n') && !text.ends_with("\n\n");
    ends_once && text.len() > 1 && !text.starts_with([' ', '\n']) && !text.contains('\t')
}

/// A name as it is read back: without quotes where no reader could take it for anything else.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "inf", "nan"];
    let is_word = words.contains(&text.to_ascii_lowercase().as_str());
    match text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain) && !is_word {
        true => text.to_owned(),
        false => serde_json::Value::from(text).to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::secrets::document::read;

    #[test]
    fn what_is_written_reads_back_whatever_the_values_are() {
        let values: Vec<Vec<u8>> = [
            "",
            "plain",
            "y",
            "0x1F",
            " begins",
            "ends ",
            "a: b # c",
            "two\nlines\n",
            "two\nlines",
            "\n",
            "a\n\nb\n",
            "tab\there\n",
            "\"quotes\" 'and' \\",
            "---\n---\n",
            "ümläut\n",
            "a\r\nb\r\n",
            "trailing  \nspace\n",
            "\u{85}",
            "\u{7f}",
            "- a\n- b\n",
            "|",
            "#",
            "{{ x }}\n",
            "%x\n",
            "a\n\n",
            "\u{2028}",
            "x\n  deep\n",
            "\0",
        ]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .chain([vec![0, 159, 146, 150], vec![b'x'; 1 << 19], (0..=255).collect()])
        .collect();
        let hidden: Vec<Hidden> = values.iter().map(|value| Hidden::new(value.clone())).collect();
        let keys: Vec<String> = (0..values.len())
            .map(|n| ["y", "k.", "0", "true", "-a", "Z_"][n % 6].to_owned() + &n.to_string())
            .collect();
        let labels = BTreeMap::from([("a/b".to_owned(), "on".to_owned()), ("y".to_owned(), String::new())]);
        let annotations = BTreeMap::from([("x".to_owned(), "{\"a\": \"b\\n\"}\n# no".to_owned())]);
        let entries = keys.iter().map(String::as_str).chain(["n", "1"]).zip(hidden.iter().chain(&hidden)).collect();
        let fresh = Fresh {
            namespace: "1",
            name: "on",
            sort: "Opaque",
            labels: &labels,
            annotations: &annotations,
            immutable: true,
            entries,
        };
        let text = document(&fresh);
        let read = read(&text, false).map_err(|faults| format!("{faults:?}")).unwrap();
        let [one] = read.as_slice() else { unreachable!() };
        assert_eq!((one.id.to_string().as_str(), one.immutable), ("Secret 1/on", true));
        assert_eq!((&one.labels, &one.annotations), (&labels, &annotations));
        for (key, value) in keys.iter().zip(&hidden) {
            assert!(one.entries[key].value.same(value), "{key}: {:?}", String::from_utf8_lossy(value.reveal()));
        }
        assert_eq!(one.entries.len(), keys.len() + 2);
    }
}
