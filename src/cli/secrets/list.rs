//! `secrets list`: what the store holds, by name; no identity is needed.

use super::args::{ListArgs, Output};
use super::place::Meant;
use crate::cli::context::Context;
use crate::model::Problem;
use crate::report::words;
use crate::secrets::Store;
use crate::secrets::store::{Held, Outline};
use serde_json::{Value, json};

pub fn run(context: &Context, args: &ListArgs) -> Result<u8, Problem> {
    let store = Meant::of(context, &args.place)?.find(context)?;
    let outline = store.outline();
    match args.output {
        // Names come from a file that anybody may have written.
        Output::Text => context.print(&words::visible(&text(&store, &outline)))?,
        Output::Json => context.print(&format!("{}\n", object(&store, &outline)))?,
    }
    Ok(0)
}

fn text(store: &Store, outline: &Outline) -> String {
    let mut out = String::new();
    let mut say = |line: &str| {
        out.push_str(line);
        out.push('\n');
    };
    let everybody: Vec<&str> = store.recipients.iter().map(|one| one.as_str()).collect();
    for file in &store.files {
        say(&file.shown);
        if let Some(stale) = outline.stale.iter().find(|stale| stale.file == file.shown) {
            say(&format!("  stale: {}", stale.why));
        }
        for held in outline.held.iter().filter(|held| held.file == file.shown) {
            let key = held.sealing_key.as_ref().map_or(String::new(), |state| format!("   sealing key, {state}"));
            say(&format!("  {}/{}   {}{key}", held.namespace, held.name, held.sort));
            let width = held.keys.keys().map(String::len).max().unwrap_or(0);
            held.keys.iter().for_each(|(key, (_, digest))| say(&format!("    {key:width$}   {digest}")));
        }
        let own = store.recipients_of(&file.name);
        if !own.is_empty() && own != everybody {
            say("  encrypted for others than recipients.txt says:");
            own.iter().for_each(|one| say(&format!("    {one}")));
        }
    }
    let files: Vec<_> = store.files.iter().map(|file| file.shown.clone()).collect();
    for stale in outline.stale.iter().filter(|stale| !files.contains(&stale.file)) {
        say(&format!("{}\n  stale: {}", stale.file, stale.why));
    }
    everybody.iter().for_each(|one| say(&format!("recipient {one}")));
    let keys = outline.held.iter().map(|held| held.keys.len()).sum();
    let (files, secrets) = (super::count(store.files.len(), "file"), super::count(outline.held.len(), "Secret"));
    say(&format!("{files}, {secrets}, {}", super::count(keys, "key")));
    if !outline.stale.is_empty() {
        say(&format!(
            "{} stale: blackstart secrets check tells more, blackstart secrets rotate takes them in",
            outline.stale.len()
        ));
    }
    out
}

fn object(store: &Store, outline: &Outline) -> Value {
    let secret = |held: &&Held| {
        let key = |(key, (at, digest)): (&String, &(crate::model::Spot, String))| json!({"key": key, "line": at.line, "digest": digest});
        json!({
            "namespace": held.namespace, "name": held.name, "type": held.sort, "line": held.at.line,
            "sealing_key": held.sealing_key, "keys": held.keys.iter().map(key).collect::<Vec<_>>(),
        })
    };
    let file = |file: &crate::secrets::store::StoreFile| {
        let held: Vec<Value> = outline.held.iter().filter(|held| held.file == file.shown).map(|h| secret(&h)).collect();
        json!({"file": &*file.shown, "recipients": store.recipients_of(&file.name), "secrets": held})
    };
    json!({
        "schema": "blackstart.secrets-list/1",
        "store": store.shown,
        "recipients": store.recipients.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
        "files": store.files.iter().map(file).collect::<Vec<_>>(),
        "stale": outline.stale.iter().map(|stale| json!({"file": &*stale.file, "why": stale.why})).collect::<Vec<_>>(),
    })
}
