//! Draws the time line as HTML: one row a step, one bar a stretch. What it shows is also in the page's table.

use super::html::{Esc, Shown};
use super::summary::{End, Standing, Step, Stretch, Summary};
use super::timeline::{Axis, at_once, drawn, told};
use super::words::{mark, moment, took};
use std::fmt::Write;

pub fn render(summary: &Summary, out: &mut String) {
    let steps = drawn(summary);
    if steps.iter().all(|step| step.stretches.is_empty()) {
        return;
    }
    let axis = Axis::of(summary);
    let left_out = summary.steps.len() - steps.len();
    // The names' column is as wide as the longest name, within reason.
    let name = steps.iter().map(|step| step.id.as_str().len()).max().unwrap_or(0).clamp(12, 26);
    let dense = if steps.len() > 60 { " dense" } else { "" };
    let _ = write!(
        out,
        "<section class=wide><h2 id=time>Time line</h2><figure class=\"time{dense}\" style=\"--name:calc({name}*.62em + 2.2em)\" aria-labelledby=time>"
    );
    out.push_str("<div aria-hidden=true class=plot>");
    scale(&axis, out);
    strip(summary, &axis, out);
    lines(&axis, out);
    out.push_str("<div class=rows>");
    for step in &steps {
        row(step, &axis, out);
    }
    out.push_str("</div></div><figcaption>");
    legend(summary, &axis, &steps, out);
    if left_out > 0 {
        let (drawn, all) = (steps.len(), summary.steps.len());
        let _ = write!(
            out,
            "<p class=left-out>{drawn} of {all} steps are drawn: what failed, and what took longest. {left_out} are left \
             out here; the table below has them all.</p>"
        );
    }
    out.push_str("</figcaption></figure></section>");
}

fn scale(axis: &Axis, out: &mut String) {
    out.push_str("<div class=scale><div class=track>");
    for tick in &axis.ticks {
        let _ = write!(out, "<span class=tick style=\"left:{:.3}%\">{}</span>", tick.left, Esc(&tick.label));
    }
    out.push_str("</div></div>");
}

/// A strip that shows how many steps were worked on at once; left out where it never was more than one.
fn strip(summary: &Summary, axis: &Axis, out: &mut String) {
    let changes = at_once(summary);
    let most = changes.iter().map(|change| change.1).max().unwrap_or(0);
    if most < 2 {
        return;
    }
    // A column for each thousandth of the width shows its highest number: more cannot be seen.
    let mut columns = vec![0usize; 1001];
    let ends = changes.iter().skip(1).map(|change| change.0).chain([summary.seconds]);
    for ((from, number), to) in changes.iter().zip(ends) {
        let at = |into: f64| ((axis.place(into) * 10.0) as usize).min(1000);
        for column in &mut columns[at(*from)..at(to).max(at(*from) + 1).min(1001)] {
            *column = (*column).max(*number);
        }
    }
    let mut path = "M0 40".to_owned();
    let mut before = 0;
    for (x, number) in columns.iter().enumerate().filter(|(x, _)| *x < 1000) {
        if *number != before {
            let y = 40.0 - 38.0 * *number as f64 / most as f64;
            let _ = write!(path, "H{x}V{y:.1}");
            before = *number;
        }
    }
    path.push_str("H1000V40Z");
    let _ = write!(
        out,
        "<div class=\"row strip\"><span class=name>at once, up to {most}</span><span class=track><svg viewBox=\"0 0 \
         1000 40\" preserveAspectRatio=none><path d=\"{path}\"/></svg></span></div>"
    );
}

/// What crosses all rows: the ticks, the pauses, the goal.
fn lines(axis: &Axis, out: &mut String) {
    out.push_str("<div class=lines>");
    for tick in &axis.ticks {
        let _ = write!(out, "<i class=grid style=\"left:{:.3}%\"></i>", tick.left);
    }
    for pause in &axis.pauses {
        let _ = write!(out, "<i class=pause style=\"left:{:.3}%;width:{:.3}%\"></i>", pause.left, pause.width);
    }
    if let Some(goal) = axis.goal {
        let _ = write!(out, "<i class=late style=\"left:{goal:.3}%\"></i><i class=goal style=\"left:{goal:.3}%\"></i>");
    }
    out.push_str("</div>");
}

