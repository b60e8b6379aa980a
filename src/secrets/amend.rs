//! A plaintext with one key more, or with another value of one, and otherwise as it was: comments, order and all. What
//! comes out is read again and compared; where more than the key has changed, nothing comes out.

use super::document::{self, Document};
use super::text::{self, Fresh, Page, Part};
use crate::model::{Hidden, ObjectId};

/// The text with these Secrets behind the others.
pub fn append(text: &Hidden, fresh: &[Fresh<'_>]) -> Option<Hidden> {
    let more: Vec<Hidden> = fresh.iter().map(text::document).collect();
    let mut page = Page::with_room(text.len() + more.iter().map(|one| one.len() + 8).sum::<usize>());
    let before = match text.is_empty() {
        true => Vec::new(),
        false => document::read(text, false).ok()?,
    };
    page.put(text.reveal());
    if !text.is_empty() && !text.reveal().ends_with(b"\n") {
        page.put("\n");
    }
    for (at, one) in more.iter().enumerate() {
        if at > 0 || !before.is_empty() {
            page.put("---\n");
        }
        page.put(one.reveal());
    }
    let after = page.done();
    let read = document::read(&after, false).ok()?;
    let kept = read.len() == before.len() + more.len() && before.iter().zip(&read).all(|(a, b)| same(a, b, None));
    kept.then_some(after)
}

/// The text with this value under this key of a Secret that is in it.
pub fn set(text: &Hidden, id: &ObjectId, key: &str, value: &Hidden) -> Option<Hidden> {
    let before = document::read(text, false).ok()?;
    let index = before.iter().position(|document| document.id == *id)?;
    let lines: Vec<&[u8]> = text.reveal().split_inclusive(|byte| *byte == b'\n').collect();
    let begin = before[index].at.line as usize - 1;
    let end = lines.iter().enumerate().skip(begin + 1).find(|(_, line)| line.starts_with(b"---"));
    let end = end.map_or(lines.len(), |(at, _)| at);
    let old = before[index].entries.get(key).map(|entry| {
        let (from, indent) = (entry.at.line as usize - 1, entry.at.column as usize - 1);
        let rest = lines.get(from + 1..end).unwrap_or_default();
        let longer = rest.iter().take_while(|line| blank(line) || indent_of(line) > indent).count();
        // Blank lines belong to what follows them.
        let blanks = rest[..longer].iter().rev().take_while(|line| blank(line)).count();
        from..from + 1 + longer - blanks
    });
    let part = Part::of(value);
    let head = lines[begin..end].iter().position(|line| is_head(line, part)).map(|at| begin + at);
    let child = |head: usize| {
        let children =
            lines[head + 1..end].iter().filter(|line| !blank(line) && !line.trim_ascii_start().starts_with(b"#"));
        children.map(|line| indent_of(line)).next().filter(|indent| *indent > indent_of(lines[head]))
    };
    let last = lines[begin..end].iter().rposition(|line| !blank(line)).map_or(end, |at| begin + at + 1);

    let mut page = Page::with_room(text.len() + value.len() * 2 + 4096);
    for (at, line) in lines.iter().enumerate() {
        if head.is_none() && at == last {
            put_part(&mut page, part, key, value);
        }
        if !old.as_ref().is_some_and(|old| old.contains(&at)) {
            page.put(line);
            if !line.ends_with(b"\n") {
                page.put("\n");
            }
        }
        if let Some(head) = head.filter(|head| *head == at) {
            text::entry(&mut page, child(head).unwrap_or(indent_of(lines[head]) + 2), key, value);
        }
    }
    if head.is_none() && last == lines.len() {
        put_part(&mut page, part, key, value);
    }
    let after = page.done();
    let read = document::read(&after, false).ok()?;
    let kept = read.len() == before.len()
        && before.iter().zip(&read).enumerate().all(|(at, (a, b))| same(a, b, (at == index).then_some(key)));
    let set = read.get(index)?.entries.get(key)?.value.same(value);
    (kept && set).then_some(after)
}

fn put_part(page: &mut Page, part: Part, key: &str, value: &Hidden) {
    page.put(format!("{}:\n", part.name()));
    text::entry(page, 2, key, value);
}

fn blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

fn indent_of(line: &[u8]) -> usize {
    line.iter().take_while(|byte| **byte == b' ').count()
}

/// True for the line that begins this part, with nothing but a comment behind it.
fn is_head(line: &[u8], part: Part) -> bool {
    let rest = line.strip_prefix(part.name().as_bytes()).and_then(|rest| rest.strip_prefix(b":"));
    rest.map(<[u8]>::trim_ascii).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"#"))
}

/// The same but for this key.
fn same(a: &Document, b: &Document, but: Option<&str>) -> bool {
    let about = |d: &Document| (d.id.clone(), d.sort.clone(), d.labels.clone(), d.annotations.clone(), d.immutable);
    let others = |d: &Document| d.entries.keys().filter(|key| but != Some(key.as_str())).cloned().collect::<Vec<_>>();
    let keys = others(a);
    let kept = |key: &String| match (a.entries.get(key), b.entries.get(key)) {
        (Some(one), Some(other)) => one.value.same(&other.value),
        (None, _) | (_, None) => false,
    };
    about(a) == about(b) && keys == others(b) && keys.iter().all(kept)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TWO: &str = "# mine\napiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: ns}\nstringData:\n  # the first\n  one: |\n    x\n\n    y\n\n  two: z   # and this\ntype: t\n---\n# yours\napiVersion: v1\nkind: Secret\nmetadata: {name: b, namespace: ns}\ndata:\n  one: AAEC\n";

    fn set_text(text: &str, name: &str, key: &str, value: &[u8]) -> Option<String> {
        let id = ObjectId::new("v1", "Secret", Some("ns"), name);
        let after = set(&Hidden::from(text.to_owned()), &id, key, &Hidden::new(value.to_vec()))?;
        Some(String::from_utf8(after.reveal().to_vec()).unwrap())
    }

    #[test]
    fn one_key_changes_and_every_comment_stays() {
        for (name, key, value, wanted) in [
            ("a", "one", &b"new"[..], "stringData:\n  one: \"new\"\n  # the first\n\n  two: z   # and this\n"),
            ("a", "two", b"new", "stringData:\n  two: \"new\"\n  # the first\n  one: |\n    x\n\n    y\n\ntype: t\n"),
            ("a", "three", b"l\nm\n", "stringData:\n  three: |\n    l\n    m\n  # the first\n"),
            ("a", "three", b"\0", "type: t\ndata:\n  three: AA==\n---\n"),
            ("b", "one", b"text", "data:\nstringData:\n  one: \"text\"\n"),
            ("b", "two", b"\x01", "data:\n  two: AQ==\n  one: AAEC\n"),
        ] {
            let after = set_text(TWO, name, key, value).unwrap_or_default();
            assert!(after.contains(wanted), "{name} {key}:\n{after}");
            assert!(after.contains("# mine") && after.contains("# yours"), "{after}");
        }
    }

    #[test]
    fn what_cannot_be_changed_alone_is_left() {
        let flow = "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: ns}, stringData: {one: x}}\n";
        assert_eq!(set_text(flow, "a", "one", b"y"), None);
        let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: a, namespace: ns}\n";
        assert_eq!(set_text(list, "a", "one", b"y"), None);
        assert_eq!(set_text(TWO, "c", "one", b"y"), None);
    }
}
