//! `secrets`: the words of it, and which file does what they say.

mod input;
mod seal;
mod unseal;

use super::context::Context;
use crate::model::Problem;
use clap::Subcommand;

/// Secrets without a cluster: seal them, open what is sealed
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  blackstart secrets seal --cert cert.pem secret.yaml > sealed.yaml
  blackstart secrets unseal --key key.pem sealed.yaml | kubectl diff -f -")]
pub struct SecretsArgs {
    #[command(subcommand)]
    pub what: SecretsCommand,
}

#[derive(Subcommand, Debug)]
pub enum SecretsCommand {
    Seal(seal::SealArgs),
    Unseal(unseal::UnsealArgs),
}

pub fn run(context: &Context, args: &SecretsArgs) -> Result<u8, Problem> {
    match &args.what {
        SecretsCommand::Seal(args) => seal::run(context, args),
        SecretsCommand::Unseal(args) => unseal::run(context, args),
    }
}
