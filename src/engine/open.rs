//! Opens a run: takes the locks, makes or reads the journal, and refuses what does not fit.

use crate::journal::record::Pid;
use crate::journal::{Begin, Past, Record, Resume, Teller, Writer, read};
use crate::model::{Kind, Problem, RunId, StepId};
use crate::plan::load::Planned;
use crate::sys::files::{self, Append};
use crate::sys::lock::{self, Busy, Holder, Lock};
use crate::sys::{Look, Touch, clock, host};
use std::io;
use std::path::{Path, PathBuf};

/// How many names are tried for a run.
const MANY: usize = 1000;

/// No journal is larger.
const LARGEST: u64 = 4 << 30;

/// A run that this process, and no other, may write.
pub struct Opened {
    pub id: RunId,
    /// The folder of the run by its one real path: the programs of its steps are marked with it.
    pub run: PathBuf,
    /// The folder of the plan, the same whatever the folder of this process is.
    pub folder: PathBuf,
    pub boot: String,
    pub journal: Writer<Append>,
    pub past: Option<Past>,
    /// Seconds into the run and the machine's clock, when this process took over.
    base: (f64, u64),
    _locks: Vec<Lock>,
}

impl Opened {
    /// How long the run has taken so far, pauses included.
    pub fn seconds(&self) -> f64 {
        self.base.0 + clock::uptime().saturating_sub(self.base.1) as f64 / 1000.0
    }
}

/// What the head of a new journal says beside the plan.
pub struct Head {
    pub jobs: usize,
    pub expected_seconds: Option<f64>,
    pub longest: Vec<StepId>,
    /// What is said before anything is begun.
    pub notices: Vec<String>,
}

fn cannot(path: &Path, what: &str, error: &io::Error) -> Problem {
    Problem::new(Kind::Journal, format!("{}: {what}: {error}", path.display()))
        .next("give it room, or another place with --state-dir DIR; nothing of the plan was begun")
}

fn me(touch: &Touch) -> Pid {
    let holder = Holder::this_process(touch.look(), "", Path::new(""));
    Pid { pid: holder.process.pid, started: holder.process.started }
}

/// One recovery or drill of a plan at a time, whoever starts it.
fn lock_target(touch: &Touch, planned: &Planned, doing: &str, run: &Path, state: &Path) -> Result<Lock, Problem> {
    let name = format!("blackstart-{}.lock", planned.file.name);
    let holder = Holder::this_process(touch.look(), doing, run);
    let mut last = None;
    let folders = host::lock_directories(touch.look());
    for folder in folders.iter().map(PathBuf::as_path).chain([state]) {
        match lock::take(touch, &folder.join(&name), &holder, true) {
            Ok(lock) => return Ok(lock),
            Err(Busy::Held(who)) => return Err(held(&folder.join(&name), who.as_deref(), doing)),
            Err(Busy::Broken(error)) => last = Some((folder.join(&name), error)),
        }
    }
    match last {
        Some((path, error)) => Err(cannot(&path, "the lock cannot be made", &error)),
        None => Err(Problem::new(Kind::Journal, "no place for a lock")),
    }
}

/// Who works on this plan now, where somebody does. Nothing is taken: who begins may still come too late.
pub fn busy(look: Look, planned: &Planned, state: &Path) -> Option<Problem> {
    let name = format!("blackstart-{}.lock", planned.file.name);
    let doing = format!("{} {}", planned.mode, planned.file.name);
    let folders = host::lock_directories(look);
    let mut places = folders.iter().map(PathBuf::as_path).chain([state]).map(|folder| folder.join(&name));
    let path = places.find(|path| lock::is_held(look, path))?;
    Some(held(&path, lock::holder_of(look, &path).as_ref(), &doing))
}

fn held(path: &Path, who: Option<&Holder>, doing: &str) -> Problem {
    let fact = format!("{doing}: somebody else is at it");
    let problem = Problem::refused(fact).because(match who {
        Some(holder) => holder.to_string(),
        None => format!("{} is locked; its holder left no name", path.display()),
    });
    match who.and_then(|holder| holder.run.file_name()) {
        Some(run) => problem.next(format!("blackstart attach {}", run.to_string_lossy())),
        None => problem.next("blackstart status"),
    }
}

