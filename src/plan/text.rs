//! The preview for people: what happens when, what each step does and why it waits.

use super::around;
use super::preview::{Decision, Preview};
use super::table::{row, width, wrap};
use crate::model::alike;
use crate::model::count::many;
use crate::model::time::{clock, spoken};
use std::fmt::Write;
use std::time::Duration;

/// How many reasons of one step are shown before the rest is counted.
const REASONS: usize = 4;

pub fn render(preview: &Preview<'_>, columns: usize) -> String {
    let mut out = String::new();
    heading(preview, columns, &mut out);
    table(preview, columns, &mut out);
    longest(preview, columns, &mut out);
    around(preview, columns, &mut out);
    fence(preview, columns, &mut out);
    answers(preview, columns, &mut out);
    findings(preview, columns, &mut out);
    out.push_str("nothing was touched\n");
    out
}

/// Writes a text in lines as wide as there is room, all set in alike.
fn lines(text: &str, columns: usize, indent: usize, out: &mut String) {
    for line in wrap(text, columns.saturating_sub(indent)) {
        let _ = writeln!(out, "{:indent$}{}", "", line.trim_end());
    }
}

fn heading(preview: &Preview<'_>, columns: usize, out: &mut String) {
    let plan = &preview.planned.file;
    let steps = many(plan.steps.len(), "step");
    let waves = many(preview.waves() as usize, "wave");
    let time = match (&preview.past.last, preview.expected_total()) {
        (Some(last), Some(total)) => format!("about {} (last {} {})", spoken(total), last.mode, last.at.date()),
        (Some(last), None) => {
            format!("time unknown: the plan has changed since the last {} {}", last.mode, last.at.date())
        }
        (None, _) => "time unknown: it has not been run here".to_owned(),
    };
    let goal = plan.rto.map_or(String::new(), |goal| format!(", goal {}", spoken(goal)));
    let mode = preview.planned.mode;
    let made = match (plan.cluster.as_ref().map(|cluster| cluster.provider), plan.provider) {
        (Some(own), Some(used)) if own != used => format!("{mode} in {used} (plan: {own})"),
        (Some(own), _) => format!("{mode}, {own}"),
        (None, _) => format!("{mode}, no cluster"),
    };
    let told = format!("{}   {made}, {steps}, {waves}, {time}{goal}", plan.name);
    lines(&told, columns, 0, out);
    out.push('\n');
}

fn table(preview: &Preview<'_>, columns: usize, out: &mut String) {
    let plan = &preview.planned.file;
    let ids = plan.steps.iter().map(|step| width(step.id.as_str())).max().unwrap_or(0).clamp(4, 24);
    let rest = columns.saturating_sub(4 + 2 + ids + 2 + 2);
    let because = (rest * 2 / 5).max(12);
    let widths = [4, ids, (rest - because.min(rest)).max(12), because];
    let heads = ["wave", "step", "what it does", "because"].map(|head| vec![head.to_owned()]);
    out.push_str(&row(&heads, &widths));
    let mut wave = None;
    for step in preview.planned.order.iter().copied() {
        let now = preview.planned.waves[step];
        let shown = if wave == Some(now) { String::new() } else { format!("{:>3}", now + 1) };
        wave = Some(now);
        let (decision, reason) = &preview.decisions[step];
        let summary = match decision {
            Decision::Skip => format!("not exercised ({reason}): {}", preview.summary(step)),
            Decision::Run | Decision::Rerun => preview.summary(step),
        };
        let mut needs = preview.needs(step);
        // That nearly every step comes after the cluster is said only where there is nothing else to say.
        if needs.iter().any(|need| need.fact.as_deref() != Some("cluster")) {
            needs.retain(|need| need.fact.as_deref() != Some("cluster"));
        }
        let mut reasons: Vec<String> =
            needs.iter().take(REASONS).flat_map(|need| wrap(&need.because, widths[3])).collect();
        if needs.len() > REASONS {
            reasons.push(format!("and {} more", needs.len() - REASONS));
        }
        if reasons.is_empty() {
            reasons.push("start".to_owned());
        }
        let cells = [vec![shown], wrap(preview.id(step).as_str(), widths[1]), wrap(&summary, widths[2]), reasons];
        out.push_str(&row(&cells, &widths));
    }
}

