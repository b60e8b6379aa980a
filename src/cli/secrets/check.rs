//! `secrets check`: every file opened, and everything that is wrong told with its place.

use super::args::{CheckArgs, Output};
use super::place::{Aim, Meant};
use super::{count, plain};
use crate::cli::context::Context;
use crate::cli::{identity, vault};
use crate::manifests::Papers;
use crate::manifests::facts::{Standing, gives, standing};
use crate::model::{Fact, Mode, Problem};
use crate::plan::load::{self, Planned};
use crate::report::words;
use crate::secrets::store::{DIGEST_KEY, Store, StoreFile};
use crate::secrets::wrong::{self, Wrong};
use crate::secrets::{Document, Vault, document};
use crate::sys::age::Identities;
use crate::sys::files;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub fn run(context: &Context, args: &CheckArgs) -> Result<u8, Problem> {
    let meant = Meant::of(context, &args.place)?;
    let store = meant.find(context)?;
    let source = meant.source(context, &args.who)?;
    let identities = identity::open(context, &source, args.who.passphrase_fd)?;
    let mut wrongs = Vec::new();
    let exposed = identity::exposed(context.look, &source);
    wrongs.extend(exposed.into_iter().map(|(text, fix)| Wrong::of_file(&source.shown(), text, fix)));
    let papers = papers(context, args.place.plan.as_deref())?;
    let documents = opened(context, &store, &identities, papers.as_ref(), &mut wrongs);
    wrongs.extend(wrong::of_store(&store));
    if !identities.recipients().iter().any(|own| store.recipients.contains(own)) && !store.recipients.is_empty() {
        let text = "does not name the identity that is used here";
        let fix = "blackstart secrets rotate --add AGE1…, or take another identity";
        wrongs.push(Wrong::of_file(&store.place(crate::secrets::store::RECIPIENTS), text, fix));
    }
    wrongs.extend(plain::search(context.look, &store));
    if let Some(plan) = &papers {
        match in_files(context, &store, plan, &identities) {
            Ok(more) => wrongs.extend(more),
            // Why it does not open has been told, file by file.
            Err(problem) if wrongs.is_empty() => wrongs.extend(Wrong::of_problem(&store.shown, &problem)),
            Err(_) => {}
        }
    }
    let aim = Aim::to(&args.place, Some(&args.who));
    wrongs.iter_mut().for_each(|wrong| wrong.fix = aim.at(&wrong.fix));
    match args.output {
        Output::Text => context.print(&words::visible(&text(&store, documents, papers.is_some(), &wrongs)))?,
        Output::Json => context.print(&format!("{}\n", object(&store, documents, papers.is_some(), &wrongs)))?,
    }
    Ok(if wrongs.is_empty() { 0 } else { 1 })
}

/// The manifests of the plan and the namespaces it says it gives; None where there is no plan.
pub struct OfPlan {
    planned: Planned,
    pub papers: Papers,
    namespaces: BTreeSet<String>,
}

pub fn papers(context: &Context, named: Option<&Path>) -> Result<Option<OfPlan>, Problem> {
    let path = match (context.plan_path(named), named) {
        (Ok(path), _) => path,
        (Err(problem), Some(_)) => return Err(problem),
        (Err(problem), None) => {
            if files::names(context.look, Path::new("plans")).is_ok_and(|names| !names.is_empty()) {
                context.note(&format!("{}: namespaces are not compared with one", problem.fact));
            }
            return Ok(None);
        }
    };
    let planned = load::load(context.look, &path, Mode::Recover)?;
    let papers = Papers::of_all(&planned.papers);
    let made = papers.objects.iter().flat_map(|object| gives(object)).map(|given| given.fact);
    let said = planned.file.steps.iter().flat_map(|step| &step.provides).chain(&planned.file.outside);
    let facts = made.chain(said.map(|(fact, _)| fact.clone()));
    let mut namespaces: BTreeSet<String> =
        facts.filter_map(|fact| fact.as_str().strip_prefix("namespace/").map(str::to_owned)).collect();
    let always = ["default", "kube-system", "kube-public", "kube-node-lease"];
    let stands = |name: &&str| standing(&Fact::of("namespace", name)) != Standing::No;
    namespaces.extend(always.into_iter().filter(stands).map(str::to_owned));
    Ok(Some(OfPlan { planned, papers, namespaces }))
}

