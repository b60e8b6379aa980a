//! The command line: every word of it, with help that shows how it is used.

pub use super::choices::{ModeArg, PlanOutput, RunOutput, WithinArg};
use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::num::NonZeroU16;
use std::path::PathBuf;

/// Brings a homelab back from nothing: shows a plan in order, runs it, proves each step
#[derive(Parser, Debug)]
#[command(
    name = "blackstart",
    version,
    max_term_width = 100,
    after_help = "Examples:
  blackstart init                         write a plan for the manifests here
  blackstart plan plans/homelab.yaml      what would happen, in order; touches nothing
  blackstart drill plans/homelab.yaml     the same in a cluster that is thrown away
  blackstart recover plans/homelab.yaml   do it, after one question
  blackstart resume                       go on after a failure, a kill or a power cut
  blackstart status                       where the newest run stands

Exit codes:
  0  done and verified
  1  a step failed (status: something is wrong)
  2  usage, or the plan cannot be read
  3  refused: nothing was begun, or an unknown state needs your word
  4  verified, but over the time goal
  5  interrupted; can be resumed
  6  the journal cannot be written"
)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "With every command")]
pub struct Global {
    /// When to use colour; NO_COLOR is respected
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
    /// Say only what went wrong, and the end
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say also why each step is done, and what happens within it
    #[arg(short, long, global = true, overrides_with = "verbose")]
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
    Init(super::init::InitArgs),
    Plan(PlanArgs),
    Check(super::check::args::CheckArgs),
    Drill(DrillArgs),
    Recover(RecoverArgs),
    Resume(ResumeArgs),
    Status(StatusArgs),
    Attach(AttachArgs),
    History(HistoryArgs),
    Report(ReportArgs),
    Diagnose(DiagnoseArgs),
    Explain(super::explain::ExplainArgs),
    Secrets(super::secrets::args::SecretsArgs),
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of plan files, so that editors complete and check them
    #[command(after_help = "Example:
  blackstart schema > plan.schema.json
  and in the first line of the plan:  # yaml-language-server: $schema=../plan.schema.json")]
    Schema,
    Completions(CompletionsArgs),
    Man(ManArgs),
    /// Do the work; started by recover and resume
    #[command(hide = true)]
    Runner,
}

/// Show what would happen, in order, and touch nothing
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  blackstart plan                               the only plan in plans/
  blackstart plan plans/homelab.yaml --mode drill
  blackstart plan --live                        ask registries, repositories and this host, too
  blackstart plan --output svg > plan.svg")]
pub struct PlanArgs {
    /// The plan file [default: the only plans/*.yaml]
    pub plan: Option<PathBuf>,
    /// Show a recovery or a drill
    #[arg(long, value_enum, default_value_t = ModeArg::Recover)]
    pub mode: ModeArg,
    /// What makes the cluster of a drill [default: as the plan says, else the sandbox]
    #[arg(long = "in", value_enum, value_name = "PROVIDER")]
    pub within: Option<WithinArg>,
    /// Ask the world outside as well, for ten seconds at most: are images, charts, git sources, NFS servers,
    /// disk space, ports and the time there? Changes nothing, and sends no credentials
    #[arg(long)]
    pub live: bool,
    /// For people, for programs, or as a picture
    #[arg(long, value_enum, default_value_t = PlanOutput::Text)]
    pub output: PlanOutput,
}

/// Run the plan in a cluster that is thrown away
#[derive(clap::Args, Debug)]
#[command(after_help = "The cluster is a real Kubernetes of child processes on this machine; it starts no
containers, and the report says what it could not show. When all is verified it is
taken down, and what is left is looked for. After a failure it stays for an hour.

Examples:
  blackstart drill
  blackstart drill --keep            leave the cluster standing for an hour
  blackstart drill --again           the same plan once more into that cluster
  blackstart drill --reap            remove what earlier drills left standing")]
pub struct DrillArgs {
    /// The plan file [default: the only plans/*.yaml]
    pub plan: Option<PathBuf>,
    /// What makes the cluster [default: as the plan says, else the sandbox]
    #[arg(long = "in", value_enum, value_name = "PROVIDER")]
    pub within: Option<WithinArg>,
    /// Leave the cluster standing for an hour, also when all went well
    #[arg(long)]
    pub keep: bool,
    /// Run the plan into the cluster that its last drill left standing, and leave it standing
    #[arg(long)]
    pub again: bool,
    /// Remove what earlier drills left standing, and nothing else
    // An address in the environment is there for the drill that follows: no conflict.
    #[arg(long, conflicts_with_all = ["plan", "keep", "again"])]
    pub reap: bool,
    /// Tell this address of the start and of the end, so that a drill that did not run is noticed
    #[arg(long, value_name = "URL", env = super::ping::VARIABLE, hide_env_values = true)]
    pub ping: Option<String>,
    #[command(flatten)]
    pub custody: Custody,
    /// How many steps may run at once [default: the cores, at least 4]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroU16>,
    /// For people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = RunOutput::Text)]
    pub output: RunOutput,
}

/// Run the plan for real, after asking once
#[derive(clap::Args, Debug)]
#[command(after_help = "The work is done by a process of its own: closing this terminal does not stop it.
Ctrl-C once lets running steps end and begins nothing new; twice ends everything now.

Examples:
  blackstart recover plans/homelab.yaml
  blackstart recover plans/homelab.yaml --confirm homelab   without a terminal")]
pub struct RecoverArgs {
    /// The plan file [default: the only plans/*.yaml]
    pub plan: Option<PathBuf>,
    /// Instead of typing it: the name of the plan
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    #[command(flatten)]
    pub custody: Custody,
    /// How many steps may run at once [default: the cores, at least 4]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroU16>,
    /// For people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = RunOutput::Text)]
    pub output: RunOutput,
}

