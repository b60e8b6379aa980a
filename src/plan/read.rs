//! Turns the text of a plan into a plan file. Reads parser events one step at a time: parsing is the planning time, and a
//! tree of a large plan would double it. Everything wrong is collected; nothing is guessed.

use super::file::{Cluster, OnFailure, PlanFile, Secrets, Step, Way};
use super::{cluster_keys, parts};
use crate::model::{Mode, PlanName, Spot, StepId};
use crate::steps::KINDS;
use crate::steps::fields::{Fault, Faults, Fields, nearest, shown as short};
use crate::steps::keys;
use crate::sys::yaml::{Body, Broken, Entry, Reader, Sort, Token, unprintable};
use std::collections::HashSet;
use std::path::Path;

/// A plan that could not be read: what is shown, and how many faults there are.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub faults: Vec<Fault>,
    pub count: usize,
}

const START: Spot = Spot { line: 1, column: 1 };

pub fn read(text: &str, shown: &str, path: &Path) -> Result<PlanFile, Unreadable> {
    let unprintable = unprintable(text);
    if unprintable.is_none()
        && let Some(plan) = side_by_side(text, shown, path)
    {
        return Ok(plan);
    }
    let mut faults = Faults::default();
    let plan = match unprintable {
        Some(broken) => Err(broken),
        None => document(text, shown, path, None, &mut faults),
    };
    let plan = plan.unwrap_or_else(|broken| {
        // What was found before is mostly its consequence: a step that breaks off seems to lack its keys.
        faults = Faults::default();
        faults.add(broken.at, broken.message);
        None
    });
    match plan {
        Some(plan) if faults.count == 0 => Ok(plan),
        _ => Err(Unreadable { faults: faults.list, count: faults.count }),
    }
}

/// A large plan without a fault. Whatever is wrong, or only unusual, is read again in order, so that there is one way to
/// find errors and this one is nothing but faster.
fn side_by_side(text: &str, shown: &str, path: &Path) -> Option<PlanFile> {
    let cut = parts::cut(text, parts::hands(text))?;
    let steps = cut.read(|reader, token, at| {
        let mut faults = Faults::default();
        let step = entry(reader, token, at, &mut faults).ok()?;
        step.filter(|_| faults.count == 0)
    })?;
    let mut faults = Faults::default();
    let plan = document(cut.head, shown, path, Some((steps, cut.key)), &mut faults).ok()??;
    (faults.count == 0).then_some(plan)
}

/// `ready` are the steps when they have been read before, and where the key above them must stand.
fn document(
    text: &str,
    shown: &str,
    path: &Path,
    mut ready: Option<(Vec<Step>, Spot)>,
    faults: &mut Faults,
) -> Result<Option<PlanFile>, Broken> {
    let mut reader = Reader::new(text);
    let (first, at) = reader.token()?;
    match first {
        Token::MapStart => {}
        Token::DocumentEnd | Token::End => {
            faults.add(START, "the plan is empty: it wants at least `name` and `steps`");
            return Ok(None);
        }
        Token::Scalar(..) | Token::ListStart => {
            let node = reader.value(first, at)?;
            let hint = match node.sort() {
                Sort::Nothing => ", and here is nothing",
                Sort::List => ", and here is a list: are these its steps?",
                Sort::Number | Sort::Flag | Sort::Text | Sort::Map => {
                    ", and here is a text: does a space stand behind each colon?"
                }
            };
            faults.add(at, format!("a plan is a map with at least `name` and `steps`{hint}"));
            return Ok(None);
        }
    }
    let mut steps = None;
    let mut steps_at = at;
    let mut rest: Vec<Entry<'_>> = Vec::new();
    while let Some((key, key_at)) = reader.key()? {
        let (token, value_at) = reader.token()?;
        if key != "steps" {
            rest.push(Entry { key, at: key_at, value: reader.value(token, value_at)? });
        } else if steps.is_some() {
            faults.add(key_at, "key `steps` of the plan is written twice: make one list of both");
            reader.value(token, value_at)?;
        } else if let Some((read, _)) = ready.take_if(|(_, at)| *at == key_at) {
            steps = Some(read);
        } else {
            steps_at = value_at;
            steps = Some(self::steps(&mut reader, token, value_at, faults)?);
        }
    }
    if let (Token::DocumentEnd, _) = reader.token()? {
        match reader.token()? {
            (Token::DocumentEnd, _) => {}
            (_, at) => faults.add(at, "a plan is one document, and here a second one begins: make two files"),
        }
    }
    let mut fields = Fields::new(at, rest, faults);
    fields.require(keys::PLAN, "name", "the plan");
    let name = name(&mut fields);
    let rto = fields.span("rto");
    let named = fields.has("cluster");
    let cluster = cluster_keys::cluster(&mut fields, name.as_ref());
    let (drill, allow) = cluster_keys::drill(&mut fields).unzip();
    let discard = cluster_keys::discard(&mut fields);
    let access = access(&mut fields);
    let keeps = fields.has("secrets");
    let secrets = secrets(&mut fields);
    let outside = fields.facts("outside");
    let accept = super::accept::read(&mut fields);
    fields.finish("the plan", &[keys::PLAN]);
    match &steps {
        None => faults.add(at, "the plan has no `steps`: a list with at least one, - {id: …, kind: …}"),
        Some(steps) if steps.is_empty() && faults.count == 0 => {
            faults.add(steps_at, "`steps` is empty: a plan wants at least one, - {id: …, kind: …}");
        }
        Some(_) => {}
    }
    let (Some(name), Some(steps)) = (name, steps) else { return Ok(None) };
    // A cluster that could not be read was told above: that steps lack one would be its consequence.
    if named == cluster.is_some() {
        alone(&steps, cluster.as_ref(), faults);
    }
    if !keeps {
        storeless(&steps, faults);
    }
    let (shown, path) = (shown.to_owned(), path.to_owned());
    Ok(Some(PlanFile {
        shown,
        path,
        name,
        rto,
        cluster,
        implied: 0,
        drill: drill.flatten(),
        allow: allow.unwrap_or_default(),
        provider: None,
        maker: None,
        registries: Vec::new(),
        discard,
        nodes: Vec::new(),
        planned: None,
        access,
        secrets,
        outside,
        accept,
        steps,
    }))
}

