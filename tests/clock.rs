//! A wall clock that jumps, as it does after a lost battery or in an autumn night: runs keep their order and their times.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Lab, TWO, have, not_run, told};
use std::path::Path;

#[test]
fn a_clock_that_goes_back_mixes_nothing_up() {
    let test = "a_clock_that_goes_back_mixes_nothing_up";
    let lab = Lab::new(TWO);
    lab.recover().code(0);
    let first = lab.runs();
    if !have("faketime", test) {
        return;
    }
    let library =
        ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"];
    let Some(library) = library.into_iter().find(|path| Path::new(path).exists()) else {
        return not_run(test, "libfaketime is not where it is looked for");
    };
    let then = |words: &[&str]| {
        let mut command = lab.command(words);
        // Only the wall clock jumps: that is what a lost battery does.
        command.env("LD_PRELOAD", library).env("FAKETIME", "@1999-12-31 23:59:58").env("DONT_FAKE_MONOTONIC", "1");
        told(&mut command)
    };
    std::fs::remove_file(lab.path("world/one")).unwrap();
    then(&["recover", "plan.yaml", "--confirm", &lab.name]).code(0).says("is back: 0:0");
    let runs = lab.runs();
    assert_eq!(runs.len(), 2);
    let newest = runs.iter().find(|run| !first.contains(run)).unwrap().file_name().unwrap().to_str().unwrap();
    for words in [["status"].as_slice(), &["attach"], &["report"]] {
        lab.run(words).code(0).says(newest);
        then(words).code(0).says(newest);
    }
    let history = lab.run(&["history"]).code(0);
    let at = |id: &str| history.out.find(&format!("{id}  ")).unwrap_or_else(|| panic!("{}", history.out));
    assert!(at(newest) < at(first[0].file_name().unwrap().to_str().unwrap()), "{}", history.out);
}

#[test]
fn a_run_comes_after_those_of_a_clock_that_was_ahead() {
    let lab = Lab::new(TWO);
    std::fs::create_dir_all(lab.path("state/blackstart").join(&lab.name).join("2099-01-01T00-00-00")).unwrap();
    lab.recover().code(0);
    lab.recover().code(0);
    let names: Vec<String> =
        lab.runs().iter().map(|run| run.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["2099-01-01T00-00-00", "2099-01-01T00-00-00-2", "2099-01-01T00-00-00-3"]);
    lab.run(&["status"]).code(0).says("run 2099-01-01T00-00-00-3 ");
}

#[test]
fn the_time_in_a_run_never_goes_back_whatever_the_wall_clock_did() {
    use blackstart::journal::{Record, Teller, read};
    use blackstart::model::{RunId, Stamp};
    let lab = Lab::new(&TWO.replace("[touch, world/two]", "[ls, world/fixed]"));
    lab.recover().code(1);
    lab.resume(&[]).code(1);
    let mut records = read(&std::fs::read(lab.journal()).unwrap()).unwrap().records;
    for (day, boot) in
        [(-86_400_000, "another boot"), (-86_400_000, ""), (86_400_000, "another boot"), (i64::MIN / 2, "x")]
    {
        for record in &mut records {
            if let Record::Resume(resume) = record {
                resume.at = Stamp(resume.at.0.saturating_add(day));
                if !boot.is_empty() {
                    resume.boot = boot.to_owned();
                }
            }
        }
        let events = Teller::all(RunId::new("2026-11-03T02-11-07").unwrap(), &records);
        assert!(events.len() > 6);
        assert!(events.windows(2).all(|pair| pair[0].into <= pair[1].into && pair[0].seq < pair[1].seq));
        assert!(events.iter().all(|event| event.into.is_finite()));
    }
}
