//! `secrets import`: what only a cluster has, straight into the store.

use super::args::ImportArgs;
use super::check::{OfPlan, papers};
use super::count;
use super::place::Meant;
use crate::cli::context::Context;
use crate::model::{Hidden, ObjectId, Problem};
use crate::report::words;
use crate::secrets::amend;
use crate::secrets::found::{Found, made_by};
use crate::secrets::store::{Changing, Digests, Held, Put};
use crate::secrets::text::Fresh;
use crate::sys::age::Identities;
use crate::sys::kube::Kube;
use crate::sys::{Touch, signals};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is brought, by the file it goes into; and a line for each that is not.
#[derive(Default)]
struct Sorted {
    brought: BTreeMap<String, Vec<Found>>,
    told: Vec<String>,
}

pub fn run(context: &Context, args: &ImportArgs) -> Result<u8, Problem> {
    let meant = Meant::of(context, &args.place)?;
    let identities = meant.identities(context, &args.who)?;
    let plan = papers(context, args.place.plan.as_deref())?;
    let touch = Touch::granted();
    let changing = meant.begin(&touch)?;
    let digests = changing.store.digests(context.look, &identities)?;
    let objects = ask(context, args)?;
    let held = changing.store.outline().held;
    let mut sorted = Sorted::default();
    for object in &objects {
        sort(object, plan.as_ref(), &held, &digests, &mut sorted)?;
    }
    let puts = puts(context, &changing, &identities, &sorted.brought)?;
    if !puts.is_empty() {
        changing.put(&touch, &identities, &puts)?;
    }
    let mut out = String::new();
    for (file, found) in &sorted.brought {
        out.push_str(&format!("{}\n", changing.store.place(file)));
        for one in found {
            let key = if one.is_sealing_key() { ", sealing key" } else { "" };
            out.push_str(&format!("  {}/{}   {}{key}\n", one.namespace, one.name, count(one.entries.len(), "key")));
        }
    }
    sorted.told.iter().for_each(|line| out.push_str(&format!("left   {line}\n")));
    let brought = sorted.brought.values().map(Vec::len).sum();
    out.push_str(&format!("{} brought, {} left\n", count(brought, "Secret"), sorted.told.len()));
    context.print(&words::visible(&out))?;
    Ok(0)
}

fn ask(context: &Context, args: &ImportArgs) -> Result<Vec<Value>, Problem> {
    let failed = |why: String| Problem::failed(format!("{}: {why}", args.kubeconfig.display()));
    let asked = signals::block_on(async {
        let kube =
            Kube::connect(context.look, &args.kubeconfig).await.map_err(|trouble| failed(trouble.to_string()))?;
        let list = kube.list("v1", "Secret", args.namespace.as_deref()).await;
        list.map_err(|trouble| failed(format!("Secrets cannot be listed: {trouble}")))
    });
    asked.map_err(|error| Problem::failed(format!("no event loop: {error}")))?
}

fn sort(
    object: &Value,
    plan: Option<&OfPlan>,
    held: &[Held],
    digests: &Digests,
    sorted: &mut Sorted,
) -> Result<(), Problem> {
    let id = ObjectId::of(object).ok_or_else(|| Problem::failed("the server lists a Secret without a name"))?;
    let namespace = id.namespace.as_deref().unwrap_or_default();
    let name = format!("{namespace}/{}", id.name);
    if let Some(why) = made_by(object) {
        sorted.told.push(format!("{name}: {why}"));
        return Ok(());
    }
    let found = Found::read(object).ok_or_else(|| Problem::failed(format!("{name}: has a value that is no base64")))?;
    if let Some(known) = held.iter().find(|held| held.namespace == namespace && held.name == *id.name) {
        let same = known.keys.len() == found.entries.len()
            && found.entries.iter().all(|(key, value)| {
                known.keys.get(key).is_some_and(|(_, digest)| *digest == digests.of(&id, key, value))
            });
        let how = if same { "with the same values" } else { "with other values than the cluster" };
        sorted.told.push(format!("{name}: {} has it, {how}", known.file));
        return Ok(());
    }
    if let Some(paper) = plan.and_then(|plan| plan.papers.find(&id)).filter(|_| !found.is_sealing_key()) {
        sorted.told.push(format!("{name}: {} has it", paper.place()));
        return Ok(());
    }
    if found.entries.is_empty() {
        sorted.told.push(format!("{name}: has no key"));
        return Ok(());
    }
    let file = match found.is_sealing_key() {
        true => super::sealing_key::FILE.to_owned(),
        false => format!("imported-{namespace}.yaml.age"),
    };
    sorted.brought.entry(file).or_default().push(found);
    Ok(())
}

fn puts(
    context: &Context,
    changing: &Changing,
    identities: &Identities,
    brought: &BTreeMap<String, Vec<Found>>,
) -> Result<Vec<Put>, Problem> {
    let mut puts = Vec::new();
    for (name, found) in brought {
        let file = changing.store.file(name);
        let there = file.map(|file| changing.store.plain(context.look, file, identities)).transpose()?;
        let plain = there.unwrap_or_else(|| Hidden::new(Vec::new()));
        let fresh: Vec<Fresh<'_>> = found.iter().map(fresh).collect();
        let plain = amend::append(&plain, &fresh).ok_or_else(|| {
            let place = changing.store.place(name);
            Problem::refused(format!("{place}: nothing can be written behind what stands there"))
                .next(format!("blackstart secrets edit {place}"))
        })?;
        puts.push(Put { name: name.clone(), plain, armor: file.is_none_or(|file| file.is_armored()) });
    }
    Ok(puts)
}

fn fresh(one: &Found) -> Fresh<'_> {
    Fresh {
        namespace: &one.namespace,
        name: &one.name,
        sort: &one.sort,
        labels: &one.labels,
        annotations: &one.annotations,
        immutable: one.immutable,
        entries: one.entries.iter().map(|(key, value)| (key.as_str(), value)).collect(),
    }
}
