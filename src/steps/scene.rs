//! What a step has around it while it works: its folder, its log, its pace, and how it starts a program.

use super::contract::{Mishap, Seen};
use super::target::Target;
use crate::model::{Cause, Mode};
use crate::secrets::Vault;
use crate::sys::Touch;
use crate::sys::clock;
use crate::sys::log::StepLog;
use crate::sys::memory::Veil;
use crate::sys::pace::{BrokenOff, Pace};
use crate::sys::process::{self, Exit, GRACE, Given, NoChild, Order};
use crate::sys::procfs::Process;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::path::Path;
use std::time::Duration;

/// How often what a program prints is handed on to its log, where it has to be looked through.
const TICK: Duration = Duration::from_millis(100);

/// Which of a step's two programs is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Touch,
    Verify,
}

pub struct Scene<'a> {
    pub touch: &'a Touch,
    /// The folder of the plan: programs are started in it.
    pub folder: &'a Path,
    /// The folder of the run.
    pub run: &'a Path,
    pub step: &'a str,
    pub mode: Mode,
    pub pace: Pace,
    /// The cluster that the run has made, once it has.
    pub target: &'a Target,
    /// The store of secrets, where it was opened.
    pub vault: Option<&'a Vault>,
    /// How long the step took when it was last done.
    pub usual: Option<Duration>,
    /// Opened when there is something to write.
    pub log: RefCell<Option<StepLog>>,
    /// Told of each program that was started, so that the journal knows it.
    pub started: &'a dyn Fn(Process, Part),
    /// Told what people should see while the step goes on.
    pub say: &'a dyn Fn(String),
    /// An apply of this step found everything as it should be.
    pub unchanged: Cell<bool>,
    /// Told what holds it up, the moment that is known.
    pub found: &'a dyn Fn(Cause),
}

/// How a program went.
enum Went {
    Ended(Exit, Vec<String>),
    NotStarted(String),
    BrokenOff(BrokenOff, Vec<String>),
    Lost(String),
}

/// A program and its arguments on one line, as a shell would read them: whatever stands in them, a table and a log keep
/// their shape and a terminal obeys nothing.
pub fn words(argv: &[String]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&byte);
    let mut line = String::new();
    for (at, word) in argv.iter().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        if !word.is_empty() && word.bytes().all(plain) {
            line.push_str(word);
        } else if word.contains(char::is_control) {
            line.extend(["$'", &word.chars().map(escaped).collect::<String>(), "'"]);
        } else {
            line.extend(["'", &word.replace('\'', r"'\''"), "'"]);
        }
    }
    line
}

fn escaped(c: char) -> String {
    match c {
        '\n' => r"\n".to_owned(),
        '\t' => r"\t".to_owned(),
        '\'' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!(r"\u{:04x}", u32::from(c)),
        c => c.to_string(),
    }
}

