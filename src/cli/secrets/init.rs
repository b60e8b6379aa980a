//! `secrets init`: an identity outside of the repository, and a store for it.

use super::super::context::{Context, quoted};
use super::super::identity::{self, Source};
use super::args::InitArgs;
use super::store_of;
use crate::model::{Hidden, Problem};
use crate::secrets::store::{Changing, LEDGER};
use crate::secrets::text::Page;
use crate::sys::age::{self, Identities};
use crate::sys::{Touch, clock, files, host};
use std::path::Path;

pub fn run(context: &Context, args: &InitArgs) -> Result<u8, Problem> {
    let touch = Touch::granted();
    let meant = store_of(context, &args.place);
    let folder = meant.base.join(&meant.pattern);
    if files::exists(context.look, &folder.join(LEDGER)) {
        return Err(Problem::refused(format!("{}: is a store already", folder.display()))
            .next("blackstart secrets rotate --add AGE1…   # lets one more identity open it"));
    }
    let source = identity::source(context, args.who.identity.as_deref(), None)?;
    let (identities, made) = match &source {
        Source::File(path) if !files::exists(context.look, path) => (new(context, &touch, args, path)?, true),
        Source::File(_) | Source::Descriptor(_) => (identity::open(context, &source, args.who.passphrase_fd)?, false),
    };
    files::make_folder(&touch, &folder, 0o755)
        .map_err(|error| Problem::refused(format!("{}: cannot be made: {error}", folder.display())))?;
    let changing = Changing::begin(&touch, &meant.base, &meant.pattern, &meant.shown)?;
    let mut recipients = changing.store.recipients.clone();
    recipients.extend(identities.recipients());
    recipients.sort();
    recipients.dedup();
    changing.init(&touch, &recipients)?;
    context.print(&told(&folder, &source, made, &identities, changing.store.files.len()))?;
    Ok(0)
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
            let was_there = files::exists(context.look, folder);
            files::make_private_folder(touch, folder)?;
            if let (false, Some((user, group))) = (was_there, host::sudo_ids(context.look)) {
                files::give(touch, folder, user, group)?;
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

fn told(folder: &Path, source: &Source, made: bool, identities: &Identities, files: usize) -> String {
    let (identity, store) = (source.shown(), folder.display().to_string());
    let word = quoted(&store);
    let option = if store == "secrets" { String::new() } else { format!(" --store {word}") };
    let mut out = String::new();
    let mut say = |line: String| out.push_str(&(line + "\n"));
    match made {
        true => say(format!("identity   {identity}   new, readable by you alone")),
        false => say(format!("identity   {identity}   was there and is used as it is")),
    }
    identities.recipients().iter().for_each(|one| say(format!("recipient  {one}")));
    say(format!("store      {store}   put it into git"));
    say(String::new());
    say("Without the identity nobody opens the store, and nobody can make it again. Keep it twice".to_owned());
    say("outside of this machine: print it, and lay a copy where a fire here does not reach:".to_owned());
    say(format!("  lp {}", quoted(&identity)));
    say(String::new());
    match files {
        0 => say(format!("next   blackstart secrets add{option} NS/NAME KEY")),
        _ => say(format!(
            "next   blackstart secrets rotate{option}   # {} lie there already: takes them in",
            super::count(files, "file")
        )),
    }
    out
}
