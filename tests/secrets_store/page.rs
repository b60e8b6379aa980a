//! The session on the page about secrets, typed as it stands there.

use crate::common::{binary, told};
use crate::lab::Lab;
use std::process::Command;

#[test]
fn the_session_of_the_page_goes_as_it_is_told() {
    let page = include_str!("../../docs/secrets.md");
    let session = page.split("<!-- session -->\n```console\n").nth(1).unwrap().split("```").next().unwrap();
    let lab = Lab::bare();
    std::fs::remove_dir(lab.path(".git")).unwrap();
    assert!(Command::new("git").args(["init", "-q"]).current_dir(lab.path("")).status().unwrap().success());
    let (mut commands, mut said) = (0, String::new());
    let folder = std::path::Path::new(binary()).parent().unwrap().to_owned();
    let path =
        std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    let path = path.unwrap();
    for line in session.lines() {
        if let Some(typed) = line.strip_prefix("$ ") {
            let mut command = Command::new("setsid");
            command.args(["-w", "sh", "-c", typed]);
            lab.setting(&mut command);
            said = told(command.env("PATH", &path)).code(0).all();
            commands += 1;
            continue;
        }
        // What differs from place to place is left out on the page.
        for part in line.split('…') {
            assert!(said.contains(part), "{part:?} was not said:\n{said}");
        }
    }
    assert!(commands > 5, "{commands}");
}
