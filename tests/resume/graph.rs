//! What changed between the run and its resume: the world, the inputs of a step, the graph.

use crate::common::{Lab, Told};
use crate::living::{GATED, effects, go_recover, how, kill_program, kill_runner, open, past, wait_at};

/// `once` and `again` are done, `last` is not: the run was killed in it.
fn killed_in_last() -> Lab {
    let lab = Lab::new(&steps("[./gated, once]", "[./gated, again]", "[./gated, last]"));
    lab.script("gated", GATED);
    let going = go_recover(&lab);
    for gate in ["before-once", "after-once", "before-again", "after-again"] {
        open(&lab, gate);
    }
    wait_at(&lab, "before-last");
    kill_runner(&lab, going);
    kill_program(&lab, "last");
    open(&lab, "before-last");
    open(&lab, "after-last");
    lab
}
fn steps(once: &str, again: &str, last: &str) -> String {
    format!(
        "  - {{id: once, kind: command, run: {once}, verify: [test, -e, world/once]}}\n  \
         - {{id: again, kind: command, repeatable: true, run: {again}, verify: [test, -e, world/again]}}\n  \
         - {{id: last, kind: command, repeatable: true, run: {last}, verify: [test, -e, world/last], needs: [once, again]}}\n"
    )
}
fn counts(lab: &Lab) -> [usize; 3] {
    ["once", "again", "last"].map(|step| effects(lab, step))
}
fn resume(lab: &Lab) -> Told {
    lab.resume(&[])
}
/// What is printed can be copied: the step is named with both commands.
#[track_caller]
fn asks_for_once(lab: &Lab, told: Told) {
    let run = lab.runs()[0].file_name().unwrap().to_string_lossy().into_owned();
    let resume = format!("blackstart resume {run}");
    told.code(3).says("once").says(&format!("{resume} --redo once")).says(&format!("{resume} --accept once"));
}

#[test]
fn nothing_changed_and_what_is_done_is_only_looked_at() {
    let lab = killed_in_last();
    resume(&lab).code(0);
    assert_eq!(counts(&lab), [1, 1, 1]);
    assert_eq!(["once", "again", "last"].map(|step| how(&lab, step)), ["kept", "kept", "ran"]);
}

#[test]
fn an_effect_that_is_gone_is_made_again_where_that_does_no_harm() {
    let lab = killed_in_last();
    std::fs::remove_file(lab.path("world/again")).unwrap();
    resume(&lab).code(0);
    assert_eq!(counts(&lab), [1, 2, 1]);
    assert!(lab.exists("world/again"));
}

#[test]
fn an_effect_that_is_gone_is_asked_about_where_it_may_not_be_made_twice() {
    let lab = killed_in_last();
    std::fs::remove_file(lab.path("world/once")).unwrap();
    asks_for_once(&lab, resume(&lab));
    assert_eq!(counts(&lab), [1, 1, 0], "something was done though it had to ask");
    assert!(!lab.exists("world/once"));
    // Asked again, it asks again: the first answer is not taken for one.
    asks_for_once(&lab, resume(&lab));
    lab.resume(&["--redo", "once"]).code(0);
    assert_eq!(counts(&lab), [2, 1, 1]);
}

#[test]
fn inputs_of_a_step_that_is_not_done_are_taken_as_they_are_now() {
    let lab = killed_in_last();
    lab.script("other", "echo other >> world/effects\n: > world/last\n");
    lab.plan(&steps("[./gated, once]", "[./gated, again]", "[./other]"));
    resume(&lab).code(0);
    assert_eq!(counts(&lab), [1, 1, 0]);
    assert_eq!(effects(&lab, "other"), 1);
}

#[test]
fn a_begun_step_whose_inputs_changed_is_not_taken_as_done_by_what_the_old_ones_left() {
    let lab = killed_in_last();
    lab.write("world/last", "made by the old inputs");
    lab.script("other", "echo other >> world/effects\n: > world/last\n");
    lab.plan(&steps("[./gated, once]", "[./gated, again]", "[./other]"));
    resume(&lab).code(0);
    assert_eq!((effects(&lab, "other"), how(&lab, "last")), (1, "ran"));
}

#[test]
fn changed_inputs_of_a_finished_step_make_it_stale_and_it_runs_again_where_it_may() {
    let lab = killed_in_last();
    lab.script("other", "echo other >> world/effects\n: > world/again\n");
    lab.plan(&steps("[./gated, once]", "[./other]", "[./gated, last]"));
    lab.resume(&["--verbose"]).code(0).says("stale");
    assert_eq!((counts(&lab), effects(&lab, "other")), ([1, 1, 1], 1));
}

