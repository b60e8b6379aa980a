//! The sealing key that `secrets init` makes: what a new cluster's controller of SealedSecrets opens them with.

use super::args::InitArgs;
use super::place::{Aim, Meant};
use crate::cli::context::Context;
use crate::model::{Hidden, Problem};
use crate::secrets::store::{Changing, Put};
use crate::secrets::text::Fresh;
use crate::secrets::{Key, amend};
use crate::sys::age::Identities;
use crate::sys::crypto::hash;
use crate::sys::{Touch, clock};

/// Where keys lie in a store, also those that are brought from a cluster.
pub const FILE: &str = "sealing-keys.yaml.age";

/// What the controller calls its own, with five letters of chance behind.
const PREFIX: &str = "sealed-secrets-key";
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const CHANCE: usize = 5;

/// A key that is made and not yet put.
pub struct Made {
    /// `namespace/name` of its Secret.
    name: String,
    place: String,
    pub put: Put,
}

impl Made {
    pub fn told(&self) -> String {
        format!(
            "sealing key   {}   new, in {}\n\
             A plan with a step `sealing` puts it into the cluster before the controller of SealedSecrets starts, so that\n\
             what was once sealed for it is opened in every cluster that comes after.",
            self.name, self.place
        )
    }
}

/// What the controller's namespace may be called.
pub fn namespace(text: &str) -> Result<&str, Problem> {
    let letters = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    match (1..=63).contains(&text.len()) && letters && !text.starts_with('-') && !text.ends_with('-') {
        true => Ok(text),
        false => Err(Problem::usage("--sealing-key wants the namespace of the controller, as kube-system")),
    }
}

/// A key more in a store that is there.
pub fn added(context: &Context, args: &InitArgs, meant: &Meant, namespace: &str) -> Result<u8, Problem> {
    let identities = meant.identities(context, &args.who)?;
    let touch = Touch::granted();
    let changing = meant.begin(&touch)?;
    let key = made(context, &changing, &identities, namespace)?;
    changing.put(&touch, &identities, std::slice::from_ref(&key.put))?;
    let next = Aim::to(&args.place, Some(&args.who)).at("blackstart secrets list");
    context.print(&format!("{}\n\nnext   {next}\n", key.told()))?;
    Ok(0)
}

/// Makes one, where it is certain that the store has none.
pub fn made(context: &Context, changing: &Changing, identities: &Identities, namespace: &str) -> Result<Made, Problem> {
    let store = &changing.store;
    let place = store.place(FILE);
    if let Some(pattern) = changing.left_out_by(FILE) {
        let fact = format!("{place}: is none of the files that the plan takes: {pattern}");
        return Err(Problem::refused(fact).next("let the plan take the folder: secrets: {files: DIR}"));
    }
    let outline = store.outline();
    if let Some(stale) = outline.stale.first() {
        let fact = format!("{}: it is not known whether it holds a sealing key", stale.file);
        let problem = Problem::refused(fact).because(stale.why.clone());
        let problem = if changing.is_one() { problem } else { problem.next("blackstart secrets init") };
        return Err(problem.next("blackstart secrets rotate   # opens them all and writes down what they hold"));
    }
    if let Some(held) = outline.held.iter().find(|held| held.is_active_key()) {
        let fact = format!(
            "{}:{}: {}/{} is an active sealing key already, and there is to be one only",
            held.file, held.at.line, held.namespace, held.name
        );
        return Err(Problem::refused(fact));
    }
    let failed = |why: String| Problem::failed(format!("no sealing key can be made: {why}"));
    let name = format!("{PREFIX}-{}", chance().ok_or_else(|| failed("this system gives no random bytes".to_owned()))?);
    let (_, document) = Key::generate(namespace, &name, clock::now()).map_err(|broken| failed(broken.to_string()))?;
    let fresh = Fresh {
        namespace,
        name: &name,
        sort: &document.sort,
        labels: &document.labels,
        annotations: &document.annotations,
        immutable: document.immutable,
        entries: document.entries.iter().map(|(key, entry)| (key.as_str(), &entry.value)).collect(),
    };
    let there = store.file(FILE).map(|file| store.plain(context.look, file, identities)).transpose()?;
    let before = there.unwrap_or_else(|| Hidden::new(Vec::new()));
    let plain = amend::append(&before, &[fresh]).ok_or_else(|| {
        Problem::refused(format!("{place}: nothing can be written behind what stands there"))
            .next(format!("blackstart secrets edit {place}"))
    })?;
    let armor = store.file(FILE).is_none_or(|file| file.is_armored());
    Ok(Made { name: format!("{namespace}/{name}"), place, put: Put { name: FILE.to_owned(), plain, armor } })
}

fn chance() -> Option<String> {
    let bytes = hash::random(CHANCE)?;
    Some(bytes.reveal().iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect())
}