fn longest(preview: &Preview<'_>, columns: usize, out: &mut String) {
    const SHOWN: usize = 12;
    let mut parts: Vec<String> = Vec::new();
    for step in preview.longest.iter().take(SHOWN).copied() {
        let time = preview.expected(step).filter(|_| preview.timed).and_then(|s| Duration::try_from_secs_f64(s).ok());
        parts.push(match time {
            Some(time) => format!("{} {}", preview.id(step), clock(time)),
            None => preview.id(step).to_string(),
        });
    }
    if preview.longest.len() > SHOWN {
        parts.push(format!("… {} more", preview.longest.len() - SHOWN));
    }
    let by = if preview.timed { "" } else { " (by number of steps)" };
    lines(&format!("longest way{by}: {}", parts.join(" → ")), columns, 0, out);
    out.push('\n');
}

/// What dies and stays, the ways in, and what is left of an earlier run.
fn around(preview: &Preview<'_>, columns: usize, out: &mut String) {
    let plan = &preview.planned.file;
    let dies = around::dies(preview);
    let dies = if dies.is_empty() { around::nothing(preview).to_owned() } else { dies.join("; ") };
    let mut facts: Vec<(&str, String)> = vec![("what dies", dies)];
    let stays = around::stays(preview);
    if !stays.is_empty() {
        facts.push(("what stays", stays.join(", ")));
    }
    let ways: Vec<String> = plan
        .access
        .iter()
        .enumerate()
        .map(|(at, way)| {
            let place = if way.inside { "INSIDE what dies" } else { "outside" };
            let living = preview.living.as_ref().and_then(|living| living.in_use.get(at).copied().flatten());
            let used = if living == Some(true) { ", in use now" } else { "" };
            format!("{}: {place} ({}{used})", way.name, way.told)
        })
        .collect();
    if !ways.is_empty() {
        facts.push(("ways in", ways.join(".   ")));
    }
    if let Some(living) = &preview.living {
        facts.push(("session", living.session.clone()));
    }
    if let Some(run) = &preview.past.unfinished {
        facts.push(("unfinished", format!("run {run} has not come to its end: blackstart resume")));
    }
    for (name, told) in facts {
        out.push_str(&row(&[vec![name.to_owned()], wrap(&told, columns.saturating_sub(14))], &[11, 0]));
    }
    out.push('\n');
}

/// What the drill may reach, and what is another in it.
fn fence(preview: &Preview<'_>, columns: usize, out: &mut String) {
    let told = super::fence::told(preview.planned);
    if told.is_empty() {
        return;
    }
    out.push_str("the fence of the drill: everything is denied but what is named here\n");
    told.iter().for_each(|(what, told)| lines(&format!("{what}: {told}"), columns, 2, out));
    out.push('\n');
}

/// What was asked of the world outside, and what it says now.
fn answers(preview: &Preview<'_>, columns: usize, out: &mut String) {
    if preview.figures.is_empty() {
        return;
    }
    out.push_str("what answers now\n");
    preview.figures.iter().for_each(|(name, told)| lines(&format!("{name}: {told}"), columns, 2, out));
    out.push('\n');
}

fn findings(preview: &Preview<'_>, columns: usize, out: &mut String) {
    for one in &preview.accepted {
        let id = one.finding.id;
        let told = format!("accepted until {}: {id} {} ({})", one.until, one.finding.object, one.reason);
        lines(&told, columns, 0, out);
    }
    if preview.findings.is_empty() && preview.unknowns.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}, {} unknown", many(preview.findings.len(), "finding"), preview.unknowns.len());
    let mut tell = |id: &str, place: &crate::model::Place, object: &str, words: &[&str]| {
        // A path is not cut, so that it can be copied; it may be wider than the rest.
        let place = format!("  {id}  {}:{}", place.file, place.spot.line);
        match place.len() + 2 + object.len() <= columns {
            true => drop(writeln!(out, "{place}  {object}")),
            false => {
                let _ = writeln!(out, "{place}");
                lines(object, columns, 7, out);
            }
        }
        words.iter().for_each(|text| lines(text, columns, 7, out));
    };
    for group in alike(&preview.findings) {
        let (shown, folded) = group.shown(preview.whole);
        let rest = format!("and {folded} more: -v");
        for (at, finding) in shown.iter().enumerate() {
            let mut words = vec![finding.message.as_str()];
            if at + 1 == shown.len() {
                words.extend((folded > 0).then_some(rest.as_str()));
                words.push(group.fix());
            }
            tell(finding.id, &finding.place, &finding.object, &words);
        }
    }
    for unknown in &preview.unknowns {
        tell(
            unknown.id,
            &unknown.place,
            &unknown.object,
            &[&unknown.message, &format!("missing: {}", unknown.missing)],
        );
    }
    if preview.findings.iter().any(|finding| finding.patch.is_some()) {
        // Not wrapped, so that it can be copied.
        let _ = writeln!(out, "patches: blackstart check {} --fix DIR", preview.planned.file.shown);
    }
}
