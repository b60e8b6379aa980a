//! The preview for machines: one object, `blackstart.plan/1`, written as it is walked through.

use super::preview::Preview;
use crate::model::{Finding, Severity, StepId, Unknown};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::io::{self, Write};

pub fn write(preview: &Preview<'_>, out: impl Write) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    serde_json::to_writer(&mut out, &Root(preview))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Serializes a list through a function, so that nothing is built only to be written.
struct Each<I, F>(std::cell::RefCell<Option<I>>, F);

fn each<I: Iterator, T: Serialize, F: Fn(I::Item) -> T>(items: I, write: F) -> Each<I, F> {
    Each(std::cell::RefCell::new(Some(items)), write)
}

impl<I: Iterator, T: Serialize, F: Fn(I::Item) -> T> Serialize for Each<I, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in self.0.borrow_mut().take().into_iter().flatten() {
            list.serialize_element(&(self.1)(item))?;
        }
        list.end()
    }
}

struct Root<'a, 'p>(&'a Preview<'p>);

impl Serialize for Root<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let preview = self.0;
        let plan = &preview.planned.file;
        let id = |step: &usize| preview.id(*step);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", "blackstart.plan/1")?;
        map.serialize_entry("plan", &plan.name)?;
        map.serialize_entry("mode", &preview.planned.mode)?;
        map.serialize_entry("provider", &None::<&str>)?;
        map.serialize_entry("digest", &preview.planned.digest)?;
        map.serialize_entry("goal_seconds", &plan.rto.map(|goal| goal.as_secs()))?;
        map.serialize_entry("expected_seconds", &preview.expected_total().map(|total| total.as_secs_f64()))?;
        map.serialize_entry("steps", &each(preview.planned.order.iter(), |step| Line(preview, *step)))?;
        map.serialize_entry("order", &each(preview.planned.order.iter(), id))?;
        map.serialize_entry("critical_path", &each(preview.longest.iter(), id))?;
        map.serialize_entry("dies", &[(); 0])?;
        map.serialize_entry("stays", &each(plan.outside.iter(), |(fact, _)| fact.to_string()))?;
        map.serialize_entry("access", &each(plan.access.iter(), Access))?;
        map.serialize_entry("findings", &each(preview.findings.iter(), Found))?;
        map.serialize_entry("unknowns", &each(preview.unknowns.iter(), Unsure))?;
        map.end()
    }
}

struct Line<'a, 'p>(&'a Preview<'p>, usize);

impl Serialize for Line<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Line(preview, at) = *self;
        let step = &preview.planned.file.steps[at];
        let (decision, reason) = &preview.decisions[at];
        let shown = &preview.planned.file.shown;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &step.id)?;
        map.serialize_entry("kind", step.kind.name())?;
        map.serialize_entry("wave", &(preview.planned.waves[at] + 1))?;
        map.serialize_entry("summary", &preview.summary(at))?;
        map.serialize_entry("decision", decision.as_str())?;
        map.serialize_entry("reason", reason)?;
        map.serialize_entry("expected_seconds", &preview.expected(at))?;
        let needs = preview.needs(at);
        let need = |need: &super::preview::Need| Reason {
            step: preview.id(need.step),
            fact: need.fact.clone(),
            because: need.because.clone(),
            at: format!("{shown}:{}", need.line),
        };
        map.serialize_entry("needs", &each(needs.iter(), need))?;
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Reason<'a> {
    step: &'a StepId,
    fact: Option<String>,
    because: String,
    at: String,
}

struct Access<'a>(&'a super::file::Way);

impl Serialize for Access<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.0.name)?;
        map.serialize_entry("where", if self.0.inside { "inside" } else { "outside" })?;
        map.serialize_entry("told", &self.0.told)?;
        // Whether somebody comes in this way right now is a question to the living; files do not know it.
        map.serialize_entry("in_use", &None::<bool>)?;
        map.end()
    }
}

struct Found<'a>(&'a Finding);

impl Serialize for Found<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let finding = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", finding.id)?;
        map.serialize_entry::<_, Severity>("severity", &finding.severity)?;
        map.serialize_entry("file", &finding.place.file)?;
        map.serialize_entry("line", &finding.place.spot.line)?;
        map.serialize_entry("object", &finding.object)?;
        map.serialize_entry("message", &finding.message)?;
        map.serialize_entry("fix", &finding.fix)?;
        map.serialize_entry("patch", &None::<&str>)?;
        map.end()
    }
}

struct Unsure<'a>(&'a Unknown);

impl Serialize for Unsure<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unknown = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", unknown.id)?;
        map.serialize_entry("file", &unknown.place.file)?;
        map.serialize_entry("line", &unknown.place.spot.line)?;
        map.serialize_entry("object", &unknown.object)?;
        map.serialize_entry("message", &unknown.message)?;
        map.serialize_entry("missing", &unknown.missing)?;
        map.end()
    }
}
