//! The matrix of effects: each kind of step, killed at each moment, gone on with in each way. One table says what has to
//! come out; a cell that is missing does not compile, for the table has no default.

use crate::common::Lab;
use crate::living::{effects, go_recover, how, id, kill_program, kill_runner, open, past, wait_at, wait_past};
use blackstart::journal::Memory;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Once,
    Again,
    Probe,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Killed {
    /// Nothing of it had begun.
    Before,
    /// It had begun, and the world was not changed.
    During,
    /// The world was changed, and nobody had seen its end.
    After,
    /// It was verified; another step was running.
    Done,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    None,
    Redo,
    Accept,
}

/// Exit code, how often its effect happened in all, and how it came to be done.
type Cell = (i32, usize, &'static str);

fn expected(kind: Kind, killed: Killed, word: Word) -> Cell {
    use {Killed as M, Kind as K, Word as W};
    match (kind, killed, word) {
        (K::Once, M::Before, W::None) => (0, 1, "ran"),
        (K::Once, M::Before, W::Redo) => (0, 1, "ran"),
        (K::Once, M::Before, W::Accept) => (0, 0, "accepted"),
        (K::Once, M::During, W::None) => (3, 0, "unknown"),
        (K::Once, M::During, W::Redo) => (0, 1, "ran"),
        (K::Once, M::During, W::Accept) => (0, 0, "accepted"),
        (K::Once, M::After, W::None) => (0, 1, "adopted"),
        (K::Once, M::After, W::Redo) => (0, 2, "ran"),
        (K::Once, M::After, W::Accept) => (0, 1, "adopted"),
        (K::Once, M::Done, W::None) => (0, 1, "kept"),
        (K::Once, M::Done, W::Redo) => (0, 2, "ran"),
        (K::Once, M::Done, W::Accept) => (0, 1, "adopted"),

        (K::Again, M::Before, W::None) => (0, 1, "ran"),
        (K::Again, M::Before, W::Redo) => (0, 1, "ran"),
        (K::Again, M::Before, W::Accept) => (0, 0, "accepted"),
        (K::Again, M::During, W::None) => (0, 1, "ran"),
        (K::Again, M::During, W::Redo) => (0, 1, "ran"),
        (K::Again, M::During, W::Accept) => (0, 0, "accepted"),
        (K::Again, M::After, W::None) => (0, 1, "adopted"),
        (K::Again, M::After, W::Redo) => (0, 2, "ran"),
        (K::Again, M::After, W::Accept) => (0, 1, "adopted"),
        (K::Again, M::Done, W::None) => (0, 1, "kept"),
        (K::Again, M::Done, W::Redo) => (0, 2, "ran"),
        (K::Again, M::Done, W::Accept) => (0, 1, "adopted"),

        // A probe has no effect. "During" means that what it waits for never comes.
        (K::Probe, M::Before, W::None) => (0, 0, "ran"),
        (K::Probe, M::Before, W::Redo) => (0, 0, "ran"),
        (K::Probe, M::Before, W::Accept) => (0, 0, "adopted"),
        (K::Probe, M::During, W::None) => (1, 0, "failed"),
        (K::Probe, M::During, W::Redo) => (1, 0, "failed"),
        (K::Probe, M::During, W::Accept) => (0, 0, "accepted"),
        (K::Probe, M::After, W::None) => (0, 0, "adopted"),
        (K::Probe, M::After, W::Redo) => (0, 0, "ran"),
        (K::Probe, M::After, W::Accept) => (0, 0, "adopted"),
        (K::Probe, M::Done, W::None) => (0, 0, "kept"),
        (K::Probe, M::Done, W::Redo) => (0, 0, "ran"),
        (K::Probe, M::Done, W::Accept) => (0, 0, "adopted"),
    }
}

/// `first` and `last` stand around the step, so that there is something else to be killed in.
fn lab(kind: Kind) -> Lab {
    let it = match kind {
        Kind::Once => "kind: command, run: [./gated, it], verify: [grep, -qx, done, world/it]",
        Kind::Again => "kind: command, repeatable: true, run: [./gated, it], verify: [grep, -qx, done, world/it]",
        Kind::Probe => "kind: probe, run: [test, -e, world/there], timeout: 1s",
    };
    let other = "kind: command, repeatable: true, run: [./gated, ";
    let lab = Lab::new(&format!(
        "  - {{id: first, {other}first], verify: [test, -e, world/first]}}\n  - {{id: it, {it}, needs: [first]}}\n  \
         - {{id: last, {other}last], verify: [test, -e, world/last], needs: [it]}}\n"
    ));
    lab.script("gated", crate::living::GATED);
    lab
}

fn cell(kind: Kind, killed: Killed, word: Word) -> Cell {
    let lab = lab(kind);
    let there = || lab.write("world/there", "");
    let going = go_recover(&lab);
    let stop_at = |gates: &[&str], at: &str| {
        gates.iter().for_each(|gate| open(&lab, gate));
        wait_at(&lab, at);
    };
    let program = match (killed, kind) {
        (Killed::Before, _) => {
            stop_at(&[], "before-first");
            there();
            Some("first")
        }
        (Killed::During, Kind::Probe) | (Killed::After, Kind::Probe) => {
            ["before-first", "after-first"].iter().for_each(|gate| open(&lab, gate));
            wait_past(&lab, "the probe", |past| past.step(&id("it")).memory == Memory::Begun);
            None
        }
        (Killed::During, Kind::Once | Kind::Again) => {
            stop_at(&["before-first", "after-first"], "before-it");
            Some("it")
        }
        (Killed::After, Kind::Once | Kind::Again) => {
            stop_at(&["before-first", "after-first", "before-it"], "after-it");
            Some("it")
        }
        (Killed::Done, _) => {
            there();
            stop_at(&["before-first", "after-first", "before-it", "after-it"], "before-last");
            Some("last")
        }
    };
    kill_runner(&lab, going);
    if let Some(step) = program {
        kill_program(&lab, step);
    }
    if killed == Killed::After {
        there();
    }
    for gate in ["before-first", "after-first", "before-it", "after-it", "before-last", "after-last"] {
        open(&lab, gate);
    }
    let told = match word {
        Word::None => lab.resume(&[]),
        Word::Redo => lab.resume(&["--redo", "it"]),
        Word::Accept => lab.resume(&["--accept", "it"]),
    };
    let cell = (told.code, effects(&lab, "it"), how(&lab, "it"));
    if cell.0 == 3 {
        told.says("--redo it").says("--accept it");
    } else if cell.2 == "accepted" {
        // On a person's word only: never among the verified, always named.
        let ending = past(&lab).ending.unwrap();
        assert_eq!((ending.verified, ending.not_exercised.len()), (2, 1), "{ending:?}");
        assert_eq!(ending.not_exercised[0].step.as_str(), "it");
        told.says("it").never_says("all 3");
    }
    cell
}

#[test]
fn every_cell_of_the_matrix_comes_out_as_it_is_written() {
    let mut all = Vec::new();
    for kind in [Kind::Once, Kind::Again, Kind::Probe] {
        for killed in [Killed::Before, Killed::During, Killed::After, Killed::Done] {
            for word in [Word::None, Word::Redo, Word::Accept] {
                all.push((kind, killed, word));
            }
        }
    }
    let (queue, wrong) = (std::sync::Mutex::new(all.iter()), std::sync::Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((kind, killed, word)) = queue.lock().unwrap().next().copied() else { return };
                    let (is, should) = (cell(kind, killed, word), expected(kind, killed, word));
                    if is != should {
                        wrong.lock().unwrap().push(format!("{kind:?} {killed:?} {word:?}: {is:?}, not {should:?}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    println!("matrix: {} cells, {} wrong", all.len(), wrong.len());
    assert_eq!(all.len(), 36);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Seen red: with the guarantee taken away (the step says of itself that it may be done twice), the cell differs.
#[test]
fn a_step_that_may_be_done_twice_has_another_cell_than_one_that_may_not() {
    assert_eq!(cell(Kind::Again, Killed::During, Word::None), (0, 1, "ran"));
    assert_ne!(cell(Kind::Once, Killed::During, Word::None), (0, 1, "ran"));
}
