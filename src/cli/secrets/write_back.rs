//! `secrets write-back`: the Secrets of the store, sealed for the sealing key of the store, into a folder that Argo CD reads.
//! No cluster is asked; what opens already as it should stays as it is.

use super::super::context::Context;
use super::args::{Where, Who};
use super::place::Meant;
use crate::model::{Hidden, Problem};
use crate::secrets::store::Held;
use crate::secrets::{Certificate, Key, Vault, seal};
use crate::steps::secrets::write_back::{Fresh, back};
use crate::sys::{Touch, clock};
use std::path::PathBuf;

/// Put the Secrets of the store, sealed, into a folder of a git work tree
#[derive(clap::Args, Debug)]
#[command(after_help = "They are sealed for the newest active sealing key of the store, which a recovery puts back
before the controller starts. A file is written only where it does not open to the values
of the store; nothing is committed. The certificate goes there as sealing-certificate.pem.

Example:
  blackstart secrets write-back kubernetes/sealed && git diff --stat")]
pub struct WriteBackArgs {
    /// The folder of the SealedSecrets
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub who: Who,
}

pub fn run(context: &Context, args: &WriteBackArgs) -> Result<u8, Problem> {
    let meant = Meant::of(context, &args.place)?;
    let store = meant.find(context)?;
    let outline = store.outline();
    if let Some(stale) = outline.stale.first() {
        return Err(Problem::refused(format!("{}: {}", stale.file, stale.why))
            .next("blackstart secrets rotate   # opens them all and writes down what they hold"));
    }
    let shown = store.shown.clone();
    let vault = Vault::open(context.look, store, &outline.held, meant.identities(context, &args.who)?)?;
    let keys = vault.sealing_keys(context.look, &outline.held)?;
    let (certificate, pem) = newest(&keys, &shown)?;
    let wanted: Vec<&Held> = outline.held.iter().filter(|held| held.sealing_key.is_none()).collect();
    let (mut sealed, mut faults) = (Vec::new(), Vec::new());
    vault.each(context.look, &wanted, &mut |held, document| {
        let held = wanted.iter().find(|one| one.name == held.name && one.namespace == held.namespace);
        match (held, seal(&document, &certificate)) {
            (Some(held), Ok(body)) => sealed.push((*held, body)),
            (Some(held), Err(fault)) => faults.push(format!("{}:{}: {}", held.file, held.at.line, fault.text)),
            (None, _) => {}
        }
    })?;
    if !faults.is_empty() {
        let problem = Problem::refused("not every Secret can be sealed; nothing was written");
        return Err(faults.into_iter().fold(problem, Problem::because));
    }
    let fresh = Fresh { sealed: &sealed, certificate: &pem, keys: &keys };
    let written = back(&Touch::granted(), &args.folder, &fresh, &vault).map_err(Problem::refused)?;
    let lines: String = written.files.iter().map(|name| format!("{}\n", args.folder.join(name).display())).collect();
    context.print(&lines)?;
    context.note(&written.told(&args.folder));
    Ok(0)
}

/// The certificate that the controller will hand out: of its active keys, the one that is valid since last.
fn newest(keys: &[Key], shown: &str) -> Result<(Certificate, Hidden), Problem> {
    let active = keys.iter().filter(|key| key.active).filter_map(|key| Some((key, key.certificate.as_ref()?)));
    let Some((key, certificate)) = active.max_by_key(|(_, certificate)| certificate.not_before) else {
        return Err(Problem::refused(format!(
            "{shown}: there is no active sealing key in it, so nothing can be sealed"
        ))
        .next("blackstart secrets import --from-cluster   # while the cluster still has one")
        .next("blackstart secrets init --sealing-key      # makes one"));
    };
    let pem = certificate.pem();
    let fit = Certificate::from_pem(pem.reveal(), clock::now());
    let fit = fit.map_err(|why| {
        Problem::refused(format!("sealing key {}: its certificate {why}", key.name)).next(why.advice())
    })?;
    Ok((fit, pem))
}
