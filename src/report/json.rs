//! The report and single events for machines: `blackstart.report/1` and `blackstart.event/1`.

use super::summary::{Broke, Step, Stretch, Summary};
use crate::model::{Event, NotExercised, StepId, What};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// One event as an object of its own; `recover --output json` prints one a line.
pub fn event_json(event: &Event) -> Value {
    let mut object = Map::new();
    object.insert("schema".into(), "blackstart.event/1".into());
    object.insert("run".into(), event.run.as_str().into());
    object.insert("seq".into(), event.seq.into());
    object.insert("at".into(), event.at.rfc3339().into());
    object.insert("into_seconds".into(), event.into.into());
    if let Some(step) = event.what.step() {
        object.insert("step".into(), step.as_str().into());
    }
    let (name, fields) = told(&event.what);
    object.insert("type".into(), name.into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}

/// The name of an event's type and the fields that only this type has.
fn told(what: &What) -> (&'static str, Value) {
    match what {
        What::RunStarted {
            plan,
            mode,
            digest,
            version,
            resumed,
            jobs,
            goal_seconds,
            steps,
            longest,
            expected_seconds,
        } => {
            let steps: Vec<Value> =
                steps.iter().map(|(id, summary)| json!({"id": id.as_str(), "summary": summary})).collect();
            let fields = json!({
                "plan": plan, "mode": mode, "digest": digest.to_string(), "version": version, "resumed": resumed,
                "jobs": jobs, "goal_seconds": goal_seconds, "expected_seconds": expected_seconds, "steps": steps,
                "critical_path": longest,
            });
            ("run.started", fields)
        }
        What::StepStarted { attempt, reason, .. } => ("step.started", json!({"attempt": attempt, "reason": reason})),
        What::StepProgress { message, .. } => ("step.progress", json!({"message": message})),
        What::Finding { cause, .. } => (
            "finding",
            json!({
                "id": cause.id,
                "object": cause.object,
                "message": cause.message,
                "file": cause.file,
                "line": cause.line,
                "fix": cause.fix,
                "holds_up": cause.holds,
            }),
        ),
        What::StepWaiting { seconds, last, .. } => ("step.waiting", json!({"seconds": seconds, "last": last})),
        What::StepVerified { seconds, saw, how, .. } => {
            ("step.verified", json!({"seconds": seconds, "saw": saw, "how": how.as_str()}))
        }
        What::StepFailed { seconds, lapse, reason, tail, log, .. } => {
            let fields =
                json!({"seconds": seconds, "lapse": lapse.as_str(), "reason": reason, "tail": tail, "log": log});
            ("step.failed", fields)
        }
        What::StepSkipped { reason, .. } => ("step.skipped", json!({"reason": reason})),
        What::StepNotRun { reason, .. } => ("step.not-run", json!({"reason": reason})),
        What::Notice { message } => ("notice", json!({"message": message})),
        What::RunFinished { mode, ending } => {
            let fields = json!({
                "mode": mode, "outcome": ending.outcome, "exit": ending.outcome.exit(), "seconds": ending.seconds,
                "cpu_seconds": ending.cpu_seconds, "goal_seconds": ending.goal_seconds, "verified": ending.verified, "failed": ending.failed,
                "not_run": ending.not_run, "not_exercised": ending.not_exercised, "left": ending.left,
                "next": ending.next,
            });
            ("run.finished", fields)
        }
    }
}

/// The report as one object on one line.
pub fn report(summary: &Summary) -> String {
    let counts = summary.counts();
    let ending = summary.ending.as_ref();
    let report = Report {
        schema: "blackstart.report/1",
        plan: &summary.plan,
        run: summary.run.as_str(),
        mode: summary.mode.as_str(),
        digest: summary.digest.to_string(),
        version: &summary.version,
        started: summary.started.rfc3339(),
        outcome: ending.map(|ending| ending.outcome.as_str()),
        exit: ending.map(|ending| ending.outcome.exit()),
        seconds: summary.seconds,
        cpu_seconds: summary.cpu(),
        gaps_seconds: summary.gaps(),
        goal_seconds: ending.and_then(|ending| ending.goal_seconds).or(summary.goal),
        expected_seconds: summary.expected,
        verified: ending.map_or(counts.verified, |ending| ending.verified),
        failed: ending.map_or(counts.failed, |ending| ending.failed),
        not_run: ending.map_or(counts.not_run, |ending| ending.not_run),
        steps: summary.steps.iter().map(line).collect(),
        critical_path: &summary.longest,
        parts: summary
            .parts
            .iter()
            .map(|part| {
                json!({"at": part.at.rfc3339(), "from_seconds": part.from, "to_seconds": part.to,
                       "version": part.version, "jobs": part.jobs})
            })
            .collect(),
        notices: summary
            .notices
            .iter()
            .map(|notice| json!({"into_seconds": notice.into, "message": notice.message}))
            .collect(),
        not_exercised: summary.not_exercised(),
        left: summary.left(),
        next: summary.next(),
    };
    // Every key is a text and every value is plain, so there is nothing that could not be written.
    serde_json::to_string(&report).map(|text| text + "\n").unwrap_or_default()
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    plan: &'a str,
    run: &'a str,
    mode: &'static str,
    digest: String,
    version: &'a str,
    started: String,
    outcome: Option<&'static str>,
    exit: Option<u8>,
    seconds: f64,
    cpu_seconds: Option<f64>,
    gaps_seconds: f64,
    goal_seconds: Option<f64>,
    expected_seconds: Option<f64>,
    verified: usize,
    failed: usize,
    not_run: usize,
    steps: Vec<Line<'a>>,
    critical_path: &'a [StepId],
    parts: Vec<Value>,
    notices: Vec<Value>,
    not_exercised: Vec<NotExercised>,
    left: &'a [String],
    next: Vec<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a StepId,
    summary: &'a str,
    state: &'static str,
    on_critical_path: bool,
    began_seconds: Option<f64>,
    ended_seconds: Option<f64>,
    busy_seconds: f64,
    attempts: u32,
    saw: Option<&'a str>,
    reason: Option<&'a str>,
    again_seconds: Option<f64>,
    stretches: Vec<Value>,
    lapses: Vec<Value>,
}

fn line(step: &Step) -> Line<'_> {
    let told = Some(step.told.as_str()).filter(|told| !told.is_empty());
    let (saw, reason) = if step.standing.verified() { (told, None) } else { (None, told) };
    Line {
        id: &step.id,
        summary: &step.sentence,
        state: step.standing.as_str(),
        on_critical_path: step.longest,
        began_seconds: step.began(),
        ended_seconds: step.ended(),
        busy_seconds: step.busy(),
        attempts: step.attempts,
        saw,
        reason,
        again_seconds: step.again.as_ref().map(|again| again.into),
        stretches: step.stretches.iter().map(stretch).collect(),
        lapses: step.lapses.iter().map(broke).collect(),
    }
}

fn stretch(stretch: &Stretch) -> Value {
    json!({"from_seconds": stretch.from, "to_seconds": stretch.to, "attempts_from_seconds": stretch.again,
           "end": stretch.end.as_str()})
}

fn broke(broke: &Broke) -> Value {
    json!({"into_seconds": broke.into, "seconds": broke.seconds, "lapse": broke.lapse.as_str(),
           "reason": broke.reason, "tail": broke.tail, "log": broke.log})
}