fn name(fields: &mut Fields<'_, '_>) -> Option<PlanName> {
    let (text, at) = fields.text("name", "a name")?;
    PlanName::new(&text).map_err(|why| fields.faults.add(at, format!("`name`: `{}` {why}", short(&text)))).ok()
}

/// What only makes sense beside a cluster, or not beside one.
fn alone(steps: &[Step], cluster: Option<&Cluster>, faults: &mut Faults) {
    for step in steps {
        match (cluster, step.before) {
            (Some(cluster), _) if crate::steps::cluster::OWN.contains(&step.id.as_str()) => {
                let (id, line) = (&step.id, cluster.at.line);
                let advice = "take another id, or name this step under `needs`: it is there already";
                faults.add(step.at, format!("step {id} is one that `cluster` in line {line} makes; {advice}"));
            }
            (None, Some(at)) => {
                faults.add(at, format!("step {} is before the cluster, and the plan has none: take this out", step.id));
            }
            (Some(_), Some(at)) if step.kind.wants_cluster() => {
                let why = format!("kind {} works on the cluster", step.kind.name());
                faults.add(at, format!("step {} cannot come before the cluster: {why}", step.id));
            }
            (None, None) if step.kind.wants_cluster() => {
                let why = format!("kind {} works on a cluster, and the plan names none", step.kind.name());
                faults.add(step.at, format!("step {}: {why}: write cluster: {{provider: sandbox}}", step.id));
            }
            (Some(_) | None, _) => {}
        }
    }
}

/// What works on secrets, in a plan that keeps none.
fn storeless(steps: &[Step], faults: &mut Faults) {
    for step in steps.iter().filter(|step| step.kind.wants_store()) {
        let why = format!("kind {} works on the store of secrets, and the plan names none", step.kind.name());
        let advice = "write secrets: {files: ../secrets/*.yaml.age}";
        faults.add(step.at, format!("step {}: {why}: {advice}", step.id));
    }
}

fn secrets(fields: &mut Fields<'_, '_>) -> Option<Secrets> {
    let entry = fields.take("secrets")?;
    let kind = entry.value.kind();
    let Body::Map(entries) = entry.value.body else {
        let text = format!("`secrets` wants a map, as {{files: ../secrets/*.yaml.age}}, and here is {kind}");
        fields.faults.add(entry.value.at, text);
        return None;
    };
    let mut own = Fields::new(entry.value.at, entries, fields.faults);
    own.require(keys::SECRETS, "files", "`secrets`");
    let path = crate::steps::fields::path;
    let at = own.value_at("files");
    let files = own.read("files", "a folder or a pattern", path).zip(at);
    let at = own.value_at("identity");
    let identity = own.read("identity", "the path of a file", path).zip(at);
    own.finish("`secrets`", &[keys::SECRETS]);
    Some(Secrets { files: files?, identity, at: entry.at })
}

