//! Bars for a terminal: the plain lines above, and below them what runs now and for how long. Decoration only.

use super::lines::Lines;
use crate::model::time::spoken;
use crate::model::{Event, StepId, What};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::HashMap;
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
        let style = ProgressStyle::with_template("{msg}  {elapsed}{prefix}  {bar:24} {pos}/{len} steps");
        head.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─"));
        Self { lines, all, head, running: HashMap::new(), sentences: HashMap::new() }
    }

    pub fn show(&mut self, event: &Event) -> io::Result<()> {
        match &event.what {
            What::RunStarted { plan, mode, steps, expected_seconds, .. } => {
                self.head.set_length(steps.len() as u64);
                self.head.set_message(format!("{plan}  {mode}"));
                if let Some(expected) = expected_seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()) {
                    self.head.set_prefix(format!(" of about {}", spoken(expected)));
                }
                self.sentences = steps.iter().cloned().collect();
                self.head.enable_steady_tick(Duration::from_millis(250));
            }
            What::StepStarted { step, .. } => self.start(step),
            What::StepProgress { step, message } | What::StepWaiting { step, last: message, .. } => {
                if let Some(bar) = self.running.get(step) {
                    bar.set_message(message.clone());
                } else {
                    self.start(step);
                }
            }
            What::StepVerified { step, .. } | What::StepFailed { step, .. } => self.end(step),
            What::StepSkipped { .. } | What::StepNotRun { .. } => self.head.inc(1),
            What::Notice { .. } => {}
            What::RunFinished { .. } => self.close(),
        }
        let told = self.lines.tell(event);
        match told.trim_end_matches('\n') {
            "" => Ok(()),
            text if self.head.is_finished() => write_out(text),
            text => self.all.println(text),
        }
    }

    fn start(&mut self, step: &StepId) {
        if self.running.contains_key(step) || self.running.len() >= SHOWN {
            return;
        }
        let bar = self.all.add(ProgressBar::new_spinner());
        let style = ProgressStyle::with_template("  {spinner} {prefix:8}  {elapsed:>5}  {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()).tick_chars("▸▹▸ "));
        bar.set_prefix(step.to_string());
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

/// Puts lines on stdout, whole, once the bars are gone.
fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{text}\n").as_bytes())?;
    out.flush()
}
