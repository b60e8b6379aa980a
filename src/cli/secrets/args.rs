//! The command line of `secrets`.

use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

/// Keep secrets in files that only their owner opens, without any cluster
#[derive(clap::Args, Debug)]
#[command(after_help = "A store is a folder of age files with Secret manifests in them. It belongs into git; the
identity that opens it does not. docs/secrets.md tells the whole of it.

Examples:
  blackstart secrets init                         a store, and an identity to open it
  blackstart secrets add edge/tunnel token        asks for the value
  blackstart secrets list                         names and keys; no identity is needed
  blackstart secrets check                        opens every file, and tells what is wrong")]
pub struct SecretsArgs {
    #[command(subcommand)]
    pub command: SecretsCommand,
}

#[derive(Subcommand, Debug)]
pub enum SecretsCommand {
    Init(InitArgs),
    Add(AddArgs),
    Edit(EditArgs),
    List(ListArgs),
    Check(CheckArgs),
    Rotate(RotateArgs),
    Open(OpenArgs),
    Import(ImportArgs),
    Seal(super::seal::SealArgs),
    Unseal(super::unseal::UnsealArgs),
    WriteBack(super::write_back::WriteBackArgs),
}

/// Where the store is.
#[derive(clap::Args, Debug)]
pub struct Where {
    /// The folder of the store [default: the plan's, else secrets]
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// The plan that the store is for [default: the only plans/*.yaml, where there is one]
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<PathBuf>,
}

/// Who opens it.
#[derive(clap::Args, Debug)]
pub struct Who {
    /// The identity [default: the plan's, else $BLACKSTART_IDENTITY, else
    /// ~/.config/blackstart/identity.txt]
    #[arg(long, value_name = "FILE|fd:N")]
    pub identity: Option<String>,
    /// Read the passphrase of a protected identity from this descriptor
    #[arg(long, value_name = "N")]
    pub passphrase_fd: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Text,
    Json,
}

/// Make a store, and an identity where there is none yet
#[derive(clap::Args, Debug)]
#[command(after_help = "The identity is written outside of the repository and can be read by you alone. An
identity that is there already is used.

Examples:
  blackstart secrets init
  blackstart secrets init --passphrase            the identity wants a passphrase each time
  blackstart secrets init --sealing-key           with a key that SealedSecrets are sealed for
  blackstart secrets init --store lab/secrets --identity ~/keys/lab.txt")]
pub struct InitArgs {
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub who: Who,
    /// Protect a new identity with a passphrase
    #[arg(long)]
    pub passphrase: bool,
    /// Make a sealing key for the controller of SealedSecrets in this namespace, also in a store
    /// that is there [default: kube-system]
    #[arg(long, value_name = "NS", num_args = 0..=1, default_missing_value = "kube-system")]
    pub sealing_key: Option<String>,
}

/// Put values into a Secret, which is made if it is not there
#[derive(clap::Args, Debug)]
#[command(after_help = "Values are asked for on the terminal, unseen and twice. Without a terminal they are read
from stdin: the value itself for one key, which loses the line break of a single line;
lines of KEY=VALUE for several keys. They are never taken from the command line.

Examples:
  blackstart secrets add edge/tunnel token
  pass show lab/tunnel | blackstart secrets add edge/tunnel token
  blackstart secrets add edge/tls --type kubernetes.io/tls \\
      --from-file tls.crt=edge.crt --from-file tls.key=edge.key")]
pub struct AddArgs {
    /// The Secret: its namespace and its name
    #[arg(value_name = "NS/NAME")]
    pub secret: String,
    /// The keys whose values are asked for
    #[arg(value_name = "KEY")]
    pub keys: Vec<String>,
    /// The type of a new Secret [default: Opaque]
    #[arg(long, value_name = "TYPE")]
    pub r#type: Option<String>,
    /// Take the value of this key from a file, byte for byte
    #[arg(long, value_name = "KEY=PATH")]
    pub from_file: Vec<String>,
    /// The file of the store [default: the one that holds the Secret, else NS-NAME.yaml.age]
    #[arg(long, value_name = "STOREFILE")]
    pub file: Option<String>,
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub who: Who,
}

/// Open a file of the store in an editor
#[derive(clap::Args, Debug)]
#[command(after_help = "The plaintext lies in memory, in a file that only you can read, for as long as the editor
is open. What cannot be read as Secrets is not stored: you are asked whether to go on.
The editor is $VISUAL, else $EDITOR, else vi.

Examples:
  blackstart secrets edit edge/tunnel
  EDITOR='vim -n -i NONE' blackstart secrets edit secrets/edge-tunnel.yaml.age")]
pub struct EditArgs {
    /// A file of the store, or a Secret in it
    #[arg(value_name = "FILE|NS/NAME")]
    pub what: String,
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub who: Who,
}

/// List files, Secrets, keys and digests; no identity is needed
#[derive(clap::Args, Debug)]
#[command(after_help = "Two keys with one value have different digests; one key has the same digest for as long as
its value stays. Values are never shown.

Example:
  blackstart secrets list --output json")]
pub struct ListArgs {
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    #[command(flatten)]
    pub place: Where,
}

/// Open every file and tell everything that is wrong
#[derive(clap::Args, Debug)]
#[command(after_help = "Exit 0 when all is well, 1 when something is wrong. Each thing has its place and what to
do about it. With a plan, the namespaces of Secrets have to be in it.

Examples:
  blackstart secrets check
  blackstart secrets check --output json          for a script or a timer")]
pub struct CheckArgs {
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub who: Who,
}

/// Encrypt everything anew, for the recipients of today
#[derive(clap::Args, Debug)]
#[command(after_help = "All files change, or none. When a recipient goes, the key of the digests is made anew too.
Who could open the old files can still open their copies, in git for instance: what
they knew has to be changed where it is used.

Examples:
  blackstart secrets rotate                       after a change of recipients.txt
  blackstart secrets rotate --add age1… --remove age1…")]
pub struct RotateArgs {
    /// A recipient that comes
    #[arg(long, value_name = "AGE1…")]
    pub add: Vec<String>,
    /// A recipient that goes
    #[arg(long, value_name = "AGE1…")]
    pub remove: Vec<String>,
    /// Make the key of the digests anew
    #[arg(long)]
    pub new_digest_key: bool,
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub who: Who,
}

/// Print the plaintext of an age file, to a pipe
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  blackstart secrets open secrets/edge-tunnel.yaml.age | kubectl apply --server-side -f -
  blackstart secrets open --reveal edge/tunnel    on the terminal")]
pub struct OpenArgs {
    /// An age file, or a Secret of the store, whose file is meant
    #[arg(value_name = "FILE|NS/NAME")]
    pub what: String,
    /// Print it also where it stays to be read: on a terminal, into a file
    #[arg(long)]
    pub reveal: bool,
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub who: Who,
}

/// Bring into the store what only a cluster has
#[derive(clap::Args, Debug)]
#[command(after_help = "Secrets that neither the store nor a manifest of the plan has, and every sealing key. What
the cluster or its controllers make themselves is left out, and said.

Example:
  blackstart secrets import --from-cluster --kubeconfig ~/.kube/config --namespace apps")]
pub struct ImportArgs {
    /// Ask the API server of this cluster
    #[arg(long, required = true)]
    pub from_cluster: bool,
    /// The way to the cluster
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: PathBuf,
    /// Only what is in this namespace
    #[arg(long, short, value_name = "NS")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub who: Who,
}