fn access(fields: &mut Fields<'_, '_>) -> Vec<Way> {
    let Some(entry) = fields.take("access") else { return Vec::new() };
    let kind = entry.value.kind();
    let Body::Map(entries) = entry.value.body else {
        let text =
            format!("`access` wants a map, as {{console: {{outside: a screen in the rack}}}}, and here is {kind}");
        fields.faults.add(entry.value.at, text);
        return Vec::new();
    };
    let mut ways: Vec<Way> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    for way in entries {
        let name = way.key.into_owned();
        if let Err(why) = StepId::new(&name) {
            fields.faults.add(way.at, format!("`access`: `{}` {why}", short(&name)));
            continue;
        }
        if !seen.insert(name.clone()) {
            fields.faults.add(way.at, format!("`access`: `{name}` is written twice: take one out"));
            continue;
        }
        let told = match way.value.body {
            Body::Map(sides) if sides.len() == 1 => sides.into_iter().next(),
            Body::Map(_) | Body::List(_) | Body::Scalar(..) => None,
        };
        let plain = |text: &str| !text.is_empty() && !text.contains(char::is_control);
        match told.map(|side| (side.key, side.value.sort(), side.value.body)) {
            Some((side, Sort::Text, Body::Scalar(text, _)))
                if (side == "inside" || side == "outside") && plain(&text) =>
            {
                ways.push(Way { name, inside: side == "inside", told: text.into_owned(), at: way.at });
            }
            _ => {
                let want = "wants {inside: what it runs in} or {outside: where it is}, in words on one line";
                fields.faults.add(way.at, format!("`access`: `{name}` {want}"));
            }
        }
    }
    ways
}

fn steps<'s>(reader: &mut Reader<'s>, token: Token<'s>, at: Spot, faults: &mut Faults) -> Result<Vec<Step>, Broken> {
    if !matches!(token, Token::ListStart) {
        let kind = reader.value(token, at)?.kind();
        faults.add(at, format!("`steps` wants a list, each step with a dash in front, and here is {kind}"));
        return Ok(Vec::new());
    }
    let mut steps = Vec::new();
    loop {
        let (token, at) = reader.token()?;
        if matches!(token, Token::End) {
            return Ok(steps);
        }
        steps.extend(entry(reader, token, at, faults)?);
    }
}

/// One element of the list of steps.
fn entry<'s>(reader: &mut Reader<'s>, token: Token<'s>, at: Spot, faults: &mut Faults) -> Result<Option<Step>, Broken> {
    let node = reader.value(token, at)?;
    let kind = node.kind();
    match node.body {
        Body::Map(entries) => return Ok(step(Fields::new(at, entries, faults))),
        Body::List(_) | Body::Scalar(..) => {
            faults.add(at, format!("a step is a map, - {{id: …, kind: …}}, and here is {kind}"))
        }
    }
    Ok(None)
}

fn step(mut fields: Fields<'_, '_>) -> Option<Step> {
    let at = fields.at;
    fields.require(keys::STEP, "id", "a step");
    let id = fields.text("id", "a name").and_then(|(text, spot)| {
        StepId::new(&text).map_err(|why| fields.faults.add(spot, format!("`id`: `{}` {why}", short(&text)))).ok()
    });
    let of = || id.as_ref().map_or("a step".to_owned(), |id| format!("step {id}"));
    let known = || KINDS.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
    if !fields.has("kind") {
        fields.faults.add(at, format!("{} has no `kind`: known are {}", of(), known()));
        return None;
    }
    let (kind, kind_at) = fields.text("kind", "the name of a kind")?;
    let Some(entry) = KINDS.iter().find(|entry| entry.name == &*kind) else {
        let advice = nearest(&kind, KINDS.iter().map(|entry| entry.name));
        let text = format!("{}: unknown kind `{}`; known are {}{advice}", of(), short(&kind), known());
        fields.faults.add(kind_at, text);
        return None;
    };
    let needs = fields.ids("needs");
    let provides = fields.facts("provides");
    let requires = fields.facts("requires");
    let before_at = fields.value_at("before");
    let before = fields.word("before", &["cluster"]).and(before_at);
    let only = fields.word("only", &["recover", "drill"]);
    let timeout = fields.span("timeout");
    let retries = fields.count("retries", 0..=100);
    let on_failure = fields.word("on-failure", &["stop", "keep-going"]);
    let read = (entry.read)(&mut fields);
    if let (Some((1.., spot)), Some(kind)) = (&retries, &read)
        && !kind.repeatable()
    {
        let why = "is not repeatable, so it cannot have `retries`: say `repeatable: true` if twice does no harm";
        fields.faults.add(*spot, format!("{} {why}", of()));
    }
    fields.finish(&of(), &[keys::STEP, entry.keys]);
    Some(Step {
        id: id?,
        at,
        kind: read?,
        needs,
        provides,
        requires,
        before,
        only: only.map(|word| if word == "drill" { Mode::Drill } else { Mode::Recover }),
        timeout,
        retries: retries.map_or(0, |(number, _)| number),
        on_failure: if on_failure == Some("keep-going") { OnFailure::KeepGoing } else { OnFailure::Stop },
    })
}
