//! `status`: where a run stands, from its journal, without disturbing it.

use super::args::{StatusArgs, StatusOutput};
use super::context::Context;
use super::runs::{self, Run};
use crate::journal::Memory;
use crate::model::outcome::exit;
use crate::model::time::clock;
use crate::model::{Problem, State, StepId};
use crate::plan::table;
use crate::sys::terminal;
use serde_json::json;
use std::fmt::Write;
use std::time::Duration;

pub fn run(context: &Context, args: &StatusArgs) -> Result<u8, Problem> {
    let run = runs::find(context, args.run.as_deref(), false)?;
    let alive = run.holder(context.look);
    match args.output {
        StatusOutput::Text => context.print(&text(context, &run))?,
        StatusOutput::Json => context.print(&format!("{}\n", json(context, &run)))?,
    }
    let fine = alive.is_some() || run.complete();
    Ok(if fine { exit::VERIFIED } else { exit::FAILED })
}

/// A step as the journal leaves it: what a dead run was doing is not what it is doing.
fn state(run: &Run, alive: bool, id: &StepId) -> (&'static str, String, Option<f64>) {
    let step = run.past.step(id);
    let took = step.began.zip(step.ended).map(|(began, ended)| ended.saturating_sub(began) as f64 / 1000.0);
    let word = match (step.state, alive) {
        (State::Touching | State::Verifying, false) => "begun, end unknown",
        (State::Waiting | State::Checking, false) if step.memory == Memory::Done => "verified before",
        (state, _) => state.as_str(),
    };
    (word, step.reason, took)
}

fn next(run: &Run, alive: bool) -> Vec<String> {
    match (run.ending(), alive) {
        (_, true) => vec![format!("blackstart attach {}", run.id)],
        (Some(ending), false) => ending.next.clone(),
        (None, false) => vec![format!("blackstart resume {}", run.id)],
    }
}

fn text(context: &Context, run: &Run) -> String {
    let alive = run.holder(context.look);
    let width = terminal::width(context.look);
    let begin = &run.past.begin;
    let mut out = format!("{}  {}  run {}   ", begin.plan, begin.mode, run.id);
    let _ = match (&alive, run.ending()) {
        (Some(holder), _) => writeln!(out, "going on: {holder}"),
        (None, Some(ending)) => {
            let took = Duration::try_from_secs_f64(ending.seconds).unwrap_or_default();
            writeln!(out, "{} after {}", ending.outcome, clock(took))
        }
        (None, None) => writeln!(out, "its process is gone without a last word"),
    };
    let ids = begin.steps.iter().map(|(id, _)| id.as_str().len()).max().unwrap_or(4).clamp(4, 24);
    let widths = [ids, 18, 7, width.saturating_sub(ids + 18 + 7 + 8)];
    for (id, sentence) in &begin.steps {
        let (word, reason, took) = state(run, alive.is_some(), id);
        let took = took.and_then(|took| Duration::try_from_secs_f64(took).ok()).map_or(String::new(), clock);
        let told = if reason.is_empty() { sentence } else { &reason };
        let cells = [table::wrap(id.as_str(), ids), vec![word.to_owned()], vec![took], table::wrap(told, widths[3])];
        out.push_str("  ");
        out.push_str(table::row(&cells, &widths).trim_end_matches('\n').replace('\n', "\n  ").as_str());
        out.push('\n');
    }
    if run.torn > 0 && alive.is_none() {
        let _ = writeln!(out, "the journal ends within a record: its last {} bytes were never acted upon", run.torn);
    }
    for (i, next) in next(run, alive.is_some()).iter().enumerate() {
        let _ = writeln!(out, "{}{next}", if i == 0 { "next   " } else { "       " });
    }
    out
}

fn json(context: &Context, run: &Run) -> serde_json::Value {
    let alive = run.holder(context.look);
    let begin = &run.past.begin;
    let steps: Vec<serde_json::Value> = begin
        .steps
        .iter()
        .map(|(id, _)| {
            let (word, reason, took) = state(run, alive.is_some(), id);
            json!({"id": id, "state": word, "reason": reason, "seconds": took})
        })
        .collect();
    json!({
        "schema": "blackstart.status/1",
        "run": run.id,
        "plan": begin.plan,
        "mode": begin.mode,
        "folder": run.folder,
        "began": begin.at.rfc3339(),
        "alive": alive.is_some(),
        "pid": alive.as_ref().map(|holder| holder.process.pid),
        "outcome": run.ending().map(|ending| ending.outcome),
        "torn_bytes": run.torn,
        "steps": steps,
        "next": next(run, alive.is_some()),
    })
}
