//! The command line.

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Brings a Kubernetes homelab back from nothing.
#[derive(Parser, Debug)]
#[command(name = "blackstart", version, max_term_width = 100)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(clap::Args, Debug)]
pub struct Global {
    /// When to use colour; NO_COLOR is respected
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
    /// Say only what went wrong, and the end
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say also why each step is done, and what its programs were
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Where runs are remembered [default: $XDG_STATE_HOME/blackstart]
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    Plan(PlanArgs),
    /// Print the JSON Schema of plan files, for editors
    Schema,
}

/// Show what would happen, in order, and touch nothing
#[derive(clap::Args, Debug)]
pub struct PlanArgs {
    /// The plan file [default: the only plans/*.yaml]
    pub plan: Option<PathBuf>,
    /// Show a recovery or a drill
    #[arg(long, value_enum, default_value_t = ModeArg::Recover)]
    pub mode: ModeArg,
    /// For people, for programs, or as a picture
    #[arg(long, value_enum, default_value_t = PlanOutput::Text)]
    pub output: PlanOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeArg {
    Recover,
    Drill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanOutput {
    Text,
    Json,
    Dot,
    Svg,
}
