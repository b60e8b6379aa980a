//! The report as Markdown: short enough for an issue or a chat.

use super::summary::{Broke, Step, Summary};
use super::words::{counts, headline, mark, moment, took, visible};
use std::fmt::Write;

pub fn render(summary: &Summary) -> String {
    let mut out = String::new();
    let head = headline(summary);
    let _ = writeln!(out, "# {} {}\n", head.mark, inline(&head.words));
    facts(summary, &mut out);
    failures(summary, &mut out);
    steps(summary, &mut out);
    rest(summary, &mut out);
    out
}

fn facts(summary: &Summary, out: &mut String) {
    let mut told =
        vec![format!("run `{}`, {}", summary.run, summary.mode), format!("began {}", summary.started.second())];
    if let Some(goal) = summary.goal {
        told.push(format!("goal {}", took(goal)));
    }
    if let Some(expected) = summary.expected {
        told.push(format!("expected {}", took(expected)));
    }
    told.extend(counts(summary.counts()).iter().map(|(number, what)| format!("{number} {what}")));
    told.push(format!("graph `{}`", summary.digest.short()));
    told.push(format!("blackstart {}", inline(&summary.version)));
    let _ = writeln!(out, "{}\n", told.join(" · "));
    for pair in summary.parts.windows(2) {
        if let [before, after] = pair {
            let pause = took(after.from - before.to);
            let (to, at) = (moment(before.to), after.at.second());
            let _ = writeln!(out, "Stopped at {to} into the run, resumed {pause} later ({at}).\n");
        }
    }
}

fn failures(summary: &Summary, out: &mut String) {
    let broken: Vec<(&Step, &Broke)> =
        summary.steps.iter().filter_map(|step| step.broke().map(|broke| (step, broke))).collect();
    if broken.is_empty() {
        return;
    }
    out.push_str("## What went wrong\n\n");
    for (step, broke) in broken {
        let (lapse, time) = (broke.lapse.as_str(), took(broke.seconds));
        let _ = writeln!(out, "**`{}`** {lapse} after {time}: {}\n", step.id, inline(&broke.reason));
        if !broke.tail.is_empty() {
            out.push_str(&fenced("", &broke.tail.join("\n")));
        }
        if !broke.log.is_empty() {
            let _ = writeln!(out, "log: {}\n", inline(&broke.log));
        }
    }
}

fn steps(summary: &Summary, out: &mut String) {
    out.push_str("## Steps\n\n| step | state | began | took | what was seen |\n|---|---|--:|--:|---|\n");
    for step in &summary.steps {
        let began = step.began().map_or(String::new(), moment);
        let time = if step.stretches.is_empty() { String::new() } else { took(step.busy()) };
        let state = step.standing;
        let _ = writeln!(
            out,
            "| `{}`{} | {} {} | {began} | {time} | {} |",
            step.id,
            if step.longest { " ◆" } else { "" },
            mark(state),
            state.as_str(),
            inline(&seen(step)),
        );
    }
    if summary.longest.is_empty() {
        out.push('\n');
    } else {
        out.push_str("\n◆ on the longest way, as planned\n\n");
    }
}

fn seen(step: &Step) -> String {
    let mut parts = vec![step.told.clone()];
    if step.attempts > 1 {
        parts.push(format!("{} attempts", step.attempts));
    }
    for broke in step.overcome() {
        parts.push(format!("before, {} at {}: {}", broke.lapse.as_str(), moment(broke.into), broke.reason));
    }
    if let Some(again) = &step.again {
        parts.push(format!("looked at again at {}", moment(again.into)));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

fn rest(summary: &Summary, out: &mut String) {
    let not_exercised = summary.not_exercised();
    if !not_exercised.is_empty() {
        out.push_str("## Not exercised\n\n");
        for left_out in &not_exercised {
            let _ = writeln!(out, "- `{}`: {}", left_out.step, inline(&left_out.reason));
        }
        out.push('\n');
    }
    let lists = [
        ("Left as it is", summary.left().to_vec()),
        ("Notices", summary.notices.iter().map(|said| format!("{} {}", moment(said.into), said.message)).collect()),
    ];
    for (title, lines) in lists.iter().filter(|(_, lines)| !lines.is_empty()) {
        let _ = writeln!(out, "## {title}\n");
        for line in lines {
            let _ = writeln!(out, "- {}", inline(line));
        }
        out.push('\n');
    }
    let next = summary.next();
    if !next.is_empty() {
        out.push_str("## Next\n\n");
        out.push_str(&fenced("sh", &next.join("\n")));
    }
}

/// Text that stays one line and means nothing to Markdown or to the HTML within it.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).trim().chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A block of code with a fence that is longer than any within it.
fn fenced(language: &str, text: &str) -> String {
    let text = visible(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}\n\n", text.trim_end_matches('\n'))
}
