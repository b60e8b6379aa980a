//! Bars for a terminal: the plain lines above, and below them what runs now and for how long. Decoration only.

use super::lines::Lines;
use crate::model::time::{clock, spoken};
use crate::model::{Event, StepId, What};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

/// How many running steps have a line of their own.
const SHOWN: usize = 12;

pub struct Bars {
    lines: Lines,
    all: MultiProgress,
    head: ProgressBar,
    running: HashMap<StepId, ProgressBar>,
    sentences: HashMap<StepId, String>,
}

impl Bars {
    pub fn new(mut lines: Lines) -> Self {
        lines.started = false;
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let head = all.add(ProgressBar::no_length());
        let style = ProgressStyle::with_template("  {clock}{prefix}  {pos}/{len} steps  {bar:12}  {wide_msg}");
        head.set_style(timed(style.unwrap_or_else(|_| ProgressStyle::default_bar())).progress_chars("━━─"));
        Self { lines, all, head, running: HashMap::new(), sentences: HashMap::new() }
    }

    /// `age` is how long ago it happened: who attaches late sees the times of the run, not their own.
    pub fn show(&mut self, event: &Event, age: Duration) -> io::Result<()> {
        let told = self.lines.tell(event);
        match &event.what {
            What::RunStarted { plan, mode, steps, expected_seconds, .. } => {
                self.head.set_length(steps.len() as u64);
                self.head.set_message(format!("{plan}  {mode}"));
                if let Some(expected) = expected_seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()) {
                    self.head.set_prefix(format!(" of about {}", spoken(expected)));
                }
                self.sentences = steps.iter().cloned().collect();
                let into = Duration::try_from_secs_f64(event.into).unwrap_or_default();
                self.head = self.head.clone().with_elapsed(age + into);
                self.head.enable_steady_tick(Duration::from_millis(250));
            }
            What::StepStarted { step, .. } => self.start(step, age),
            What::StepProgress { step, message } | What::StepWaiting { step, last: message, .. } => {
                if let Some(bar) = self.running.get(step) {
                    bar.set_message(message.clone());
                } else {
                    self.start(step, age);
                }
            }
            What::Finding { step, cause } => {
                if let Some(bar) = self.running.get(step) {
                    bar.set_message(format!("STUCK {} {}", cause.id, cause.told()));
                }
            }
            What::StepVerified { step, .. } | What::StepFailed { step, .. } => self.end(step),
            What::StepSkipped { .. } | What::StepNotRun { .. } => self.head.inc(1),
            What::Notice { .. } => {}
            What::RunFinished { .. } => self.close(),
        }
        match told.trim_end_matches('\n') {
            "" => Ok(()),
            text if self.head.is_finished() => write_out(text),
            text => self.all.println(text),
        }
    }

    fn start(&mut self, step: &StepId, age: Duration) {
        if self.running.contains_key(step) || self.running.len() >= SHOWN {
            return;
        }
        let bar = self.all.add(ProgressBar::new_spinner());
        let style = ProgressStyle::with_template("  {spinner} {prefix}  {clock:>5}  {wide_msg}");
        bar.set_style(timed(style.unwrap_or_else(|_| ProgressStyle::default_spinner())).tick_chars("▸▹▸ "));
        let bar = bar.with_elapsed(age);
        bar.set_prefix(format!("{:1$}", step.as_str(), self.lines.width()));
        bar.set_message(self.sentences.get(step).cloned().unwrap_or_default());
        bar.enable_steady_tick(Duration::from_millis(250));
        self.running.insert(step.clone(), bar);
    }

    fn end(&mut self, step: &StepId) {
        if let Some(bar) = self.running.remove(step) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
        self.head.inc(1);
    }

    fn close(&mut self) {
        for (_, bar) in self.running.drain() {
            bar.finish_and_clear();
        }
        self.head.finish_and_clear();
    }

    pub fn leave(&mut self) {
        self.close();
    }
}

/// Times look as they do in the lines above.
fn timed(style: ProgressStyle) -> ProgressStyle {
    style.with_key("clock", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A text in memory takes everything.
        let _ = write!(out, "{:>5}", clock(state.elapsed()));
    })
}

/// Puts lines on stdout, whole, once the bars are gone.
fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{text}\n").as_bytes())?;
    out.flush()
}
