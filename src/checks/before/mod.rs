//! Questions to the world outside, asked before anything is begun: registries, repositories, disks, clocks, routes, ports.
//! Nothing is changed, and no credentials are sent. What could not be asked is an unknown, with what was missing.

mod charts;
mod clocks;
mod disk;
mod folders;
mod git;
mod host;
mod images;
mod index;
mod nfs;
mod options;
mod pages;
mod ports;
mod proxy;
mod ranges;
mod registry;
mod room;
mod versions;

pub use pages::PAGES;
pub use ranges::{Range, of as ranges_of};

use super::access::Dying;
use super::rules::Ground;
use super::rules::cluster::{Cluster, Maker};
use super::told::Told;
use crate::model::{Finding, Place, Severity, Spot, Unknown};
use crate::sys::Look;
use crate::sys::facts::Facts;
use crate::sys::hosts::Host;
use crate::sys::side::{Until, Work, by_side};
use crate::sys::web::Web;
use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::Duration;

/// All questions together.
const ALL: Duration = Duration::from_secs(10);
/// One answer.
const ONE: Duration = Duration::from_secs(5);
/// What a host says of itself: another is reached first.
const FAR: Duration = Duration::from_secs(15);
/// Where k3s keeps its data when nobody says otherwise.
const DATA: &str = "/var/lib/rancher/k3s";
/// So many questions of one sort are under way at once.
const ABREAST: usize = 8;

/// What the questions are about.
pub struct Scene<'a> {
    pub ground: &'a Ground<'a>,
    /// The plan as it was named.
    pub plan: &'a str,
    /// Where runs are remembered.
    pub state: Option<PathBuf>,
    /// Whether hosts outside are asked. What fetches nothing from them need not know.
    pub outside: bool,
    /// What dies before anything is made, where that was looked at.
    pub dying: Option<&'a Dying>,
    /// The host that the cluster is made on, where it is another.
    pub host: Option<&'a str>,
    /// Whether the plan brings its own k3s, and the one that lies on the host is not used.
    pub installs: bool,
    /// Made when something is asked: it has to read all the certificates of this host.
    web: OnceCell<Result<Web, String>>,
    /// What the host of a k3s says of itself, this one or another; asked before everything else, and empty where no k3s is made.
    facts: OnceCell<Result<Facts, String>>,
}

/// What came of the questions.
#[derive(Default)]
pub struct Answers {
    pub told: Told,
    /// What answers now, each with its name.
    pub figures: Vec<(String, String)>,
    /// Questions that this plan gives no reason to ask, and why.
    pub unasked: Vec<String>,
    /// What hosts say the time is: how many seconds they are ahead of this one.
    heard: Vec<clocks::Heard>,
}

impl Answers {
    fn join(&mut self, other: Answers) {
        self.told.faults.extend(other.told.faults);
        self.told.unknowns.extend(other.told.unknowns);
        self.figures.extend(other.figures);
        self.unasked.extend(other.unasked);
        self.heard.extend(other.heard);
    }
    /// Takes out what could steer a terminal: much of this was written by others.
    fn tame(&mut self) {
        let tame = |text: &mut String| {
            if text.contains(char::is_control) {
                *text = text.replace(char::is_control, "?");
            }
        };
        self.told.faults.iter_mut().for_each(|fault| tame(&mut fault.finding.message));
        self.told.unknowns.iter_mut().for_each(|unknown| tame(&mut unknown.message));
        self.figures.iter_mut().for_each(|(name, told)| {
            tame(name);
            tame(told);
        });
    }
    /// Says that something is wrong with what is no object of Kubernetes.
    fn say(
        &mut self,
        id: &'static str,
        severity: Severity,
        place: Place,
        object: &str,
        message: impl Into<String>,
        fix: &str,
    ) {
        let (message, object, fix) = (message.into(), object.to_owned(), fix.to_owned());
        self.told.add(Finding { id, severity, place, object, message, fix, patch: None });
    }
    fn unknown(
        &mut self,
        id: &'static str,
        place: Place,
        object: impl Into<String>,
        message: impl Into<String>,
        missing: impl Into<String>,
    ) {
        let (object, message, missing) = (object.into(), message.into(), missing.into());
        self.told.unknowns.push(Unknown { id, place, object, message, missing });
    }
}

impl<'a> Scene<'a> {
    pub fn new(ground: &'a Ground<'a>, plan: &'a str, state: Option<PathBuf>, outside: bool) -> Self {
        Self {
            ground,
            plan,
            state,
            outside,
            dying: None,
            host: None,
            installs: false,
            web: OnceCell::new(),
            facts: OnceCell::new(),
        }
    }
    /// The plan itself, for what stands in no line of it.
    fn place(&self) -> Place {
        Place { file: self.plan.to_owned(), spot: Spot { line: 1, column: 1 } }
    }
}

/// What one question has at hand.
#[derive(Clone, Copy)]
struct Asked<'a> {
    look: Look,
    scene: &'a Scene<'a>,
    until: Until,
}

