//! An Application of Argo CD as the cluster has it, reduced to what a verdict needs. Every field may be missing: a controller
//! writes them one by one.

use crate::checks::ladder::redact::plain;
use serde_json::Value;

/// Longer words of a controller are cut: what matters stands in front.
const LONGEST: usize = 600;

/// What the last or the running operation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operation {
    pub phase: String,
    pub message: String,
    pub retries: u64,
    /// How many there may be, where the operation says so.
    pub limit: Option<i64>,
    /// The commits that it was for.
    pub revisions: Vec<String>,
    /// What it could not apply, and hooks that failed.
    pub failed: Vec<Failed>,
    pub started: Option<String>,
}

/// A part of an Application that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub group: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub message: String,
    pub hook: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Application {
    pub name: String,
    pub namespace: String,
    pub leaving: bool,
    /// It was asked to look again and has not yet done so.
    pub asked: bool,
    /// An operation was put to it and not yet begun.
    pub queued: bool,
    pub automated: bool,
    pub self_heal: bool,
    pub project: String,
    pub sync: String,
    pub health: String,
    /// Address, path, chart and target of each source that it is told to read.
    pub asks: Vec<[String; 4]>,
    /// What was compared last is another than what it is told to read.
    pub stale: bool,
    /// The commits that it was compared with, by source.
    pub revisions: Vec<String>,
    /// Type and message of those that tell of an error.
    pub errors: Vec<(String, String)>,
    pub operation: Option<Operation>,
    /// Commits that were synced to their end.
    pub history: Vec<Vec<String>>,
    /// What of it is not as git says: kind, namespace/name.
    pub out_of_sync: Vec<String>,
    /// Where the health of each part is kept: those that are not Healthy, with Argo CD's reason.
    pub unwell: Vec<(String, String)>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Words of a controller: cut, on one line, and without what looks like a credential.
fn words(value: &Value) -> String {
    let line = plain(value.as_str().unwrap_or_default()).split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// `revisions` of an Application with several sources, else `revision`.
fn revisions(of: &Value) -> Vec<String> {
    let several: Vec<String> = list(&of["revisions"]).iter().map(text).collect();
    match (several.is_empty(), of["revision"].as_str().filter(|one| !one.is_empty())) {
        (false, _) => several,
        (true, Some(one)) => vec![one.to_owned()],
        (true, None) => Vec::new(),
    }
}

/// Address, path, chart and target of each source.
fn asks(of: &Value) -> Vec<[String; 4]> {
    let sources = match list(&of["sources"]) {
        [] if of["source"].is_null() => &[],
        [] => std::slice::from_ref(&of["source"]),
        several => several,
    };
    let one = |one: &Value| ["repoURL", "path", "chart", "targetRevision"].map(|name| text(&one[name]));
    sources.iter().map(one).collect()
}

fn named(of: &Value) -> String {
    let (kind, name) = (text(&of["kind"]), text(&of["name"]));
    match of["namespace"].as_str().filter(|space| !space.is_empty()) {
        Some(space) => format!("{kind} {space}/{name}"),
        None => format!("{kind} {name}"),
    }
}

impl Application {
    pub fn of(object: &Value) -> Self {
        let (about, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
        let (asks, compared) = (asks(spec), asks(&status["sync"]["comparedTo"]));
        let errors = list(&status["conditions"]).iter().filter_map(|one| {
            let kind = one["type"].as_str().filter(|kind| kind.ends_with("Error"))?;
            Some((kind.to_owned(), words(&one["message"])))
        });
        let resources = list(&status["resources"]);
        let automated = &spec["syncPolicy"]["automated"];
        Self {
            name: text(&about["name"]),
            namespace: text(&about["namespace"]),
            leaving: !about["deletionTimestamp"].is_null(),
            asked: about["annotations"].get("argocd.argoproj.io/refresh").is_some(),
            queued: object.get("operation").is_some_and(|operation| !operation.is_null()),
            automated: automated.is_object() && automated["enabled"] != false,
            self_heal: automated["selfHeal"] == true,
            project: text(&spec["project"]),
            sync: text(&status["sync"]["status"]),
            health: text(&status["health"]["status"]),
            revisions: revisions(&status["sync"]),
            stale: !compared.is_empty() && compared != asks,
            asks,
            errors: errors.collect(),
            operation: Operation::of(&status["operationState"]),
            history: list(&status["history"]).iter().map(revisions).collect(),
            out_of_sync: resources.iter().filter(|one| one["status"] == "OutOfSync").map(named).collect(),
            unwell: resources
                .iter()
                .filter_map(|one| {
                    let health = one["health"]["status"].as_str().filter(|health| *health != "Healthy")?;
                    Some((named(one), format!("{health} {}", words(&one["health"]["message"])).trim().to_owned()))
                })
                .collect(),
        }
    }
}

impl Operation {
    fn of(state: &Value) -> Option<Self> {
        let phase = state["phase"].as_str().filter(|phase| !phase.is_empty())?;
        let (result, asked) = (&state["syncResult"], &state["operation"]);
        let done = revisions(result);
        let failed = list(&result["resources"]).iter().filter_map(|one| {
            let hook = one["hookType"].as_str().is_some_and(|kind| !kind.is_empty());
            let bad = one["status"] == "SyncFailed" || matches!(one["hookPhase"].as_str(), Some("Failed" | "Error"));
            bad.then(|| Failed {
                group: text(&one["group"]),
                kind: text(&one["kind"]),
                namespace: text(&one["namespace"]),
                name: text(&one["name"]),
                message: words(&one["message"]),
                hook,
            })
        });
        Some(Self {
            phase: phase.to_owned(),
            message: words(&state["message"]),
            retries: state["retryCount"].as_u64().unwrap_or_default(),
            limit: asked["retry"]["limit"].as_i64(),
            revisions: if done.is_empty() { revisions(&asked["sync"]) } else { done },
            failed: failed.collect(),
            started: state["startedAt"].as_str().map(str::to_owned),
        })
    }
    pub fn runs(&self) -> bool {
        matches!(self.phase.as_str(), "Running" | "Terminating")
    }
}

impl Failed {
    pub fn told(&self) -> String {
        let space = if self.namespace.is_empty() { String::new() } else { format!("{}/", self.namespace) };
        format!("{} {space}{}", self.kind, self.name)
    }
}
