//! Many Secrets, many recipients, a large value: they work, and in a time that a person waits.

use crate::lab::{Lab, another, protect, secret};
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
        println!("secrets: {count} in 200 files: {} {seconds:.2} s", words[0]);
        assert!(seconds < most, "{words:?}: {seconds}");
    }
    lab.run(&["list"]).says("2000 Secrets, 4000 keys");
}

#[test]
fn fifty_recipients_open_what_is_for_them() {
    let lab = Lab::filled();
    let others: Vec<_> = (0..49).map(|n| another(&lab, &format!("other-{n}"))).collect();
    let words: Vec<&str> = others.iter().flat_map(|(_, public)| ["--add", public]).collect();
    let began = Instant::now();
    lab.run(&[&["rotate"], &words[..]].concat()).code(0).says("for 50 recipients");
    println!("secrets: 2 files for 50 recipients: rotate {:.2} s", began.elapsed().as_secs_f64());
    for (path, _) in [&others[0], &others[24], &others[48]] {
        lab.run(&["check", "--identity", path.to_str().unwrap()]).code(0);
    }
}

#[test]
fn a_value_of_a_mebibyte_is_kept_to_the_byte() {
    let lab = Lab::new();
    let bytes: Vec<u8> = (0..1 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(lab.home().join("large"), &bytes).unwrap();
    let began = Instant::now();
    lab.run(&["add", "apps/large", "--from-file", "k=../home/large"]).code(0);
    println!("secrets: a value of 1 MiB: add {:.2} s", began.elapsed().as_secs_f64());
    let text = "line of text\n".repeat(80_000);
    lab.feed(&["add", "apps/large", "text"], &text)
        .code(2)
        .says("would hold 2088576 bytes, and a server takes 1048576");
    lab.add("apps/text", "text", &text);
    lab.run(&["check"]).code(0);
    let text = lab.open("apps/large");
    let encoded = text.lines().find_map(|line| line.trim().strip_prefix("k: ")).unwrap();
    assert!(blackstart::sys::base64::decode(encoded).unwrap().reveal() == bytes);
    std::fs::write(lab.home().join("large"), [bytes, vec![0]].concat()).unwrap();
    lab.run(&["add", "apps/large", "--from-file", "k=../home/large"]).code(2).says("has more than 1048576 bytes");
}

#[test]
fn a_passphrase_may_ask_for_much_work_and_not_for_too_much() {
    let lab = Lab::filled();
    // As much as a gigabyte of memory; the most that is done takes four.
    let most = if crate::common::long() { 22 } else { 20 };
    let whole = std::fs::read(lab.identity()).unwrap();
    for (work, code, says) in [(most, 0, "all is well"), (23, 3, "asks for 2^23 rounds of work, and 2^22 is the most")]
    {
        std::fs::write(lab.identity(), &whole).unwrap();
        match work {
            // Nobody has to do that work to find out: the head says it.
            23 => {
                protect(&lab, "canary pass", 10);
                let cipher = std::fs::read(lab.identity()).unwrap();
                let head = cipher.windows(4).position(|part| part == b" 10\n").unwrap();
                let text = [&cipher[..head], b" 23\n", &cipher[head + 4..]].concat();
                std::fs::write(lab.identity(), text).unwrap();
            }
            _ => protect(&lab, "canary pass", work),
        }
        let began = Instant::now();
        lab.feed(&["check", "--passphrase-fd", "0"], "canary pass\n").code(code).says(says);
        let seconds = began.elapsed().as_secs_f64();
        println!("secrets: a passphrase that asks for 2^{work} rounds: {seconds:.2} s");
        assert!(seconds < 120.0 && (code == 0 || seconds < 1.0), "{seconds}");
    }
}
