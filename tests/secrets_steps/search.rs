//! The search for values that have got out: in every form in which a program could have written them, in files, in what was
//! said, in the words and the variables of every program.

use blackstart::sys::base64;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What every value of a lab has in it: found in any form, it is a value that has got out.
pub struct Mark {
    pub text: String,
    patterns: Vec<(&'static str, String)>,
}

impl Mark {
    /// Its letters are none that any of the forms would have to escape.
    pub fn new(seed: u64) -> Self {
        let mut dice = crate::common::Dice(seed);
        let letters = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let text: String = (0..24).map(|_| char::from(letters[dice.roll(letters.len())])).collect();
        // Of a text within another one, the letters at either end depend on what stands beside.
        let within = |skip: usize| {
            let padded = [&vec![b' '; skip], text.as_bytes()].concat();
            let all = base64::encode(&padded);
            all[if skip == 0 { 0 } else { 4 }..all.len() / 4 * 4 - 4].to_owned()
        };
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let patterns = vec![
            ("raw", text.clone()),
            ("base64, 1st alignment", within(0)),
            ("base64, 2nd alignment", within(1)),
            ("base64, 3rd alignment", within(2)),
            ("hex", hex),
        ];
        Mark { text, patterns }
    }

    pub fn forms(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(|(_, text)| text.as_str())
    }

    /// Every file below these that has it.
    pub fn files(&self, below: &[&Path]) -> Vec<PathBuf> {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("patterns");
        std::fs::write(&list, self.forms().map(|form| format!("{form}\n")).collect::<String>()).unwrap();
        let mut command = Command::new("grep");
        // Sockets and what has just gone are passed over.
        command.args(["-rlaiF", "--devices=skip", "--no-messages", "-f"]).arg(&list).args(below);
        let said = command.output().unwrap();
        String::from_utf8_lossy(&said.stdout).lines().map(PathBuf::from).collect()
    }

    /// Whether a text has it.
    pub fn is_in(&self, text: &str) -> bool {
        let small = text.to_lowercase();
        self.forms().any(|form| small.contains(&form.to_lowercase()))
    }
}
