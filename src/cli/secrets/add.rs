//! `secrets add`: values into a Secret, which is made if it is not there.

use super::args::AddArgs;
use super::place::Meant;
use super::{file_of, named, values};
use crate::cli::context::Context;
use crate::model::{Hidden, ObjectId, Problem};
use crate::secrets::store::{Changing, Put};
use crate::secrets::text::Fresh;
use crate::secrets::{Document, amend, document};
use crate::sys::Touch;
use crate::sys::age::Identities;
use std::collections::BTreeMap;

pub fn run(context: &Context, args: &AddArgs) -> Result<u8, Problem> {
    let (namespace, name) = named(&args.secret)?;
    // Found before anything is asked for, so that nobody types a value in vain.
    let meant = Meant::of(context, &args.place)?;
    let identities = meant.identities(context, &args.who)?;
    let touch = Touch::granted();
    meant.begin(&touch)?.recipients()?;
    let values = values::values(context, args)?;
    let changing = meant.begin(&touch)?;
    let (file, there) = target(context, args, &changing, namespace, name, &identities)?;
    let id = ObjectId::new("v1", "Secret", Some(namespace), name);
    let (plain, told) = amended(args, &id, there, &values, &changing.store.place(&file))?;
    let armor = changing.store.file(&file).is_none_or(|file| file.is_armored());
    changing.put(&touch, &identities, &[Put { name: file.clone(), plain, armor }])?;
    context.print(&format!("{}: {told}\n", changing.store.place(&file)))?;
    Ok(0)
}

/// The file that the Secret is or comes in, and what stands in that file now.
fn target(
    context: &Context,
    args: &AddArgs,
    changing: &Changing,
    namespace: &str,
    name: &str,
    identities: &Identities,
) -> Result<(String, Option<Hidden>), Problem> {
    let store = &changing.store;
    let holder = store.holder(namespace, name).map(str::to_owned);
    let file = match (&args.file, holder) {
        (Some(wanted), Some(holder)) if file_of(store, wanted).ok().as_ref() != Some(&holder) => {
            let fact = format!("{namespace}/{name} stands in {} already", store.place(&holder));
            return Err(Problem::refused(fact).next("leave out --file, or move it first: blackstart secrets edit"));
        }
        (_, Some(holder)) => holder,
        (Some(wanted), None) => new_name(wanted)?,
        (None, None) => format!("{namespace}-{name}.yaml.age"),
    };
    if let Some(pattern) = changing.left_out_by(&file) {
        let fact = format!("{}: is none of the files that the plan takes: {pattern}", store.place(&file));
        return Err(Problem::refused(fact).next("name one of them with --file; it need not be there yet"));
    }
    let there = store.file(&file).map(|file| store.plain(context.look, file, identities)).transpose()?;
    Ok((file, there))
}

/// A file of the store, by its name or path; it need not be there yet.
fn new_name(wanted: &str) -> Result<String, Problem> {
    let name = wanted.rsplit('/').next().unwrap_or_default();
    match name.ends_with(".yaml.age") && !name.starts_with('.') {
        true => Ok(name.to_owned()),
        false => Err(Problem::usage(format!("{wanted}: a file that is added to ends in .yaml.age"))
            .next("for others: blackstart secrets edit FILE")),
    }
}

/// The text as it shall be, and what that changes in words.
fn amended(
    args: &AddArgs,
    id: &ObjectId,
    there: Option<Hidden>,
    values: &[(String, Hidden)],
    shown: &str,
) -> Result<(Hidden, String), Problem> {
    let text = there.unwrap_or_else(|| Hidden::new(Vec::new()));
    let documents = match text.is_empty() {
        true => Vec::new(),
        false => document::read(&text, shown.ends_with(".json.age")).unwrap_or_default(),
    };
    let cannot = || {
        Problem::refused(format!("{shown}: is written in a way that cannot be added to without changing the rest"))
            .next(format!("blackstart secrets edit {shown}"))
    };
    if shown.ends_with(".json.age") {
        return Err(cannot());
    }
    let Some(old) = documents.iter().find(|document| document.id == *id) else {
        let none = BTreeMap::new();
        let entries = values.iter().map(|(key, value)| (key.as_str(), value)).collect();
        let (namespace, sort) = (id.namespace.as_deref().unwrap_or_default(), args.r#type.as_deref());
        let sort = sort.unwrap_or(document::OPAQUE);
        let fresh =
            Fresh { namespace, name: &id.name, sort, labels: &none, annotations: &none, immutable: false, entries };
        let text = amend::append(&text, &[fresh]).ok_or_else(cannot)?;
        let keys: Vec<&str> = values.iter().map(|(key, _)| key.as_str()).collect();
        return Ok((text, format!("{id} is new, with {}", keys.join(", "))));
    };
    same_type(args, old, shown)?;
    let stay = old.entries.iter().filter(|(key, _)| values.iter().all(|(name, _)| name != *key));
    let size: usize = stay.map(|(_, entry)| entry.value.len()).chain(values.iter().map(|(_, value)| value.len())).sum();
    if size > document::LARGEST {
        let fact = format!("{shown}: {id} would hold {size} bytes, and a server takes {} at most", document::LARGEST);
        return Err(Problem::usage(fact).next("put it into a Secret of its own"));
    }
    let mut text = text;
    let mut told = Vec::new();
    for (key, value) in values {
        text = amend::set(&text, id, key, value).ok_or_else(cannot)?;
        told.push(match old.entries.get(key) {
            Some(entry) if entry.value.same(value) => format!("{key} has that value already"),
            Some(_) => format!("{key} is replaced"),
            None => format!("{key} is new"),
        });
    }
    Ok((text, format!("{id} was there: {}", told.join(", "))))
}

fn same_type(args: &AddArgs, old: &Document, shown: &str) -> Result<(), Problem> {
    match &args.r#type {
        Some(wanted) if *wanted != old.sort => {
            let fact = format!("{shown}:{}: {} is of type {}, not {wanted}", old.at.line, old.id, old.sort);
            Err(Problem::refused(fact).next(format!("blackstart secrets edit {shown}   # changes the type")))
        }
        Some(_) | None => Ok(()),
    }
}
