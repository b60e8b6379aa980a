//! The loop. It alone changes state: it writes the intent and waits for the disk, starts the step, writes the outcome,
//! waits for the disk, and only then lets dependents go. Everything else only sends it words.

use super::board::{Board, Forbidden};
use super::decide::Otherwise;
use super::ending::{Stopped, ending, why_not};
use super::open::Opened;
use super::ready::Ready;
use super::task::{self, Around, Job, Over, Survivor, Word};
use super::teardown::Torn;
use crate::journal::record::Pid;
use crate::journal::{Did, Memory, Part, Record};
use crate::model::{Ending, State, StepId};
use crate::plan::OnFailure;
use crate::plan::file::CLUSTER;
use crate::plan::load::Planned;
use crate::secrets::Vault;
use crate::steps::contract::Seen;
use crate::steps::scene;
use crate::steps::target::Target;
use crate::sys::pace::{Brake, Halt};
use crate::sys::procfs::{self, Process};
use crate::sys::signals::{Signals, Wish};
use crate::sys::{Touch, clock};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The pause before the second attempt; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a person asked for.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    pub jobs: usize,
    pub redo: Vec<StepId>,
    pub accept: Vec<StepId>,
    /// Leave the cluster of a drill standing when all went well.
    pub keep: bool,
}

/// What earlier runs tell about the time that this one will take.
pub struct Ahead {
    /// How long the longest way is from each step to the end.
    pub ways: Vec<f64>,
    /// How long each step took when it was last done.
    pub usual: Vec<Option<Duration>>,
}

pub(super) enum Message {
    Word(usize, Word),
    /// The pause before the next attempt is over.
    Again(usize),
    /// The cluster has ended.
    Lost,
}

pub(super) struct Loop {
    pub(super) planned: Rc<Planned>,
    pub(super) touch: Rc<Touch>,
    pub(super) opened: Opened,
    pub(super) wishes: Wishes,
    pub(super) board: Board,
    ready: Ready,
    usual: Vec<Option<Duration>>,
    /// The opened store of secrets.
    pub(super) vault: Option<Rc<Vault>>,
    pub(super) brake: Rc<Brake>,
    /// That of the end, which nobody pulls: what is taken back is taken back whatever stopped the steps.
    pub(super) last_brake: Brake,
    /// The cluster, once the run has one.
    pub(super) target: Rc<Target>,
    pub(super) folder: PathBuf,
    pub(super) stopped: Stopped,
    /// The cluster is another than the one that the run had before.
    pub(super) moved: bool,
    /// How often each step was begun in this process.
    pub(super) tries: HashMap<usize, u32>,
    /// What follows when a look says no.
    pub(super) otherwise: HashMap<usize, (bool, Otherwise)>,
    pub(super) survivors: BTreeMap<String, Vec<Process>>,
    running: usize,
    resting: usize,
    /// An intent or an outcome is in line for the disk.
    pub(super) owing: bool,
    pub(super) words: mpsc::UnboundedSender<Message>,
}

/// Runs the plan to its end, whatever end that is.
pub async fn run(
    touch: Touch,
    planned: Planned,
    opened: Opened,
    wishes: Wishes,
    ahead: Ahead,
    vault: Option<Vault>,
    signals: &mut Signals,
) -> (Ending, Stopped) {
    let (words, mut heard) = mpsc::unbounded_channel();
    let folder = opened.folder.clone();
    let survivors = match &opened.past {
        Some(_) => procfs::marked(touch.look(), &opened.run.to_string_lossy()),
        None => BTreeMap::new(),
    };
    let mut this = Loop {
        board: Board::new(planned.file.steps.len()),
        ready: Ready::new(&planned.graph, &planned.order, ahead.ways),
        usual: ahead.usual,
        vault: vault.map(Rc::new),
        planned: Rc::new(planned),
        touch: Rc::new(touch),
        opened,
        wishes,
        brake: Rc::default(),
        last_brake: Brake::default(),
        target: Rc::default(),
        folder,
        stopped: Stopped::No,
        moved: false,
        tries: HashMap::new(),
        otherwise: HashMap::new(),
        survivors,
        running: 0,
        resting: 0,
        owing: false,
        words,
    };
    this.go(&mut heard, signals).await;
    let torn = this.tear_down().await;
    this.close(torn)
}

impl Loop {
    async fn go(&mut self, heard: &mut mpsc::UnboundedReceiver<Message>, signals: &mut Signals) {
        loop {
            self.begin();
            if self.running == 0 && (self.resting == 0 || self.stopped != Stopped::No) {
                return;
            }
            tokio::select! {
                message = heard.recv() => {
                    let Some(message) = message else { return };
                    self.hear(message);
                    // What came together is written together and waits for the disk once.
                    while let Ok(message) = heard.try_recv() {
                        self.hear(message);
                    }
                }
                wish = signals.next() => self.wish(wish),
            }
        }
    }