/// Begins a new run.
pub fn begin(touch: &Touch, state: &Path, planned: &Planned, head: Head) -> Result<Opened, Problem> {
    let plan = state.join(planned.file.name.as_str());
    files::make_private_folder(touch, &plan).map_err(|error| cannot(&plan, "cannot be made", &error))?;
    // Programs are marked with the run's path, and found again by it: it must be the one that a resume will see.
    let plan = files::absolute(touch.look(), &plan).map_err(|error| cannot(&plan, "cannot be read", &error))?;
    let doing = format!("{} {}", planned.mode, planned.file.name);
    let (id, run) = name_run(touch, &plan)?;
    let locked = lock_target(touch, planned, &doing, &run, state);
    let opened = locked.and_then(|lock| make(touch, planned, &head, &doing, &id, &run, lock));
    if opened.is_err() {
        // Nothing was begun. A folder that holds something is left, for it tells what.
        let _ = files::remove_empty_folder(touch, &run);
    }
    opened
}

fn name_run(touch: &Touch, plan: &Path) -> Result<(RunId, PathBuf), Problem> {
    // Runs are told apart by their names, in their order. A clock that went back, over night in autumn or because the
    // machine lost the time with its power, must not put this run before those that were there first.
    let now = (clock::now().as_name(), 1);
    let names = files::names(touch.look(), plan).map_err(|error| cannot(plan, "cannot be read", &error))?;
    let moment = |name: &String| RunId::new(name).ok()?.moment().map(|(at, number)| (at.to_owned(), number));
    let newest = names.iter().filter_map(moment).max();
    let (base, first) = newest.map_or(now.clone(), |newest| now.max(newest));
    for number in (first..).take(MANY) {
        let name = if number == 1 { base.clone() } else { format!("{base}-{number}") };
        let run = plan.join(&name);
        match files::make_new_folder(touch, &run) {
            Ok(()) => return RunId::new(&name).map(|id| (id, run)).map_err(Problem::failed),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(&run, "cannot be made", &error)),
        }
    }
    Err(Problem::refused(format!("{}: no name is free for a run", plan.display())))
}

fn make(
    touch: &Touch,
    planned: &Planned,
    head: &Head,
    doing: &str,
    id: &RunId,
    run: &Path,
    target: Lock,
) -> Result<Opened, Problem> {
    let file = files::absolute(touch.look(), &planned.file.path)
        .map_err(|error| Problem::usage(format!("{}: {error}", planned.file.shown)))?;
    let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
    let own = lock_run(touch, run, doing)?;
    let logs = run.join("log");
    files::make_new_folder(touch, &logs).map_err(|error| cannot(&logs, "cannot be made", &error))?;
    let path = run.join("journal");
    let broken = |error: io::Error| cannot(&path, "the journal cannot be written", &error);
    let mut journal = Writer::begin(Append::create(touch, &path).map_err(broken)?);
    let steps = &planned.file.steps;
    let (t, boot) = (clock::uptime(), host::boot(touch.look()));
    let begin = Begin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plan: planned.file.name.clone(),
        file,
        mode: planned.mode,
        digest: planned.digest,
        goal_seconds: planned.file.rto.map(|goal| goal.as_secs_f64()),
        expected_seconds: head.expected_seconds,
        jobs: head.jobs,
        at: clock::now(),
        t,
        boot: boot.clone(),
        host: host::name(touch.look()),
        runner: me(touch),
        steps: planned.order.iter().map(|at| (steps[*at].id.clone(), steps[*at].kind.summary(planned.mode))).collect(),
        longest: head.longest.clone(),
        provider: planned.file.provider,
    };
    journal.push(&Record::Begin(Box::new(begin))).map_err(broken)?;
    for message in head.notices.iter().cloned() {
        journal.push(&Record::Notice { t, message }).map_err(broken)?;
    }
    journal.sync().map_err(broken)?;
    let plan = run.parent().unwrap_or(run);
    files::sync_folder(touch, run).and_then(|()| files::sync_folder(touch, plan)).map_err(broken)?;
    let (id, run) = (id.clone(), files::real(touch.look(), run).map_err(broken)?);
    Ok(Opened { id, run, folder, boot, journal, past: None, base: (0.0, t), _locks: vec![target, own] })
}

fn lock_run(touch: &Touch, run: &Path, doing: &str) -> Result<Lock, Problem> {
    let path = run.join("lock");
    lock::take(touch, &path, &Holder::this_process(touch.look(), doing, run), false).map_err(|busy| match busy {
        Busy::Held(who) => held(&path, who.as_deref(), doing),
        Busy::Broken(error) => cannot(&path, "the lock cannot be made", &error),
    })
}

/// A journal as it was left.
pub struct Left {
    pub past: Past,
    good: usize,
    torn: usize,
    /// How many seconds into the run its last word was said.
    into: f64,
}

