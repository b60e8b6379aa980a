//! Each mistake with its place: in YAML, in JSON, in objects, and in what is no text.

use crate::{Folder, object, wrong_with};

/// A text, and the place and a part of the one thing that is wrong with it.
const WRONG: &[(&str, &str, &str)] = &[
    ("a: 1\n", "1:1", "neither `apiVersion` nor `kind`"),
    ("# values\nreplicas: 3\n", "2:1", "neither `apiVersion` nor `kind`"),
    ("- a\n", "1:1", "not a map"),
    ("just words\n", "1:1", "not a map"),
    ("kind: Secret\n", "1:1", "`apiVersion` is missing"),
    ("apiVersion: v1\n", "1:1", "`kind` is missing"),
    ("apiVersion: 1\nkind: Secret\n", "1:1", "`apiVersion` wants a text"),
    ("apiVersion: a/b/c\nkind: Secret\n", "1:1", "`apiVersion` wants a version"),
    ("apiVersion: v1\nkind: [a]\n", "2:1", "`kind` wants a text"),
    ("apiVersion: v1\nkind: a b\n", "2:1", "`kind` wants one word"),
    ("apiVersion: v1\nkind: Secret\n", "1:1", "this Secret has no `metadata.name`"),
    ("apiVersion: v1\nkind: Secret\nmetadata: {labels: {}}\n", "3:1", "has no `metadata.name`"),
    ("apiVersion: v1\nkind: Secret\nmetadata: {name: 12}\n", "3:12", "wants a text: put it in quotes"),
    ("apiVersion: v1\nkind: Secret\nmetadata: {name: a/b}\n", "3:12", "no name that Kubernetes takes"),
    (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: \"x\\e[1m\"}\n",
        "3:21",
        "no name that Kubernetes takes",
    ),
    ("apiVersion: v1\nkind: Job\nmetadata:\n  generateName: a-\n", "4:3", "give it a `name`"),
    ("apiVersion: v1\nkind: List\n", "1:1", "a List without `items`"),
    ("apiVersion: v1\nkind: List\nitems: {a: b}\n", "3:8", "`items` wants a list"),
    ("apiVersion: v1\nkind: List\nitems: [{a: b}]\n", "3:9", "neither `apiVersion` nor `kind`"),
    ("apiVersion: v1\nkind: Thing\nitems: []\n", "1:1", "its kind does not end in List"),
    ("a: 1\nb: 2\na: 3\n", "3:1", "this key stands twice in its map, first in line 1"),
    ("a: {b: 1, 'b': 2}\n", "1:11", "stands twice"),
    ("yes: 1\n", "1:1", "put it in quotes"),
    ("a: {y: 1}\n", "1:5", "put it in quotes"),
    ("0644: 1\n", "1:1", "put it in quotes"),
    ("? [a]\n: b\n", "1:3", "a key must be a plain word"),
    (": b\n", "1:1", "a key is missing here"),
    ("a: .inf\n", "1:4", "infinity"),
    ("a: !Ref b\n", "1:4", "this tag (!name) is not read"),
    ("a: !!binary aGk=\n", "1:4", "!!binary is not read"),
    ("a: !!int b\n", "1:4", "no whole number"),
    ("a: !x {b: c}\n", "1:4", "this tag (!name) is not read"),
    ("a: *b\n", "1:4", "stands here without an anchor"),
    ("a: &a [*a]\n", "1:8", "within what it is an alias of"),
    ("a: &a {b: c}\n*a : d\n", "2:1", "not read as a key"),
    ("<<: 1\n", "1:5", "<< wants a map"),
    ("<<: [1]\n", "1:6", "<< wants a map"),
    ("<<: {a: 1}\n<<: {b: 1}\n", "2:1", "a second <<"),
    ("a: 1\n<<: {a: 2}\n", "1:1", "readers disagree which counts: put << first"),
    ("%YAML 1.1\n---\na: 1\n", "1:1", "begins with %"),
    ("a: 1\n...\nb: 2\n", "3:1", "does not read what stands behind `...`"),
    ("--- a\n", "1:1", "nothing behind --- in its line"),
    ("---a: 1\n", "1:1", "nothing behind --- in its line"),
    ("a:\n\tb: 1\n", "2:2", "tab"),
    ("a: [1\n", "2:1", "not YAML"),
    ("a: \"x\n", "1:4", "a quote that begins here is not closed"),
    ("a: b: c\n", "1:5", "not YAML"),
    ("a: \u{85}\n", "1:4", "U+0085 is read differently"),
    ("a: \u{2028}\n", "1:4", "U+2028 is read differently"),
    ("a: \0\n", "1:4", "U+0000 may not stand in a text file"),
    ("a: \u{7f}\n", "1:4", "U+007F may not stand"),
];

