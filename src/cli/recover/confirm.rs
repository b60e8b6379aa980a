//! The one question, and what is shown before it: what is at stake, or that nothing is. Never a bare yes: the name is typed.

use super::ahead::Ahead;
use super::drilled;
use crate::cli::context::{Context, quoted};
use crate::engine::stake::{Asked, Stake, question};
use crate::model::Problem;
use crate::model::time::spoken;
use crate::plan::load::Planned;
use crate::plan::preview::Past;
use crate::sys::terminal;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// What is known when somebody is asked.
pub struct Shown<'a> {
    pub planned: &'a Planned,
    pub past: &'a Past,
    pub ahead: &'a Ahead,
    pub path: &'a Path,
}

impl Shown<'_> {
    /// What has to be typed, and what that is the name of.
    fn name(&self) -> (&str, &'static str) {
        let file = &self.planned.file;
        file.cluster.as_ref().map_or((file.name.as_str(), "plan"), |cluster| (&cluster.name, "cluster"))
    }
    fn command(&self) -> String {
        format!("blackstart recover {} --confirm {}", quoted(&self.planned.file.shown), self.name().0)
    }
}

/// The one question, or the name that was given instead of an answer.
pub fn confirm(context: &Context, shown: &Shown<'_>, given: Option<&str>) -> Result<(), Problem> {
    let (name, whose) = shown.name();
    let stake = shown.ahead.stake.as_ref();
    if let Some(given) = given {
        if given != name {
            let fact = format!("--confirm says {given}, and this {whose} is called {name}");
            return Err(Problem::refused(fact).because("nothing was changed").next(shown.command()));
        }
        // Who has written the name into a script is not asked, and yet told.
        if let Some(stake) = stake.filter(|_| !context.quiet) {
            context.note(at_stake(context, shown, stake).trim_end());
        }
        return Ok(());
    }
    if !terminal::can_ask(context.look) {
        let fact = format!("there is no terminal to ask for the name of the {whose}");
        return Err(Problem::usage(fact).next(shown.command()));
    }
    let mut text = match stake {
        Some(stake) => at_stake(context, shown, stake),
        None => nothing_at_stake(context, shown),
    };
    let _ = write!(text, "Type the name of the {whose} to go on: ");
    let typed = terminal::ask(&text).map_err(|error| Problem::usage(format!("nothing can be asked: {error}")))?;
    match typed.as_deref() {
        Some(typed) if typed == name => Ok(()),
        Some("") | None => Err(Problem::refused("no name was typed; nothing was changed")),
        Some(typed) => Err(Problem::refused(format!("`{typed}` is not `{name}`; nothing was changed"))),
    }
}

fn at_stake(context: &Context, shown: &Shown<'_>, stake: &Stake) -> String {
    let file = &shown.planned.file;
    let told = Asked {
        access: &file.access,
        drilled: drilled::last(context, shown.planned, shown.path),
        accepted: &shown.ahead.accepted,
        unfinished: shown.past.unfinished.as_ref().map(|run| context.copyable(&format!("blackstart resume {run}"))),
        attach: context.copyable("blackstart attach"),
        diagnose: context.copyable(&format!("blackstart diagnose {}", quoted(&file.shown))),
        columns: terminal::width(context.look),
    };
    question(stake, &told)
}

fn nothing_at_stake(context: &Context, shown: &Shown<'_>) -> String {
    let Shown { planned, past, .. } = shown;
    let steps = planned.file.steps.iter().filter(|step| step.absent_in(planned.mode).is_none()).count();
    let mut text =
        format!("This runs {steps} steps of {} on this host, graph {}.\n", planned.file.shown, planned.digest.short());
    text.push_str(match &planned.file.cluster {
        None => "The plan has no cluster: nothing is deleted.\n",
        Some(_) => "A sandbox is made beside whatever there is: nothing is deleted.\n",
    });
    match &past.last {
        Some(last) => {
            let took = Duration::try_from_secs_f64(last.seconds).unwrap_or_default();
            let _ = writeln!(text, "Last {} of it: {}, verified in {}.", last.mode, last.at.date(), spoken(took));
        }
        None => text.push_str("It has never been run to its end here.\n"),
    }
    if let Some(run) = &past.unfinished {
        let resume = context.copyable(&format!("blackstart resume {run}"));
        let _ = writeln!(text, "Run {run} has not come to its end; to go on with it instead: {resume}");
    }
    let attach = context.copyable("blackstart attach");
    let _ = writeln!(text, "The recovery goes on without this terminal; to see it again: {attach}");
    text
}
