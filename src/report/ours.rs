//! How much of the time of a run is blackstart's own, and not that of what it started or waited for.

use super::summary::Summary;

impl Summary {
    /// The processor time of the processes that worked on the run, in seconds. None where one of them did not live to tell.
    pub fn cpu(&self) -> Option<f64> {
        self.parts.iter().map(|part| part.cpu).sum()
    }

    /// The seconds in which a process worked on the run and no step of it was begun: deciding, writing, and at the end of a
    /// drill its removal.
    pub fn gaps(&self) -> f64 {
        let mut busy: Vec<(f64, f64)> =
            self.steps.iter().flat_map(|step| &step.stretches).map(|stretch| (stretch.from, stretch.to)).collect();
        busy.sort_by(|a, b| a.0.total_cmp(&b.0));
        let gap = |part: &super::summary::Part| {
            let (mut at, mut gap) = (part.from, 0.0);
            for (from, to) in &busy {
                gap += (from.min(part.to) - at).max(0.0);
                at = at.max(*to);
            }
            gap + (part.to - at).max(0.0)
        };
        self.parts.iter().map(gap).sum()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::model::{Digest, Mode, RunId, Stamp, StepId};
    use crate::report::summary::{End, Part, Standing, Step, Stretch, Summary};

    fn part(from: f64, to: f64, cpu: Option<f64>) -> Part {
        Part { at: Stamp(0), from, to, version: String::new(), jobs: 4, cpu }
    }
    fn step(id: &str, stretches: &[(f64, f64)]) -> Step {
        let stretch = |(from, to): &(f64, f64)| Stretch { from: *from, to: *to, again: Vec::new(), end: End::Done };
        Step {
            id: StepId::new(id).unwrap(),
            sentence: String::new(),
            standing: Standing::Verified,
            stretches: stretches.iter().map(stretch).collect(),
            attempts: 1,
            told: String::new(),
            lapses: Vec::new(),
            again: None,
            longest: false,
        }
    }
    fn summary(parts: Vec<Part>, steps: Vec<Step>) -> Summary {
        Summary {
            run: RunId::new("2026-11-03T02-11-07").unwrap(),
            plan: String::new(),
            mode: Mode::Recover,
            digest: Digest::try_from("00".repeat(32)).unwrap(),
            version: String::new(),
            started: Stamp(0),
            goal: None,
            expected: None,
            seconds: 0.0,
            ending: None,
            steps,
            longest: Vec::new(),
            parts,
            notices: Vec::new(),
        }
    }

    #[test]
    fn a_gap_is_where_no_step_was_begun_and_a_process_worked_on_the_run() {
        // Two that overlap, one within another, a pause of an hour between two processes.
        let steps = vec![
            step("a", &[(1.0, 4.0), (3601.0, 3602.0)]),
            step("b", &[(3.0, 6.0)]),
            step("c", &[(3.5, 3.6)]),
            step("d", &[(8.0, 9.0)]),
        ];
        let two = summary(vec![part(0.0, 10.0, Some(0.25)), part(3600.0, 3602.5, Some(0.5))], steps);
        assert!((two.gaps() - (1.0 + 2.0 + 1.0 + 1.0 + 0.5)).abs() < 1e-9, "{}", two.gaps());
        assert_eq!(two.cpu(), Some(0.75));
        let killed = summary(vec![part(0.0, 1.0, None), part(2.0, 3.0, Some(0.5))], Vec::new());
        assert_eq!((killed.cpu(), killed.gaps()), (None, 2.0));
    }
}
