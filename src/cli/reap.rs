//! `drill --reap`: removes what earlier drills left, each by what its run says of where it is, and nobody else's.

use super::context::Context;
use super::{drill, runs};
use crate::model::count::many;
use crate::model::{Mode, Problem, Provider};
use crate::steps::cluster::{NAME, k3d};
use crate::steps::scene::Scene;
use crate::steps::target::Target;
use crate::sys::pace::{Brake, Halt};
use crate::sys::process::{Exit, Stranger};
use crate::sys::procfs;
use crate::sys::{Touch, files, sandbox, signals, terminal};
use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one cluster may take to be removed.
const PATIENCE: Duration = Duration::from_secs(180);

/// What was removed, and what could not be.
#[derive(Default)]
struct Reaped {
    sandboxes: usize,
    clusters: usize,
    failed: Vec<String>,
}

pub fn run(context: &Context) -> Result<u8, Problem> {
    let touch = Touch::granted();
    let state = context.required_state_dir()?;
    let mut reaped = Reaped::default();
    // What cannot be read is no proof that nothing is left.
    let unread = |error: std::io::Error| Problem::refused(format!("{}: cannot be read: {error}", state.display()));
    let plans = match files::exists(context.look, &state) {
        true => files::names(context.look, &state).map_err(unread)?,
        false => Vec::new(),
    };
    let mut folders: Vec<PathBuf> = Vec::new();
    for plan in &plans {
        if files::sort_at(context.look, &state.join(plan)).map_err(unread)? == files::Sort::Folder {
            folders.extend(runs::folders(context, &state, plan)?);
        }
    }
    for folder in &folders {
        of_k3d(context, &touch, folder, &mut reaped);
    }
    match sandbox::find(context.look) {
        Ok(program) => folders.iter().for_each(|folder| of_sandbox(context, &touch, folder, &program, &mut reaped)),
        Err(why) if reaped.clusters + reaped.failed.len() == 0 => {
            return Err(Problem::refused("nothing can be removed").because(why));
        }
        Err(why) => context.note(&format!("no sandbox was looked for: {why}")),
    }
    if reaped.failed.is_empty() {
        let told =
            if reaped.sandboxes == 1 { "1 sandbox".to_owned() } else { format!("{} sandboxes", reaped.sandboxes) };
        let more = match reaped.clusters {
            0 => String::new(),
            count => format!(" and {} of k3d", many(count, "cluster")),
        };
        context.printed(terminal::write(terminal::Stream::Out, &format!("{told}{more} removed\n")))?;
        return Ok(0);
    }
    let problem = Problem::failed("not every cluster could be removed");
    Err(reaped.failed.into_iter().fold(problem, Problem::because))
}

fn of_sandbox(context: &Context, touch: &Touch, folder: &Path, program: &Path, reaped: &mut Reaped) {
    let Some((about, _)) = drill::standing(context, folder) else { return };
    let words = [OsString::from("down"), about.dir.clone().into()];
    let asked = signals::block_on(sandbox::ask(touch.look(), program, &words));
    match asked.and_then(|asked| asked) {
        Ok((Exit::Code(0), _)) => {
            reaped.sandboxes += 1;
            context.note(&format!("removed sandbox {} of run {}", about.name, folder.display()));
        }
        Ok((exit, said)) => reaped.failed.push(format!("{}: {exit}: {}", about.name, said.trim())),
        Err(error) => reaped.failed.push(format!("{}: {error}", about.name)),
    }
}

/// Ends what a drill that was killed had at work: k3d goes on without it, and would make anew what is removed.
async fn end_programs(touch: &Touch, folder: &Path) -> Result<(), String> {
    let run = files::absolute(touch.look(), folder).map_err(|error| error.to_string())?;
    for process in procfs::marked(touch.look(), &run.to_string_lossy()).into_values().flatten() {
        let Some(program) = Stranger::find(touch.look(), process) else { continue };
        let trouble = |error| format!("its program of before, process {}, still runs: {error}", process.pid);
        program.end(touch).await.map_err(trouble)?;
    }
    Ok(())
}

/// A drill in k3d that is over has cleared away the folder of its stand-ins.
fn of_k3d(context: &Context, touch: &Touch, folder: &Path, reaped: &mut Reaped) {
    if !k3d::is_left(context.look, folder) {
        return;
    }
    let run = match runs::Run::read(context.look, folder) {
        Ok(run) => run,
        Err(problem) => {
            let why = "its drill may have left a cluster, and its journal cannot be read";
            return reaped.failed.push(format!("run {}: {why}: {}", folder.display(), problem.fact));
        }
    };
    let is_of_k3d = run.past.begin.provider == Some(Provider::K3d) && run.mode() == Mode::Drill;
    if !is_of_k3d || run.holder(context.look).is_some() {
        return;
    }
    let (target, brake) = (Target::default(), Brake::default());
    let done = signals::block_on(async {
        let scene = Scene {
            touch,
            folder: Path::new("/"),
            run: folder,
            step: NAME,
            mode: Mode::Drill,
            pace: brake.pace(PATIENCE, Halt::Now),
            target: &target,
            vault: None,
            usual: None,
            log: RefCell::new(None),
            started: &|_, _| {},
            say: &|line| context.note(&line),
            unchanged: Cell::new(false),
            found: &|_| {},
        };
        end_programs(touch, folder).await?;
        k3d::reap::reap(&scene).await
    });
    match done.map_err(|error| error.to_string()).and_then(|done| done) {
        Ok(Some(gone)) => {
            reaped.clusters += 1;
            context.note(&format!("removed {gone}, of run {}", folder.display()));
        }
        Ok(None) => {}
        Err(why) => reaped.failed.push(format!("run {}: {why}", folder.display())),
    }
}
