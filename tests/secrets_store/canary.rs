//! A random value in every command, also in those that fail: it is in no output and in no file but the encrypted ones.
//! The search is shown to find one that is planted.

use crate::common::{Dice, Told, have, seed};
use crate::lab::{Lab, all};
use std::process::Command;

/// The value as it could be written: raw, in base64 at its three alignments, in hex.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let base64 = |shift: usize| {
        let padded = [&vec![b' '; shift], value.as_bytes()].concat();
        let text = blackstart::sys::base64::encode(&padded);
        // The letters at either end depend on what stands beside.
        text.as_bytes()[if shift == 0 { 0 } else { 4 }..text.len() / 4 * 4 - 4].to_vec()
    };
    let hex = value.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
    vec![value.as_bytes().to_vec(), base64(0), base64(1), base64(2), hex]
}

fn found(forms: &[Vec<u8>], bytes: &[u8]) -> bool {
    forms.iter().any(|form| bytes.windows(form.len()).any(|window| window == form))
}

/// Everything that is written anywhere this test knows of, and all words and variables of every program.
fn leaks(lab: &Lab, told: &[Told], forms: &[Vec<u8>]) -> Vec<String> {
    let said =
        told.iter().flat_map(|told| [("stdout".to_owned(), told.out.clone()), ("stderr".to_owned(), told.err.clone())]);
    let said = said.map(|(name, text)| (name, text.into_bytes()));
    let files = all(lab.folder.path()).into_iter().chain(all(std::path::Path::new("/dev/shm")));
    said.chain(files).filter(|(_, bytes)| found(forms, bytes)).map(|(name, _)| name).collect()
}

#[test]
fn a_value_is_in_no_output_and_no_file_but_the_encrypted_ones() {
    if !have("strace", "a_value_is_in_no_output_and_no_file_but_the_encrypted_ones") {
        return;
    }
    let mut dice = Dice(seed("canary"));
    let value: String = (0..23).map(|_| char::from(b"abcdefghjkmnpqrstuvwxyz23456789"[dice.roll(31)])).collect();
    let forms = forms(&value);
    let lab = Lab::new();
    let trace = lab.home().join("execs");
    let mut told = Vec::new();
    let mut run = |words: &[&str], input: &str, editor: &str| {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-s", "65535", "-v", "-e", "trace=execve", "-A", "-o"]).arg(&trace);
        command.args(["setsid", "-w", crate::common::binary(), "secrets"]).args(words);
        lab.setting(&mut command);
        let done = crate::common::feed(command.env("EDITOR", editor), input);
        let code = done.code;
        told.push(done);
        code
    };
    assert_eq!(run(&["add", "apps/x", "a"], &value, ""), 0);
    assert_eq!(run(&["add", "apps/x", "b", "c"], &format!("b={value}\nc={value}\n"), ""), 0);
    for (words, input, editor, code) in [
        (&["add", "apps/x", "b", "c"][..], format!("b={value}\n{value}\n"), "", 2),
        (&["add", "apps/x", "b", "--file", "y.yaml.age"], value.clone(), "", 3),
        (&["add", "apps/x", "b", "--identity", "/none"], value.clone(), "", 3),
        (&["edit", "apps/x"], String::new(), "sed -i 's/ a:/ aa:/'", 0),
        (&["edit", "apps/x"], String::new(), "sed -i 's/aa:/aa: [/'", 3),
        (&["edit", "apps/x"], String::new(), "sed -i 's/\"$/\\x01\"/'", 3),
        (&["edit", "apps/x"], String::new(), "sed -i 's/stringData/data/'", 3),
        (&["edit", "apps/x"], String::new(), "sh -c 'exit 1'", 1),
        (&["list"], String::new(), "", 0),
        (&["list", "--output", "json"], String::new(), "", 0),
        (&["check"], String::new(), "", 0),
        (&["check", "--output", "json", "-v"], String::new(), "", 0),
        (&["rotate"], String::new(), "", 0),
        (&["rotate", "--add", "age1x"], String::new(), "", 2),
        (&["open", "apps/x", "--identity", "/none"], String::new(), "", 3),
    ] {
        assert_eq!(run(words, &input, editor), code, "{words:?}");
    }
    lab.put("apps-x.yaml.age", &format!("stringData: '{value}\n"));
    assert_eq!(run(&["check"], "", ""), 1);
    assert_eq!(run(&["rotate"], "", ""), 3);
    assert_eq!(run(&["edit", "secrets/apps-x.yaml.age"], "", "sed -i s/Data/data/"), 3);
    println!("canary: {} commands, {} files", told.len(), all(lab.folder.path()).len());
    assert_eq!(leaks(&lab, &told, &forms), Vec::<String>::new());

    // Seen red: in each channel, a planted one is found.
    for form in &forms {
        let text = String::from_utf8(form.clone()).unwrap();
        let planted = Told { code: 0, out: format!("x{text}x"), err: String::new() };
        assert_eq!(leaks(&lab, &[planted], &forms), ["stdout"]);
        lab.write("planted", &text);
        assert_eq!(leaks(&lab, &[], &forms).len(), 1);
        std::fs::remove_file(lab.path("planted")).unwrap();
    }
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-s", "65535", "-v", "-e", "trace=execve", "-A", "-o"])
        .arg(&trace)
        .args(["true", &value]);
    assert!(command.status().unwrap().success());
    assert_eq!(leaks(&lab, &[], &forms).len(), 1, "words of programs are searched");
}
