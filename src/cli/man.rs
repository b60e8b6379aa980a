//! `man` and `completions`: the command line, told to the shell and to man.

use super::args::{Args, CompletionsArgs, ManArgs};
use super::context::Context;
use crate::model::Problem;
use crate::sys::{Touch, files};
use clap::CommandFactory;

pub fn completions(context: &Context, args: &CompletionsArgs) -> Result<u8, Problem> {
    let mut text = Vec::new();
    let all = Args::command();
    // What is not meant to be typed is not offered; the generators do not leave it out by themselves.
    let visible = all.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned();
    let mut command = clap::Command::new("blackstart").args(all.get_arguments().cloned()).subcommands(visible);
    command = command.version(env!("CARGO_PKG_VERSION"));
    clap_complete::generate(args.shell, &mut command, "blackstart", &mut text);
    context.print(&String::from_utf8_lossy(&text))?;
    Ok(0)
}

/// One page on stdout, or all pages into a folder.
pub fn man(context: &Context, args: &ManArgs) -> Result<u8, Problem> {
    let broken = |error: std::io::Error| Problem::failed(format!("the pages cannot be written: {error}"));
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    let page = |command: clap::Command| {
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text).map(|()| text)
    };
    let Some(folder) = &args.dir else {
        let text = page(command).map_err(broken)?;
        context.print(&String::from_utf8_lossy(&text))?;
        return Ok(0);
    };
    let touch = Touch::granted();
    files::make_private_folder(&touch, folder).map_err(broken)?;
    let visible = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    let names = visible.map(|sub| (format!("blackstart-{}.1", sub.get_name()), sub.clone()));
    let all: Vec<(String, clap::Command)> = names.chain([("blackstart.1".to_owned(), command.clone())]).collect();
    for (name, sub) in all {
        files::replace(&touch, &folder.join(name), &page(sub).map_err(broken)?).map_err(broken)?;
    }
    Ok(0)
}
