//! Which store a command means, and whose identity opens it: what was named, what the plan names, or the usual places.

use super::args::{SecretsCommand, Where, Who};
use crate::cli::context::{Context, quoted};
use crate::cli::identity;
use crate::model::Problem;
use crate::plan::load;
use crate::secrets::Store;
use crate::secrets::store::{self, Changing};
use crate::sys::age::Identities;
use crate::sys::{Touch, files};
use std::path::{Path, PathBuf};

/// Where a store is that nobody names.
const USUAL: &str = "secrets";

/// The store that is meant: a folder to be relative to, the pattern of the files in it, and how that folder is shown.
pub struct Meant {
    base: PathBuf,
    pattern: String,
    shown: String,
    /// The one that the plan names.
    identity: Option<PathBuf>,
}

impl Meant {
    /// The one that was named, else the plan's, else the usual one.
    pub fn of(context: &Context, args: &Where) -> Result<Meant, Problem> {
        let plain = |pattern: String, identity| Meant { base: PathBuf::new(), pattern, shown: String::new(), identity };
        // A store that is named is had without a plan, also where the plan cannot be read.
        let plan = match (&args.plan, &args.store) {
            (Some(named), _) => Some(named.clone()),
            (None, Some(_)) => None,
            (None, None) => only(context),
        };
        let Some(path) = plan else {
            return Ok(plain(
                args.store.as_ref().map_or_else(|| USUAL.to_owned(), |path| path.display().to_string()),
                None,
            ));
        };
        let plan = load::written(context.look, &path).map_err(|problem| match args.plan {
            Some(_) => problem,
            None => problem.next("or name the store, and no plan is asked: --store DIR"),
        })?;
        let identity = identity::of_plan(context.look, &plan);
        Ok(match (&args.store, &plan.secrets) {
            (Some(store), _) => plain(store.display().to_string(), identity),
            (None, None) => plain(USUAL.to_owned(), identity),
            (None, Some(secrets)) => {
                let shown = path.parent().map_or(String::new(), |folder| folder.display().to_string());
                Meant { base: plan.folder().to_owned(), pattern: secrets.files.0.clone(), shown, identity }
            }
        })
    }

    /// The store as it is now.
    pub fn find(&self, context: &Context) -> Result<Store, Problem> {
        Store::find(context.look, &self.base, &self.pattern, &self.shown)
    }

    /// The store for this command alone.
    pub fn begin(&self, touch: &Touch) -> Result<Changing, Problem> {
        Changing::begin(touch, &self.base, &self.pattern, &self.shown)
    }

    /// The folder of the store, which may not be there yet, and how it is shown.
    pub fn folder(&self, context: &Context) -> (PathBuf, String) {
        store::folder(context.look, &self.base, &self.pattern, &self.shown)
    }

    pub fn identities(&self, context: &Context, who: &Who) -> Result<Identities, Problem> {
        identity::resolve(context, who.identity.as_deref(), self.identity.as_deref(), who.passphrase_fd)
    }

    pub fn source(&self, context: &Context, who: &Who) -> Result<identity::Source, Problem> {
        identity::source(context, who.identity.as_deref(), self.identity.as_deref())
    }
}

/// The plan of this place, where there is exactly one.
fn only(context: &Context) -> Option<PathBuf> {
    match context.plan_path(None) {
        Ok(path) => Some(path),
        Err(problem) => {
            let is_plan = |name: &String| name.ends_with(".yaml") || name.ends_with(".yml");
            if files::names(context.look, Path::new("plans")).is_ok_and(|names| names.iter().any(is_plan)) {
                context.note(&format!("{}: none of them is asked for its store", problem.fact));
            }
            None
        }
    }
}

/// What leads a command to the store that was meant, so that one that is shown can be copied.
#[derive(Default)]
pub struct Aim {
    place: String,
    who: String,
}

impl Aim {
    pub fn of(command: &SecretsCommand) -> Aim {
        match command {
            SecretsCommand::Init(args) => Aim::to(&args.place, Some(&args.who)),
            SecretsCommand::Add(args) => Aim::to(&args.place, Some(&args.who)),
            SecretsCommand::Edit(args) => Aim::to(&args.place, Some(&args.who)),
            SecretsCommand::List(args) => Aim::to(&args.place, None),
            SecretsCommand::Check(args) => Aim::to(&args.place, Some(&args.who)),
            SecretsCommand::Rotate(args) => Aim::to(&args.place, Some(&args.who)),
            SecretsCommand::Open(args) => Aim::to(&args.place, Some(&args.who)),
            SecretsCommand::Import(args) => Aim::to(&args.place, Some(&args.who)),
            SecretsCommand::WriteBack(args) => Aim::to(&args.place, Some(&args.who)),
            SecretsCommand::Seal(_) | SecretsCommand::Unseal(_) => Aim::default(),
        }
    }

    pub fn to(place: &Where, who: Option<&Who>) -> Aim {
        let option = |name: &str, path: &Option<PathBuf>| {
            path.as_ref().map_or(String::new(), |path| format!(" --{name} {}", quoted(&path.display().to_string())))
        };
        // What a descriptor had to give is gone by then.
        let identity = who.and_then(|who| who.identity.as_ref()).filter(|identity| !identity.starts_with("fd:"));
        Aim {
            place: option("store", &place.store) + &option("plan", &place.plan),
            who: identity.map_or(String::new(), |identity| format!(" --identity {}", quoted(identity))),
        }
    }

    /// The command as it has to be typed here; any other text as it is.
    pub fn at(&self, text: &str) -> String {
        let Some(rest) = text.strip_prefix("blackstart secrets ") else { return text.to_owned() };
        let (word, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
        let who = if word == "list" { "" } else { &self.who };
        format!("blackstart secrets {word}{}{who}{rest}", self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_shown_leads_to_the_same_store() {
        let place = Where { store: Some("my lab".into()), plan: None };
        let who = Who { identity: Some("~/lab.txt".to_owned()), passphrase_fd: None };
        let aim = Aim::to(&place, Some(&who));
        assert_eq!(aim.at("blackstart secrets list"), "blackstart secrets list --store 'my lab'");
        assert_eq!(
            aim.at("blackstart secrets rotate   # writes it anew"),
            "blackstart secrets rotate --store 'my lab' --identity '~/lab.txt'   # writes it anew"
        );
        assert_eq!(aim.at("chmod 600 x"), "chmod 600 x");
        let from = Who { identity: Some("fd:3".to_owned()), passphrase_fd: None };
        let aim = Aim::to(&Where { store: None, plan: Some("p.yaml".into()) }, Some(&from));
        assert_eq!(aim.at("blackstart secrets check"), "blackstart secrets check --plan p.yaml");
    }
}