/// Go on with a run: looks at what was done, does what was not
#[derive(clap::Args, Debug)]
#[command(after_help = "What is done is looked at again before it is trusted. A step that had begun
and may not be done twice is never done again without your word: --redo it,
or --accept it once you have seen that it is done.

Examples:
  blackstart resume
  blackstart resume 2026-11-03T02-11-07 --redo firewall")]
pub struct ResumeArgs {
    /// The run, by its id or folder [default: the newest that is not complete]
    pub run: Option<String>,
    /// Do this step again, whatever is known about it
    #[arg(long, value_name = "STEP")]
    pub redo: Vec<String>,
    /// Take this step as done, on your word
    #[arg(long, value_name = "STEP")]
    pub accept: Vec<String>,
    #[command(flatten)]
    pub custody: Custody,
    /// How many steps may run at once [default: the cores, at least 4]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroU16>,
    /// For people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = RunOutput::Text)]
    pub output: RunOutput,
}

/// Tell where a run stands, without disturbing it
#[derive(clap::Args, Debug)]
#[command(after_help = "Exit 0 when it goes on or was verified, 1 when something is wrong with it.

Examples:
  blackstart status
  watch blackstart status                 again every two seconds
  blackstart status --output json         for a script")]
pub struct StatusArgs {
    /// The run, by its id or folder [default: the newest]
    pub run: Option<String>,
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = StatusOutput::Text)]
    pub output: StatusOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusOutput {
    Text,
    Json,
}

/// Show a run as it goes on
#[derive(clap::Args, Debug)]
#[command(after_help = "Ctrl-C is forwarded to the run: once lets running steps end, twice ends them now.
Closing the terminal leaves the run alone. The exit code is that of the run.

Example:
  blackstart attach")]
pub struct AttachArgs {
    /// The run, by its id or folder [default: the newest]
    pub run: Option<String>,
    /// For people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = RunOutput::Text)]
    pub output: RunOutput,
}

/// Who opens the store of secrets
#[derive(clap::Args, Debug)]
pub struct Custody {
    /// The age identity, as a file or fd:N [default: the plan's, or $BLACKSTART_IDENTITY]
    #[arg(long, value_name = "FILE|fd:N")]
    pub identity: Option<String>,
    /// Read the passphrase of the identity from this file descriptor
    #[arg(long, value_name = "N")]
    pub passphrase_fd: Option<u32>,
}

/// List the runs of a plan, newest first, and compare them
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  blackstart history
  blackstart history homelab              of one plan")]
pub struct HistoryArgs {
    /// The plan, by its name or file [default: all]
    pub plan: Option<String>,
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = StatusOutput::Text)]
    pub output: StatusOutput,
}

/// Print the report of a run
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  blackstart report --output html > report.html   one file, with a time line of the steps")]
pub struct ReportArgs {
    /// The run, by its id or folder [default: the newest]
    pub run: Option<String>,
    /// Markdown, one HTML file, or one JSON object
    #[arg(long, value_enum, default_value_t = ReportOutput::Md)]
    pub output: ReportOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportOutput {
    Md,
    Html,
    Json,
}

/// Tell the first cause of everything in a cluster that does not stand
#[derive(clap::Args, Debug)]
#[command(after_help = "It looks once and changes nothing. With a plan, causes come with the file and
line that they stand in. Exit 0 when nothing is stuck, 1 when something is.

Examples:
  blackstart diagnose                               the cluster of the newest run
  blackstart diagnose --kubeconfig ./kubeconfig.yaml --namespace apps")]
pub struct DiagnoseArgs {
    /// The plan file [default: the only plans/*.yaml, where there is one]
    pub plan: Option<PathBuf>,
    /// The cluster [default: that of the plan's newest run, if it lives]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Only what is in this namespace
    #[arg(long, short, value_name = "NAME")]
    pub namespace: Option<String>,
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = StatusOutput::Text)]
    pub output: StatusOutput,
}

/// A real Kubernetes of child processes, to play with, as an ordinary user
#[derive(clap::Args, Debug)]
#[command(after_help = "It starts no containers. One that was started by hand ends by itself after an hour.

Examples:
  blackstart sandbox up --name play
  kubectl --kubeconfig $(blackstart sandbox kubeconfig play) get nodes
  blackstart sandbox down play")]
pub struct SandboxArgs {
    #[command(subcommand)]
    pub what: SandboxCommand,
}

#[derive(Subcommand, Debug)]
pub enum SandboxCommand {
    /// Start one; prints what it is as one line of JSON
    #[command(disable_help_flag = true)]
    Up {
        /// Passed on; `blackstart sandbox up --help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
        more: Vec<OsString>,
    },
    /// End one and remove its folder
    #[command(disable_help_flag = true)]
    Down {
        /// Its name or folder, or --all
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "NAME")]
        more: Vec<OsString>,
    },
    /// List those that were started by hand or kept
    #[command(disable_help_flag = true)]
    List {
        /// Passed on
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
        more: Vec<OsString>,
    },
    /// Print the path of one's kubeconfig
    #[command(disable_help_flag = true)]
    Kubeconfig {
        /// Its name
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "NAME")]
        more: Vec<OsString>,
    },
}

/// Print completions for a shell
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  blackstart completions bash > ~/.local/share/bash-completion/completions/blackstart")]
pub struct CompletionsArgs {
    pub shell: clap_complete::Shell,
}

/// Print the man page, or write all of them into a folder
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  blackstart man | man -l -
  blackstart man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Where to write the pages
    pub dir: Option<PathBuf>,
}
