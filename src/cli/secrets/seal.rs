//! `secrets seal`: Secret manifests in, SealedSecrets out. It needs a certificate and nothing else.

use super::input::{self, Faults};
use crate::cli::context::Context;
use crate::manifests::write::write;
use crate::model::Problem;
use crate::secrets::certificate::Unfit;
use crate::secrets::{Certificate, Scope, document, seal};
use crate::sys::clock;
use clap::ValueEnum;
use std::path::PathBuf;

/// Seal Secret manifests for a certificate, and print the SealedSecrets
#[derive(clap::Args, Debug)]
#[command(after_help = "Nothing is asked of a cluster. Where a Secret says no scope and no --scope is
given, its values open under its own name and namespace only.

Examples:
  blackstart secrets seal --cert cert.pem secret.yaml > sealed.yaml
  kubectl create secret generic db --from-file=password -o yaml --dry-run=client |
    blackstart secrets seal --cert cert.pem -")]
pub struct SealArgs {
    /// The certificate of the sealing key
    #[arg(long, value_name = "CERT.pem")]
    pub cert: PathBuf,
    /// Where the values may be opened [default: what each Secret's annotations say]
    #[arg(long, value_enum, value_name = "SCOPE")]
    pub scope: Option<ScopeArg>,
    /// Secret manifests; - is what comes in
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScopeArg {
    Strict,
    NamespaceWide,
    ClusterWide,
}

impl From<ScopeArg> for Scope {
    fn from(arg: ScopeArg) -> Self {
        match arg {
            ScopeArg::Strict => Scope::Strict,
            ScopeArg::NamespaceWide => Scope::NamespaceWide,
            ScopeArg::ClusterWide => Scope::ClusterWide,
        }
    }
}

pub fn run(context: &Context, args: &SealArgs) -> Result<u8, Problem> {
    let cert = input::read(context, &args.cert)?;
    let certificate = Certificate::from_pem(cert.bytes.reveal(), clock::now()).map_err(|unfit| {
        let fact = format!("{}: {unfit}", cert.shown);
        let problem = match unfit {
            Unfit::Unreadable(_) => Problem::usage(fact),
            Unfit::NotRsa | Unfit::Size | Unfit::Expired(_) | Unfit::NotYet(_) | Unfit::OtherUse => {
                Problem::refused(fact)
            }
        };
        problem.next(unfit.advice())
    })?;
    let (mut sealed, mut faults) = (Vec::new(), Faults::default());
    for path in &args.files {
        let input = input::read(context, path)?;
        let documents = document::read(&input.bytes, input.is_json).unwrap_or_else(|wrong| {
            faults.add(&input, wrong);
            Vec::new()
        });
        for mut document in documents {
            if let Some(scope) = args.scope {
                Scope::from(scope).mark(&mut document.annotations);
            }
            match seal(&document, &certificate) {
                Ok(object) => sealed.push(write(&object)),
                Err(fault) => faults.add(&input, [fault]),
            }
        }
    }
    faults.told("nothing was sealed", Problem::usage)?;
    context.print(&sealed.join("---\n"))?;
    Ok(0)
}
