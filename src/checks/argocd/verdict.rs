//! How one Application stands: green, waiting, or stuck and by what. Green is what nothing speaks against: compared with the
//! very commit that git has, Synced, Healthy, without an error, its last operation done. Health alone says little: an
//! Application whose source cannot be read is Healthy.

use super::live::{Application, Failed, Operation};
use super::words::{Known, known, short};
use crate::checks::ladder::{Heals, UNKNOWN};
use crate::model::Place;

/// An Application as git has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub namespace: String,
    pub name: String,
    /// Which of the expected ones makes it; none for what this program applies.
    pub parent: Option<usize>,
    /// The ApplicationSet that makes it, where one does.
    pub set: Option<String>,
    /// Where it is written.
    pub place: Place,
    pub sources: Vec<Source>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub url: String,
    pub path: String,
    pub chart: String,
    /// What it names of the repository: a branch, a commit, a version.
    pub target: String,
    /// The commit that the work tree has for what it names; none where that cannot be known, as for a chart.
    pub revision: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Is {
    Green,
    Waits(String),
    Stuck(Stuck),
}

/// Why an Application does not become green.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    pub id: &'static str,
    pub why: String,
    /// The parts of it that are the matter.
    pub failed: Vec<Failed>,
    pub heals: Heals,
    /// Nothing is missing but a new sync.
    pub again: bool,
    pub fix: String,
    /// What Argo CD said, whole.
    pub said: Option<String>,
}

impl Is {
    fn waits(why: impl Into<String>) -> Self {
        Is::Waits(why.into())
    }
}

impl Stuck {
    fn new(id: &'static str, heals: Heals, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { id, why: why.into(), failed: Vec::new(), heals, again: false, fix: fix.into(), said: None }
    }
    /// By the words of Argo CD, of which some are known.
    fn said(text: &str, what: &str) -> Self {
        let known = known(text).unwrap_or(Known { id: UNKNOWN, heals: Heals::May, fix: "read what Argo CD says" });
        let why = format!("{what}{}", short(text));
        Self { said: Some(text.to_owned()), ..Self::new(known.id, known.heals, why, known.fix) }
    }
}

/// How each of these stands. `live` finds one by namespace and name.
pub fn judge<'l>(expected: &[Expected], live: impl Fn(&str, &str) -> Option<&'l Application>) -> Vec<Is> {
    let alone = |one: &Expected| live(&one.namespace, &one.name).map(|found| of(one, found));
    let mut all: Vec<Option<Is>> = expected.iter().map(alone).collect();
    for at in 0..all.len() {
        if all[at].is_none() {
            let missing = missing(expected, &all, at);
            all[at] = Some(missing);
        }
    }
    all.into_iter().flatten().collect()
}

/// An Application that is not there is no smaller number of Applications: somebody was to make it.
fn missing(expected: &[Expected], all: &[Option<Is>], at: usize) -> Is {
    if let Some(set) = &expected[at].set {
        return Is::waits(format!("ApplicationSet {set} has not made it yet"));
    }
    let Some(parent) = expected[at].parent else {
        let fix = "blackstart resume: it is applied again";
        return Is::Stuck(Stuck::new("F13", Heals::Never, "there is no such Application: somebody deleted it", fix));
    };
    let name = &expected[parent].name;
    match all.get(parent).and_then(Option::as_ref) {
        Some(Is::Green) => {
            let why = format!("there is no such Application, and {name}, which is to make it, is Synced and Healthy");
            let fix = format!("see that the source of {name} has it, at the commit that Argo CD reads");
            Is::Stuck(Stuck::new("F13", Heals::May, why, fix))
        }
        Some(Is::Stuck(_)) => Is::waits(format!("Application {name}, which is to make it, is stuck")),
        Some(Is::Waits(_)) | None => Is::waits(format!("Application {name} has not made it yet")),
    }
}

/// How one stands that is there.
fn of(expected: &Expected, live: &Application) -> Is {
    if live.leaving {
        return Is::waits("it is being deleted");
    }
    if live.asked {
        return Is::waits("Argo CD was asked to look again");
    }
    // What it says of itself it says of what it was told to be, and that is not this yet.
    if !is_as_git_has_it(expected, live) {
        return Is::waits("it is not yet what git has of it");
    }
    if live.stale {
        return Is::waits("Argo CD has not looked at it as it is now");
    }
    // A source that cannot be read leaves everything else as it was: nothing of that is worth more than the error.
    if let Some(stuck) = errors(live) {
        return Is::Stuck(stuck);
    }
    if live.sync.is_empty() {
        return Is::waits("Argo CD has not looked at it yet");
    }
    if let Some(operation) = live.operation.as_ref().filter(|operation| operation.runs()) {
        return running(operation);
    }
    if live.queued {
        return Is::waits("its sync is about to begin");
    }
    if let Some(other) = another_commit(expected, live) {
        return Is::Stuck(other);
    }
    match live.sync.as_str() {
        "Synced" => {}
        "OutOfSync" => return out_of_sync(live),
        _ => return Is::waits("Argo CD does not know how it stands"),
    }
    // Its last operation may be of another time: what counts is whether this commit was ever brought to its end.
    if let Some(operation) = &live.operation
        && operation.phase != "Succeeded"
        && same(&operation.revisions, &live.revisions)
        && !live.history.iter().any(|done| same(done, &live.revisions))
    {
        return Is::Stuck(used_up(live, operation));
    }
    health(live)
}

fn errors(live: &Application) -> Option<Stuck> {
    let (kind, message) = live.errors.first()?;
    // What it could not sync says less than what it could not apply.
    if kind == "SyncError"
        && let Some(operation) = live.operation.as_ref().filter(|operation| !operation.runs())
    {
        return Some(used_up(live, operation));
    }
    Some(Stuck::said(message, &format!("{kind}: ")))
}

