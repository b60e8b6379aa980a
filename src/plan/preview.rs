//! What would happen, in order: the graph with decisions, times and findings. The same input gives the same preview.

use super::graph::Reason;
use super::load::Planned;
use crate::checks::before::Answers;
use crate::checks::told::Told;
use crate::model::{Accepted, Finding, Mode, Place, Spot, Stamp, StepId, Unknown};
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

/// What earlier runs say about times. Empty when there were none: times are never invented.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Seconds of each step in the last run that verified it.
    pub seconds: HashMap<StepId, f64>,
    /// The last run in which everything was verified.
    pub last: Option<LastRun>,
    /// A run of this plan that has not come to its end.
    pub unfinished: Option<String>,
    /// What the last run that took the place of a cluster has shown of it.
    pub shown: Option<super::around::Shown>,
}

#[derive(Clone, Debug)]
pub struct LastRun {
    pub mode: Mode,
    pub at: Stamp,
    pub seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Run,
    Rerun,
    Skip,
}

impl Decision {
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Run => "run",
            Decision::Rerun => "rerun",
            Decision::Skip => "skip",
        }
    }
}

/// One reason of one step, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub step: usize,
    pub fact: Option<String>,
    pub because: String,
    pub line: u32,
}

/// A reason in words: `needs cluster`, `requires capability/dns (coredns)`.
pub struct Because<'a> {
    pub reason: &'a Reason,
    pub giver: &'a str,
}

impl<'a> Because<'a> {
    pub fn fact(&self) -> Option<&'a str> {
        match self.reason {
            Reason::Cluster => Some("cluster"),
            Reason::Needs | Reason::Before | Reason::Fact(_) | Reason::Paper(_) => {
                self.reason.fact().map(crate::model::Fact::as_str)
            }
        }
    }
}

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Needs => write!(f, "needs {}", self.giver),
            Reason::Fact(fact) => write!(f, "requires {fact} ({})", self.giver),
            Reason::Cluster => f.write_str("needs the cluster"),
            Reason::Before => write!(f, "{} comes before the cluster", self.giver),
            Reason::Paper(paper) => write!(f, "{} ({})", paper.because, self.giver),
        }
    }
}

pub struct Preview<'p> {
    pub planned: &'p Planned,
    pub past: &'p Past,
    /// What is done with each step and why, by its place in the file.
    pub decisions: Vec<(Decision, String)>,
    /// The longest way through the graph, by time where all of it is known, else by the number of steps.
    pub longest: Vec<usize>,
    pub timed: bool,
    pub findings: Vec<Finding>,
    pub unknowns: Vec<Unknown>,
    pub accepted: Vec<Accepted>,
    /// Each finding is told, also where many are mended alike.
    pub whole: bool,
    /// What answers now, where it was asked.
    pub figures: Vec<(String, String)>,
    /// What stands there now, where it was looked at.
    pub living: Option<super::around::Living>,
}

impl<'p> Preview<'p> {
    pub fn new(planned: &'p Planned, past: &'p Past, decisions: Vec<(Decision, String)>, told: Told) -> Self {
        let Told { faults, unknowns, accepted } = told;
        let findings = faults.into_iter().map(|fault| fault.finding).collect();
        let known = |step: usize| {
            decisions[step].0 == Decision::Skip || past.seconds.contains_key(&planned.file.steps[step].id)
        };
        let timed = !past.seconds.is_empty() && (0..decisions.len()).all(known);
        let longest = longest(planned, past, &decisions, timed);
        Self {
            planned,
            past,
            decisions,
            longest,
            timed,
            findings,
            unknowns,
            accepted,
            whole: false,
            figures: Vec::new(),
            living: None,
        }
    }
    /// Takes up what was looked at of the cluster that stands there, and why it could not be looked at.
    pub fn looked(&mut self, told: Told, unknown: Vec<String>) {
        self.findings.extend(told.faults.into_iter().map(|fault| fault.finding));
        self.accepted.extend(told.accepted);
        self.unknowns.extend(told.unknowns);
        let Some(cluster) = self.planned.file.cluster.as_ref().filter(|_| !unknown.is_empty()) else { return };
        self.unknowns.push(Unknown {
            id: "F16",
            place: Place { file: self.planned.file.shown.clone(), spot: cluster.at },
            object: format!("cluster {}", cluster.name),
            message: format!("nobody can say whether it exists: {}", unknown.join("; ")),
            missing: "an answer: a recovery refuses to begin without one".to_owned(),
        });
    }
    /// Takes up what the world outside has answered.
    pub fn answered(&mut self, answers: Answers) {
        self.findings.extend(answers.told.faults.into_iter().map(|fault| fault.finding));
        self.unknowns.extend(answers.told.unknowns);
        self.figures = answers.figures;
    }

    pub fn id(&self, step: usize) -> &StepId {
        &self.planned.file.steps[step].id
    }
    pub fn summary(&self, step: usize) -> String {
        self.planned.file.steps[step].kind.summary(self.planned.mode)
    }
    /// How long the step took in the last run that verified it.
    pub fn expected(&self, step: usize) -> Option<f64> {
        match self.decisions[step].0 {
            Decision::Skip => None,
            Decision::Run | Decision::Rerun => self.past.seconds.get(self.id(step)).copied(),
        }
    }
    /// How long the whole will take, when the last run tells.
    pub fn expected_total(&self) -> Option<Duration> {
        let last = self.past.last.as_ref()?;
        self.timed.then(|| Duration::try_from_secs_f64(last.seconds).ok()).flatten()
    }
    /// Everything that the step waits for, each with its reason and its line.
    pub fn needs(&self, step: usize) -> Vec<Need> {
        let need = |(giver, reason, at): (usize, &Reason, Spot)| {
            let because = Because { reason, giver: self.id(giver).as_str() };
            Need { step: giver, fact: because.fact().map(str::to_owned), because: because.to_string(), line: at.line }
        };
        self.planned.graph.reasons(step).map(need).collect()
    }
    pub fn waves(&self) -> u32 {
        self.planned.waves.iter().max().map_or(0, |last| last + 1)
    }
}

fn longest(planned: &Planned, past: &Past, decisions: &[(Decision, String)], timed: bool) -> Vec<usize> {
    let cost = |step: usize| match decisions[step].0 {
        Decision::Skip => 0.0,
        Decision::Run | Decision::Rerun if timed => {
            past.seconds.get(&planned.file.steps[step].id).copied().unwrap_or(0.0)
        }
        Decision::Run | Decision::Rerun => 1.0,
    };
    let ways = planned.graph.longest(&planned.order, cost);
    // Of equal ways the one that stands first in the file, so that the same input gives the same answer.
    let best = |steps: &mut dyn Iterator<Item = usize>| {
        steps.fold(None, |best: Option<usize>, step| match best {
            Some(best) if ways[best] > ways[step] || (ways[best] == ways[step] && best <= step) => Some(best),
            Some(_) | None => Some(step),
        })
    };
    let mut at = best(&mut planned.order.iter().copied().filter(|step| planned.waves[*step] == 0));
    let mut way = Vec::new();
    while let Some(step) = at {
        way.push(step);
        at = best(&mut planned.graph.after(step));
    }
    way.retain(|step| decisions[*step].0 != Decision::Skip);
    way
}
