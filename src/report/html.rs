//! The report as one page that stands alone: no script, nothing loaded, readable on paper and on a telephone.

use super::chart;
use super::summary::{Broke, Standing, Step, Summary};
use super::words::{Tone, counts, headline, mark, meaning, moment, took, visible};
use std::fmt::{self, Display, Write};

const STYLE: &str = include_str!("report.css");

/// Text that is only text, in an element or in a quoted attribute.
pub struct Esc<'a>(pub &'a str);

impl Display for Esc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = visible(self.0);
        let mut rest = text.as_ref();
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            f.write_str(&rest[..at])?;
            f.write_str(match rest.as_bytes().get(at) {
                Some(b'&') => "&amp;",
                Some(b'<') => "&lt;",
                Some(b'>') => "&gt;",
                Some(b'"') => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}

/// The class that gives a step's mark its colour.
pub struct Shown<'a>(pub &'a Step);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.standing {
            Standing::Verified | Standing::Kept | Standing::Adopted => "s-good",
            Standing::Accepted | Standing::Running | Standing::Unknown | Standing::Stopped => "s-warn",
            Standing::Failed => "s-bad",
            Standing::Skipped | Standing::Waiting | Standing::NotRun => "s-none",
        })
    }
}

pub fn render(summary: &Summary) -> String {
    let mut out = String::with_capacity(16_384 + summary.steps.len() * 1024);
    let head = headline(summary);
    let _ = write!(
        out,
        "<!doctype html><html lang=en><head><meta charset=utf-8>\
         <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=viewport content=\"width=device-width,initial-scale=1\"><meta name=color-scheme content=\"light dark\">\
         <meta name=referrer content=no-referrer><title>{} {}</title><style>{STYLE}</style></head><body><main>",
        head.mark,
        Esc(&head.words)
    );
    banner(summary, &mut out);
    wrong(summary, &mut out);
    // What is to be done comes before what was; where nothing is to be done, it comes last.
    let done = headline(summary).tone == Tone::Good;
    if !done {
        next(summary, &mut out);
    }
    chart::render(summary, &mut out);
    table(summary, &mut out);
    rest(summary, &mut out);
    if done {
        next(summary, &mut out);
    }
    let _ = writeln!(
        out,
        "</main><footer>blackstart {} · run {} · graph <code>{}</code></footer></body></html>",
        Esc(&summary.version),
        summary.run,
        summary.digest
    );
    out
}

fn banner(summary: &Summary, out: &mut String) {
    let head = headline(summary);
    let tone = match head.tone {
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
    };
    let started = summary.started;
    let _ = write!(
        out,
        "<header class=\"banner {tone}\"><p class=when>{} · began <time datetime=\"{}\">{}</time></p><h1><span \
         aria-hidden=true>{}</span> {}</h1><p class=counts>",
        summary.mode,
        started.rfc3339(),
        started.second(),
        head.mark,
        Esc(&head.words)
    );
    for (number, what) in counts(summary.counts()) {
        let _ = write!(out, "<span><b>{number}</b> {what}</span>");
    }
    out.push_str("</p>");
    let mut told = Vec::new();
    if let Some(goal) = summary.goal.filter(|goal| *goal > 0.0) {
        told.push(meter(summary.seconds, goal, out));
    }
    if let Some(expected) = summary.expected {
        told.push(format!("expected {}", took(expected)));
    }
    if summary.paused() > 0.0 {
        told.push(format!("nothing worked on it for {} of that time", took(summary.paused())));
    }
    if !told.is_empty() {
        let _ = write!(out, "<p class=times>{}</p>", told.join(" · "));
    }
    out.push_str("</header>");
}

/// How much of its goal the run used up; beyond it, where in the run the goal was passed. Gives the same in words.
fn meter(seconds: f64, goal: f64, out: &mut String) -> String {
    let over = seconds > goal;
    let used = if over { goal / seconds * 100.0 } else { seconds / goal * 100.0 };
    let class = if over { "meter over" } else { "meter" };
    let _ = write!(out, "<div class=\"{class}\" aria-hidden=true><i style=\"width:{used:.2}%\"></i></div>");
    if over {
        format!("{} beyond its goal of {}", took(seconds - goal), took(goal))
    } else {
        format!("{:.0} % of its goal of {}", used.floor(), took(goal))
    }
}

