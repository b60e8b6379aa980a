//! The hook of the documentation, in a repository of git.

use crate::common::binary;
use crate::desk::{Desk, STRICT, lax};
use crate::page::Page;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn the_hook_of_the_page_stops_a_commit_with_an_error_and_no_other() {
    let page = Page::open("docs/check.md");
    let hook = page.text.split("```sh\n").find(|part| part.starts_with("#!/bin/sh")).unwrap();
    let hook = hook.split("```").next().unwrap();
    let desk = Desk::new();
    desk.write(".git/hooks/pre-commit", hook);
    let path = desk.path(".git/hooks/pre-commit");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = Path::new(binary()).parent().unwrap();
    let search = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let commit = || {
        let mut command = std::process::Command::new("git");
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        command.args(who).args(["commit", "-qm", "x"]).current_dir(desk.path("")).env("PATH", &search);
        crate::common::told(&mut command)
    };
    desk.write("kubernetes/a.yaml", &format!("{STRICT}---\n{}", lax("one")));
    desk.git(&["add", "."]).code(0);
    assert_ne!(commit().says("F03").code, 0);
    desk.write("kubernetes/a.yaml", STRICT);
    desk.git(&["add", "."]).code(0);
    commit().code(0);
}