#[test]
fn each_mistake_has_its_place() {
    let mut missed = Vec::new();
    for (text, place, part) in WRONG {
        let wrong = wrong_with(text);
        let begins = format!("plans/a.yaml:{place}: ");
        if !wrong.iter().any(|wrong| wrong.starts_with(&begins) && wrong.contains(part)) {
            missed.push(format!("{text:?} wants {place} {part}: {wrong:#?}"));
        }
        // Behind other documents the place moves with them.
        let (line, column) = place.split_once(':').unwrap();
        if !text.starts_with('%') && !text.starts_with('-') && !text.contains("U+") {
            let wrong = wrong_with(format!("{}--- # next\n{text}", object("Secret", "a")));
            let begins = format!("plans/a.yaml:{}:{column}: ", line.parse::<usize>().unwrap() + 4);
            if !wrong.iter().any(|wrong| wrong.starts_with(&begins)) {
                missed.push(format!("{text:?} wants {begins} behind another document: {wrong:#?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn json_is_read_as_json_and_its_mistakes_have_places() {
    let folder = Folder::new(&[
        ("a.json", include_str!("object.json")),
        (
            "b.json",
            &format!("{0}\n{0}", r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "X"}}"#)
                .replacen('X', "b", 1)
                .replacen('X', "c", 1),
        ),
    ]);
    let papers = folder.read(&[&["a.json", "b.json"]]).unwrap();
    let root = &papers[0].objects[0].root;
    assert_eq!(root.text_at(&["metadata", "labels", "a"]), Some("b\né😀/"));
    assert_eq!(root.json()["list"].to_string(), "[1,2.5,-300,1e+21,1.2345678901234567e+19,true,false,null,[],{}]");
    assert_eq!(papers[0].objects[2].place().to_string(), "plans/b.json:2:1");
    for (text, place, part) in [
        ("{\"a\": 1,\n \"b\": ]}", "2:7", "a value is missing"),
        ("{\"a\": 1,\n \"a\": 2}", "2:2", "this key stands twice"),
        ("{\"a\": \"\\x\"}", "1:8", "an unknown escape"),
        ("{\"a\": \"b\nc\"", "1:9", "a line break or control character within quotes"),
        ("{\"a\": 01]}", "1:8", "a comma or } is missing"),
        ("{\"a\": 1e999]}", "1:12", "too large"),
        ("{\"é\": [1 2]]}", "1:10", "a comma or ] is missing"),
        ("{\"a\": [[", "1:9", "a value is missing"),
    ] {
        folder.write("c.json", text);
        let wrong = folder.wrong(&[&["c.json"]]);
        assert!(
            wrong[0].starts_with(&format!("plans/c.json:{place}: ")) && wrong[0].contains(part),
            "{text}: {wrong:#?}"
        );
    }
}

#[test]
fn line_ends_and_marks_of_other_systems_are_read() {
    let text = include_str!("everything.yaml");
    let of = |text: &str| {
        let folder = Folder::new(&[]);
        folder.write("a.yaml", text);
        let papers = folder.read(&[&["a.yaml"]]).unwrap();
        papers[0].objects.iter().map(|object| (object.place().to_string(), object.root.json())).collect::<Vec<_>>()
    };
    let plain = of(text);
    assert_eq!(plain.len(), 6);
    assert_eq!(of(&text.replace('\n', "\r\n")), plain, "with carriage returns");
    assert_eq!(of(&format!("\u{feff}{text}")), plain, "with a byte order mark");
    assert_eq!(of(text.trim_end_matches('\n')), plain, "without a last line break");
    let block = "apiVersion: v1\nkind: X\nmetadata: {name: a}\na: |\n  b\n";
    for end in ["", "  ", "  \n", "\n\n"] {
        assert_eq!(of(&format!("{block}{end}"))[0].1["a"], "b\n", "a block of text and then {end:?}");
    }
    assert_eq!(of(block.trim_end())[0].1["a"], "b\n");
}

#[test]
fn what_is_no_text_is_refused_with_a_place() {
    let utf16: Vec<u8> = [0xfeff].into_iter().chain("a: 1\n".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert!(wrong_with(&utf16)[0].contains("it looks like UTF-16"));
    assert!(wrong_with(b"a: 1\nb: \xff\n")[0].starts_with("plans/a.yaml:2:4: not UTF-8"));
    assert!(wrong_with(b"\x7fELF\x02\x01\x01\0\0\0")[0].starts_with("plans/a.yaml:1:1: the character U+007F"));
}
