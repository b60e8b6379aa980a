//! A file means to us what it means to kubectl: the same words, documents and damaged texts are given to both. Needs kubectl
//! on PATH and no cluster. What we refuse and kubectl takes is counted by its reason, and each reason is in a list.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "common/mod.rs"]
mod common;
#[path = "support/damage.rs"]
mod damage;

use blackstart::manifests::read_all;
use blackstart::sys::Look;
use damage::{Dice, damage};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What we refuse and kubectl takes, each with the reason that the message gives.
const STRICTER: &[&str] = &[
    "stands twice in its map",
    "stands above a <<",
    "a second << in one map",
    "an alias (*name) is not read as a key",
    "this tag (!name) is not read",
    "the tag !!binary is not read",
    "which would write it otherwise",
    "kubectl does not read what stands behind `...`",
    "is read differently by different programs",
    "stands also in",
    "has `generateName`",
    "no `metadata.name`",
    "is no name that Kubernetes takes",
    "wants a text",
    "wants a version",
    "wants one word",
    "a List without `items`",
    "its kind does not end in List",
    "the character U+",
    "nested more than 200 deep",
    "lists of lists",
    "wants a list of objects",
    "no Kubernetes object",
    // Within a document kubectl takes it for the beginning of a text; there nobody means that.
    "a line that begins with % is not read here",
    // Kubectl puts a character of its own into the place of what is none.
    "not UTF-8 text",
    NOT_YAML,
];

/// Where our parser, which reads YAML 1.2, takes less than that of kubectl: texts in quotes or brackets that go on further
/// left than their key, a minus before a comma. The cases have no end, so it is held that they are rare.
const NOT_YAML: &str = "not YAML";
/// One of so many damaged texts may be refused for that.
const RARE: usize = 10;

