//! The table of docs/sealing.md: for each row its own fault, which is told in the words of the row, with its line, and with
//! something to do.

use crate::{certificate, documents, key, objects};
use blackstart::manifests::write::write;
use blackstart::model::Hidden;
use blackstart::secrets::guess::{Around, guess};
use blackstart::secrets::{Key, Scope, open, seal, sealed};
use blackstart::sys::base64;
use std::collections::BTreeSet;

/// What is changed in the text of a SealedSecret of `b/a`, sealed for the key `second`.
type Spoil = fn(&str) -> String;

struct Row {
    says: &'static str,
    scope: Scope,
    spoil: Spoil,
    /// The keys that the controller will have, and those that are held beside.
    installed: &'static [&'static str],
    left: &'static [&'static str],
    /// How the line begins that is told.
    line: &'static str,
}

fn same(text: &str) -> String {
    text.to_owned()
}

fn renamed(text: &str) -> String {
    text.replace("name: a", "name: z")
}

fn without_annotation(text: &str) -> String {
    // The one of its own metadata is the first; that of the template stays, and does not count.
    let annotation = "  annotations:\n    sealedsecrets.bitnami.com/cluster-wide: \"true\"\n";
    let without = text.replacen(annotation, "", 1);
    assert!(without != text && without.contains("sealedsecrets.bitnami.com/cluster-wide"), "{text}");
    without
}

fn with_value(text: &str, change: impl Fn(Vec<u8>) -> String) -> String {
    let (before, rest) = text.split_once("    k: \"").unwrap();
    let (value, behind) = rest.split_once('"').unwrap();
    let value = base64::decode(value).unwrap();
    format!("{before}    k: \"{}\"{behind}", change(value.reveal().to_vec()))
}

const ROWS: &[Row] = &[
    Row {
        says: "was sealed cluster-wide, and the SealedSecret's own metadata says strict",
        scope: Scope::ClusterWide,
        spoil: without_annotation,
        installed: &["second"],
        left: &[],
        line: "metadata:",
    },
    Row {
        says: "was sealed for b/a, and is applied as b/z",
        scope: Scope::Strict,
        spoil: renamed,
        installed: &["second"],
        left: &[],
        line: "    k: ",
    },
    Row {
        says: "opens with the key …, which the controller does not load",
        scope: Scope::Strict,
        spoil: same,
        installed: &["third"],
        left: &["retired"],
        line: "    k: ",
    },
    Row {
        says: "opens with the key …, which will not be installed",
        scope: Scope::Strict,
        spoil: same,
        installed: &["third"],
        left: &["second"],
        line: "    k: ",
    },
    Row {
        says: "is not base64",
        scope: Scope::Strict,
        spoil: |text| with_value(text, |_| "<seal me>".to_owned()),
        installed: &["second"],
        left: &[],
        line: "    k: ",
    },
    Row {
        says: "is too short",
        scope: Scope::Strict,
        spoil: |text| with_value(text, |bytes| base64::encode(&bytes[..200])),
        installed: &["second"],
        left: &[],
        line: "    k: ",
    },
    Row {
        says: "is damaged",
        scope: Scope::Strict,
        spoil: |text| {
            with_value(text, |mut bytes| {
                *bytes.last_mut().unwrap() ^= 1;
                base64::encode(&bytes)
            })
        },
        installed: &["second"],
        left: &[],
        line: "    k: ",
    },
    Row {
        says: "none of the … keys that are held opens it",
        scope: Scope::Strict,
        spoil: same,
        installed: &["other", "third"],
        left: &[],
        line: "    k: ",
    },
];

/// `retired` is the key `second` in its Secret, with a label that says so.
fn held(name: &str) -> Key {
    if name != "retired" {
        return key(name);
    }
    let value = |name: &str| Hidden::new(crate::key_text(name));
    let mut documents = documents(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: retired, namespace: kube-system, \
         labels: {sealedsecrets.bitnami.com/sealed-secrets-key: compromised}}\ntype: kubernetes.io/tls\n\
         stringData: {tls.key: x, tls.crt: x}\n",
    );
    let mut document = documents.remove(0);
    for (part, file) in [("tls.key", "second.key.pem"), ("tls.crt", "second.cert.pem")] {
        document.entries.get_mut(part).unwrap().value = value(file);
    }
    Key::read(&document).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The rows as they stand on the page: what is told, in the marks of code, and what to do.
fn page() -> BTreeSet<String> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sealing.md")).unwrap();
    let (_, table) = page.split_once("| what is told | what to do |\n").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let told = rows.map(|row| row.split('|').nth(1).unwrap().to_owned());
    let words = |told: String| told.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    told.flat_map(words).collect()
}

/// Whether what is told begins with the words of a row; where the row leaves something out, anything may stand.
fn is(row: &Row, told: &str) -> bool {
    let mut parts = row.says.split('…');
    let mut rest = parts.next().and_then(|part| told.strip_prefix(part));
    for part in parts {
        rest = rest.and_then(|rest| Some(rest.split_once(part)?.1));
    }
    rest.is_some()
}

#[test]
fn the_page_has_the_rows_that_are_shown_here_and_no_other() {
    assert_eq!(page(), ROWS.iter().map(|row| row.says.to_owned()).collect());
}

#[test]
fn each_row_is_told_by_its_own_fault_with_its_line_and_what_to_do() {
    for row in ROWS {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {k: canary-4711}\n";
        let mut document = documents(text).remove(0);
        row.scope.mark(&mut document.annotations);
        let whole = write(&seal(&document, &certificate("second")).unwrap());
        let around =
            Around { names: ["a".to_owned()].into(), namespaces: ["b".to_owned()].into(), ..Around::default() };
        let (installed, left): (Vec<Key>, Vec<Key>) =
            (row.installed.iter().map(|name| held(name)).collect(), row.left.iter().map(|name| held(name)).collect());
        let (installed, left): (Vec<&Key>, Vec<&Key>) = (installed.iter().collect(), left.iter().collect());

        // Its own fault and nothing else: without it, the key that it is sealed for opens it.
        let before = sealed::read(&objects(&whole)[0]).unwrap();
        assert!(open(&before, &[&key("second")]).is_ok(), "{}", row.says);

        let text = (row.spoil)(&whole);
        let spoilt = sealed::read(&objects(&text)[0]).unwrap_or_else(|faults| panic!("{faults:?}"));
        let shut = open(&spoilt, &installed).err().unwrap_or_else(|| panic!("{}: it opens", row.says));
        let guesses = guess(&spoilt, &shut, &installed, &left, &around);
        assert_eq!(guesses.len(), 1);
        let (fault, advice) = guesses[0].told(&spoilt);
        let told = fault.text.strip_prefix("spec.encryptedData.k: ").unwrap();
        assert!(is(row, told), "{:?} is not {told:?}", row.says);
        let line = text.lines().nth(fault.at.line as usize - 1).unwrap();
        assert!(line.starts_with(row.line), "{}: {:?} is told of {line:?}", row.says, fault.at);
        assert!(!advice.is_empty() && !format!("{fault:?} {advice}").contains("4711"), "{fault:?} {advice}");
        // No other row is told of it.
        assert!(ROWS.iter().all(|other| other.says == row.says || !is(other, told)), "{told}");
    }
    println!("sealing: {} reasons why something stays shut, each told by its own fault", ROWS.len());
}
