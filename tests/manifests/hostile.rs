//! Files that are hostile, cut or damaged end soon, with a place and without a value.

use crate::Folder;
use crate::damage::{Dice, TOKENS, damage};
use blackstart::manifests::{At, Wrongs};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[test]
fn hostile_files_end_soon_and_with_a_place() {
    let bomb = |base: &str, times: usize| {
        let mut text = format!("a0: &a0 {base}\n");
        for level in 1..12 {
            let list = vec![format!("*a{}", level - 1); times].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        text
    };
    let merges: String = (0..200).map(|i| format!("m{i}: {{<<: *base}}\n")).collect();
    let wide: String = (0..1000).map(|i| format!("k{i}: v, ")).collect();
    let keys: String = (0..300_000).map(|i| format!("k{i}: v\n")).collect();
    let twice: String = (0..300_000).map(|i| format!("k{}: v\n", i % 299_999)).collect();
    let nested_anchors: String = (0..150).map(|i| format!("{{a: &n{i} ")).collect();
    let cases: Vec<(&str, String, &str)> = vec![
        ("a billion laughs", bomb("lol", 10), "far larger than its file"),
        ("a long text many times", bomb(&"x".repeat(1 << 20), 9), "far larger than its file"),
        ("merges of a wide map", format!("base: &base {{{wide}}}\n{merges}"), "far larger than its file"),
        ("anchors in anchors", format!("{nested_anchors} x{} *n0", "}".repeat(150)), "not YAML"),
        ("lists 10,000 deep", format!("a: {}", "[".repeat(10_000)), "nested far too deep"),
        ("maps 10,000 deep", format!("a: {}", "{a: ".repeat(10_000)), "deep"),
        ("dashes 10,000 deep", "- ".repeat(10_000), "nested more than 200 deep"),
        ("JSON 10,000 deep", format!("{{\"a\": {}", "[".repeat(10_000)), "nested more than 200 deep"),
        ("a text of 17 MiB", format!("a: \"{}\"\n", "x".repeat(17 << 20)), "has more than 16777216 bytes"),
        ("a text of 15 MiB without end", format!("a: \"{}", "x".repeat(15 << 20)), "is not closed"),
        ("300,000 keys", keys, "neither `apiVersion` nor `kind`"),
        ("300,000 keys, one twice", twice, "stands twice"),
        ("5 million values", "[".to_owned() + &"1,".repeat(5_000_000), "more than 4000000 values"),
        ("a million documents", "---\n{}\n".repeat(200_000), "neither `apiVersion` nor `kind`"),
        ("quotes", "'".repeat((1 << 20) + 1), "not YAML"),
        ("anchors", "&a ".repeat(1 << 18), "not YAML"),
        ("colons", ": ".repeat(1 << 18), ""),
        ("questions", "? ".repeat(1 << 18), ""),
        ("bangs", "!".repeat(1 << 20), ""),
        ("comments", "# x\n".repeat(1 << 18), "x"),
    ];
    for (name, text, part) in cases {
        let folder = Folder::new(&[]);
        folder.write("a.yaml", &text);
        let begun = Instant::now();
        if name == "comments" {
            assert!(folder.objects(&["a.yaml"]).is_empty());
        } else {
            let wrong = folder.wrong(&[&["a.yaml"]]);
            assert!(wrong[0].starts_with("plans/a.yaml:") && wrong[0].contains(part), "{name}: {}", wrong[0]);
            assert!(wrong.iter().all(|wrong| wrong.len() < 300), "{name}: {wrong:#?}");
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{name}: {took:?}");
    }
}

#[test]
fn a_file_of_100_mib_is_refused_without_being_read() {
    let folder = Folder::new(&[("a.yaml", "")]);
    fs::File::options().write(true).open(folder.path("a.yaml")).unwrap().set_len(100 << 20).unwrap();
    let begun = Instant::now();
    assert_eq!(folder.wrong(&[&["a.yaml"]]), ["plans/a.yaml:1:1: has more than 16777216 bytes"]);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_file_cut_at_any_byte_is_read_or_refused() {
    let folder = Folder::new(&[]);
    for text in [include_str!("everything.yaml"), include_str!("object.json")] {
        for cut in 0..=text.len() {
            folder.write("a.yaml", &text.as_bytes()[..cut]);
            if let Err(wrongs) = folder.read(&[&["a.yaml"]]) {
                check_places(&wrongs, &text.as_bytes()[..cut]);
            }
        }
    }
}

/// Each wrong thing has a place that an editor can go to, and a text without control characters.
fn check_places(wrongs: &Wrongs, text: &[u8]) {
    let lines = String::from_utf8_lossy(text).split(['\n', '\r']).count();
    assert!(wrongs.count > 0);
    for wrong in &wrongs.list {
        let At::Place(place) = &wrong.at else { continue };
        let (line, column) = (place.spot.line as usize, place.spot.column);
        assert!(line >= 1 && column >= 1 && line <= lines + 1, "{wrong} in {lines} lines");
        assert!(!wrong.to_string().contains(char::is_control), "{:?}", wrong.to_string());
    }
}

/// Values of a Secret never reach an error, wherever its file is damaged.
#[test]
fn no_error_quotes_a_value() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: hunter2\n  b: \"hunter2\"\n  c: 'x hunter2'\n  d: |\n    \
                  hunter2: x\n  e: [hunter2, {hunter2: hunter2}]\n  ? hunter2\n  : &hunter2 x\n  f: *hunter2\n  g: hunter2 #hunter2\n";
    let folder = Folder::new(&[]);
    let (mut tried, mut refused) = (0, 0);
    for at in (0..secret.len()).filter(|at| secret.is_char_boundary(*at)) {
        for token in TOKENS {
            folder.write("a.yaml", format!("{}{token}{}", &secret[..at], &secret[at..]));
            tried += 1;
            if let Err(wrongs) = folder.read(&[&["a.yaml"]]) {
                refused += 1;
                for wrong in &wrongs.list {
                    assert!(!wrong.to_string().contains("hunter2"), "{token:?} at {at}: {wrong}");
                }
            }
        }
    }
    println!("{tried} damaged Secrets, {refused} refused");
    assert!(refused > tried / 4);
}

#[test]
fn a_damaged_file_is_read_or_refused_and_nothing_else() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("BLACKSTART_FUZZ_SECONDS").unwrap_or(10);
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = number("BLACKSTART_SEED").unwrap_or_else(now);
    println!("a_damaged_file_is_read_or_refused: BLACKSTART_SEED={seed}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let seeds: Vec<Vec<u8>> = ["everything.yaml", "small.yaml", "object.json"].map(read).into();
    let mut dice = Dice(seed);
    let work = Folder::new(&[]);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut tried, mut good) = (0_u64, 0_u64);
    while Instant::now() < until {
        let text = damage(&seeds[dice.below(seeds.len())], &seeds, &mut dice);
        work.write("a.yaml", &text);
        let begun = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| match work.read(&[&["a.yaml"]]) {
            Ok(_) => true,
            Err(wrongs) => {
                check_places(&wrongs, &text);
                false
            }
        }));
        tried += 1;
        match done {
            Ok(read) if begun.elapsed() < Duration::from_secs(2) => good += u64::from(read),
            Ok(_) | Err(_) => {
                let path = std::env::temp_dir().join(format!("blackstart-fuzz-{seed}-{tried}.yaml"));
                fs::write(&path, &text).unwrap();
                panic!("text {tried} of BLACKSTART_SEED={seed} is in {}", path.display());
            }
        }
    }
    println!("{tried} texts, {good} of them were read");
    assert!(tried > 100 && good > tried / 100, "{good} of {tried} texts were read");
}
