//! `explain`: every id that anything can find has its page, and the page of the documentation is theirs.

use crate::common::{Told, binary, told};
use crate::page::{Page, root};
use blackstart::checks::causes;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn explain(words: &[&str]) -> Told {
    told(Command::new(binary()).arg("explain").args(words))
}

/// Every id that stands in quotes in the sources.
fn written(folder: &Path, all: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            written(&path, all);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let ids = text.split('"').filter(|word| {
            word.len() == 3 && word.starts_with('F') && word[1..].bytes().all(|byte| byte.is_ascii_digit())
        });
        all.extend(ids.map(str::to_owned));
    }
}

#[test]
fn every_id_that_is_written_anywhere_has_a_page() {
    let mut all = BTreeSet::new();
    ["checks", "steps", "plan"].iter().for_each(|part| written(&root().join("src").join(part), &mut all));
    assert!(all.len() > 20, "{all:?}");
    let without: Vec<&String> = all.iter().filter(|id| causes::find(id).is_none()).collect();
    assert!(without.is_empty(), "no page for {without:?}");
}

#[test]
fn a_page_tells_the_story_where_it_is_found_and_what_mends_it() {
    let told =
        explain(&["f03"]).code(0).says("F03  Pod Security lets no pod in").says("What mends it: Set what the message");
    told.says("Found: in files by check, plan and drill; in a cluster by diagnose and while a run waits.");
    explain(&["F74"]).code(0).says("Found: in files by check, plan and drill.");
    explain(&["F90"]).code(0).says("Found: in a cluster by diagnose");
    explain(&["unknown"]).code(0).says("What is not known here");
    explain(&["circle"]).code(0).says("Ways out: ");
    explain(&["restart"]).code(0).says("Why a node is never restarted").says("blackstart drill");
}

#[test]
fn what_has_no_name_is_a_usage_error_with_the_nearest() {
    explain(&["F3"]).code(2).says("nothing is called F3, did you mean `F03`?");
    explain(&["circel"]).code(2).says("did you mean `circle`?");
    explain(&["nothing at all"]).code(2).says("blackstart explain   # lists everything that has a name");
}

#[test]
fn without_an_id_all_are_listed() {
    let told = explain(&[]).code(0);
    for cause in causes::all() {
        assert!(told.out.contains(&format!("{:8} {}\n", cause.id, cause.title)), "{}", cause.id);
    }
    assert!(told.out.ends_with("restart  Why a node is never restarted\n"), "{}", told.out);
}

#[test]
fn the_page_of_causes_has_all_of_them() {
    let row = |cause: &&causes::Cause| {
        let seen = match causes::seen_in(cause.id) {
            (true, true) => "files, cluster",
            (true, false) => "files",
            (false, true) => "cluster",
            (false, false) => "",
        };
        format!("| {} | {} | {seen} | {} |\n", cause.id, cause.title, cause.fix)
    };
    let rows: String = causes::sorted().iter().map(row).collect();
    let head = "| id | what it is | found in | what mends it |\n|---|---|---|---|\n";
    Page::open("docs/causes.md").holds("causes", &format!("{head}{rows}"), str::to_owned);
}