fn running(operation: &Operation) -> Is {
    // What the server refuses for what it is will be refused again.
    let hopeless = operation.failed.iter().find(|one| known(&one.message).is_some_and(|it| it.heals == Heals::Never));
    if let Some(one) = hopeless {
        let mut stuck = Stuck::said(&one.message, &format!("{} is refused: ", one.told()));
        stuck.failed = vec![one.clone()];
        return Is::Stuck(stuck);
    }
    let tries = match operation.retries {
        0 => String::new(),
        n => format!(" (attempt {})", n + 1),
    };
    match operation.failed.first() {
        Some(one) => Is::waits(format!("it is tried again{tries}: {}: {}", one.told(), short(&one.message))),
        None if operation.message.is_empty() => Is::waits(format!("its sync runs{tries}")),
        None => Is::waits(format!("its sync runs{tries}: {}", short(&operation.message))),
    }
}

/// Every attempt was made, and nobody will make another until there is a new commit.
fn used_up(live: &Application, operation: &Operation) -> Stuck {
    let tries = match operation.retries {
        0 => "its sync failed and is not tried again".to_owned(),
        n => format!("it gave up after {} attempts", n + 1),
    };
    let mut stuck = match operation.failed.first() {
        Some(one) => Stuck::said(&one.message, &format!("{tries}: {}: ", one.told())),
        None => Stuck::said(&operation.message, &format!("{tries}: ")),
    };
    if stuck.id == UNKNOWN {
        stuck.id = "F14";
        stuck.fix = format!("when the cause is gone: argocd app sync {} --core", live.name);
    }
    stuck.failed.clone_from(&operation.failed);
    // Time alone does not mend it, but a sync may: what stood in its way may have come.
    stuck.again = stuck.heals == Heals::May;
    stuck
}

fn is_as_git_has_it(expected: &Expected, live: &Application) -> bool {
    let parts = |one: &Source| [&one.url, &one.path, &one.chart, &one.target].map(String::clone);
    live.asks.is_empty() || live.asks.iter().cloned().eq(expected.sources.iter().map(parts))
}

/// Argo CD reads its server; what is expected comes from this host.
fn another_commit(expected: &Expected, live: &Application) -> Option<Stuck> {
    let pairs = expected.sources.iter().zip(&live.revisions);
    let (source, there, here) = pairs
        .filter_map(|(source, there)| {
            let here = source.revision.as_ref().filter(|here| !here.eq_ignore_ascii_case(there))?;
            Some((source, there, here))
        })
        .next()?;
    let why = format!("Argo CD reads commit {} of {}, and the work tree has {}", cut(there), source.url, cut(here));
    Some(Stuck::new("F101", Heals::May, why, "git push, or git pull: until both name the same commit"))
}

fn cut(revision: &str) -> &str {
    revision.get(..10).unwrap_or(revision)
}

fn out_of_sync(live: &Application) -> Is {
    let parts = match live.out_of_sync.as_slice() {
        [] => String::new(),
        [one] => format!(": {one}"),
        [one, rest @ ..] => format!(": {one} and {} more", rest.len()),
    };
    let sync = format!("argocd app sync {} --core", live.name);
    let stuck =
        |why: String, again: bool| Is::Stuck(Stuck { again, ..Stuck::new("F14", Heals::May, why, sync.clone()) });
    if !live.automated {
        return stuck(format!("it is OutOfSync and has no syncPolicy.automated: nobody syncs it{parts}"), true);
    }
    match &live.operation {
        Some(operation) if same(&operation.revisions, &live.revisions) => match operation.phase.as_str() {
            "Succeeded" if live.self_heal => Is::waits(format!("it is OutOfSync, and Argo CD is to heal it{parts}")),
            "Succeeded" => {
                stuck(format!("its sync of this commit succeeded, and it is OutOfSync all the same{parts}"), false)
            }
            _ => Is::Stuck(used_up(live, operation)),
        },
        Some(_) | None => Is::waits(format!("it is OutOfSync, and about to be synced{parts}")),
    }
}

fn health(live: &Application) -> Is {
    let part = live.unwell.first().map_or_else(String::new, |(part, why)| format!(": {part} {why}"));
    match live.health.as_str() {
        "Healthy" => Is::Green,
        "" => Is::waits("Argo CD has not looked at its health yet"),
        "Suspended" => {
            let fix = "set what is suspended going in git, or leave it out of what is recovered";
            Is::Stuck(Stuck::new("F92", Heals::May, format!("something of it is suspended{part}"), fix))
        }
        "Degraded" => {
            let fix = "see to what is not healthy of it";
            Is::Stuck(Stuck::new(UNKNOWN, Heals::May, format!("it is Degraded{part}"), fix))
        }
        other => Is::waits(format!("its health is {other}{part}")),
    }
}

fn same(one: &[String], other: &[String]) -> bool {
    !one.is_empty() && one == other
}

/// Of a set: `apps 19H/22S/24`, healthy, synced, expected; and how many fail.
pub fn told<'l>(
    expected: &[Expected],
    judged: &[Is],
    live: impl Fn(&str, &str) -> Option<&'l Application>,
) -> (String, usize) {
    let found = || expected.iter().filter_map(|one| live(&one.namespace, &one.name));
    let healthy = found().filter(|one| one.health == "Healthy" && one.errors.is_empty()).count();
    let synced = found().filter(|one| one.sync == "Synced").count();
    let failing = judged.iter().filter(|is| matches!(is, Is::Stuck(_))).count();
    (format!("apps {healthy}H/{synced}S/{}", expected.len()), failing)
}
