//! The plain lines of a run: the reference of all displays. What a pipe, a log file and a dumb terminal get.

use super::paint::{Colour, Paint};
use crate::model::event::{How, Lapse};
use crate::model::time::{clock, spoken};
use crate::model::{Ending, Event, Mode, Outcome, StepId, What};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    Quiet,
    Normal,
    Verbose,
}

pub struct Lines {
    paint: Paint,
    volume: Volume,
    /// The folder of the run, so that a log can be named by its path.
    run: PathBuf,
    plan: String,
    width: usize,
    /// Steps that were not run, with the reason, until the end is told.
    not_run: Vec<(StepId, String)>,
    /// Steps that ended otherwise than verified or failed.
    stopped: usize,
    unknown: usize,
    /// Started lines are left out by a display that shows what runs in another way.
    pub started: bool,
}

fn seconds(span: f64) -> Duration {
    Duration::try_from_secs_f64(span).unwrap_or_default()
}

impl Lines {
    pub fn new(paint: Paint, volume: Volume, run: PathBuf) -> Self {
        Self {
            paint,
            volume,
            run,
            plan: String::new(),
            width: 8,
            not_run: Vec::new(),
            stopped: 0,
            unknown: 0,
            started: true,
        }
    }

    /// What to say of an event: whole lines, or nothing.
    pub fn tell(&mut self, event: &Event) -> String {
        let loud = self.volume != Volume::Quiet;
        match &event.what {
            What::RunStarted { plan, mode, resumed, steps, goal_seconds, expected_seconds, digest, .. } => {
                self.plan.clone_from(plan);
                (self.stopped, self.unknown) = (0, 0);
                self.width = steps.iter().map(|(id, _)| id.as_str().len()).max().unwrap_or(8).clamp(8, 24);
                let mut head = format!("{plan}  {mode}  run {}", event.run);
                if *resumed {
                    head.push_str("  going on");
                }
                let mut facts = vec![format!("{} steps", steps.len())];
                if let Some(expected) = expected_seconds {
                    facts.push(format!("about {}", spoken(seconds(*expected))));
                }
                if let Some(goal) = goal_seconds {
                    facts.push(format!("goal {}", spoken(seconds(*goal))));
                }
                facts.push(format!("graph {}", digest.short()));
                self.when(loud, format!("{}   {}\n", self.paint.it(Colour::Bold, &head), facts.join(", ")))
            }
            What::StepStarted { step, attempt, reason } => {
                let again = if *attempt > 1 { format!("attempt {attempt}: ") } else { String::new() };
                let why = match self.volume {
                    Volume::Verbose => format!("{again}{reason}"),
                    Volume::Quiet | Volume::Normal => again.trim_end_matches(": ").to_owned(),
                };
                self.when(loud && self.started, self.line("▸", Colour::Bold, step, "", &why))
            }
            What::StepProgress { step, message } => {
                let retry = message.contains("; again in ");
                let shown = self.volume == Volume::Verbose || (loud && retry);
                self.when(shown, self.line("·", Colour::Dim, step, "", message))
            }
            What::Finding { step, cause } => {
                let place = match (&cause.file, cause.line) {
                    (Some(file), Some(line)) => format!("   {file}:{line}"),
                    (_, _) => String::new(),
                };
                let told = format!("STUCK {} {}{place}", cause.id, cause.told());
                self.when(loud, self.line("!", Colour::Yellow, step, "", &told))
            }
            What::StepWaiting { step, seconds: since, last } => {
                let said = if last.is_empty() { "it has printed nothing" } else { last.as_str() };
                let told = format!("still running: {said}");
                self.when(loud, self.line("…", Colour::Yellow, step, &clock(seconds(*since)), &told))
            }
            What::StepVerified { step, seconds: took, saw, how } => {
                let (mark, colour, told) = match how {
                    How::Ran => ("✓", Colour::Green, saw.clone()),
                    How::Kept => ("✓", Colour::Green, format!("still so: {saw}")),
                    How::Adopted => ("✓", Colour::Green, format!("found done: {saw}")),
                    How::Accepted => ("!", Colour::Yellow, format!("on your word: {saw}")),
                };
                self.when(loud || *how == How::Accepted, self.line(mark, colour, step, &clock(seconds(*took)), &told))
            }
            What::StepFailed { step, seconds: took, lapse, reason, tail, log } => {
                match lapse {
                    Lapse::Failed => {}
                    Lapse::Unknown => self.unknown += 1,
                    Lapse::Stopped => self.stopped += 1,
                }
                self.failed(step, *took, *lapse, reason, tail, log)
            }
            What::StepSkipped { step, reason } => {
                self.when(loud, self.line("-", Colour::Dim, step, "", &format!("not exercised: {reason}")))
            }
            What::StepNotRun { step, reason } => {
                self.not_run.push((step.clone(), reason.clone()));
                String::new()
            }
            What::Notice { message } => format!("{}\n", self.paint.it(Colour::Yellow, &format!("! {message}"))),
            What::RunFinished { ending, mode } => self.finished(event, *mode, ending),
        }
    }

