//! What is shown before a cluster may be deleted: what dies, what is saved, which ways in are left, when all of it was last
//! tried, and what less would do. Everything in it was looked at just now, or says when it was.

use super::Stake;
use crate::model::count::many;
use crate::model::time::spoken;
use crate::model::{InUse, Provider, Stamp};
use crate::plan::file::Way;
use crate::plan::table::{row, wrap};
use crate::steps::cluster::contract::Sort;
use std::fmt::Write;
use std::time::Duration;

/// The last time that this very plan was tried without harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drilled {
    /// In this time, all of it verified; less than a day is no age.
    Well {
        at: Stamp,
        took: Duration,
        age: Duration,
    },
    /// It did not come to a good end.
    Badly {
        at: Stamp,
        how: String,
    },
    /// Drilled was another order of steps.
    Another {
        at: Stamp,
    },
    Never,
    Unknown(String),
}

/// What is said beside what is at stake.
pub struct Told<'a> {
    pub access: &'a [Way],
    pub drilled: Drilled,
    /// Each in one line.
    pub accepted: &'a [String],
    /// The command that goes on with an earlier run.
    pub unfinished: Option<String>,
    pub attach: String,
    pub diagnose: String,
    pub columns: usize,
}

const LABELS: usize = 20;

/// All of it, without the question itself.
pub fn question(stake: &Stake, told: &Told<'_>) -> String {
    let mut out = String::new();
    let line = |text: &str, out: &mut String| {
        for line in wrap(text, told.columns) {
            let _ = writeln!(out, "{}", line.trim_end());
        }
    };
    line(&head(stake), &mut out);
    for (label, texts) in
        [blast(stake), rollback(stake), access(stake, told), tested(&told.drilled), minimal(stake, told)]
    {
        let room = told.columns.saturating_sub(LABELS + 3).max(20);
        let cells: Vec<String> = texts.iter().flat_map(|text| wrap(text, room)).collect();
        out.push_str(&row(&[vec![label.to_owned()], cells], &[LABELS, 0]));
    }
    match told.accepted {
        [] => line("Accepted findings: none.", &mut out),
        some => some.iter().for_each(|one| line(&format!("Accepted finding: {one}"), &mut out)),
    }
    if let Some(resume) = &told.unfinished {
        let _ = writeln!(out, "An earlier run has not come to its end; to go on with it instead: {resume}");
    }
    let _ = writeln!(out, "The recovery goes on without you; from the console or a new session: {}", told.attach);
    out
}

fn head(stake: &Stake) -> String {
    let Stake { provider, name, .. } = stake;
    if !stake.stands() {
        return format!("This makes {provider} cluster {name}. Nothing stands under that name: nothing is deleted.");
    }
    let uid = stake.standing.as_ref().and_then(|standing| standing.uid.as_deref());
    let uid = uid.map_or_else(|| "uid not known".to_owned(), |uid| format!("uid {uid}"));
    let mut text = format!("This deletes {provider} cluster {name} ({uid}, {}).", stake.whose.told());
    match &stake.session {
        InUse::Yes(why) => text.push_str(&format!(" It ENDS YOUR OWN SESSION: {why}.")),
        InUse::Unknown(why) => text.push_str(&format!(" It may end your own session: {why}.")),
        InUse::No(_) => {}
    }
    text
}

fn blast(stake: &Stake) -> (&'static str, Vec<String>) {
    let mut texts = Vec::new();
    let list = |what: &str, all: &[String], none: &str| match all {
        [] => format!("{what}: {none}"),
        all => format!("{what}: {}", all.join(", ")),
    };
    let parts = stake.standing.as_ref().map_or(0, |standing| standing.parts.len());
    let none = if stake.stands() { format!("{} of it", many(parts, "part")) } else { "nothing".to_owned() };
    texts.push(list("dies", &stake.blast.dies, &none));
    texts.push(list("stays", &stake.blast.stays, "nothing that is known of"));
    texts.extend(
        stake.blast.lost.iter().map(|(path, whose)| format!("dies, as the plan says that it may: {path} ({whose})")),
    );
    texts.extend(stake.blast.unknown.iter().map(|why| format!("not known: {why}")));
    ("blast radius", texts)
}

