//! `secrets unseal`: SealedSecrets in, Secrets out, with keys from files. What does not open is told with the reason.

use super::input::{self, Faults, Input};
use crate::cli::context::Context;
use crate::manifests::objects_of;
use crate::model::Problem;
use crate::secrets::guess::{Around, guess};
use crate::secrets::{Document, Fault, Key, Sealed, document, manifest, open, sealed};
use crate::sys::crypto::pem;
use crate::sys::terminal;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Open SealedSecrets with keys from files, and print the Secrets
#[derive(clap::Args, Debug)]
#[command(after_help = "A key file is a PEM, or Secrets of the controller's keys as kubectl prints them.
The Secrets go into a pipe only, unless --reveal is said.

Examples:
  kubectl get secret -n kube-system -o yaml \\
    -l sealedsecrets.bitnami.com/sealed-secrets-key > keys.yaml
  blackstart secrets unseal --key keys.yaml sealed.yaml | kubectl diff -f -
  blackstart secrets unseal --key key.pem --reveal sealed.yaml")]
pub struct UnsealArgs {
    /// A private key, or several in one file; may be given again
    #[arg(long, required = true, value_name = "KEY.pem")]
    pub key: Vec<PathBuf>,
    /// Print the Secrets also where no pipe takes them
    #[arg(long)]
    pub reveal: bool,
    /// SealedSecret manifests; - is what comes in
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

pub fn run(context: &Context, args: &UnsealArgs) -> Result<u8, Problem> {
    if !args.reveal && !terminal::is_pipe(context.look) {
        let fact = "the Secrets would be shown, or lie in a file in the clear";
        return Err(Problem::refused(fact).next("let a program read them, through a pipe").next("or say --reveal"));
    }
    let keys = keys(context, args)?;
    let sealed = all_sealed(context, args)?;
    let all: Vec<&Key> = keys.iter().collect();
    let (active, inactive): (Vec<&Key>, Vec<&Key>) = all.iter().partition(|key| key.active);
    let name = |(_, one): &(usize, Sealed)| one.id.name.to_string();
    let namespace = |(_, one): &(usize, Sealed)| one.id.namespace.as_deref().unwrap_or_default().to_owned();
    let (names, namespaces) = (sealed.1.iter().map(name).collect(), sealed.1.iter().map(namespace).collect());
    let around = Around { names, namespaces, ..Around::default() };
    let (mut opened, mut faults, mut advice): (Vec<Document>, _, _) = (Vec::new(), Faults::default(), BTreeSet::new());
    let mut notes = Faults::default();
    for (input, one) in &sealed.1 {
        let shut = match open(one, &active) {
            Ok(document) => {
                opened.push(document);
                continue;
            }
            Err(shut) => shut,
        };
        let mut told = guess(one, &shut, &active, &inactive, &around).into_iter().map(|guess| guess.told(one));
        match open(one, &all) {
            // Here it opens, and in a cluster it would not: that is not passed over in silence.
            Ok(document) => {
                opened.push(document);
                notes.add(&sealed.0[*input], told.next().map(|(fault, _)| fault));
            }
            Err(_) => told.for_each(|(fault, next)| {
                faults.add(&sealed.0[*input], [fault]);
                advice.insert(next);
            }),
        }
    }
    let told = faults.told("nothing is shown", Problem::failed);
    told.map_err(|problem| advice.into_iter().filter(|next| !next.is_empty()).fold(problem, Problem::next))?;
    notes.shown().for_each(|note| context.note(&format!("note: {note}")));
    for (i, document) in opened.iter().enumerate() {
        if i > 0 {
            context.print("---\n")?;
        }
        context.printed(terminal::reveal(&manifest::yaml(document)))?;
    }
    Ok(0)
}

/// The SealedSecrets of all files, each with the file that it stands in.
type All = (Vec<Input>, Vec<(usize, Sealed)>);

fn all_sealed(context: &Context, args: &UnsealArgs) -> Result<All, Problem> {
    let (mut inputs, mut all, mut faults) = (Vec::new(), Vec::new(), Faults::default());
    for path in &args.files {
        let input = input::read(context, path)?;
        let (objects, broken) = objects_of(input.bytes.reveal(), input.is_json, &input.shown);
        if objects.is_empty() && broken.is_empty() {
            return Err(Problem::usage(format!("{}: holds no SealedSecret", input.shown)));
        }
        faults.add(&input, broken.into_iter().map(|(at, text)| Fault { at, text }));
        for object in &objects {
            match sealed::read(object) {
                Ok(one) => all.push((inputs.len(), one)),
                Err(wrong) => faults.add(&input, wrong),
            }
        }
        inputs.push(input);
    }
    faults.told("nothing is shown", Problem::usage)?;
    Ok((inputs, all))
}

fn keys(context: &Context, args: &UnsealArgs) -> Result<Vec<Key>, Problem> {
    let (mut keys, mut faults) = (Vec::new(), Faults::default());
    for path in &args.key {
        let input = input::read(context, path)?;
        if pem::is_pem(input.bytes.reveal()) {
            let alone = Key::alone(&input.shown, &input.bytes);
            keys.extend(alone.map_err(|why| Problem::usage(format!("{}: {why}", input.shown)))?);
            continue;
        }
        match document::read(&input.bytes, input.is_json) {
            Err(wrong) => faults.add(&input, wrong),
            Ok(documents) => {
                for document in &documents {
                    match Key::read(document) {
                        Ok(key) => keys.push(key),
                        Err(wrong) => faults.add(&input, wrong),
                    }
                }
            }
        }
    }
    faults.told("there is no key to open with", Problem::usage)?;
    Ok(keys)
}