fn row(step: &Step, axis: &Axis, out: &mut String) {
    let longest = if step.longest { " longest" } else { "" };
    let (id, sign) = (step.id.as_str(), mark(step.standing));
    let _ = write!(out, "<div class=\"row{longest}\"><span class=name><b class={}>{sign}</b> {id}</span>", Shown(step));
    out.push_str("<span class=track>");
    for stretch in &step.stretches {
        bar(step, stretch, axis, out);
    }
    if let Some(again) = &step.again {
        let title = format!("{id}: looked at again at {}: {}", moment(again.into), again.message);
        let _ =
            write!(out, "<i class=again style=\"left:{:.3}%\" title=\"{}\"></i>", axis.place(again.into), Esc(&title));
    }
    note(step, axis, out);
    out.push_str("</span></div>");
}

fn bar(step: &Step, stretch: &Stretch, axis: &Axis, out: &mut String) {
    let (left, right) = (axis.place(stretch.from), axis.place(stretch.to));
    let end = match stretch.end {
        End::Done => "verified",
        End::Failed => "failed",
        End::Unknown => "unknown",
        End::Stopped => "stopped",
        End::Cut => "cut: its process was gone before its end",
        End::Open => "no end seen",
    };
    let (from, to) = (moment(stretch.from), moment(stretch.to));
    let title = format!("{}: {from} to {to}, {end}. {}", step.id, step.sentence);
    let unproved = if step.standing == Standing::Accepted { " unproved" } else { "" };
    let (class, id, width) = (stretch.end.as_str(), step.id.as_str(), right - left);
    let _ = write!(
        out,
        "<i class=\"bar {class}{unproved}\" data-step={id} style=\"left:{left:.3}%;width:{width:.3}%\" title=\"{}\">",
        Esc(&title)
    );
    for again in &stretch.again {
        let part = if width > 0.0 { ((axis.place(*again) - left) / width * 100.0).clamp(0.0, 100.0) } else { 0.0 };
        let _ = write!(out, "<s style=\"left:{part:.2}%\"></s>");
    }
    out.push_str("</i>");
}

/// The words behind the last bar: how long it took, or why there is none.
fn note(step: &Step, axis: &Axis, out: &mut String) {
    let Some(last) = step.stretches.last() else {
        let told = if step.told.is_empty() { String::new() } else { format!(": {}", step.told) };
        let _ = write!(out, "<span class=none>{}{}</span>", step.standing.as_str(), Esc(&told));
        return;
    };
    let times = if step.attempts > 1 { format!(" ×{}", step.attempts) } else { String::new() };
    let left = axis.place(last.to);
    // The sign of a second look gives way to nothing: where it is near, the words go behind it.
    let again = step.again.as_ref().map(|again| axis.place(again.into)).filter(|again| again - left < 10.0);
    let left = again.map_or(left, |again| again + 0.5);
    let _ = write!(out, "<span class=took style=\"left:{left:.3}%\">{}{times}</span>", took(step.busy()));
}

fn legend(summary: &Summary, axis: &Axis, steps: &[&Step], out: &mut String) {
    out.push_str("<p class=legend>");
    let mut entry = |class: &str, words: &str| {
        let _ = write!(out, "<span><i class=\"key {class}\"></i>{words}</span>");
    };
    let ends = || steps.iter().flat_map(|step| &step.stretches).map(|stretch| stretch.end);
    let any = |end: End| ends().any(|other| other == end);
    if steps.iter().any(|step| step.longest && !step.stretches.is_empty()) {
        entry("done strong", "on the longest way, as planned");
        entry("done", "beside it");
    }
    for (end, words) in [
        (End::Failed, "failed"),
        (End::Unknown, "nobody knows how it ended"),
        (End::Stopped, "stopped before its end"),
        (End::Cut, "cut off: its process was gone"),
        (End::Open, "no end was seen"),
    ] {
        if any(end) {
            entry(end.as_str(), words);
        }
    }
    if steps.iter().flat_map(|step| &step.stretches).any(|stretch| !stretch.again.is_empty()) {
        entry("retry", "tried again");
    }
    if steps.iter().any(|step| step.again.is_some()) {
        entry("looked", "looked at again after a resume");
    }
    if steps.iter().any(|step| step.standing == Standing::Accepted) {
        entry("unproved", "accepted on a person's word");
    }
    match (summary.goal, axis.goal) {
        (Some(goal), Some(_)) => entry("line", &format!("goal {}", took(goal))),
        (Some(goal), None) => entry("line", &format!("goal {}, to the right of what is drawn", took(goal))),
        (None, _) => {}
    }
    out.push_str("</p>");
    for pause in &axis.pauses {
        let _ = write!(out, "<p class=paused><i class=\"key pause\"></i>{}</p>", Esc(&told(pause, summary)));
    }
}
