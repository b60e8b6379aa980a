//! What stands in names of files and objects and would act in a terminal is a sign there, wherever `check` prints it.

use crate::common::Told;
use crate::desk::{Desk, STRICT};

#[track_caller]
fn harmless(told: Told) -> Told {
    let acts = |c: char| c.is_control() && c != '\n';
    assert!(!told.all().contains(acts), "{:?}", told.all());
    assert!(!told.all().lines().any(|line| line.starts_with("0 errors")), "a line is forged: {}", told.all());
    told
}

/// No patch mends it.
const UNMENDED: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: apps}\nspec:\n  serviceAccountName: none\n  containers: []\n";

#[test]
fn names_of_files_do_nothing_in_a_terminal() {
    let desk = Desk::new();
    desk.write("k\x1b]0;t\x07\n0 errors\n/a.yaml", UNMENDED);
    harmless(desk.run(&["check", "."])).says("k␛]0;t␇␊0 errors␊/a.yaml:5  Pod apps/a");
    let told = harmless(desk.run(&["check", ".", "--fix", "patches"])).says("without a patch");
    let (_, behind) = told.out.split_once("without a patch").unwrap();
    assert!(behind.contains("k␛]0;t␇␊0 errors␊/a.yaml:5  Pod apps/a"), "{behind}");
    for output in ["json", "sarif"] {
        let told = desk.run(&["check", ".", "--fix", &format!("patches-{output}"), "--output", output]);
        harmless(Told { out: String::new(), ..told }).says("without a patch");
    }
}

#[test]
fn what_is_gone_from_a_baseline_does_nothing_in_a_terminal() {
    let desk = Desk::new();
    desk.write("a.yaml", UNMENDED).run(&["check", ".", "--write-baseline", "base.json"]).says("listed");
    let sign = r"\u001b]0;t\u0007\n0 errors";
    let listed = desk.read("base.json").replace("a.yaml", &format!("a{sign}")).replace("apps/a", &format!("p{sign}"));
    desk.write("base.json", &listed).write("a.yaml", STRICT);
    let told = harmless(desk.run(&["check", ".", "--baseline", "base.json"]));
    told.says("gone   ").says("  a␛]0;t␇␊0 errors  ").says("Pod p␛]0;t␇␊0 errors: take it out");
}

#[test]
fn errors_do_nothing_in_a_terminal() {
    let desk = Desk::new();
    harmless(desk.run(&["check", "none\x1b]0;t\x07"]).code(2)).says("none␛]0;t␇: is not there");
    harmless(desk.run(&["explain", "F\x1b]0;t\x07"]).code(2)).says("nothing is called F␛]0;t␇");
}