fn wrong(summary: &Summary, out: &mut String) {
    let broken: Vec<(&Step, &Broke)> =
        summary.steps.iter().filter_map(|step| step.broke().map(|broke| (step, broke))).collect();
    if broken.is_empty() {
        return;
    }
    out.push_str("<section><h2>What went wrong</h2>");
    for (step, broke) in broken {
        let _ = write!(
            out,
            "<article class=\"wrong {}\"><h3>{} {} <small>{} after {}</small></h3><p class=sentence>{}</p><p \
             class=reason>{}</p>",
            Shown(step),
            mark(step.standing),
            step.id,
            step.standing.as_str(),
            took(broke.seconds),
            Esc(&step.sentence),
            Esc(&broke.reason)
        );
        tail(broke, out);
        out.push_str("</article>");
    }
    out.push_str("</section>");
}

fn tail(broke: &Broke, out: &mut String) {
    if !broke.tail.is_empty() {
        out.push_str("<pre tabindex=0 class=tail>");
        for line in &broke.tail {
            let _ = writeln!(out, "{}", Esc(line));
        }
        out.push_str("</pre>");
    }
    if !broke.log.is_empty() {
        let _ = write!(out, "<p class=log>log <code>{}</code></p>", Esc(&broke.log));
    }
}

fn next(summary: &Summary, out: &mut String) {
    let (left, next) = (summary.left(), summary.next());
    if left.is_empty() && next.is_empty() {
        return;
    }
    out.push_str("<section><h2>What now</h2>");
    list("Left as it is", left.iter().map(|line| format!("{}", Esc(line))), out);
    if !next.is_empty() {
        out.push_str("<pre tabindex=0 class=next>");
        for command in &next {
            let _ = writeln!(out, "{}", Esc(command));
        }
        out.push_str("</pre>");
    }
    out.push_str("</section>");
}

/// A list with its title; items come escaped.
fn list(title: &str, items: impl ExactSizeIterator<Item = String>, out: &mut String) {
    if items.len() == 0 {
        return;
    }
    let _ = write!(out, "<h3>{title}</h3><ul>");
    items.for_each(|item| {
        let _ = write!(out, "<li>{item}</li>");
    });
    out.push_str("</ul>");
}

fn table(summary: &Summary, out: &mut String) {
    out.push_str(
        "<section class=wide><h2>Steps</h2><table><caption>Every step, in the order of execution. Times count from the \
         beginning of the run.</caption><thead><tr><th scope=col>step<th scope=col>state<th scope=col class=n>began<th \
         scope=col class=n>ended<th scope=col class=n>took<th scope=col>what was seen</tr></thead><tbody>",
    );
    for step in &summary.steps {
        line(step, out);
    }
    out.push_str("</tbody></table></section>");
}

fn line(step: &Step, out: &mut String) {
    let at = |into: Option<f64>| into.map_or(String::new(), moment);
    let time = if step.stretches.is_empty() { String::new() } else { took(step.busy()) };
    let way = if step.longest { " <span class=way title=\"on the longest way, as planned\">◆</span>" } else { "" };
    let (state, sign) = (step.standing, mark(step.standing));
    let _ = write!(
        out,
        "<tr><th scope=row><code>{}</code>{way}<p class=sentence>{}</p><td class=\"state {}\" title=\"{}\"><b>{sign}</b> \
         {}<td class=n data-is=began>{}<td class=n data-is=ended>{}<td class=n data-is=took>{time}<td class=seen>",
        step.id,
        Esc(&step.sentence),
        Shown(step),
        meaning(state),
        state.as_str(),
        at(step.began()),
        at(step.ended()),
    );
    if !step.told.is_empty() {
        let _ = write!(out, "<p>{}</p>", Esc(&step.told));
    }
    if step.attempts > 1 {
        let _ = write!(out, "<p class=also>{} attempts</p>", step.attempts);
    }
    for broke in step.overcome() {
        let (lapse, into) = (broke.lapse.as_str(), moment(broke.into));
        let _ = write!(out, "<p class=also>before, {lapse} at {into}: {}</p>", Esc(&broke.reason));
        if !broke.tail.is_empty() {
            out.push_str("<details><summary>what it said last</summary>");
            tail(broke, out);
            out.push_str("</details>");
        }
    }
    if let Some(again) = &step.again {
        let _ = write!(out, "<p class=also>looked at again at {}: {}</p>", moment(again.into), Esc(&again.message));
    }
}

fn rest(summary: &Summary, out: &mut String) {
    let not_exercised = summary.not_exercised();
    if not_exercised.is_empty() && summary.notices.is_empty() {
        return;
    }
    out.push_str("<section>");
    let item =
        |left_out: &crate::model::NotExercised| format!("<code>{}</code> {}", left_out.step, Esc(&left_out.reason));
    list("Not exercised", not_exercised.iter().map(item), out);
    let said = |said: &super::summary::Said| format!("{} {}", moment(said.into), Esc(&said.message));
    list("Notices", summary.notices.iter().map(said), out);
    out.push_str("</section>");
}
