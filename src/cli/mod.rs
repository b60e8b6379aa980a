//! WIRING: one file a subcommand; argv, environment, terminal, exit codes.

mod args;
mod context;
mod plan;
mod schema;

use args::{Args, Command};
use clap::Parser;
use context::Context;
use std::process::ExitCode;

pub fn main() -> ExitCode {
    let args = Args::parse();
    let context = Context::new(&args.global);
    let done = match args.command {
        Command::Plan(plan) => plan::run(&context, &plan),
        Command::Schema => schema::run(&context),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            context.complain(&problem);
            ExitCode::from(problem.kind.exit())
        }
    }
}
