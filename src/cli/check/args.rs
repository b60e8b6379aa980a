//! What `check` is asked.

use clap::ValueEnum;
use std::path::PathBuf;

/// Find in the files what would keep a recovery from its end
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Nothing is asked of a cluster, and nothing is fetched. With a plan it is looked at as a whole, as a
drill would begin it; paths need no plan: everything of Kubernetes that lies below them counts.

Exit 0 when no error is found, 3 when one is.

Examples:
  blackstart check                              the only plan in plans/
  blackstart check kubernetes/                  a folder, without a plan
  blackstart check --output sarif > check.sarif"
)]
pub struct CheckArgs {
    /// A plan, or files and folders [default: the only plans/*.yaml]
    #[arg(value_name = "PLAN|PATH")]
    pub paths: Vec<PathBuf>,
    /// For people, for programs, or for viewers of code
    #[arg(long, value_enum, default_value_t = CheckOutput::Text)]
    pub output: CheckOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckOutput {
    Text,
    Json,
    Sarif,
}
