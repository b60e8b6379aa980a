//! Programs that outlive the runner that had started them, and programs that would outlive their step.

use crate::common::Lab;
use crate::living::{
    GATED, cut_before, effects, go_recover, gone, how, kill_runner, lives, open, past, program, wait_at, wait_past,
};
use blackstart::journal::{Did, Memory, Record};

/// One step, whose program waits at its gates.
fn lab(repeatable: bool) -> Lab {
    let lab = Lab::new(&format!(
        "  - {{id: it, kind: command, repeatable: {repeatable}, run: [./gated, it], verify: [test, -e, world/it]}}\n"
    ));
    lab.script("gated", GATED);
    lab
}
fn is_child(record: &Record) -> bool {
    matches!(record, Record::Step { did: Did::Child { .. }, .. })
}
/// The runner is killed, its program lives on at this gate.
fn orphan(lab: &Lab, gate: &str) -> i32 {
    let going = go_recover(lab);
    wait_at(lab, gate);
    let child = program(lab, "it");
    kill_runner(lab, going);
    assert!(lives(child), "the program did not outlive its runner");
    child
}
/// The resumed run is watched until it has taken up the step; then the program may go on.
fn resumed_waits(lab: &Lab, child: i32) {
    let going = crate::living::go(lab, &["resume"]);
    wait_past(lab, "the resume", |past| past.resumes == 1);
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert!(lives(child), "what may not be done twice was ended in the middle");
    assert_eq!(effects(lab, "it"), 0);
    open(lab, "before-it");
    open(lab, "after-it");
    going.end().code(0);
    assert_eq!((effects(lab, "it"), how(lab, "it")), (1, "adopted"));
    gone(child);
}

#[test]
fn a_program_that_may_not_run_twice_is_waited_for_and_its_effect_happens_once() {
    let lab = lab(false);
    let child = orphan(&lab, "before-it");
    resumed_waits(&lab, child);
}

#[test]
fn it_is_waited_for_also_when_it_had_not_been_written_down() {
    let lab = lab(false);
    let child = orphan(&lab, "before-it");
    cut_before(&lab, is_child);
    assert_eq!(past(&lab).step(&crate::living::id("it")).child, None);
    resumed_waits(&lab, child);
}

/// The mark in its environment is a path; a state folder behind a link must not make two of it.
#[test]
fn it_is_found_also_when_the_state_folder_lies_behind_a_link() {
    let lab = lab(false);
    std::fs::create_dir(lab.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(lab.path("elsewhere"), lab.path("state")).unwrap();
    let child = orphan(&lab, "before-it");
    cut_before(&lab, is_child);
    resumed_waits(&lab, child);
}

#[test]
fn a_program_that_may_run_twice_is_ended_before_it_is_run_anew() {
    for written in [true, false] {
        let lab = lab(true);
        let child = orphan(&lab, "before-it");
        if !written {
            cut_before(&lab, is_child);
        }
        let going = crate::living::go(&lab, &["resume"]);
        gone(child);
        open(&lab, "before-it");
        open(&lab, "after-it");
        going.end().code(0);
        assert_eq!((effects(&lab, "it"), how(&lab, "it")), (1, "ran"), "written: {written}");
    }
}

#[test]
fn told_to_do_it_again_it_ends_what_still_does_it() {
    let lab = lab(false);
    let child = orphan(&lab, "before-it");
    let going = crate::living::go(&lab, &["resume", "--redo", "it"]);
    gone(child);
    open(&lab, "before-it");
    open(&lab, "after-it");
    going.end().code(0);
    assert_eq!((effects(&lab, "it"), how(&lab, "it")), (1, "ran"));
}

/// Deaf to being asked, in the group of a program of a killed runner: ended all the same.
#[test]
fn what_an_ended_program_had_started_does_not_run_beside_the_new_one() {
    let lab = lab(true);
    lab.script("gated", &format!("{DEAF}{GATED}"));
    let child = orphan(&lab, "before-it");
    let deaf = pid_in(&lab, "world/deaf");
    let going = crate::living::go(&lab, &["resume"]);
    gone(child);
    lab.wait_for("the new one", || pid_in(&lab, "world/deaf") != deaf);
    assert!(!lives(deaf), "an earlier program's own program runs beside the new one");
    open(&lab, "before-it");
    open(&lab, "after-it");
    going.end().code(0);
    crate::living::kill(pid_in(&lab, "world/deaf"));
}

/// Starts a program that ignores SIGTERM and goes on by itself.
const DEAF: &str = "\
sh -c 'trap \"\" TERM; echo $$ > world/deaf.new; mv world/deaf.new world/deaf; while [ -d world ]; do sleep 0.05; done' &
while [ ! -e world/deaf ]; do sleep 0.01; done
";

fn pid_in(lab: &Lab, file: &str) -> i32 {
    lab.wait_for(file, || !lab.read(file).is_empty());
    lab.read(file).trim().parse().unwrap()
}

#[test]
fn a_step_that_takes_too_long_is_ended_with_all_that_it_had_started() {
    let lab = Lab::new("  - {id: it, kind: command, timeout: 1s, run: [./slow], verify: [\"true\"]}\n");
    lab.script("slow", &format!("{DEAF}echo $$ > world/leader\nsleep 60\n"));
    let told = lab.recover().code(1).says("did not end within 1.0 s").says("it");
    gone(pid_in(&lab, "world/leader"));
    gone(pid_in(&lab, "world/deaf"));
    told.says("--redo it").says("may be half done");
}

#[test]
fn what_a_failed_command_left_running_is_ended_and_what_a_good_one_left_is_not() {
    let lab = Lab::new("  - {id: it, kind: command, run: [./leaves], verify: [\"true\"]}\n");
    lab.script("leaves", &format!("{DEAF}exit 3\n"));
    lab.recover().code(1).says("exit 3");
    gone(pid_in(&lab, "world/deaf"));
    // Seen red: a program that ended well may leave a daemon, and that one lives.
    std::fs::remove_file(lab.path("world/deaf")).unwrap();
    lab.script("leaves", &format!("{DEAF}exit 0\n"));
    lab.resume(&["--redo", "it"]).code(0);
    let daemon = pid_in(&lab, "world/deaf");
    assert!(lives(daemon));
    crate::living::kill(daemon);
}

#[test]
fn a_survivor_that_never_ends_is_given_up_on_after_the_steps_own_time() {
    let lab = Lab::new("  - {id: it, kind: command, timeout: 2s, run: [./gated, it], verify: [test, -e, world/it]}\n");
    lab.script("gated", GATED);
    let child = orphan(&lab, "before-it");
    let told = lab.resume(&[]).code(3).says(&format!("process {child}, still runs")).says("--redo it");
    assert!(lives(child));
    drop(told);
    assert_eq!(past(&lab).step(&crate::living::id("it")).memory, Memory::Begun);
    open(&lab, "before-it");
    open(&lab, "after-it");
    gone(child);
    lab.resume(&[]).code(0);
    assert_eq!((effects(&lab, "it"), how(&lab, "it")), (1, "adopted"));
}
