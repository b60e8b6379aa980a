//! The runs that are remembered: found, read, and asked for times. Reads only.

use super::context::Context;
use crate::journal::{Past, Teller, read};
use crate::model::event::How;
use crate::model::{Ending, Event, Mode, Problem, RunId, Stamp, StepId, What};
use crate::plan::around::Shown;
use crate::plan::preview::{self, LastRun};
use crate::steps::cluster::save;
use crate::steps::target::FILE;
use crate::sys::lock::{self, Holder};
use crate::sys::sandbox::About;
use crate::sys::{Look, files};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const LARGEST: u64 = 4 << 30;
/// How many runs are looked through for the last good one.
const LOOKED_THROUGH: usize = 50;

/// One run, as its journal tells it.
pub struct Run {
    pub id: RunId,
    pub folder: PathBuf,
    pub past: Past,
    pub events: Vec<Event>,
    /// Bytes at the end that were never acted upon.
    pub torn: usize,
}

impl Run {
    pub fn read(look: Look, folder: &Path) -> Result<Run, Problem> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let id = RunId::new(&name).map_err(Problem::usage)?;
        let path = folder.join("journal");
        let bytes = files::read(look, &path, LARGEST)
            .map_err(|error| Problem::usage(format!("{}: the journal cannot be read: {error}", path.display())))?;
        let story = read(&bytes).map_err(|damage| {
            Problem::refused(format!("{}: damaged at offset {}: {}", path.display(), damage.offset, damage.what))
        })?;
        let past = Past::of(&story).map_err(|why| Problem::refused(format!("{}: {}", path.display(), why.0)))?;
        let events = Teller::all(id.clone(), &story.records);
        Ok(Run { id, folder: folder.to_owned(), past, events, torn: story.torn })
    }
    pub fn ending(&self) -> Option<&Ending> {
        self.past.ending.as_ref()
    }
    pub fn complete(&self) -> bool {
        self.ending().is_some_and(|ending| ending.outcome.complete())
    }
    pub fn at(&self) -> Stamp {
        self.past.begin.at
    }
    pub fn mode(&self) -> Mode {
        self.past.begin.mode
    }
    /// The process that works on it now.
    pub fn holder(&self, look: Look) -> Option<Holder> {
        lock::holder_of(look, &self.folder.join("lock")).filter(|holder| holder.alive(look))
    }
    /// A drill in the cluster that an earlier one had left: hardly anything was done in it, and it tells nothing about how
    /// long that takes.
    fn borrowed(&self, look: Look) -> bool {
        let about = files::read(look, &self.folder.join(FILE), 64 << 10).ok();
        let about = about.and_then(|text| serde_json::from_slice::<About>(&text).ok());
        about.is_some_and(|about| !about.name.ends_with(&self.id.as_str().to_lowercase()))
    }
    /// How long each step took that was run and verified.
    pub fn seconds(&self) -> HashMap<StepId, f64> {
        let mut seconds = HashMap::new();
        for event in &self.events {
            if let What::StepVerified { step, seconds: took, how: How::Ran, .. } = &event.what {
                seconds.insert(step.clone(), *took);
            }
        }
        seconds
    }
}

/// The folders of a plan's runs, newest first. A run's id begins with its time; the number behind it counts.
pub fn folders(context: &Context, state: &Path, plan: &str) -> Result<Vec<PathBuf>, Problem> {
    let folder = state.join(plan);
    let names = files::names(context.look, &folder)
        .map_err(|error| Problem::usage(format!("{}: cannot be read: {error}", folder.display())))?;
    let mut runs: Vec<RunId> = names.iter().filter_map(|name| RunId::new(name).ok()).collect();
    runs.retain(|run| run.moment().is_some());
    runs.sort_by(|a, b| b.moment().cmp(&a.moment()));
    Ok(runs.iter().map(|run| folder.join(run.as_str())).collect())
}

fn id_of(folder: &Path) -> Option<RunId> {
    RunId::new(folder.file_name()?.to_str()?).ok()
}