fn rollback(stake: &Stake) -> (&'static str, Vec<String>) {
    let text = match (stake.stands(), stake.provider) {
        (false, _) => "there is nothing to go back to: what is made can be deleted again",
        (true, Provider::K3s) => {
            "saved first: sealing keys and objects as far as its API server answers, an etcd snapshot. The old server folder is \
             moved aside until the new cluster is verified: that is the way back"
        }
        (true, Provider::K3d | Provider::Sandbox) => {
            "saved first: sealing keys and objects as far as its API server answers; no etcd snapshot. No way back after \
             this point but forward"
        }
    };
    ("rollback", vec![text.to_owned()])
}

fn access(stake: &Stake, told: &Told<'_>) -> (&'static str, Vec<String>) {
    let way = |(way, used): (&Way, &Option<bool>)| {
        let place = if way.inside { "INSIDE what dies" } else { "outside" };
        let used = if *used == Some(true) { ", in use now" } else { "" };
        format!("{}: {place} ({}{used})", way.name, way.told)
    };
    let mut texts: Vec<String> = told.access.iter().zip(&stake.in_use).map(way).collect();
    match (told.access.is_empty(), told.access.iter().any(|way| !way.inside)) {
        (true, _) => texts.push("the plan names no way in: think of one before you go on".to_owned()),
        (false, false) => texts.push("NONE is left while the cluster is away".to_owned()),
        (false, true) => {}
    }
    let session = match &stake.session {
        InUse::Yes(why) => format!("this session: INSIDE what dies ({why})"),
        InUse::No(why) => format!("this session: outside ({why})"),
        InUse::Unknown(why) => format!("this session: not known ({why})"),
    };
    texts.push(session);
    ("alternate access", texts)
}

fn tested(drilled: &Drilled) -> (&'static str, Vec<String>) {
    let text = match drilled {
        Drilled::Well { at, took, age } => {
            let days = age.as_secs() / 86_400;
            let age = if days == 0 {
                "today".to_owned()
            } else {
                format!("{} ago", many(usize::try_from(days).unwrap_or(usize::MAX), "day"))
            };
            format!("last drill of this very plan: {} ({age}), verified in {}", at.date(), spoken(*took))
        }
        Drilled::Badly { at, how } => {
            format!("the last drill of this very plan did NOT come to a good end: {}, {how}", at.date())
        }
        Drilled::Another { at } => {
            format!("this very plan was NEVER drilled; another order of its steps was, on {}", at.date())
        }
        Drilled::Never => "this plan was NEVER drilled: blackstart drill does it without harm".to_owned(),
        Drilled::Unknown(why) => format!("whether it was drilled is not known: {why}"),
    };
    ("non-destructive test", vec![text])
}

fn minimal(stake: &Stake, told: &Told<'_>) -> (&'static str, Vec<String>) {
    let Some(standing) = stake.standing.as_ref().filter(|_| stake.stands()) else {
        return ("minimal change", vec!["nothing is alive that less would mend".to_owned()]);
    };
    let nodes: Vec<bool> = standing
        .parts
        .iter()
        .filter(|part| matches!(part.sort, Sort::Container | Sort::Service))
        .map(|part| part.runs)
        .collect();
    let running = nodes.iter().filter(|runs| **runs).count();
    let api = if standing.uid.is_some() { "its API server answers" } else { "its API server does not answer" };
    let alive = format!("alive now: {running} of {} running, {api}", nodes.len());
    let name = &stake.name;
    // Each command on a line of its own, so that it can be copied.
    let less: Vec<String> = match (standing.uid.is_some(), running, stake.provider) {
        (true, _, _) => {
            vec!["less than this is to see the first cause of what is broken:".to_owned(), told.diagnose.clone()]
        }
        (false, 0, Provider::K3s) => vec!["less than this:".to_owned(), "systemctl start k3s".to_owned()],
        (false, 0, _) => vec!["less than this:".to_owned(), format!("k3d cluster start {name}")],
        (false, _, Provider::K3s) => [
            "less than this is to wait while it goes on, then to start it anew:",
            "journalctl -fu k3s",
            "systemctl restart k3s",
        ]
        .map(str::to_owned)
        .into(),
        (false, _, _) => vec![
            "less than this is to wait while its nodes go on, then to start it anew:".to_owned(),
            format!("docker logs -f k3d-{name}-server-0"),
            format!("k3d cluster stop {name}"),
            format!("k3d cluster start {name}"),
        ],
    };
    let seen = standing.told.iter().map(|told| format!("seen: {told}"));
    ("minimal change", [alive].into_iter().chain(seen).chain(less).collect())
}
