//! `explain`: what an id means, how people come to it, and what mends it.

use super::context::Context;
use crate::checks::before;
use crate::checks::causes::{self, Cause};
use crate::checks::topics::{self, TOPICS, Topic};
use crate::model::Problem;
use crate::plan::table::wrap;
use crate::steps::fields::nearest;
use crate::sys::terminal;
use std::fmt::Write;

/// Tell what a finding or a first cause means, and what mends it
#[derive(clap::Args, Debug)]
#[command(after_help = "Without an id everything that has one is listed.

Examples:
  blackstart explain F03
  blackstart explain circle        what to do about steps that wait for each other
  blackstart explain restart       why a node is never restarted")]
pub struct ExplainArgs {
    /// An id, as F03, or a topic
    #[arg(value_name = "ID")]
    pub id: Option<String>,
}

pub fn run(context: &Context, args: &ExplainArgs) -> Result<u8, Problem> {
    let columns = terminal::width(context.look).min(100);
    let text = match args.id.as_deref() {
        None => list(),
        Some(id) => match (causes::find(id), topics::find(id)) {
            (Some(cause), _) => one(cause, columns),
            (None, Some(topic)) => about(topic, columns),
            (None, None) => return Err(unknown(id)),
        },
    };
    context.print(&text)?;
    Ok(0)
}

fn list() -> String {
    let mut out = String::new();
    for cause in causes::sorted() {
        let _ = writeln!(out, "{:8} {}", cause.id, cause.title);
    }
    for topic in TOPICS {
        let _ = writeln!(out, "{:8} {}", topic.name, topic.title);
    }
    out
}

fn one(cause: &Cause, columns: usize) -> String {
    let mut out = format!("{}  {}\n\n", cause.id, cause.title);
    paragraph(cause.story, columns, &mut out);
    let seen = match causes::seen_in(cause.id) {
        (true, true) => "in files by check, plan and drill; in a cluster by diagnose and while a run waits",
        (true, false) => "in files by check, plan and drill",
        (false, true) => "in a cluster by diagnose and while a run waits",
        (false, false) if before::PAGES.iter().any(|page| page.id == cause.id) => {
            "on this host and in the world outside by recover and plan --live"
        }
        (false, false) => "by a person",
    };
    paragraph(&format!("Found: {seen}."), columns, &mut out);
    paragraph(&format!("What mends it: {}", cause.fix), columns, &mut out);
    out.pop();
    out
}

fn about(topic: &Topic, columns: usize) -> String {
    let mut out = format!("{}\n\n", topic.title);
    topic.text.iter().for_each(|text| paragraph(text, columns, &mut out));
    out.pop();
    out
}

fn paragraph(text: &str, columns: usize, out: &mut String) {
    for line in wrap(text, columns) {
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out.push('\n');
}

fn unknown(id: &str) -> Problem {
    let all: Vec<&str> = causes::sorted().into_iter().map(|cause| cause.id).collect();
    let word = id.to_uppercase();
    let near = nearest(&word, all.iter().copied());
    let near = if near.is_empty() { nearest(&id.to_lowercase(), TOPICS.iter().map(|topic| topic.name)) } else { near };
    Problem::usage(format!("nothing is called {id}{near}"))
        .next("blackstart explain   # lists everything that has a name")
}
