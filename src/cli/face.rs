//! Chooses how a run is shown: bars in a terminal, plain lines elsewhere, JSON where asked. A display that fails, because
//! its reader went away, falls silent; the run goes on.

use super::args::RunOutput;
use super::context::Context;
use crate::model::{Event, Stamp, StepId, What};
use crate::report::bars::Bars;
use crate::report::json::event_json;
use crate::report::lines::{Lines, Volume};
use crate::sys::terminal::{self, Stream};
use crate::sys::{Look, files};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// After how many seconds without an event people are told what is being waited for.
const QUIET: f64 = 30.0;

enum Shape {
    Lines(Lines),
    Bars(Box<Bars>),
    Json,
    Silent,
}

pub struct Face {
    shape: Shape,
    running: BTreeMap<StepId, f64>,
    /// Seconds since anything was told.
    still: f64,
    /// Seconds that went by without an event, and were told.
    quiet: f64,
    run: PathBuf,
}

impl Face {
    pub fn new(context: &Context, output: RunOutput, run: &Path) -> Self {
        let capable = terminal::is_capable(context.look, Stream::Out);
        let volume = match (context.quiet, context.verbose) {
            (true, _) => Volume::Quiet,
            (false, true) => Volume::Verbose,
            (false, false) => Volume::Normal,
        };
        let lines = Lines::new(context.paint(Stream::Out), volume, run.to_owned());
        let shape = match output {
            RunOutput::Json => Shape::Json,
            RunOutput::Text if capable && volume == Volume::Normal => Shape::Bars(Box::new(Bars::new(lines))),
            RunOutput::Text => Shape::Lines(lines),
        };
        Self { shape, running: BTreeMap::new(), still: 0.0, quiet: 0.0, run: run.to_owned() }
    }

    /// Shows an event, which may have happened a while before `now`.
    pub fn show(&mut self, look: Look, event: &Event, now: Stamp) {
        (self.still, self.quiet) = (0.0, 0.0);
        match &event.what {
            What::StepStarted { step, .. } | What::StepProgress { step, .. } | What::Finding { step, .. } => {
                self.running.entry(step.clone()).or_insert(event.into);
            }
            What::StepVerified { step, .. } | What::StepFailed { step, .. } | What::StepNotRun { step, .. } => {
                self.running.remove(step);
            }
            What::RunStarted { .. }
            | What::StepWaiting { .. }
            | What::StepSkipped { .. }
            | What::Notice { .. }
            | What::RunFinished { .. } => {}
        }
        let age = Duration::from_millis(u64::try_from(now.0.saturating_sub(event.at.0)).unwrap_or(0));
        match (&self.shape, &event.what) {
            (Shape::Lines(_) | Shape::Bars(_), What::StepFailed { log, .. })
                if !files::exists(look, &self.run.join(log)) =>
            {
                // A file that is not there is not named to people. A step that starts no program has no log.
                let mut event = event.clone();
                if let What::StepFailed { log, .. } = &mut event.what {
                    log.clear();
                }
                self.put(&event, age);
            }
            (_, _) => self.put(event, age),
        }
    }

    fn put(&mut self, event: &Event, age: Duration) {
        let done = match &mut self.shape {
            Shape::Lines(lines) => terminal::write(Stream::Out, &lines.tell(event)),
            Shape::Bars(bars) => bars.show(event, age),
            Shape::Json => terminal::write(Stream::Out, &format!("{}\n", event_json(event))),
            Shape::Silent => Ok(()),
        };
        self.fall_silent(done);
    }

    fn fall_silent(&mut self, done: io::Result<()>) {
        if done.is_err() {
            self.shape = Shape::Silent;
        }
    }

    /// Time went by without an event. `last` gives the last line of a step's log.
    pub fn quiet_for(&mut self, span: f64, like: &Event, last: impl Fn(&StepId) -> String) {
        for event in self.waiting(span, like, last) {
            self.put(&event, Duration::ZERO);
        }
    }

    /// What there is to say of the steps that are waited for, now and then.
    fn waiting(&mut self, span: f64, like: &Event, last: impl Fn(&StepId) -> String) -> Vec<Event> {
        self.still += span;
        if self.still < QUIET || self.running.is_empty() {
            return Vec::new();
        }
        self.quiet += self.still;
        self.still = 0.0;
        let into = like.into + self.quiet;
        let at = Stamp(like.at.0.saturating_add((self.quiet * 1000.0) as i64));
        let waiting = |(step, began): (&StepId, &f64)| {
            let what = What::StepWaiting { last: last(step), seconds: (into - began).max(0.0), step: step.clone() };
            Event { at, into, what, ..like.clone() }
        };
        self.running.iter().map(waiting).collect()
    }

    /// The display is left before the run has ended.
    pub fn leave(&mut self) {
        if let Shape::Bars(bars) = &mut self.shape {
            bars.leave();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::RunId;
    use crate::report::paint::Paint;

    #[test]
    fn after_thirty_seconds_without_a_word_it_is_told_what_runs_and_since_when() {
        let step = StepId::new("restore").unwrap();
        let (shape, running) = (Shape::Silent, BTreeMap::new());
        let mut face = Face { shape, running, still: 0.0, quiet: 0.0, run: PathBuf::new() };
        let event = |into, what| Event {
            run: RunId::new("2026-11-03T02-11-07").unwrap(),
            seq: 1,
            at: Stamp((into * 1000.0) as i64),
            into,
            what,
        };
        let begun = event(10.0, What::StepStarted { step: step.clone(), attempt: 1, reason: String::new() });
        face.show(Look::new(), &begun, Stamp(10_000));
        let last = |_: &StepId| "3 of 7".to_owned();
        let mut tick = || face.waiting(1.0, &begun, last);
        let told: Vec<Vec<Event>> = (0..65).map(|_| tick()).collect();
        let at: Vec<usize> = (0..65).filter(|n| !told[*n].is_empty()).collect();
        assert_eq!(at, [29, 59], "once each thirty seconds");
        let what = |seconds| What::StepWaiting { step: step.clone(), seconds, last: "3 of 7".into() };
        assert_eq!((&told[29][0].what, &told[59][0].what), (&what(30.0), &what(60.0)));
        let mut lines = Lines::new(Paint(false), Volume::Normal, PathBuf::new());
        assert_eq!(lines.tell(&told[59][0]), "  … restore    1:00  still running: 3 of 7\n");
        face.show(Look::new(), &event(99.0, What::Notice { message: String::new() }), Stamp(0));
        assert!((0..29).all(|_| face.waiting(1.0, &begun, last).is_empty()), "news begins the waiting anew");
    }
}
