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
mod place;
mod plain;
mod rotate;
mod seal;
mod sealing_key;
mod unseal;
mod values;
mod write_back;

use super::context::Context;
use crate::model::Problem;
use crate::secrets::Store;
use args::{SecretsArgs, SecretsCommand};
use std::path::Path;

pub fn run(context: &Context, args: &SecretsArgs) -> Result<u8, Problem> {
    let done = match &args.command {
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
    };
    done.map_err(|mut problem| {
        let aim = place::Aim::of(&args.command);
        problem.next.iter_mut().for_each(|next| *next = aim.at(next));
        problem
    })
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
