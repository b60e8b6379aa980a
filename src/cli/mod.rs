//! WIRING: one file a subcommand; argv, environment, terminal, exit codes.

mod args;
mod attach;
mod check;
mod choices;
mod context;
mod diagnose;
mod drill;
mod explain;
mod face;
mod follow;
mod history;
mod identity;
mod init;
mod man;
mod ping;
mod plan;
mod preflight;
mod reap;
mod recover;
mod report;
mod resume;
mod runner;
mod runs;
mod sandbox;
mod schema;
mod secrets;
mod status;
mod vault;

use args::{Args, Command};
use clap::Parser;
use context::Context;
use std::process::ExitCode;

pub fn main() -> ExitCode {
    let args = Args::parse();
    let context = Context::new(&args.global);
    let done = match args.command {
        Command::Check(args) => check::run(&context, &args),
        Command::Explain(args) => explain::run(&context, &args),
        Command::Init(args) => init::run(&context, &args),
        Command::Plan(args) => plan::run(&context, &args),
        Command::Drill(args) => drill::run(&context, &args),
        Command::Recover(args) => recover::run(&context, &args),
        Command::Resume(args) => resume::run(&context, &args),
        Command::Status(args) => status::run(&context, &args),
        Command::Attach(args) => attach::run(&context, &args),
        Command::History(args) => history::run(&context, &args),
        Command::Report(args) => report::run(&context, &args),
        Command::Diagnose(args) => diagnose::run(&context, &args),
        Command::Secrets(args) => secrets::run(&context, &args),
        Command::Sandbox(args) => sandbox::run(&context, &args),
        Command::Schema => schema::run(&context),
        Command::Completions(args) => man::completions(&context, &args),
        Command::Man(args) => man::man(&context, &args),
        Command::Runner => runner::run(&context),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            context.complain(&problem);
            ExitCode::from(problem.kind.exit())
        }
    }
}