/// What is sealed in the plan's files and will not open, or opens to something else.
fn in_files(context: &Context, store: &Store, plan: &OfPlan, identities: &Identities) -> Result<Vec<Wrong>, Problem> {
    let is_its = |file: &StoreFile| plan.planned.held.iter().any(|held| held.file == file.shown);
    let of_plan = load::store(context.look, &plan.planned.file)?.filter(|_| store.files.iter().any(is_its));
    let Some(store) = of_plan else { return Ok(Vec::new()) };
    let copy = Identities::read(&identities.text()).map_err(|trouble| Problem::failed(trouble.to_string()))?;
    let vault = Vault::open(context.look, store, &plan.planned.held, copy)?;
    let findings = vault::found(context, &plan.planned, &vault)?;
    let told = findings.into_iter().map(|finding| Wrong {
        line: Some(finding.place.spot.line),
        object: Some(finding.object),
        ..Wrong::of_file(&finding.place.file, finding.message, finding.fix)
    });
    Ok(told.collect())
}

/// Opens all files, however many do not open, and returns how many Secrets were read.
fn opened(
    context: &Context,
    store: &Store,
    identities: &Identities,
    plan: Option<&OfPlan>,
    wrongs: &mut Vec<Wrong>,
) -> usize {
    let held = store.outline().held;
    let digests = store.digests(context.look, identities);
    if let (Err(problem), true) = (&digests, store.has_digest_key()) {
        wrongs.extend(Wrong::of_problem(&store.place(DIGEST_KEY), problem));
    }
    let (digests, mut count) = (digests.ok(), 0);
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for file in &store.files {
        let plain = match store.plain(context.look, file, identities) {
            Ok(plain) => plain,
            Err(problem) => {
                wrongs.extend(Wrong::of_problem(&file.shown, &problem));
                continue;
            }
        };
        let documents: Vec<Document> = match document::read(&plain, file.is_json()) {
            Ok(documents) => documents,
            Err(faults) => {
                wrongs.extend(faults.into_iter().map(|fault| Wrong {
                    line: Some(fault.at.line),
                    ..Wrong::of_file(&file.shown, fault.text, format!("blackstart secrets edit {}", file.shown))
                }));
                continue;
            }
        };
        count += documents.len();
        wrongs.extend(wrong::of_documents(&file.shown, &documents, plan.map(|plan| &plan.namespaces)));
        if held.iter().any(|held| held.file == file.shown) {
            wrongs.extend(wrong::of_ledger(file, &documents, &held, digests.as_ref()));
        }
        for document in &documents {
            let (object, place) = (document.id.to_string(), format!("{}:{}", file.shown, document.at.line));
            if let Some(before) = seen.insert(object.clone(), place) {
                let fix = "keep one of the two: blackstart secrets edit FILE".to_owned();
                let (text, line) = (format!("stands in {before} too"), Some(document.at.line));
                wrongs.push(Wrong { file: file.shown.to_string(), line, object: Some(object), text, fix });
            }
        }
    }
    count
}

fn place(wrong: &Wrong) -> String {
    wrong.line.map_or_else(|| wrong.file.clone(), |line| format!("{}:{line}", wrong.file))
}

fn text(store: &Store, documents: usize, with_plan: bool, wrongs: &[Wrong]) -> String {
    let mut out = String::new();
    for wrong in wrongs {
        let object = wrong.object.as_ref().map_or(String::new(), |object| format!("{object}: "));
        out.push_str(&format!("wrong  {}: {object}{}\n", place(wrong), wrong.text));
        if !wrong.fix.is_empty() {
            out.push_str(&format!("  fix  {}\n", wrong.fix));
        }
    }
    let (files, secrets) = (count(store.files.len(), "file"), count(documents, "Secret"));
    let plan = if with_plan { "" } else { "; without a plan, namespaces were not looked at" };
    match wrongs.len() {
        0 => out.push_str(&format!("{}: all is well: {files}, {secrets} opened{plan}\n", store.shown)),
        n => out.push_str(&format!(
            "{}: {} wrong: {files}, {secrets} opened{plan}\n",
            store.shown,
            if n == 1 { "1 thing is".to_owned() } else { format!("{n} things are") }
        )),
    }
    out
}

fn object(store: &Store, documents: usize, with_plan: bool, wrongs: &[Wrong]) -> Value {
    let one = |wrong: &Wrong| json!({"file": wrong.file, "line": wrong.line, "object": wrong.object, "message": wrong.text, "fix": wrong.fix});
    json!({
        "schema": "blackstart.secrets-check/1",
        "store": store.shown,
        "files": store.files.len(),
        "secrets": documents,
        "namespaces_compared": with_plan,
        "wrong": wrongs.iter().map(one).collect::<Vec<_>>(),
    })
}
