//! `status`: where a run stands, from its journal, without disturbing it.

use super::args::{StatusArgs, StatusOutput};
use super::context::Context;
use super::runs::{self, Run};
use crate::journal::Memory;
use crate::model::outcome::exit;
use crate::model::{Problem, State, StepId, time};
use crate::plan::table;
use crate::sys::{clock, terminal};
use serde_json::json;
use std::fmt::Write;
use std::time::Duration;

/// The narrowest column that is pleasant to read.
const LEAST: usize = 24;

fn span(seconds: f64) -> String {
    time::clock(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default())
}

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
    let mut step = run.past.step(id);
    let running = alive && matches!(step.state, State::Checking | State::Touching | State::Verifying);
    if running {
        // Why it was begun is no news any more; what it does is.
        step.reason.clear();
    }
    if !alive && matches!(step.state, State::Touching | State::Verifying) {
        "its process is gone; resume looks at it first".clone_into(&mut step.reason);
    }
    // The machine's clock means the same to us as to a process that is alive.
    let end = if running { Some(clock::uptime()) } else { step.ended };
    let took = step.began.zip(end).map(|(began, end)| end.saturating_sub(began) as f64 / 1000.0);
    let word = match (step.state, alive) {
        (State::Touching | State::Verifying, false) => "begun, end unknown",
        (State::Waiting | State::Checking, false) if step.memory == Memory::Done => "verified before",
        (state, _) => state.as_str(),
    };
    (word, step.reason, took)
}

fn next(context: &Context, run: &Run, alive: bool) -> Vec<String> {
    let next = match (run.ending(), alive) {
        (_, true) => vec![format!("blackstart attach {}", run.id)],
        (Some(ending), false) => ending.next.clone(),
        (None, false) => vec![format!("blackstart resume {}", run.id)],
    };
    next.iter().map(|next| context.copyable(next)).collect()
}

fn text(context: &Context, run: &Run) -> String {
    let alive = run.holder(context.look);
    let width = terminal::width(context.look);
    let begin = &run.past.begin;
    let stands = match (&alive, run.ending()) {
        (Some(holder), _) => format!("going on: {holder}"),
        (None, Some(ending)) => format!("{} after {}", ending.outcome, span(ending.seconds)),
        (None, None) => "its process is gone without a last word".to_owned(),
    };
    let mut out = String::new();
    let head = format!("{}  {}  run {}", begin.plan, begin.mode, run.id);
    match table::width(&head) + 3 + table::width(&stands) <= width {
        true => out.push_str(&format!("{head}   {stands}\n")),
        false => [head, stands].iter().flat_map(|text| table::wrap(text, width)).for_each(|line| {
            let _ = writeln!(out, "{line}");
        }),
    }
    let states: Vec<_> = begin.steps.iter().map(|(id, _)| state(run, alive.is_some(), id)).collect();
    let ids = begin.steps.iter().map(|(id, _)| id.as_str().len()).max().unwrap_or(4).clamp(4, 24);
    let words = states.iter().map(|(word, _, _)| word.len()).max().unwrap_or(0);
    let rest = width.saturating_sub(2 + ids + 2 + words + 2 + 7 + 2);
    for ((id, sentence), (word, reason, took)) in begin.steps.iter().zip(states) {
        let told = if reason.is_empty() { sentence } else { &reason };
        let cells =
            [vec![], table::wrap(id.as_str(), ids), vec![word.to_owned()], vec![took.map_or(String::new(), span)]];
        let [none, id, word, took] = cells;
        // What was seen wants room to be read; where there is none beside the rest, it stands below it.
        match rest >= LEAST {
            true => {
                let told = table::wrap(told, rest);
                out.push_str(&table::row(&[none, id, word, took, told], &[0, ids, words, 7, rest]));
            }
            false => {
                out.push_str(&table::row(&[none, id, word, took], &[0, ids, words, 7]));
                let told = table::wrap(told, width.saturating_sub(6));
                out.push_str(&table::row(&[vec![], told], &[4, width]));
            }
        }
    }
    if run.torn > 0 && alive.is_none() {
        let _ = writeln!(out, "the journal ends within a record: its last {} bytes were never acted upon", run.torn);
    }
    for (i, next) in next(context, run, alive.is_some()).iter().enumerate() {
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
        "next": next(context, run, alive.is_some()),
    })
}