/// The run that is meant: by its id or folder, or the newest; `open` prefers one that is not complete.
pub fn find(context: &Context, named: Option<&str>, open: bool) -> Result<Run, Problem> {
    if let Some(path) = named.filter(|named| named.contains('/')) {
        return Run::read(context.look, Path::new(path));
    }
    let state = context.required_state_dir()?;
    let plans = files::names(context.look, &state)
        .map_err(|error| Problem::usage(format!("{}: cannot be read: {error}", state.display())))?;
    let mut all = Vec::new();
    for plan in &plans {
        all.extend(folders(context, &state, plan).unwrap_or_default());
    }
    if let Some(name) = named {
        let found: Vec<&PathBuf> = all.iter().filter(|folder| folder.ends_with(name)).collect();
        return match found.as_slice() {
            [folder] => Run::read(context.look, folder),
            [] => Err(Problem::usage(format!("no run is called {name}")).next("blackstart history")),
            several => {
                let problem = Problem::usage(format!("several runs are called {name}"));
                Err(several.iter().fold(problem, |problem, folder| problem.because(folder.display())))
            }
        };
    }
    all.sort_by_cached_key(|folder| id_of(folder).and_then(|run| run.moment().map(|(at, n)| (at.to_owned(), n))));
    let mut broken = None;
    for folder in all.iter().rev() {
        match Run::read(context.look, folder) {
            Ok(run) if open && run.complete() => {}
            Ok(run) => return Ok(run),
            // The newest run is the one that is meant. When it cannot be read, an older one must not stand in for it,
            // unless nothing of it ever began.
            Err(problem) if never_began(context.look, folder) => broken = Some(problem),
            Err(problem) => return Err(problem),
        }
    }
    Err(match (broken, open) {
        (Some(problem), _) => {
            let fact = "there is no run that could go on: the newest ended before anything of its plan was begun";
            Problem::usage(fact).because(problem.fact).next("blackstart recover")
        }
        (None, true) => Problem::usage("there is no run that could go on").next("blackstart history"),
        (None, false) => Problem::usage(format!("{}: no run is remembered", state.display())).next("blackstart plan"),
    })
}

fn never_began(look: Look, folder: &Path) -> bool {
    match files::read(look, &folder.join("journal"), LARGEST) {
        Ok(bytes) => read(&bytes).is_ok_and(|story| story.records.is_empty()),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// What the newest run that took the place of a cluster has shown of that.
fn shown(context: &Context, folders: &[PathBuf]) -> Option<Shown> {
    let newest = folders.iter().take(LOOKED_THROUGH);
    let (blast, folder) = newest.into_iter().find_map(|folder| {
        let blast = save::was_shown(context.look, folder).ok()??;
        Some((blast, folder))
    })?;
    let run = Run::read(context.look, folder).ok()?;
    Some(Shown { run: run.id.to_string(), on: run.at().date(), dies: blast.dies, stays: blast.stays })
}

/// What earlier runs of this plan say about times; nothing where nothing is remembered.
pub fn past(context: &Context, plan: &str) -> preview::Past {
    let mut past = preview::Past::default();
    let Some(state) = context.state_dir() else { return past };
    past.shown = shown(context, &folders(context, &state, plan).unwrap_or_default());
    // A history that cannot be read is no history: the preview says that the time is unknown.
    for folder in folders(context, &state, plan).unwrap_or_default().iter().take(LOOKED_THROUGH) {
        let Ok(run) = Run::read(context.look, folder) else { continue };
        if run.complete() && !run.borrowed(context.look) {
            let seconds = run.ending().map_or(0.0, |ending| ending.seconds);
            past.last = Some(LastRun { mode: run.mode(), at: run.at(), seconds });
            past.seconds = run.seconds();
            break;
        }
        if past.unfinished.is_none() && !run.complete() {
            past.unfinished = Some(run.id.to_string());
        }
    }
    past
}