/// Reads a journal; damage is told with its offset.
pub fn left(touch: &Touch, run: &Path) -> Result<Left, Problem> {
    let path = run.join("journal");
    let shown = path.display();
    let bytes = files::read(touch.look(), &path, LARGEST)
        .map_err(|error| Problem::refused(format!("{shown}: the journal cannot be read: {error}")))?;
    let advice = "what it says cannot be trusted, so this run does not go on; look at the target and begin a new one";
    let story = read(&bytes).map_err(|damage| {
        let fact = format!("{shown}: damaged at offset {}: {}", damage.offset, damage.what);
        Problem::refused(fact).next(advice)
    })?;
    let past = Past::of(&story)
        .map_err(|why| Problem::refused(format!("{shown}: the journal contradicts itself: {}", why.0)).next(advice))?;
    let name = run.file_name().unwrap_or_default().to_string_lossy();
    let events = RunId::new(&name).map(|id| Teller::all(id, &story.records)).map_err(Problem::usage)?;
    let into = events.last().map_or(0.0, |event| event.into);
    Ok(Left { past, good: story.good, torn: story.torn, into })
}

/// Goes on with a run.
pub fn resume(
    touch: &Touch,
    run: &Path,
    state: &Path,
    planned: &Planned,
    wishes: &super::run::Wishes,
) -> Result<Opened, Problem> {
    reopen(touch, run, state, planned, wishes).map_err(|mut problem| {
        if problem.kind == Kind::Journal {
            // A run that has begun cannot move to another place.
            problem.next = vec!["give it room, then the same command again; nothing more was begun".to_owned()];
        }
        problem
    })
}

fn reopen(
    touch: &Touch,
    run: &Path,
    state: &Path,
    planned: &Planned,
    wishes: &super::run::Wishes,
) -> Result<Opened, Problem> {
    let name = run.file_name().unwrap_or_default().to_string_lossy();
    let id = RunId::new(&name).map_err(Problem::usage)?;
    let doing = format!("resume of {} {}", planned.mode, planned.file.name);
    let target = lock_target(touch, planned, &doing, run, state)?;
    let own = lock_run(touch, run, &doing)?;
    // Read only now that nobody else can write: what is read is what is gone on from.
    let Left { past, good, torn, into: before } = left(touch, run)?;
    fits(planned, &past)?;
    let path = run.join("journal");
    let broken = |error: io::Error| cannot(&path, "the journal cannot be written", &error);
    let mut journal = Writer::go_on(Append::resume(touch, &path, good as u64).map_err(broken)?);
    let (t, at, boot) = (clock::uptime(), clock::now(), host::boot(touch.look()));
    let into = match boot == past.begin.boot {
        true => t.saturating_sub(past.begin.t) as f64 / 1000.0,
        false => at.0.saturating_sub(past.begin.at.0).max(0) as f64 / 1000.0,
    };
    // Time in a run never goes back, whatever the wall clock did.
    let into = into.max(before);
    let resume = Resume {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        jobs: wishes.jobs,
        at,
        t,
        boot: boot.clone(),
        host: host::name(touch.look()),
        runner: me(touch),
        redo: wishes.redo.clone(),
        accept: wishes.accept.clone(),
        torn,
    };
    journal.push(&Record::Resume(Box::new(resume))).map_err(broken)?;
    if torn > 0 {
        let message =
            format!("the journal ended within a record: its last {torn} bytes were never acted upon and are dropped");
        journal.push(&Record::Notice { t, message }).map_err(broken)?;
    }
    journal.sync().map_err(broken)?;
    let folder = past.begin.file.parent().unwrap_or(Path::new("/")).to_owned();
    let run = files::real(touch.look(), run).map_err(broken)?;
    Ok(Opened { id, run, folder, boot, journal, past: Some(past), base: (into, t), _locks: vec![target, own] })
}

/// Another graph is another plan: what was done in one says nothing about the other.
fn fits(planned: &Planned, past: &Past) -> Result<(), Problem> {
    if planned.digest == past.begin.digest {
        return Ok(());
    }
    let before: std::collections::BTreeSet<&StepId> = past.begin.steps.iter().map(|(id, _)| id).collect();
    let now: std::collections::BTreeSet<&StepId> = planned.file.steps.iter().map(|step| &step.id).collect();
    let fact = format!("{}: its graph is not the one that this run began with", planned.file.shown);
    let mut problem = Problem::refused(fact);
    let names = |ids: Vec<&&StepId>| ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
    let (new, gone) = (now.difference(&before).collect::<Vec<_>>(), before.difference(&now).collect::<Vec<_>>());
    if !new.is_empty() {
        problem = problem.because(format!("new steps: {}", names(new)));
    }
    if !gone.is_empty() {
        problem = problem.because(format!("steps that are gone: {}", names(gone)));
    }
    if now == before {
        problem = problem.because("the same steps, but with other kinds or other edges between them");
    }
    Err(problem
        .because(format!("began with {}, now {}", past.begin.digest.short(), planned.digest.short()))
        .next("put the old graph back (other inputs of a step are welcome), or begin a new run"))
}