    /// How wide the column of ids is.
    pub fn width(&self) -> usize {
        self.width
    }

    fn when(&self, shown: bool, text: String) -> String {
        if shown { text } else { String::new() }
    }

    fn line(&self, mark: &str, colour: Colour, step: &StepId, time: &str, told: &str) -> String {
        let width = self.width;
        let line = format!("  {} {:width$}  {time:>5}  {told}", self.paint.it(colour, mark), step.as_str());
        format!("{}\n", line.trim_end())
    }

    fn failed(&self, step: &StepId, took: f64, lapse: Lapse, reason: &str, tail: &[String], log: &str) -> String {
        let (mark, colour) = match lapse {
            Lapse::Failed => ("✗", Colour::Red),
            Lapse::Unknown => ("?", Colour::Red),
            Lapse::Stopped => ("■", Colour::Yellow),
        };
        let time = clock(seconds(took));
        let head = format!("{mark} {step}   {} after {time}", lapse.as_str());
        let mut out = format!("{}\n    {reason}\n", self.paint.it(colour, &head));
        for line in tail {
            let _ = writeln!(out, "    {} {line}", self.paint.it(Colour::Dim, "│"));
        }
        if !log.is_empty() {
            let _ = writeln!(out, "    log {}", self.run.join(log).display());
        }
        out
    }

    /// What a person stopped has not failed, and of what is unknown nobody can say that it has.
    fn counts(&self, ending: &Ending) -> String {
        let failed = ending.failed.saturating_sub(self.stopped + self.unknown);
        let mut out = format!("{} verified, {failed} failed", ending.verified);
        for (count, word) in [(self.unknown, "unknown"), (self.stopped, "stopped")] {
            if count > 0 {
                let _ = write!(out, ", {count} {word}");
            }
        }
        let _ = write!(out, ", {} not run", ending.not_run);
        out
    }

    fn finished(&mut self, event: &Event, mode: Mode, ending: &Ending) -> String {
        let mut out = String::new();
        // Steps that share a reason are told together; the order is that of the graph.
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for (step, reason) in std::mem::take(&mut self.not_run) {
            match groups.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, steps)) => steps.push(step.to_string()),
                None => groups.push((reason, vec![step.to_string()])),
            }
        }
        const SHOWN: usize = 12;
        for (reason, steps) in groups.iter().take(SHOWN) {
            let more = steps.len().saturating_sub(SHOWN);
            let names = steps.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(out, "  not run: {names}{more}   ({reason})");
        }
        if groups.len() > SHOWN {
            let rest: usize = groups.iter().skip(SHOWN).map(|(_, steps)| steps.len()).sum();
            let _ = writeln!(out, "  and {rest} more steps not run");
        }
        for step in &ending.not_exercised {
            let _ = writeln!(out, "  not exercised: {}   ({})", step.step, step.reason);
        }
        for left in &ending.left {
            let _ = writeln!(out, "  left: {left}");
        }
        let time = clock(seconds(ending.seconds));
        let goal = ending.goal_seconds.map_or(String::new(), |goal| format!(" (goal {})", clock(seconds(goal))));
        let counts = self.counts(ending);
        let plan = &self.plan;
        let (back, gone) = match mode {
            Mode::Recover => ("is back", "is not back"),
            Mode::Drill => ("would come back", "would not come back"),
        };
        let (colour, head) = match ending.outcome {
            Outcome::Verified => (Colour::Green, format!("✓ {plan} {back}: {time}{goal}")),
            Outcome::OverGoal => (Colour::Yellow, format!("! {plan} {back}, but over its time goal: {time}{goal}")),
            Outcome::Failed if ending.failed == 0 => {
                (Colour::Red, format!("✗ {plan} {back}, but not all that the run made is gone: {time}{goal}"))
            }
            Outcome::Failed => (Colour::Red, format!("✗ {plan} {gone}: a step failed after {time}{goal}")),
            Outcome::Refused => {
                (Colour::Red, format!("? {plan} {gone}: an unknown state needs your word, after {time}"))
            }
            Outcome::Interrupted => (Colour::Yellow, format!("■ {plan} was interrupted after {time}; it can go on")),
            Outcome::JournalFailed => (Colour::Red, format!("✗ {plan}: the journal cannot be written, after {time}")),
        };
        let _ = writeln!(out, "{}   {counts}", self.paint.it(colour, &head));
        for (i, next) in ending.next.iter().enumerate() {
            let _ = writeln!(out, "{}{next}", if i == 0 { "next   " } else { "       " });
        }
        let _ = writeln!(out, "report {}", self.run.join("report.html").display());
        let _ = event;
        out
    }
}
