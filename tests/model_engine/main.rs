//! Random graphs with random outcomes, held against what brute force says: once as a pure simulation of the loop over its
//! own parts, once through the real binary with steps that write down when they begin and end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod binary;
#[path = "../common/mod.rs"]
mod common;
mod pure;

use common::Dice;
use std::collections::BTreeSet;
use std::fmt::Write;

/// How a step comes out once it is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Works,
    Fails,
    /// Fails, and others may go on.
    FailsAlone,
    /// Nobody can say what became of it.
    Unclear,
    /// As above, and others may go on.
    UnclearAlone,
    /// Not for this mode.
    Skipped,
    /// Works at the second attempt.
    WorksLater,
}

impl Fate {
    pub fn lets_go(self) -> bool {
        matches!(self, Fate::Works | Fate::Skipped | Fate::WorksLater)
    }
    pub fn stops_all(self) -> bool {
        matches!(self, Fate::Fails | Fate::Unclear)
    }
    pub fn keep_going(self) -> bool {
        matches!(self, Fate::FailsAlone | Fate::UnclearAlone)
    }
}

/// A graph in which a step may need any that stands before it, and what becomes of each. The file holds it in another order.
#[derive(Clone, Debug)]
pub struct Case {
    pub needs: Vec<BTreeSet<usize>>,
    pub fates: Vec<Fate>,
    /// Which of the needs are said as facts, and which in both ways.
    pub said: Vec<u8>,
    /// The order in the file.
    pub file: Vec<usize>,
    pub jobs: usize,
}

impl Case {
    pub fn random(dice: &mut Dice, fates: &[Fate]) -> Case {
        let count = 1 + dice.roll(12);
        let often = 1 + dice.roll(4);
        let needs: Vec<BTreeSet<usize>> =
            (0..count).map(|step| (0..step).filter(|_| dice.roll(5) < often).collect()).collect();
        // Mostly working, so that a failure is met deep in the graph too.
        let fates =
            (0..count).map(|_| if dice.roll(3) > 0 { Fate::Works } else { fates[dice.roll(fates.len())] }).collect();
        let mut file: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            file.swap(at, dice.roll(at + 1));
        }
        let said = (0..count).map(|_| u8::try_from(dice.roll(3)).unwrap()).collect();
        Case { needs, fates, said, file, jobs: 1 + dice.roll(4) }
    }

    /// The steps of the plan file; `kind` gives what is particular to each.
    pub fn steps(&self, kind: impl Fn(usize) -> String) -> String {
        let mut text = String::new();
        for step in self.file.iter().copied() {
            let list = |prefix: &str| -> String {
                self.needs[step].iter().map(|need| format!("{prefix}s{need}")).collect::<Vec<_>>().join(", ")
            };
            let _ = write!(text, "  - {{id: s{step}, {}, provides: [capability/s{step}]", kind(step));
            if !self.needs[step].is_empty() && self.said[step] != 1 {
                let _ = write!(text, ", needs: [{}]", list(""));
            }
            if !self.needs[step].is_empty() && self.said[step] > 0 {
                let _ = write!(text, ", requires: [{}]", list("capability/"));
            }
            if self.fates[step].keep_going() {
                text.push_str(", on-failure: keep-going");
            }
            if self.fates[step] == Fate::Skipped {
                text.push_str(", only: drill");
            }
            text.push_str("}\n");
        }
        text
    }

    /// By brute force: the steps that may begin when nothing stops the run, found by asking all of them again and again.
    pub fn reached(&self) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        loop {
            let more: Vec<usize> = (0..self.needs.len())
                .filter(|step| !reached.contains(step))
                .filter(|step| {
                    self.needs[*step].iter().all(|need| reached.contains(need) && self.fates[*need].lets_go())
                })
                .collect();
            if more.is_empty() {
                return reached;
            }
            reached.extend(more);
        }
    }
}