impl Scene<'_> {
    /// The opened store of secrets, or the words for that there is none.
    pub fn opened(&self) -> Result<&Vault, String> {
        self.vault.ok_or_else(|| "the store of secrets was not opened in this run".to_owned())
    }

    async fn program(&self, argv: &[String], env: &[(String, String)], part: Part, given: Given) -> Went {
        let mode = self.mode.as_str();
        let order = Order { argv, folder: self.folder, env, run: self.run, step: self.step, mode, given };
        let (mut child, from, mut veil) = match self.begin(&order) {
            Ok(begun) => begun,
            Err(went) => return went,
        };
        (self.started)(child.process, part);
        drop(order);
        let kept = self.pace.keep(self.veiled(&mut veil, child.wait())).await;
        let (exit, why) = match kept {
            Ok(exit) => (exit, None),
            Err(why) => (self.veiled(&mut veil, child.end(GRACE)).await, Some(why)),
        };
        let exit = self.unveil(veil.as_mut(), true).and(exit);
        let tail = self.log.borrow().as_ref().map_or_else(Vec::new, |log| match (&exit, why) {
            (Ok(Exit::Code(0)), None) => Vec::new(),
            _ => log.tail(self.touch, from),
        });
        match (exit, why) {
            (Err(error), _) => Went::Lost(error.to_string()),
            (Ok(_), Some(why)) => Went::BrokenOff(why, tail),
            (Ok(exit), None) => Went::Ended(exit, tail),
        }
    }

    /// The step's log, opened with the first thing that is written into it.
    pub fn with_log<T>(&self, work: impl FnOnce(&mut StepLog) -> std::io::Result<T>) -> std::io::Result<T> {
        let mut slot = self.log.borrow_mut();
        let log = match &mut *slot {
            Some(log) => log,
            empty => {
                let path = self.run.join("log").join(format!("{}.log", self.step));
                empty.insert(StepLog::open(self.touch, &path)?)
            }
        };
        work(log)
    }

    /// Hands on what a program prints while this is waited for.
    async fn veiled<T>(&self, veil: &mut Option<Veil>, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        if veil.is_none() {
            return work.await;
        }
        loop {
            match clock::within(TICK, &mut work).await {
                Some(done) => return done,
                // What cannot be written now is tried again, and told at the end.
                None => drop(self.unveil(veil.as_mut(), false)),
            }
        }
    }

    fn unveil(&self, veil: Option<&mut Veil>, end: bool) -> std::io::Result<()> {
        let Some(veil) = veil else { return Ok(()) };
        veil.drain(end, |bytes| self.with_log(|log| log.write(bytes)))
    }

    /// Writes what is started into the log and starts it. A program whose output could be lost is not started.
    fn begin(&self, order: &Order<'_>) -> Result<(process::Child, u64, Option<Veil>), Went> {
        let path = self.run.join("log").join(format!("{}.log", self.step));
        let unlogged = |error| Went::NotStarted(format!("its log {}: {error}", path.display()));
        let mut slot = self.log.borrow_mut();
        let log = match &mut *slot {
            Some(log) => log,
            empty => empty.insert(StepLog::open(self.touch, &path).map_err(unlogged)?),
        };
        log.note(&words(order.argv)).map_err(unlogged)?;
        let from = log.length();
        let program = order.argv.first().map_or("", String::as_str);
        // Without a store there is nothing to hide, and what a program prints goes straight to its log, whoever is killed.
        let redactor = self.vault.map(Vault::redactor).filter(|redactor| !redactor.is_empty());
        let veil = redactor.map(Veil::new).transpose().map_err(unlogged)?;
        let output = || veil.as_ref().map_or_else(|| log.handle(), Veil::handle);
        let child = process::start(self.touch, order, output).map_err(|none| match none {
            NoChild::Never(error) => Went::NotStarted(format!("{program}: {error}")),
            NoChild::Lost(error) => Went::Lost(format!("{program}: {error}")),
        })?;
        Ok((child, from, veil))
    }

    /// Runs a program that changes the world.
    pub async fn act(&self, argv: &[String], env: &[(String, String)], given: Given) -> Result<(), Mishap> {
        let name = words(argv);
        let failed = |reason, tail, began| Err(Mishap::Failed { reason, tail, began });
        match self.program(argv, env, Part::Touch, given).await {
            Went::Ended(Exit::Code(0), _) => Ok(()),
            Went::Ended(exit, tail) => failed(format!("{name}: {exit}"), tail, true),
            Went::NotStarted(why) => failed(format!("could not be started: {why}"), Vec::new(), false),
            Went::BrokenOff(BrokenOff::Deadline(time), tail) => {
                let time = crate::model::time::spoken(time);
                failed(format!("{name}: did not end within {time}, and was ended with all it had started"), tail, true)
            }
            Went::BrokenOff(BrokenOff::Brake, _) => {
                Err(Mishap::Stopped { reason: format!("{name}: ended before its end") })
            }
            Went::Lost(why) => failed(format!("{name}: nobody saw its end: {why}"), Vec::new(), true),
        }
    }

    /// Runs a program that looks: exit 0 is yes, any other exit is no.
    pub async fn ask(&self, argv: &[String], env: &[(String, String)], given: Given) -> Seen {
        let name = words(argv);
        match self.program(argv, env, Part::Verify, given).await {
            Went::Ended(Exit::Code(0), _) => Seen::Present(format!("{name}: exit 0")),
            Went::Ended(exit, tail) => {
                let last = tail.last().map_or_else(String::new, |line| format!(": {line}"));
                Seen::Absent(format!("{name}: {exit}{last}"))
            }
            Went::NotStarted(why) => Seen::Unknown(format!("could not be started: {why}")),
            Went::BrokenOff(BrokenOff::Deadline(time), _) => {
                Seen::Unknown(format!("{name}: no answer within {}", crate::model::time::spoken(time)))
            }
            Went::BrokenOff(BrokenOff::Brake, _) => Seen::BrokenOff(format!("{name}: broken off")),
            Went::Lost(why) => Seen::Unknown(format!("{name}: nobody saw its end: {why}")),
        }
    }
}
