//! Chooses how a run is shown: bars in a terminal, plain lines elsewhere, JSON where asked. A display that fails, because
//! its reader went away, falls silent; the run goes on.

use super::args::{RunOutput, When};
use super::context::Context;
use crate::model::{Event, StepId, What};
use crate::report::bars::Bars;
use crate::report::json::event_json;
use crate::report::lines::{Lines, Volume};
use crate::report::paint::Paint;
use crate::sys::terminal::{self, Stream};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

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
}

impl Face {
    pub fn new(context: &Context, output: RunOutput, run: &Path) -> Self {
        let capable = terminal::is_capable(context.look, Stream::Out);
        let colour = match context.color {
            When::Always => true,
            When::Never => false,
            When::Auto => capable && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let volume = match (context.quiet, context.verbose) {
            (true, _) => Volume::Quiet,
            (false, true) => Volume::Verbose,
            (false, false) => Volume::Normal,
        };
        let lines = Lines::new(Paint(colour), volume, run.to_owned());
        let shape = match output {
            RunOutput::Json => Shape::Json,
            RunOutput::Text if capable && volume == Volume::Normal => Shape::Bars(Box::new(Bars::new(lines))),
            RunOutput::Text => Shape::Lines(lines),
        };
        Self { shape, running: BTreeMap::new(), still: 0.0 }
    }

    pub fn show(&mut self, event: &Event) {
        self.still = 0.0;
        match &event.what {
            What::StepStarted { step, .. } => {
                self.running.insert(step.clone(), event.into);
            }
            What::StepVerified { step, .. } | What::StepFailed { step, .. } => {
                self.running.remove(step);
            }
            What::RunStarted { .. }
            | What::StepProgress { .. }
            | What::StepWaiting { .. }
            | What::StepSkipped { .. }
            | What::StepNotRun { .. }
            | What::Notice { .. }
            | What::RunFinished { .. } => {}
        }
        self.put(event);
    }

    fn put(&mut self, event: &Event) {
        let done = match &mut self.shape {
            Shape::Lines(lines) => terminal::write(Stream::Out, &lines.tell(event)),
            Shape::Bars(bars) => bars.show(event),
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
        self.still += span;
        if self.still < QUIET || self.running.is_empty() {
            return;
        }
        let since = self.still;
        self.still = 0.0;
        for step in self.running.keys().cloned().collect::<Vec<_>>() {
            let what = What::StepWaiting { last: last(&step), seconds: since, step };
            self.put(&Event { what, ..like.clone() });
        }
    }

    /// The display is left before the run has ended.
    pub fn leave(&mut self) {
        if let Shape::Bars(bars) = &mut self.shape {
            bars.leave();
        }
    }
}
