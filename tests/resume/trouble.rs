//! Steps that fail: tried again, gone around, told with the last that they printed.

use crate::common::Lab;
use crate::living::{effects, how, past};
use std::time::Instant;

#[test]
fn a_step_is_tried_again_with_longer_and_longer_pauses() {
    let lab = Lab::new(
        "  - {id: it, kind: command, repeatable: true, retries: 2, run: [./third, it], verify: [test, -e, world/it]}\n",
    );
    lab.script("third", "echo it >> world/effects\n[ $(wc -l < world/effects) -ge 3 ] || exit 7\n: > world/it\n");
    let began = Instant::now();
    lab.recover().code(0).says("exit 7; again in 1 s").says("exit 7; again in 2 s");
    assert!(began.elapsed().as_millis() >= 3000, "it did not wait");
    assert_eq!((effects(&lab, "it"), past(&lab).step(&crate::living::id("it")).attempts), (3, 3));
}

#[test]
fn the_tries_end_where_the_plan_says_and_begin_anew_with_a_resume() {
    let lab =
        Lab::new("  - {id: it, kind: command, repeatable: true, retries: 1, run: [./never, it], verify: [\"true\"]}\n");
    lab.script("never", "echo it >> world/effects; exit 7\n");
    lab.recover().code(1);
    assert_eq!(effects(&lab, "it"), 2);
    lab.resume(&[]).code(1);
    assert_eq!((effects(&lab, "it"), past(&lab).step(&crate::living::id("it")).attempts), (4, 4));
}

#[test]
fn what_may_not_be_done_twice_is_never_tried_again_by_itself() {
    let lab = Lab::new("  - {id: it, kind: command, run: [./fails], verify: [\"false\"]}\n");
    lab.script("fails", "echo it >> world/effects; exit 7\n");
    lab.recover().code(1);
    lab.resume(&[]).code(3).says("may not be done twice");
    lab.resume(&[]).code(3);
    assert_eq!(effects(&lab, "it"), 1);
    // Seen red: with a person's word it is.
    lab.resume(&["--redo", "it"]).code(1);
    assert_eq!(effects(&lab, "it"), 2);
}

/// Whatever the number of attempts: what could never be started has never happened.
#[test]
fn a_program_that_was_never_started_is_started_once_it_is_there() {
    let lab = Lab::new("  - {id: it, kind: command, run: [./comes-later], verify: [test, -e, world/it]}\n");
    lab.write("comes-later", "not a program");
    for told in [lab.run(&["recover", "plan.yaml", "--confirm", &lab.name]), lab.resume(&[]), lab.resume(&[])] {
        told.code(1).says("could not be started").never_says("--redo").never_says("half done");
    }
    lab.script("comes-later", "echo it >> world/effects; : > world/it\n");
    lab.resume(&[]).code(0);
    assert_eq!((effects(&lab, "it"), how(&lab, "it")), (1, "ran"));
}

/// That the second attempt could not be started says nothing about the first.
#[test]
fn a_step_that_broke_and_then_could_not_be_started_may_still_be_half_done() {
    let lab = Lab::new("  - {id: it, kind: command, run: [./breaks], verify: [test, -e, world/it]}\n");
    lab.script("breaks", "echo it >> world/effects; exit 7\n");
    lab.recover().code(1).says("may be half done");
    let script = lab.read("breaks");
    lab.write("breaks", "not a program");
    std::fs::set_permissions(lab.path("breaks"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    lab.resume(&["--redo", "it"]).code(1).says("could not be started").says("may be half done").says("--redo it");
    lab.write("breaks", &script);
    lab.resume(&[]).code(3).says("--accept it");
    assert_eq!(effects(&lab, "it"), 1);
}

const BRANCHES: &str = r#"
  - {id: bad, kind: command, repeatable: true, run: ["false"], verify: ["true"]KEEP}
  - {id: after-bad, kind: probe, run: ["true"], needs: [bad]}
  - {id: after-that, kind: probe, run: ["true"], needs: [after-bad]}
  - {id: beside, kind: command, run: [./act, beside], verify: [test, -e, world/beside]}
  - {id: after-beside, kind: command, run: [./act, after-beside], verify: [test, -e, world/after-beside], needs: [beside]}
"#;

#[test]
fn a_failure_that_may_be_gone_around_stops_only_what_needs_it() {
    let lab = Lab::new(&BRANCHES.replace("KEEP", ", on-failure: keep-going"));
    lab.script("act", "sleep 0.2; echo $1 >> world/effects; : > world/$1\n");
    let told = lab.run(&["recover", "plan.yaml", "--confirm", &lab.name, "--jobs", "1"]).code(1);
    told.says("after-bad   (it needs bad, which failed)").says("after-that   (it needs after-bad, which was not run)");
    assert_eq!(["bad", "after-bad", "after-that"].map(|step| how(&lab, step)), ["failed", "not run", "not run"]);
    assert_eq!(["beside", "after-beside"].map(|step| (how(&lab, step), effects(&lab, step))), [("ran", 1); 2]);
    lab.plan(&BRANCHES.replace("KEEP", ", on-failure: keep-going").replace("false", "true"));
    lab.resume(&[]).code(0);
    assert_eq!(["beside", "after-beside"].map(|step| (how(&lab, step), effects(&lab, step))), [("kept", 1); 2]);
}

#[test]
fn a_failure_that_may_not_lets_nothing_new_begin() {
    let lab = Lab::new(&BRANCHES.replace("KEEP", ""));
    lab.script("act", "sleep 0.2; echo $1 >> world/effects; : > world/$1\n");
    let told = lab.run(&["recover", "plan.yaml", "--confirm", &lab.name, "--jobs", "4"]).code(1);
    told.says("after-beside   (nothing new was begun after bad failed)");
    // What had begun beside it was let to its end.
    assert_eq!(["beside", "after-beside"].map(|step| effects(&lab, step)), [1, 0]);
    assert_eq!(["beside", "after-beside"].map(|step| how(&lab, step)), ["ran", "not run"]);
}

#[test]
fn a_failure_is_told_with_the_last_that_was_printed_and_without_what_moves_the_cursor() {
    let lab = Lab::new("  - {id: it, kind: command, run: [./prints], verify: [\"true\"]}\n");
    lab.script(
        "prints",
        "seq 1 50\nprintf '\\033[31mred\\033[0m\\a \\033]0;a title\\007end\\n' >&2\nprintf '\\033[2J\\033[1A10%%\\r99%%\\n'\nexit 9\n",
    );
    let told = lab.recover().code(1).says("exit 9").says("red").says("│ 50\n").never_says("│ 40\n").says("99%");
    let told = told.never_says("10%").never_says("\u{1b}").never_says("\u{7}").never_says("0;a title");
    drop(told);
    let report = lab.run(&["report"]).code(0).says("99%").never_says("\u{1b}");
    drop(report);
    // The log itself is as the program wrote it.
    let log = lab.runs()[0].join("log").join("it.log");
    assert!(std::fs::read_to_string(log).unwrap().contains("\u{1b}[31mred"));
}

#[test]
fn a_touch_that_says_yes_is_not_done_before_its_verify_does() {
    let lab = Lab::new("  - {id: it, kind: command, run: [\"true\"], verify: [./says-no]}\n");
    lab.script("says-no", "echo nobody is there; exit 1\n");
    lab.recover().code(1).says("its verify says no").says("nobody is there").says("0 verified");
    lab.script("says-no", "exit 0\n");
    lab.resume(&[]).code(0);
    assert_eq!(how(&lab, "it"), "adopted");
}
