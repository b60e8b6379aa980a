//! `secrets rotate`: everything encrypted anew, for the recipients of today; all of it or nothing.

use super::args::RotateArgs;
use super::count;
use super::place::Meant;
use crate::cli::context::Context;
use crate::model::Problem;
use crate::secrets::Store;
use crate::secrets::store::RECIPIENTS;
use crate::sys::Touch;
use crate::sys::age::Recipient;

pub fn run(context: &Context, args: &RotateArgs) -> Result<u8, Problem> {
    // Not quoted: it may be an identity.
    let parsed = |option: &str, texts: &[String]| -> Result<Vec<Recipient>, Problem> {
        let parse = |text: &String| Recipient::parse(text).map_err(|why| Problem::usage(format!("{option}: {why}")));
        texts.iter().map(parse).collect()
    };
    let add = parsed("--add", &args.add)?;
    let remove = parsed("--remove", &args.remove)?;
    let meant = Meant::of(context, &args.place)?;
    let identities = meant.identities(context, &args.who)?;
    let touch = Touch::granted();
    let changing = meant.begin(&touch)?;
    let store = &changing.store;
    let mut recipients = store.recipients.clone();
    for one in &remove {
        let known = recipients.len();
        recipients.retain(|other| other != one);
        if recipients.len() == known && !was_one(store, one) {
            return Err(Problem::usage(format!("{one} is no recipient of {}; nothing was changed", store.shown)));
        }
    }
    recipients.extend(add);
    recipients.sort();
    recipients.dedup();
    let own = identities.recipients();
    if let [first, ..] = own.as_slice()
        && !own.iter().any(|own| recipients.contains(own) || remove.contains(own))
        && own.iter().any(|own| was_one(store, own))
        && !recipients.is_empty()
    {
        let fact = format!(
            "{}: does not name the identity that is used here, which would open nothing after this",
            store.place(RECIPIENTS)
        );
        return Err(Problem::refused(fact)
            .because("nothing was changed")
            .next(format!("blackstart secrets rotate --add {first}   # keeps it"))
            .next(format!("blackstart secrets rotate --remove {first}   # if it shall go")));
    }
    let gone: Vec<&String> = before(store).filter(|old| !recipients.iter().any(|one| one.as_str() == *old)).collect();
    let new_key = args.new_digest_key || !gone.is_empty() || !store.has_digest_key();
    let files = changing.rotate(&touch, &identities, &recipients, new_key)?;
    let mut told = format!(
        "{}: {} encrypted anew for {}\n",
        store.shown,
        count(files, "file"),
        count(recipients.len(), "recipient")
    );
    if new_key {
        told.push_str("the key of the digests is new: every digest is another now\n");
    }
    if !gone.is_empty() {
        told.push_str(&format!(
            "{} can still open the copies of before, as those in git: change the values where they are used\n",
            if gone.len() == 1 { "who has gone" } else { "those who have gone" }
        ));
    }
    if !identities.recipients().iter().any(|own| recipients.contains(own)) {
        told.push_str("the identity that was used opens nothing here any more\n");
    }
    context.print(&told)?;
    Ok(0)
}

/// Everybody who could open something until now.
fn before(store: &Store) -> impl Iterator<Item = &String> {
    let of_files = store.files.iter().flat_map(|file| store.recipients_of(&file.name));
    let mut all: Vec<&String> = of_files.chain(store.recipients_of_digest_key()).collect();
    all.sort();
    all.dedup();
    all.into_iter()
}

fn was_one(store: &Store, one: &Recipient) -> bool {
    before(store).any(|old| old == one.as_str())
}
