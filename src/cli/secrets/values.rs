//! Where the values of `secrets add` come from: files, a prompt, or stdin. Never from the command line.

use super::args::AddArgs;
use crate::cli::context::Context;
use crate::cli::identity;
use crate::model::{Hidden, Problem};
use crate::secrets::document::is_key;
use crate::sys::{files, prompt, terminal};
use std::path::Path;

/// What a Secret may hold on a server.
const LARGEST: u64 = 1 << 20;

/// Each key with its value, in the order in which they were named.
pub fn values(context: &Context, args: &AddArgs) -> Result<Vec<(String, Hidden)>, Problem> {
    if args.keys.iter().any(|key| key.contains('=')) {
        // Not quoted: it was meant to be a value, and is in the history of the shell now.
        return Err(Problem::usage("a key has no = in it, and a value is never taken from the command line")
            .next("name the key alone; the value is asked for")
            .next("if this was a real value, change it where it is used: others could have seen it"));
    }
    let pair = |named: &String| {
        let pair = named.split_once('=').map(|(key, path)| (key.to_owned(), path.to_owned()));
        pair.ok_or_else(|| Problem::usage("--from-file wants KEY=PATH, as tls.crt=edge.crt"))
    };
    let from_files: Vec<(String, String)> = args.from_file.iter().map(pair).collect::<Result<_, _>>()?;
    let keys = args.keys.iter().chain(from_files.iter().map(|(key, _)| key));
    usable(&keys.map(String::as_str).collect::<Vec<_>>())?;
    let mut values = Vec::new();
    for (key, path) in from_files {
        let bytes = files::read(context.look, Path::new(&path), LARGEST)
            .map_err(|error| Problem::usage(format!("{path}: cannot be read: {error}")))?;
        values.push((key, Hidden::new(bytes)));
    }
    match args.keys.as_slice() {
        [] if args.from_file.is_empty() => {
            return Err(Problem::usage("no key is named").next("blackstart secrets add NS/NAME KEY"));
        }
        [] => {}
        keys if terminal::can_ask(context.look) => {
            for key in keys {
                let value = identity::asked_twice(&format!("value of {key}"))?
                    .ok_or_else(|| Problem::refused("there is no terminal to ask for values"))?;
                values.push((key.clone(), value));
            }
        }
        keys => values.extend(from_stdin(context, keys)?),
    }
    match values.iter().find(|(_, value)| value.is_empty()) {
        Some((key, _)) => Err(Problem::usage(format!(
            "key {key}: has no value: nothing was typed, or stdin is empty; nothing was changed"
        ))),
        None => Ok(values),
    }
}

/// Looked at before anything is asked for.
fn usable(keys: &[&str]) -> Result<(), Problem> {
    for (at, key) in keys.iter().enumerate() {
        if !is_key(key) {
            let fact = format!("key {key}: has letters, digits, - _ and . only, and at most 253 of them");
            return Err(Problem::usage(fact));
        }
        if keys[..at].contains(key) {
            return Err(Problem::usage(format!("key {key}: is named twice")));
        }
    }
    Ok(())
}

fn from_stdin(context: &Context, keys: &[String]) -> Result<Vec<(String, Hidden)>, Problem> {
    let text = prompt::read_stdin(context.look, LARGEST + 4096)
        .map_err(|error| Problem::usage(format!("stdin: {error}; nothing was changed")))?;
    if let [key] = keys {
        return Ok(vec![(key.clone(), Hidden::new(one_line(text.reveal()).to_vec()))]);
    }
    let mut values = Vec::new();
    for (number, line) in text.reveal().split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        // A line that is not understood is not quoted: it may be a value.
        let wrong = |what: &str| Problem::usage(format!("stdin:{}: {what}; nothing was changed", number + 1));
        let at = line.iter().position(|byte| *byte == b'=').ok_or_else(|| wrong("is no KEY=VALUE"))?;
        let key = keys.iter().find(|key| key.as_bytes() == &line[..at]);
        let key = key.ok_or_else(|| wrong("begins with none of the keys that were named"))?;
        values.push((key.clone(), Hidden::new(line[at + 1..].to_vec())));
    }
    match keys.iter().find(|key| !values.iter().any(|(other, _)| &other == key)) {
        Some(key) => Err(Problem::usage(format!("stdin has no line {key}=VALUE; nothing was changed"))),
        None => Ok(values),
    }
}

/// A single line is a value without the break that ended it; a text of several lines is taken as it is.
fn one_line(text: &[u8]) -> &[u8] {
    let cut = text.strip_suffix(b"\n").map(|text| text.strip_suffix(b"\r").unwrap_or(text));
    cut.filter(|line| !line.contains(&b'\n')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn only_a_single_line_loses_its_break() {
        for (text, value) in
            [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\nb\n", "a\nb\n"), ("\n", ""), ("", ""), ("a\n\n", "a\n\n")]
        {
            assert_eq!(one_line(text.as_bytes()), value.as_bytes(), "{text:?}");
        }
    }
}