    /// Fills the free places: decides, writes the intents, waits for the disk once for all of them, starts them.
    fn begin(&mut self) {
        let mut starting = Vec::new();
        while self.stopped == Stopped::No && self.running + starting.len() < self.wishes.jobs {
            let Some(step) = self.ready.take() else { break };
            starting.extend(self.decide(step));
        }
        let durable = if self.owing { self.opened.journal.sync() } else { self.opened.journal.flush() };
        self.owing = false;
        match durable {
            // A step whose intent did not reach the disk must not begin.
            Err(error) => self.journal_failed(&error.to_string()),
            Ok(()) => starting.into_iter().for_each(|(step, job, survivor)| self.start(step, job, survivor)),
        }
    }

    fn start(&mut self, at: usize, job: Job, survivor: Option<Survivor>) {
        self.running += 1;
        let (planned, touch, brake) = (self.planned.clone(), self.touch.clone(), self.brake.clone());
        let (target, usual, vault) = (self.target.clone(), self.usual[at], self.vault.clone());
        let (folder, run, words) = (self.folder.clone(), self.opened.run.clone(), self.words.clone());
        tokio::task::spawn_local(async move {
            let step = &planned.file.steps[at];
            let pace = brake.pace(step.deadline(), step.kind.stops_at());
            let (mode, vault) = (planned.mode, vault.as_deref());
            let around =
                Around { touch: &touch, folder: &folder, run: &run, mode, pace, target: &target, usual, vault };
            // The loop outlives its tasks; if it does not, nobody is left to be told.
            let tell = |word| drop(words.send(Message::Word(at, word)));
            task::work(step, job, survivor, around, &tell).await;
        });
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Again(step) => {
                self.resting -= 1;
                self.ready.offer(step);
            }
            Message::Lost => self.lost(),
            Message::Word(step, Word::Started(process, part)) => {
                let child = Pid { pid: process.pid, started: process.started };
                let part = match part {
                    scene::Part::Touch => Part::Touch,
                    scene::Part::Verify => Part::Verify,
                };
                self.write(step, Did::Child { child, part });
            }
            Message::Word(step, Word::Said(message)) => self.write(step, Did::Say { message }),
            Message::Word(step, Word::Found(cause)) => self.write(step, Did::Cause { cause }),
            Message::Word(step, Word::Touched) => self.write(step, Did::Touched),
            Message::Word(step, Word::Over(over)) => {
                self.running -= 1;
                self.over(step, over);
            }
        }
    }

    fn over(&mut self, step: usize, over: Over) {
        match over {
            Over::Proved(saw) => self.note(step, Did::Prove { saw }),
            Over::Stopped(reason) => self.note(step, Did::Stop { reason }),
            Over::Failed { reason, tail, began } => self.failed(step, reason, tail, began),
            Over::Looked(seen) => self.looked(step, seen),
        }
    }

    fn looked(&mut self, step: usize, seen: Seen) {
        let (adopted, otherwise) = self.otherwise.remove(&step).unwrap_or((true, Otherwise::Ask(String::new())));
        match (seen, otherwise) {
            (Seen::Present(saw), _) => {
                let inputs = adopted.then(|| self.inputs(step));
                self.note(step, Did::Found { saw, adopted, inputs });
            }
            (Seen::BrokenOff(reason), _) => self.note(step, Did::Stop { reason }),
            (Seen::Unknown(saw) | Seen::Absent(saw), Otherwise::Accept(why)) => {
                self.note(step, Did::Accept { saw: format!("{why}; its verify says: {saw}") });
            }
            (Seen::Unknown(saw), Otherwise::Do(why) | Otherwise::Ask(why)) => {
                self.note(step, Did::Unclear { saw: format!("{why}; its verify gave no answer: {saw}") });
            }
            (Seen::Absent(saw), Otherwise::Ask(why)) => self.note(step, Did::Unclear { saw: format!("{why} ({saw})") }),
            (Seen::Absent(saw), Otherwise::Do(why)) => {
                self.note(step, Did::Cleared { saw });
                if self.stopped == Stopped::No {
                    self.intend(step, why);
                    // Its intent goes to the disk with the next sync, which comes before anything is started.
                    self.owing = true;
                    self.restart(step);
                }
            }
        }
    }

    /// Starts a step whose intent was just written, once that is durable.
    fn restart(&mut self, step: usize) {
        match self.opened.journal.sync() {
            Ok(()) => self.start(step, Job::Do, None),
            Err(error) => self.journal_failed(&error.to_string()),
        }
    }

    fn failed(&mut self, at: usize, reason: String, tail: Vec<String>, began: bool) {
        let step = &self.planned.file.steps[at];
        let tries = self.tries.get(&at).copied().unwrap_or(1);
        // That this attempt could not begin does not undo that an earlier one did.
        let remembered = self.opened.past.as_ref().map_or(Memory::Never, |past| past.step(&step.id).memory);
        let began = began || tries > 1 || remembered != Memory::Never;
        if tries > step.retries || !step.kind.repeatable() || self.stopped != Stopped::No {
            return self.note(at, Did::Break { reason, tail, began });
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << (tries - 1).min(10)).min(LONGEST_PAUSE);
        let wait_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.note(at, Did::Retry { reason, wait_ms });
        self.resting += 1;
        let words = self.words.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(pause).await;
            drop(words.send(Message::Again(at)));
        });
    }

    /// Writes what must be on disk before anything follows from it, and draws the conclusions.
    pub(super) fn note(&mut self, step: usize, did: Did) {
        self.owing = true;
        self.write(step, did);
        let state = self.board.state(step);
        if state.lets_dependents_go() {
            let planned = self.planned.clone();
            self.ready.release(&planned.graph, step);
        }
        if state == State::Verified && step == CLUSTER && self.planned.file.cluster.is_some() {
            self.watch_cluster();
        }
        let bad = matches!(state, State::Failed | State::Unknown);
        if bad && self.planned.file.steps[step].on_failure == OnFailure::Stop && self.stopped == Stopped::No {
            self.stopped = Stopped::Failure(step);
            self.brake.pull(Halt::Gently);
        }
    }

    fn write(&mut self, step: usize, mut did: Did) {
        did.hide(&|text| self.hide(text));
        if let Err(Forbidden(why)) = self.board.apply(step, &did) {
            return self.journal_failed(&format!("step {}: {why}: this is a bug of blackstart", self.id(step)));
        }
        let record = Record::Step { step: self.id(step).clone(), t: clock::uptime(), did };
        self.put(&record);
    }

    /// Whatever is kept or shown of a run passes here: what servers and programs say can hold a value of the store.
    fn hide(&self, text: &mut String) {
        let hidden = self.vault.as_ref().map(|vault| vault.redactor().hide(text));
        if let Some(Cow::Owned(hidden)) = hidden {
            *text = hidden;
        }
    }

    pub(super) fn notice(&mut self, mut message: String) {
        self.hide(&mut message);
        self.owing = true;
        self.put(&Record::Notice { t: clock::uptime(), message });
    }

    fn put(&mut self, record: &Record) {
        if let Err(error) = self.opened.journal.push(record) {
            self.journal_failed(&error.to_string());
        }
    }

    pub(super) fn id(&self, step: usize) -> &StepId {
        &self.planned.file.steps[step].id
    }

    fn wish(&mut self, wish: Wish) {
        let (halt, told) = match self.brake.pulled() {
            Halt::Go => (Halt::Gently, "nothing new is begun; what runs is let to its end. Once more stops it now"),
            Halt::Gently if !matches!(self.stopped, Stopped::Signal(_)) => {
                (Halt::Gently, "what runs is let to its end. Once more stops it now")
            }
            Halt::Gently | Halt::Now => (Halt::Now, "everything that runs is ended now"),
        };
        if !matches!(self.stopped, Stopped::Journal(_)) {
            self.stopped = Stopped::Signal(wish.as_str());
        }
        self.brake.pull(halt);
        self.owing = true;
        self.put(&Record::Notice { t: clock::uptime(), message: format!("{}: {told}", wish.as_str()) });
    }

    fn journal_failed(&mut self, why: &str) {
        if !matches!(self.stopped, Stopped::Journal(_)) {
            self.stopped = Stopped::Journal(why.to_owned());
        }
        self.brake.pull(Halt::Gently);
    }

    /// Says of every step that was not begun why not, and ends the journal.
    fn close(mut self, torn: Torn) -> (Ending, Stopped) {
        let planned = self.planned.clone();
        if !matches!(self.stopped, Stopped::Journal(_)) {
            for step in planned.order.iter().copied() {
                if self.board.state(step) == State::Waiting {
                    let reason = why_not(&planned, &self.board, &self.stopped, self.tries.contains_key(&step), step);
                    self.note(step, Did::Exclude { reason });
                }
            }
        }
        let seconds = self.opened.seconds();
        let end = |this: &Self| ending(&planned, &this.board, &this.stopped, &this.opened.id, seconds, &torn);
        let last = end(&self);
        self.put(&Record::End { t: clock::uptime(), ending: last.clone() });
        match self.opened.journal.sync() {
            Ok(()) => (last, self.stopped),
            Err(error) => {
                self.journal_failed(&error.to_string());
                (end(&self), self.stopped)
            }
        }
    }
}
