//! `sandbox`: a real Kubernetes to play with. The work is the companion program's; this finds it and becomes it.

use super::args::{SandboxArgs, SandboxCommand};
use super::context::Context;
use crate::model::Problem;
use crate::sys::Touch;
use crate::sys::sandbox;
use std::ffi::OsString;

pub fn run(context: &Context, args: &SandboxArgs) -> Result<u8, Problem> {
    let program =
        sandbox::find(context.look).map_err(|why| Problem::refused("there is no sandbox program").because(why))?;
    let (words, more): (&[&str], &[OsString]) = match &args.what {
        // One that is started by hand has nobody to die with, so it has a deadline instead.
        SandboxCommand::Up { more } => (&["up", "--keep"], more),
        SandboxCommand::Down { more } => (&["down"], more),
        SandboxCommand::List { more } => (&["list"], more),
        SandboxCommand::Kubeconfig { more } => (&["kubeconfig"], more),
    };
    let words: Vec<OsString> = words.iter().map(OsString::from).chain(more.iter().cloned()).collect();
    let error = sandbox::become_it(&Touch::granted(), &program, &words);
    Err(Problem::failed(format!("{}: {error}", program.display())))
}
