//! `secrets`: the age store, one file a subcommand.

mod add;
pub mod args;
mod check;
mod edit;
mod import;
mod init;
mod input;
mod list;
mod open;
mod plain;
mod rotate;
mod seal;
mod unseal;
mod values;
mod write_back;

use super::context::Context;
use super::identity;
use crate::model::Problem;
use crate::secrets::Store;
use crate::secrets::store::Changing;
use crate::sys::Touch;
use crate::sys::age::Identities;
use args::{SecretsArgs, SecretsCommand, Where, Who};
use std::path::{Path, PathBuf};

pub fn run(context: &Context, args: &SecretsArgs) -> Result<u8, Problem> {
    match &args.command {
        SecretsCommand::Init(args) => init::run(context, args),
        SecretsCommand::Add(args) => add::run(context, args),
        SecretsCommand::Edit(args) => edit::run(context, args),
        SecretsCommand::List(args) => list::run(context, args),
        SecretsCommand::Check(args) => check::run(context, args),
        SecretsCommand::Rotate(args) => rotate::run(context, args),
        SecretsCommand::Open(args) => open::run(context, args),
        SecretsCommand::Import(args) => import::run(context, args),
        SecretsCommand::Seal(args) => seal::run(context, args),
        SecretsCommand::Unseal(args) => unseal::run(context, args),
        SecretsCommand::WriteBack(args) => write_back::run(context, args),
    }
}

/// Which store is meant: a folder to be relative to, the pattern of the files in it, and how that folder is shown.
pub struct Meant {
    pub base: PathBuf,
    pub pattern: String,
    pub shown: String,
}

/// The one that was named, else the usual one.
fn store_of(_: &Context, args: &Where) -> Meant {
    let pattern = args.store.as_ref().map_or_else(|| "secrets".to_owned(), |path| path.display().to_string());
    Meant { base: PathBuf::new(), pattern, shown: String::new() }
}

fn find(context: &Context, args: &Where) -> Result<Store, Problem> {
    let meant = store_of(context, args);
    Store::find(context.look, &meant.base, &meant.pattern, &meant.shown)
}

/// The store for this command alone.
fn begin(context: &Context, touch: &Touch, args: &Where) -> Result<Changing, Problem> {
    let meant = store_of(context, args);
    Changing::begin(touch, &meant.base, &meant.pattern, &meant.shown)
}

fn identities(context: &Context, who: &Who) -> Result<Identities, Problem> {
    identity::resolve(context, who.identity.as_deref(), None, who.passphrase_fd)
}

/// `NS/NAME`, as it is typed.
fn named(text: &str) -> Result<(&str, &str), Problem> {
    let name = |part: &str| {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        (1..=253).contains(&part.len()) && part.chars().all(letters)
    };
    match text.split_once('/') {
        Some((namespace, secret)) if name(namespace) && name(secret) => Ok((namespace, secret)),
        Some(_) | None => {
            Err(Problem::usage(format!("{text}: a Secret is named by its namespace and its name, as edge/tunnel")))
        }
    }
}

/// The file of a store that was meant by its name, its path, or by a Secret in it.
fn file_of(store: &Store, text: &str) -> Result<String, Problem> {
    let name = Path::new(text).file_name().map(|name| name.to_string_lossy().into_owned());
    if let Some(file) = name.and_then(|name| store.file(&name)).filter(|_| text.ends_with(".age")) {
        return Ok(file.name.clone());
    }
    if text.ends_with(".age") {
        return Err(Problem::usage(format!("{text}: there is no such file in {}", store.shown))
            .next("blackstart secrets list   # shows what is there"));
    }
    let (namespace, name) = named(text)?;
    store.holder(namespace, name).map(str::to_owned).ok_or_else(|| {
        Problem::usage(format!("{text}: no file of {} is known to hold this Secret", store.shown))
            .next("blackstart secrets list   # shows what is there")
    })
}

/// A number and what is counted.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
