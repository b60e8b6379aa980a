//! Many Secrets, many recipients, a large value: they work, and in a time that a person waits.

use crate::lab::{Lab, another, secret};
use std::time::Instant;

#[test]
fn two_thousand_secrets_are_listed_and_checked() {
    let lab = Lab::new();
    let mut count = 0;
    for file in 0..200 {
        let documents: Vec<String> = (0..10)
            .map(|n| {
                secret("apps", &format!("s-{file}-{n}"), &format!("stringData: {{a: canary-{file}-{n}, b: canary}}"))
            })
            .collect();
        count += documents.len();
        lab.put(&format!("file-{file}.yaml.age"), &documents.join("---\n"));
    }
    for (words, most) in [(["rotate"], 30.0), (["list"], 3.0), (["check"], 20.0)] {
        let began = Instant::now();
        lab.run(&words).code(0).says("200 files");
        let seconds = began.elapsed().as_secs_f64();
        println!("{count} secrets in 200 files: {} {seconds:.2} s", words[0]);
        assert!(seconds < most, "{words:?}: {seconds}");
    }
    lab.run(&["list"]).says("2000 Secrets, 4000 keys");
}

#[test]
fn fifty_recipients_open_what_is_for_them() {
    let lab = Lab::filled();
    let others: Vec<_> = (0..49).map(|n| another(&lab, &format!("other-{n}"))).collect();
    let words: Vec<&str> = others.iter().flat_map(|(_, public)| ["--add", public]).collect();
    lab.run(&[&["rotate"], &words[..]].concat()).code(0).says("for 50 recipients");
    for (path, _) in [&others[0], &others[24], &others[48]] {
        lab.run(&["check", "--identity", path.to_str().unwrap()]).code(0);
    }
}

#[test]
fn a_value_of_a_mebibyte_is_kept_to_the_byte() {
    let lab = Lab::new();
    let bytes: Vec<u8> = (0..1 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(lab.home().join("large"), &bytes).unwrap();
    lab.run(&["add", "apps/large", "--from-file", "k=../home/large"]).code(0);
    lab.add("apps/large", "text", &"line of text\n".repeat(80_000));
    lab.run(&["check"]).code(0);
    let text = lab.open("apps/large");
    let encoded = text.lines().find_map(|line| line.trim().strip_prefix("k: ")).unwrap();
    assert!(blackstart::sys::base64::decode(encoded).unwrap().reveal() == bytes);
    std::fs::write(lab.home().join("large"), [bytes, vec![0]].concat()).unwrap();
    lab.run(&["add", "apps/large", "--from-file", "k=../home/large"]).code(2).says("has more than 1048576 bytes");
}
