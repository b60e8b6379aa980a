//! `secrets open`: the plaintext of one file, for another program and for no eye.

use super::args::OpenArgs;
use super::file_of;
use super::place::Meant;
use crate::cli::context::Context;
use crate::cli::identity;
use crate::model::Problem;
use crate::sys::{age, files, terminal};
use std::path::Path;

const LARGEST: u64 = 32 << 20;

pub fn run(context: &Context, args: &OpenArgs) -> Result<u8, Problem> {
    if !args.reveal && !terminal::is_pipe(context.look) {
        return Err(Problem::refused("the plaintext goes to another program, and stdout is none")
            .next("put | and the program behind it, or say --reveal to see it here"));
    }
    let path = Path::new(&args.what);
    // A file is opened as it lies there, also one that belongs to no store.
    let is_file = args.what.ends_with(".age") && files::exists(context.look, path);
    let plain = if is_file {
        let cipher = files::read(context.look, path, LARGEST)
            .map_err(|error| Problem::usage(format!("{}: cannot be read: {error}", args.what)))?;
        // With an identity that is named nothing else is needed, no plan either.
        let named = args.who.identity.as_deref();
        let identities = match named {
            Some(_) => identity::resolve(context, named, None, args.who.passphrase_fd)?,
            None => Meant::of(context, &args.place)?.identities(context, &args.who)?,
        };
        age::open(&cipher, &identities).map_err(|trouble| Problem::refused(format!("{}: {trouble}", args.what)))?
    } else {
        let meant = Meant::of(context, &args.place)?;
        let store = meant.find(context)?;
        let name = file_of(&store, &args.what)?;
        let Some(file) = store.file(&name) else {
            return Err(Problem::usage(format!("{}: is not there", store.place(&name))));
        };
        let identities = meant.identities(context, &args.who)?;
        store.plain(context.look, file, &identities)?
    };
    context.printed(terminal::reveal(&plain))?;
    Ok(0)
}