/// The objects of a file, as kubectl makes them; without what it was asked to add.
fn theirs(path: &Path) -> Result<Vec<Value>, String> {
    let args = ["annotate", "--local", "--output=json", "example.org/probe=x", "--overwrite", "--filename"];
    let output = Command::new("kubectl")
        .args(args)
        .arg(path)
        .env("KUBECONFIG", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let mut objects = Vec::new();
    for object in serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>() {
        let mut object = object.unwrap();
        if let Some(metadata) = object["metadata"].as_object_mut()
            && let Some(notes) = metadata.get_mut("annotations").and_then(Value::as_object_mut)
        {
            notes.remove("example.org/probe");
            if notes.is_empty() {
                metadata.remove("annotations");
            }
        }
        objects.push(object);
    }
    Ok(objects)
}

fn ours(path: &Path) -> Result<Vec<Value>, String> {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    match read_all(Look::new(), path.parent().unwrap(), "", &[vec![name]]) {
        Ok(papers) => Ok(papers[0].objects.iter().map(|object| object.root.json()).collect()),
        Err(wrongs) => Err(wrongs.list.iter().map(|wrong| format!("{wrong}\n")).collect()),
    }
}

/// Numbers are compared as they arrive at the server: whole ones exactly, others as floats; null notes are dropped by
/// kubectl's typed view of the metadata, which is not about reading.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.as_i64().is_none() || b.as_i64().is_none()) && a.as_f64() == b.as_f64()
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn without_metadata(objects: &[Value]) -> Vec<Value> {
    let strip = |object: &Value| {
        let mut object = object.clone();
        object.as_object_mut().unwrap().remove("metadata");
        object
    };
    objects.iter().map(strip).collect()
}

#[test]
fn a_file_with_every_way_of_writing_is_the_same_to_both() {
    if !common::have("kubectl", "a file with every way of writing is the same to kubectl") {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/everything.yaml");
    let (ours, theirs) = (ours(&path).unwrap(), theirs(&path).unwrap());
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(same(ours, theirs), "ours: {ours:#}\ntheirs: {theirs:#}");
    }
}

#[test]
fn a_word_without_quotes_is_the_same_to_both() {
    if !common::have("kubectl", "a word without quotes is the same to kubectl") {
        return;
    }
    const LETTERS: &[&str] = &[
        "0",
        "1",
        "7",
        "8",
        "9",
        "_",
        "-",
        "+",
        ".",
        "e",
        "E",
        "x",
        "X",
        "o",
        "O",
        "b",
        "B",
        "y",
        "n",
        "t",
        "f",
        "T",
        "Z",
        ":",
        "0x",
        "0b",
        "0o",
        "00",
        "e+",
        "inf",
        "nan",
        "99999999",
        "y",
        "es",
        "on",
        "ff",
        "null",
        "~",
        "a",
        "F",
        " ",
        "2024-01-02",
    ];
    let mut dice = Dice(common::seed("a_word_without_quotes_is_the_same_to_both"));
    let mut words: Vec<String> = include_str!("manifests/words.txt").lines().map(str::to_owned).collect();
    for _ in 0..if common::long() { 40_000 } else { 4_000 } {
        words.push((0..=dice.below(5)).map(|_| dice.pick(LETTERS)).collect::<String>().trim().to_owned());
    }
    let fits = |word: &String| !word.starts_with("- ") && !word.ends_with(':') && !word.contains(": ") && word != "-";
    words.retain(fits);
    let folder = TempDir::new().unwrap();
    let one = |words: &[&str]| {
        let path = folder.path().join("words.yaml");
        let data: String = words.iter().enumerate().map(|(i, word)| format!("  k{i}: {word}\n")).collect();
        fs::write(&path, format!("apiVersion: v1\nkind: X\nmetadata: {{name: a}}\ndata:\n{data}")).unwrap();
        path
    };
    // Infinity cannot be sent by either; each of them would hide the rest.
    let (sendable, endless): (Vec<&str>, Vec<&str>) =
        words.iter().map(String::as_str).partition(|word| ours(&one(&[word])).is_ok());
    let path = one(&sendable);
    let (ours_all, theirs_all) = (ours(&path).unwrap(), theirs(&path).unwrap());
    for (i, word) in sendable.iter().enumerate() {
        let key = format!("k{i}");
        let (a, b) = (&ours_all[0]["data"][&key], &theirs_all[0]["data"][&key]);
        assert!(same(a, b), "`{word}` is {a} to us and {b} to kubectl");
    }
    let mut endless = endless;
    endless.sort_unstable();
    endless.dedup();
    for word in endless {
        assert!(theirs(&one(&[word])).is_err(), "`{word}` is refused by us and taken by kubectl");
    }
    println!("{} words", words.len());
}

#[test]
fn a_damaged_file_is_the_same_to_both_or_refused() {
    if !common::have("kubectl", "a damaged file is the same to kubectl") {
        return;
    }
    let seed = common::seed("a_damaged_file_is_the_same_to_both_or_refused");
    let mut dice = Dice(seed);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let seeds: Vec<Vec<u8>> =
        ["everything.yaml", "small.yaml", "object.json"].map(|name| fs::read(folder.join(name)).unwrap()).into();
    let work = TempDir::new().unwrap();
    let turns = if common::long() { 4_000 } else { 150 };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unknown: Vec<String> = Vec::new();
    for turn in 0..turns {
        let text = damage(&seeds[dice.below(seeds.len())], &seeds, &mut dice);
        let path = work.path().join("damaged.yaml");
        fs::write(&path, &text).unwrap();
        let kept = || {
            let path = std::env::temp_dir().join(format!("blackstart-kubectl-{seed}-{turn}.yaml"));
            fs::write(&path, &text).unwrap();
            path.display().to_string()
        };
        match (ours(&path), theirs(&path)) {
            (Ok(ours), Ok(theirs)) => {
                *counts.entry("taken by both").or_default() += 1;
                let (a, b) = (json!(without_metadata(&ours)), json!(without_metadata(&theirs)));
                assert!(same(&a, &b), "another meaning: {}\nours: {a:#}\ntheirs: {b:#}", kept());
            }
            // Some of what kubectl refuses is about talking to a server, and not about reading.
            (Ok(_), Err(_)) => *counts.entry("taken by us").or_default() += 1,
            (Err(ours), Ok(_)) => {
                let known = STRICTER.iter().find(|reason| ours.contains(**reason));
                match known {
                    Some(reason) => *counts.entry(reason).or_default() += 1,
                    None => unknown.push(format!("{}: {ours}", kept())),
                }
            }
            (Err(_), Err(_)) => *counts.entry("refused by both").or_default() += 1,
        }
    }
    println!("{counts:#?}");
    assert!(counts.get(NOT_YAML).is_none_or(|count| count * RARE < turns), "{counts:#?}");
    assert!(counts.get("taken by both").is_some_and(|count| count * RARE > turns), "{counts:#?}");
    assert!(
        unknown.is_empty(),
        "taken by kubectl and refused by us for a reason that is in no list:\n{}",
        unknown.join("")
    );
}