#[test]
fn changed_inputs_of_a_finished_step_that_may_not_be_done_twice_stop_and_ask() {
    let lab = killed_in_last();
    lab.plan(&steps("[./gated, once, more]", "[./gated, again]", "[./gated, last]"));
    let told = resume(&lab).says("stale");
    asks_for_once(&lab, told);
    assert_eq!(counts(&lab), [1, 1, 0]);
    lab.resume(&["--accept", "once"]).code(0);
    assert_eq!((counts(&lab), how(&lab, "once")), ([1, 1, 1], "adopted"));
}

#[test]
fn a_changed_script_is_a_changed_input() {
    let lab = killed_in_last();
    lab.script("gated", &format!("{GATED}# a new last line\n"));
    asks_for_once(&lab, resume(&lab).says("stale"));
    // The same text again, and nothing is stale.
    lab.script("gated", GATED);
    resume(&lab).code(0);
    assert_eq!(counts(&lab), [1, 1, 1]);
}

/// Adopted with new inputs, it is done with those: the next resume does not call it stale.
#[test]
fn what_was_taken_with_its_new_inputs_is_not_stale_the_next_time() {
    let lab = killed_in_last();
    lab.plan(&steps("[./gated, once, more]", "[./gated, again]", "[false]"));
    lab.resume(&["--accept", "once"]).code(1);
    assert_eq!(how(&lab, "once"), "adopted");
    lab.plan(&steps("[./gated, once, more]", "[./gated, again]", "[./gated, last]"));
    resume(&lab).code(0);
    assert_eq!((how(&lab, "once"), how(&lab, "last")), ("kept", "ran"));
}

#[test]
fn another_graph_is_refused_with_what_differs() {
    let lab = killed_in_last();
    let before = steps("[./gated, once]", "[./gated, again]", "[./gated, last]");
    let journal = crate::living::bytes(&lab);
    lab.plan(&format!("{before}  - {{id: new-one, kind: probe, run: [\"true\"]}}\n"));
    resume(&lab).code(3).says("REFUSED").says("new steps: new-one").never_says("gone");
    lab.plan(
        &before.lines().filter(|line| !line.contains("id: last")).map(|line| format!("{line}\n")).collect::<String>(),
    );
    resume(&lab).code(3).says("steps that are gone: last").never_says("new steps");
    lab.plan(&before.replace("needs: [once, again]", "needs: [once]"));
    resume(&lab).code(3).says("other edges");
    lab.plan(&before.replace(
        "id: again, kind: command, repeatable: true, run: [./gated, again], verify: [test, -e, world/again]",
        "id: again, kind: probe, run: [test, -e, world/again]",
    ));
    resume(&lab).code(3).says("other kinds");
    assert_eq!((counts(&lab), crate::living::bytes(&lab)), ([1, 1, 0], journal), "a refusal left a trace");
    // Seen green: the same steps in another order are the same graph.
    let turned: Vec<&str> = before.lines().rev().collect();
    lab.plan(&format!("{}\n", turned.join("\n")));
    resume(&lab).code(0);
    assert_eq!(counts(&lab), [1, 1, 1]);
}

#[test]
fn a_run_is_found_by_its_folder_and_a_complete_one_has_nothing_to_resume() {
    let lab = killed_in_last();
    let folder = lab.runs()[0].display().to_string();
    lab.run(&["status", &folder]).code(1).says("gone without a last word");
    lab.resume(&[&folder]).code(0);
    assert_eq!(counts(&lab), [1, 1, 1]);
    lab.run(&["status", &folder]).code(0);
    let before = crate::living::bytes(&lab);
    lab.resume(&[&folder]).code(0).says("nothing to resume");
    lab.resume(&[]).code(2).says("no run that could go on");
    assert_eq!(crate::living::bytes(&lab), before);
    assert_eq!(past(&lab).resumes, 1);
}

#[test]
fn words_about_a_step_that_is_not_there_or_two_words_about_one_are_refused() {
    let lab = killed_in_last();
    lab.resume(&["--redo", "onse"]).code(2).says("onse");
    lab.resume(&["--accept", "ONE"]).code(2);
    lab.resume(&["--accept", "once", "--redo", "once"]).code(2).says("once");
    assert_eq!(past(&lab).resumes, 0);
}
