//! `history`: the runs of a plan, newest first, compared with each other.

use super::args::{HistoryArgs, StatusOutput};
use super::context::Context;
use super::runs::{self, Run};
use crate::model::time::clock;
use crate::model::{Ending, PlanName, Problem, State};
use crate::plan::table;
use crate::sys::{files, terminal};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

pub fn run(context: &Context, args: &HistoryArgs) -> Result<u8, Problem> {
    let state = context.required_state_dir()?;
    let plans = match &args.plan {
        Some(plan) => vec![plan_name(context, plan)?],
        None => files::names(context.look, &state)
            .map_err(|error| Problem::usage(format!("{}: cannot be read: {error}", state.display())))?,
    };
    let mut runs: Vec<Result<Run, Problem>> = Vec::new();
    for plan in &plans {
        let folders = runs::folders(context, &state, plan).unwrap_or_default();
        runs.extend(folders.iter().map(|folder| Run::read(context.look, folder)));
    }
    match args.output {
        StatusOutput::Text => context.print(&text(&runs, terminal::width(context.look)))?,
        StatusOutput::Json => context.print(&format!("{}\n", json(&runs)))?,
    }
    Ok(0)
}

/// A plan by its name, or by its file.
fn plan_name(context: &Context, word: &str) -> Result<String, Problem> {
    if !word.contains('/') && !word.ends_with(".yaml") {
        return PlanName::new(word).map(|name| name.to_string()).map_err(|why| Problem::usage(format!("{word} {why}")));
    }
    let planned = crate::plan::load::load(context.look, Path::new(word), crate::model::Mode::Recover)?;
    Ok(planned.file.name.to_string())
}

fn span(seconds: f64) -> String {
    clock(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default())
}

/// From this width on the table has all its columns.
const WIDE: usize = 120;

fn text(runs: &[Result<Run, Problem>], width: usize) -> String {
    let good: Vec<&Run> = runs.iter().flatten().collect();
    if runs.is_empty() {
        return "no run is remembered\n".to_owned();
    }
    let cell = |text: String| vec![text];
    let wide = width >= WIDE;
    let ids = good.iter().map(|run| run.id.as_str().len()).max().unwrap_or(4).max(4);
    let plans = good.iter().map(|run| run.past.begin.plan.as_str().len()).max().unwrap_or(4);
    let plans = plans.clamp(4, if wide { 20 } else { 60_usize.saturating_sub(ids + 14 + 7 + 6) });
    let widths = [plans, ids, 14, 7, 8, 8, 42];
    let heads = ["plan", "run", "outcome", "time", "before", "mode", "steps"];
    let shown = if wide { heads.len() } else { 4 };
    let mut out = table::row(&heads.map(|head| cell(head.to_owned()))[..shown], &widths);
    for (at, run) in good.iter().enumerate() {
        let begin = &run.past.begin;
        let (outcome, time, counts) = match run.ending() {
            Some(end) => (end.outcome.to_string(), span(end.seconds), counts(run, end)),
            None => ("no last word".to_owned(), String::new(), String::new()),
        };
        // Compared with the run before it that came to a good end too.
        let before = good.iter().skip(at + 1).find(|older| older.past.begin.plan == begin.plan && older.complete());
        let change = match (run.complete(), run.ending(), before.and_then(|older| older.ending())) {
            (true, Some(now), Some(then)) => {
                let change = now.seconds - then.seconds;
                match change {
                    change if change <= -1.0 => format!("-{}", span(change.abs())),
                    change if change >= 1.0 => format!("+{}", span(change)),
                    _ => "as long".to_owned(),
                }
            }
            _ => String::new(),
        };
        let (plan, id, mode) = (begin.plan.as_str(), run.id.to_string(), begin.mode.to_string());
        let below = [mode.clone(), change.clone(), counts.clone()];
        let cells =
            [table::wrap(plan, plans), cell(id), cell(outcome), cell(time), cell(change), cell(mode), cell(counts)];
        out.push_str(&table::row(&cells[..shown], &widths));
        if !wide {
            let told: Vec<String> = below.into_iter().filter(|text| !text.is_empty()).collect();
            out.push_str(&table::row(&[vec![], table::wrap(&told.join(", "), width - 4)], &[2, 0]));
        }
    }
    for problem in runs.iter().filter_map(|run| run.as_ref().err()) {
        let _ = writeln!(out, "not readable: {}", problem.fact);
    }
    slower(&good, &mut out);
    out
}

/// A step that a person stopped has not failed.
fn counts(run: &Run, end: &Ending) -> String {
    let stopped = run.past.steps.values().filter(|step| step.state == State::Stopped).count();
    let failed = end.failed.saturating_sub(stopped);
    let stopped = if stopped > 0 { format!(", {stopped} stopped") } else { String::new() };
    format!("{} verified, {failed} failed{stopped}, {} not run", end.verified, end.not_run)
}

/// What took longer in the newest good run than in the one before.
fn slower(good: &[&Run], out: &mut String) {
    let mut complete = good.iter().filter(|run| run.complete());
    let (Some(now), Some(then)) = (complete.next(), complete.next()) else { return };
    if now.past.begin.plan != then.past.begin.plan {
        return;
    }
    let (now, then) = (now.seconds(), then.seconds());
    let mut changes: Vec<(f64, String)> = now
        .iter()
        .filter_map(|(id, took)| then.get(id).map(|before| (took - before, id.to_string())))
        .filter(|(change, _)| *change >= 1.0)
        .collect();
    changes.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let told: Vec<String> = changes.iter().take(5).map(|(change, id)| format!("{id} +{}", span(*change))).collect();
    if !told.is_empty() {
        let _ = writeln!(out, "slower than before: {}", told.join(", "));
    }
}

fn json(runs: &[Result<Run, Problem>]) -> serde_json::Value {
    let one = |run: &Run| {
        let (begin, end) = (&run.past.begin, run.ending());
        let steps: BTreeMap<String, f64> = run.seconds().into_iter().map(|(id, took)| (id.to_string(), took)).collect();
        json!({
            "run": run.id, "plan": begin.plan, "mode": begin.mode, "at": begin.at.rfc3339(), "version": begin.version,
            "digest": begin.digest, "outcome": end.map(|end| end.outcome), "seconds": end.map(|end| end.seconds),
            "goal_seconds": begin.goal_seconds, "verified": end.map(|end| end.verified),
            "failed": end.map(|end| end.failed), "not_run": end.map(|end| end.not_run),
            "resumes": run.past.resumes, "steps": steps,
        })
    };
    let unreadable: Vec<&String> =
        runs.iter().filter_map(|run| run.as_ref().err()).map(|problem| &problem.fact).collect();
    json!({
        "schema": "blackstart.history/1",
        "runs": runs.iter().flatten().map(one).collect::<Vec<_>>(),
        "unreadable": unreadable,
    })
}
