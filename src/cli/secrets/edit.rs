//! `secrets edit`: a plaintext on a desk in memory, for as long as an editor has it.

use super::args::EditArgs;
use super::file_of;
use super::place::Meant;
use crate::cli::context::Context;
use crate::model::problem::Kind;
use crate::model::{Hidden, Problem};
use crate::secrets::document;
use crate::secrets::store::Put;
use crate::sys::desk::{Desk, Edited};
use crate::sys::{Touch, host, prompt, signals};

/// What came of it.
enum Outcome {
    Text(Hidden),
    Unchanged,
}

pub fn run(context: &Context, args: &EditArgs) -> Result<u8, Problem> {
    let meant = Meant::of(context, &args.place)?;
    let identities = meant.identities(context, &args.who)?;
    let touch = Touch::granted();
    // Held until the editor is done: who wants to change the store meanwhile is told to wait.
    let changing = meant.begin(&touch)?;
    let name = file_of(&changing.store, &args.what)?;
    let Some(file) = changing.store.file(&name) else {
        return Err(Problem::usage(format!("{}: is not there", changing.store.place(&name))));
    };
    let plain = changing.store.plain(context.look, file, &identities)?;
    let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| host::said(context.look, name));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let outcome = signals::block_on(edited(context, &touch, &editor, &file.shown, &name, &plain))
        .map_err(|error| Problem::failed(format!("no event loop: {error}")))??;
    match outcome {
        Outcome::Unchanged => context.print(&format!("{}: unchanged\n", file.shown))?,
        Outcome::Text(plain) => {
            let armor = file.is_armored();
            changing.put(&touch, &identities, &[Put { name: name.clone(), plain, armor }])?;
            context.print(&format!("{}: changed\n", file.shown))?;
        }
    }
    Ok(0)
}

async fn edited(
    context: &Context,
    touch: &Touch,
    editor: &str,
    shown: &str,
    name: &str,
    plain: &Hidden,
) -> Result<Outcome, Problem> {
    let mut desk = Desk::new(touch, name.trim_end_matches(".age"), plain).map_err(|reasons| {
        let problem = Problem::refused("no place in memory can be had for the plaintext, and it goes onto no disk");
        let problem = reasons.into_iter().fold(problem, Problem::because);
        problem.next("set XDG_RUNTIME_DIR to a folder on a tmpfs, or mount one on /dev/shm")
    })?;
    let broken = |error: std::io::Error| Problem::failed(format!("{shown}: {error}")).because(KEPT);
    loop {
        match desk.edit(editor).await.map_err(broken)? {
            Edited::Well => {}
            Edited::Badly(code) => {
                let how = code.map_or_else(|| "was killed".to_owned(), |code| format!("ended with {code}"));
                let problem = Problem::failed(format!("{shown}: the editor {how}")).because(KEPT);
                return Err(match code {
                    // So a shell says that there is no such program, or that it is none.
                    Some(126 | 127) => problem.next(format!("say which editor in EDITOR; this one was: {editor}")),
                    Some(_) | None => problem,
                });
            }
            Edited::Ended(signal) => {
                return Err(Problem::new(Kind::Interrupted, format!("{shown}: ended by {signal}")).because(KEPT));
            }
        }
        let text = desk.text(context.look).map_err(broken)?;
        if text.same(plain) {
            return Ok(Outcome::Unchanged);
        }
        let Err(faults) = document::read(&text, name.ends_with(".json.age")) else { return Ok(Outcome::Text(text)) };
        let told = faults.iter().map(|fault| format!("{shown}:{}: {}", fault.at.line, fault.text));
        let problem = told.fold(Problem::refused(format!("{shown}: cannot be stored as it is now")), Problem::because);
        if !prompt::can_ask(context.look) {
            return Err(problem.because(KEPT));
        }
        context.complain(&problem);
        if !desk.again("edit on? what was written is lost otherwise [Y/n] ").await.map_err(broken)? {
            return Err(Problem::refused(format!("{shown}: given up")).because(KEPT));
        }
    }
}

const KEPT: &str = "the store is as it was";