impl<'a> Asked<'a> {
    /// The cluster, where its nodes will live on this very host.
    fn here(self) -> Option<&'a Cluster> {
        let of_host = |one: &&Cluster| matches!(one.maker, Maker::K3d | Maker::K3s);
        self.scene.ground.cluster.as_ref().filter(of_host).filter(|_| self.scene.host.is_none())
    }
    /// The cluster, the host that it is made on, and what that says of itself, where it is another host.
    fn far(self) -> Option<(&'a Cluster, &'a str, Result<&'a Facts, &'a str>)> {
        Some((self.scene.ground.cluster.as_ref()?, self.scene.host?, self.facts()?))
    }
    /// None where no k3s is made.
    fn facts(self) -> Option<Result<&'a Facts, &'a str>> {
        self.scene.facts.get().map(|facts| facts.as_ref().map_err(String::as_str))
    }
    fn web(self) -> Result<&'a Web, String> {
        self.scene.web.get_or_init(|| Web::new(self.look, ONE)).as_ref().map_err(Clone::clone)
    }
}

/// One question: what its findings are called, what it is about, and how it is asked.
type Question = (&'static str, &'static str, for<'a> fn(Asked<'a>) -> Work<'a, Answers>);

/// Those that go to hosts outside come first, and are so many.
const OUTSIDE: usize = 4;
const QUESTIONS: &[Question] = &[
    ("F17", "whether registries have the images", |asked| Box::pin(images::ask(asked))),
    ("F18", "whether repositories have the charts", |asked| Box::pin(charts::ask(asked))),
    ("F10", "whether git sources can be read", |asked| Box::pin(git::ask(asked))),
    ("F58", "whether NFS servers answer", |asked| Box::pin(nfs::ask(asked))),
    ("F26", "how much room disks have", |asked| Box::pin(disk::ask(asked))),
    ("F31", "what lies in the folders of volumes", |asked| Box::pin(folders::ask(asked))),
    ("F15", "whether ports of this host are free", |asked| Box::pin(std::future::ready(ports::ask(asked)))),
    ("F69", "whether the ranges of the cluster are free", |asked| Box::pin(std::future::ready(ranges::ask(asked)))),
    ("F15", "whether this host can bear a cluster", |asked| Box::pin(std::future::ready(host::ask(asked)))),
    ("F75", "whether the k3s that is there takes what it is told", |asked| {
        Box::pin(std::future::ready(options::ask(asked)))
    }),
    ("F15", "which versions of its programs there are", |asked| Box::pin(versions::ask(asked))),
    ("F26", "whether a run can be remembered", |asked| Box::pin(std::future::ready(room::ask(asked)))),
    ("F77", "whether a proxy is in the way", |asked| Box::pin(std::future::ready(proxy::ask(asked)))),
];

/// Findings that a look at the world may add to those of files.
const ELSEWHERE: &[&str] = &["F21", "F33", "F43", "F66", "F89"];

/// Whether a look at the world may find this.
pub fn may_find(id: &str) -> bool {
    QUESTIONS.iter().any(|(own, _, _)| *own == id) || ELSEWHERE.contains(&id)
}

/// Asks all of it side by side.
pub async fn ask<'a>(look: Look, scene: &'a Scene<'a>) -> Answers {
    let mut answers = Answers::default();
    let k3s = scene.ground.cluster.as_ref().filter(|cluster| cluster.maker == Maker::K3s);
    if let Some(cluster) = k3s {
        let data = cluster.flags.get("data-dir").map_or(DATA, |(data, _)| data.as_str());
        let host = Host::new(scene.host.map(str::to_owned));
        // Nobody else sets it.
        let words = if scene.installs { Vec::new() } else { options::keys(cluster) };
        let _ = scene.facts.set(Facts::of(look, &host, data, &words, FAR).await);
    }
    let until = Until::after(ALL);
    let asked = Asked { look, scene, until };
    let (spared, questions): (&[Question], &[Question]) = QUESTIONS.split_at(if scene.outside { 0 } else { OUTSIDE });
    answers.unasked.extend(spared.iter().map(|(_, what, _)| format!("{what}: nothing is fetched into a sandbox")));
    let works = questions.iter().map(|(_, _, ask)| ask(asked)).collect();
    let done = by_side(questions.len(), until, works).await;
    for ((id, what, _), came) in questions.iter().zip(done) {
        match came {
            Some(other) => answers.join(other),
            None => {
                let message = format!("{what} was not known within {} s", ALL.as_secs());
                answers.unknown(id, scene.place(), "this plan", message, "a quicker answer: ask again");
            }
        }
    }
    if scene.outside {
        clocks::judge(scene, &mut answers);
    }
    answers.tame();
    if scene.ground.cluster.is_none() {
        // Nobody expects these where no cluster is made.
        answers.unasked.clear();
    }
    answers.told.sort();
    answers
}
