//! `secrets init`: an identity outside of the repository, a store for it, and a sealing key where one is wanted.

use super::args::InitArgs;
use super::place::{Aim, Meant};
use super::sealing_key::{self, Made};
use crate::cli::context::{Context, quoted};
use crate::cli::identity::{self, Source};
use crate::model::{Hidden, Problem};
use crate::secrets::store::LEDGER;
use crate::secrets::text::Page;
use crate::sys::age::{self, Identities};
use crate::sys::{Touch, clock, files, host};
use std::path::Path;

pub fn run(context: &Context, args: &InitArgs) -> Result<u8, Problem> {
    let touch = Touch::granted();
    let meant = Meant::of(context, &args.place)?;
    let (folder, shown) = meant.folder(context);
    let namespace = args.sealing_key.as_deref().map(sealing_key::namespace).transpose()?;
    if files::exists(context.look, &folder.join(LEDGER)) {
        return match namespace {
            Some(namespace) => sealing_key::added(context, args, &meant, namespace),
            None => Err(is_one(&shown)),
        };
    }
    let source = meant.source(context, &args.who)?;
    let (identities, made) = match &source {
        Source::File(path) if !files::exists(context.look, path) => (new(context, &touch, args, path)?, true),
        Source::File(_) | Source::Descriptor(_) => (identity::open(context, &source, args.who.passphrase_fd)?, false),
    };
    if !files::exists(context.look, &folder) {
        files::make_folders(&touch, &folder)
            .map_err(|error| Problem::refused(format!("{shown}: cannot be made: {error}")))?;
    }
    let changing = meant.begin(&touch)?;
    if changing.is_one() {
        // Made by another command since it was looked for.
        return Err(is_one(&shown));
    }
    let mut recipients = changing.store.recipients.clone();
    recipients.extend(identities.recipients());
    recipients.sort();
    recipients.dedup();
    let key = namespace.map(|namespace| sealing_key::made(context, &changing, &identities, namespace)).transpose()?;
    changing.init(&touch, &recipients, key.as_ref().map_or(&[], |key| std::slice::from_ref(&key.put)))?;
    let told = Told { args, shown: &shown, source: &source, made, identities: &identities };
    context.print(&told.text(key.as_ref(), changing.store.files.len()))?;
    Ok(0)
}

fn is_one(shown: &str) -> Problem {
    Problem::refused(format!("{shown}: is a store already"))
        .next("blackstart secrets rotate --add AGE1…   # lets one more identity open it")
}

/// A new identity, in a file of its own.
fn new(context: &Context, touch: &Touch, args: &InitArgs, path: &Path) -> Result<Identities, Problem> {
    let shown = path.display();
    if let Some(tree) = identity::work_tree(context.look, path) {
        let fact = format!("{shown}: an identity must not lie in a git work tree, and {} is one", tree.display());
        return Err(Problem::refused(fact).next("name a place outside of it with --identity FILE"));
    }
    let passphrase = match args.passphrase {
        true => Some(new_passphrase(context, args)?),
        false => None,
    };
    let identities = Identities::generate();
    let mut page = Page::with_room(1024);
    page.put(format!("# made by blackstart, {}\n", clock::now().second()));
    identities.recipients().iter().for_each(|one| page.put(format!("# public key: {one}\n")));
    page.put(identities.text().reveal());
    let text = page.done();
    let text = match passphrase {
        Some(passphrase) => age::close_with_passphrase(&text, &passphrase)
            .map(Hidden::new)
            .map_err(|trouble| Problem::failed(format!("{shown}: {trouble}")))?,
        None => text,
    };
    let write = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !files::exists(context.look, folder);
            let new: Vec<&Path> = folder.ancestors().take_while(is_new).collect();
            files::make_private_folder(touch, folder)?;
            if let Some((user, group)) = host::sudo_ids(context.look) {
                // All of them: who typed sudo has to get in.
                new.iter().try_for_each(|folder| files::give(touch, folder, user, group))?;
            }
        }
        files::write_new(touch, path, text.reveal(), 0o600)?;
        if let Some((user, group)) = host::sudo_ids(context.look) {
            files::give(touch, path, user, group)?;
        }
        files::sync_folder(touch, folder.unwrap_or(Path::new(".")))
    };
    write().map_err(|error| Problem::refused(format!("{shown}: the identity cannot be written: {error}")))?;
    Ok(identities)
}

fn new_passphrase(context: &Context, args: &InitArgs) -> Result<Hidden, Problem> {
    let passphrase = match args.who.passphrase_fd {
        Some(_) => identity::passphrase(context.look, "", args.who.passphrase_fd)?,
        None => identity::asked_twice("new passphrase of the identity")?.ok_or_else(|| {
            Problem::refused("there is no terminal to ask for a passphrase")
                .next("give it through a descriptor: --passphrase-fd 3 3< FILE")
        })?,
    };
    match passphrase.is_empty() {
        true => Err(Problem::refused("a passphrase without a letter protects nothing; nothing was made")),
        false => Ok(passphrase),
    }
}

struct Told<'a> {
    args: &'a InitArgs,
    shown: &'a str,
    source: &'a Source,
    made: bool,
    identities: &'a Identities,
}

impl Told<'_> {
    fn text(&self, key: Option<&Made>, files: usize) -> String {
        let (identity, store) = (self.source.shown(), self.shown);
        let aim = Aim::to(&self.args.place, Some(&self.args.who));
        let mut out = String::new();
        let mut say = |line: &str| out.push_str(&format!("{line}\n"));
        match self.made {
            true => say(&format!("identity   {identity}   new, readable by you alone")),
            false => say(&format!("identity   {identity}   was there and is used as it is")),
        }
        self.identities.recipients().iter().for_each(|one| say(&format!("recipient  {one}")));
        say(&format!("store      {store}   put it into git"));
        if let Some(key) = key {
            say("");
            say(&key.told());
        }
        say("");
        say("Without the identity nobody opens the store, and nobody can make it again. Keep it twice");
        say("outside of this machine: print it, and lay a copy where a fire here does not reach:");
        say(&format!("  lp {}", quoted(&identity)));
        say("");
        let next = match files {
            0 => "blackstart secrets add NS/NAME KEY".to_owned(),
            _ => format!(
                "blackstart secrets rotate   # {} lie there already: takes them in",
                super::count(files, "file")
            ),
        };
        say(&format!("next   {}", aim.at(&next)));
        out
    }
}
