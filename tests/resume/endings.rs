//! How runs end: the exit codes that scripts rely on, and what is named as not proved.

use crate::common::{Lab, Told};
use crate::living::{GATED, effects, go, go_recover, how, open, past, status, wait_at};
use rustix::process::{Pid, Signal, kill_process};

const THREE: &str = r#"
  - {id: one, kind: command, run: [./gated, one], verify: [test, -e, world/one]}
  - {id: two, kind: command, run: [./gated, two], verify: [test, -e, world/two], needs: [one]}
  - {id: in-a-drill, kind: command, run: [./gated, in-a-drill], verify: ["true"], only: drill, needs: [one]}
  - {id: behind-it, kind: probe, run: ["true"], needs: [in-a-drill]}
"#;

fn lab() -> Lab {
    let lab = Lab::new(THREE);
    lab.script("gated", GATED);
    lab
}
fn open_all(lab: &Lab) {
    for gate in ["before-one", "after-one", "before-two", "after-two"] {
        open(lab, gate);
    }
}
fn tell(lab: &Lab, signal: Signal) {
    let pid = i32::try_from(status(lab)["pid"].as_i64().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

#[test]
fn a_step_of_the_other_mode_is_named_as_not_exercised_and_lets_what_needs_it_go() {
    let lab = lab();
    open_all(&lab);
    lab.recover().code(0).says("3 verified").says("in-a-drill").says("only: drill");
    assert_eq!(["in-a-drill", "behind-it"].map(|step| how(&lab, step)), ["skipped", "ran"]);
    assert_eq!(effects(&lab, "in-a-drill"), 0);
    let ending = past(&lab).ending.unwrap();
    assert_eq!((ending.verified, ending.not_exercised.len()), (3, 1));
    assert_eq!(ending.not_exercised[0].reason, "only: drill");
    lab.run(&["report"]).code(0).says("in-a-drill").says("only: drill");
}

#[test]
fn asked_to_stop_it_lets_what_runs_come_to_its_end_and_begins_nothing_new() {
    let lab = lab();
    let going = go_recover(&lab);
    wait_at(&lab, "before-one");
    tell(&lab, Signal::INT);
    std::thread::sleep(std::time::Duration::from_millis(100));
    open_all(&lab);
    going.end().code(5).says("SIGINT").says("blackstart resume");
    assert_eq!((how(&lab, "one"), how(&lab, "two")), ("ran", "not run"));
    lab.run(&["status"]).code(1);
    lab.resume(&[]).code(0);
    assert_eq!(["one", "two"].map(|step| effects(&lab, step)), [1, 1]);
}

#[test]
fn asked_twice_it_ends_what_runs_and_says_what_may_be_half_done() {
    let lab = lab();
    let going = go_recover(&lab);
    wait_at(&lab, "before-one");
    let child = crate::living::program(&lab, "one");
    tell(&lab, Signal::TERM);
    std::thread::sleep(std::time::Duration::from_millis(100));
    tell(&lab, Signal::TERM);
    going.end().code(5).says("one: may be half done").says("--redo one");
    crate::living::gone(child);
    assert_eq!(how(&lab, "one"), "stopped");
    open_all(&lab);
    lab.resume(&[]).code(3);
    assert_eq!(effects(&lab, "one"), 0);
    lab.resume(&["--redo", "one"]).code(0);
    assert_eq!(["one", "two"].map(|step| effects(&lab, step)), [1, 1]);
}

#[test]
fn verified_later_than_the_goal_is_an_exit_of_its_own() {
    let lab = Lab::new("");
    let step = "{id: it, kind: command, run: [sleep, \"SECONDS\"], verify: [\"true\"]}";
    let plan = |seconds: &str| {
        lab.write(
            "plan.yaml",
            &format!("name: {}\nrto: 1s\nsteps:\n  - {}\n", lab.name, step.replace("SECONDS", seconds)),
        );
    };
    plan("1.2");
    lab.recover().code(4).says("1 verified");
    lab.run(&["status"]).code(0);
    lab.resume(&[]).code(2);
    plan("0.1");
    lab.recover().code(0);
}

#[test]
fn a_second_run_of_the_plan_is_refused_while_the_first_goes_on() {
    let lab = lab();
    let going = go_recover(&lab);
    wait_at(&lab, "before-one");
    let run = lab.runs()[0].file_name().unwrap().to_string_lossy().into_owned();
    lab.recover().code(3).says("somebody else is at it").says(&format!("blackstart attach {run}"));
    lab.resume(&[]).code(3).says("is going on");
    assert_eq!(lab.runs().len(), 1, "a refused run left a folder");
    open_all(&lab);
    going.end().code(0);
    assert_eq!(["one", "two"].map(|step| effects(&lab, step)), [1, 1]);
}

#[test]
fn without_a_place_for_the_journal_nothing_is_begun() {
    let lab = lab();
    open_all(&lab);
    lab.write("full", "a file where a folder should be");
    let state = lab.path("full").join("state").display().to_string();
    lab.run(&["recover", "plan.yaml", "--confirm", &lab.name, "--state-dir", &state]).code(6).says("--state-dir");
    assert_eq!(effects(&lab, "one"), 0);
}

#[test]
fn when_the_journal_cannot_be_synced_nothing_more_is_begun() {
    if !crate::common::have("strace", "exit 6 in the middle of a run") {
        return;
    }
    let lab = lab();
    open_all(&lab);
    let mut command = std::process::Command::new("strace");
    // The first sync is the head, the second the intent of `one`, the third its outcome and the intent of `two`.
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=3"]);
    command.arg(crate::common::binary()).arg("runner").current_dir(lab.folder.path());
    let told: Told = crate::common::feed(&mut command, &lab.task(4));
    assert_eq!(told.code, 6, "{told:?}");
    assert_eq!(["one", "two"].map(|step| effects(&lab, step)), [1, 0]);
    lab.run(&["status"]).code(1);
    // The intent of `two` stands in the file, though nobody was told so: it counts as begun until a person has looked.
    lab.resume(&[]).code(3).says("--redo two");
    lab.resume(&["--redo", "two"]).code(0);
    assert_eq!(["one", "two"].map(|step| effects(&lab, step)), [1, 1]);
}

#[test]
fn what_is_taken_on_a_persons_word_is_never_counted_as_verified() {
    let lab = Lab::new(
        "  - {id: it, kind: command, run: [\"false\"], verify: [\"false\"]}\n  - {id: next, kind: probe, run: [\"true\"], needs: [it]}\n",
    );
    lab.recover().code(1);
    lab.resume(&["--accept", "it"]).code(0).says("1 verified").never_says("2 verified");
    let ending = past(&lab).ending.unwrap();
    assert_eq!((ending.verified, ending.not_exercised[0].step.as_str()), (1, "it"));
    assert!(ending.not_exercised[0].reason.contains("--accept"), "{ending:?}");
    assert_eq!(status(&lab)["steps"][0]["state"], "accepted");
    lab.run(&["report"]).code(0).says("--accept");
}

#[test]
fn an_accepted_step_stays_accepted_while_its_verify_says_no_and_is_verified_when_it_says_yes() {
    let lab = Lab::new(
        "  - {id: it, kind: command, run: [\"false\"], verify: [test, -e, world/it]}\n  - {id: next, kind: probe, run: [test, -e, world/next], timeout: 1s, needs: [it]}\n",
    );
    lab.recover().code(1);
    lab.resume(&["--accept", "it"]).code(1);
    assert_eq!(how(&lab, "it"), "accepted");
    lab.resume(&[]).code(1);
    assert_eq!(how(&lab, "it"), "accepted");
    lab.write("world/it", "");
    lab.write("world/next", "");
    lab.resume(&[]).code(0).says("2 verified");
    assert_eq!(how(&lab, "it"), "adopted");
}

#[test]
fn who_looks_on_is_told_the_same_end() {
    let lab = lab();
    let going = go_recover(&lab);
    wait_at(&lab, "before-one");
    let looking = go(&lab, &["attach"]);
    open_all(&lab);
    going.end().code(0);
    looking.end().code(0).says("3 verified");
    lab.run(&["attach"]).code(0);
}
