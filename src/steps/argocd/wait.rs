//! Watches Applications and workloads together until all are as git says, or something is stuck that time does not mend.

use super::{ArgoCd, again, rungs};
use crate::checks::argocd::{Application, Expected, Is, judge, told};
use crate::checks::ladder::{Heals, Standing, Trouble};
use crate::checks::live::Live;
use crate::manifests::Papers;
use crate::manifests::brought::Brought;
use crate::model::ObjectId;
use crate::model::time::spoken;
use crate::steps::scene::Scene;
use crate::steps::survey::{self, Eyes, LAST_WORDS, STILL, Standings, since};
use crate::steps::target::Up;
use crate::steps::trouble::lines;
use crate::sys::clock;
use crate::sys::kube::Trouble as Deaf;
use crate::sys::pace::BrokenOff;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// So many are named that are only waited for.
const WAITING: usize = 20;

/// What is watched beside what the ladder wants to see.
const APPLICATION: (&str, &str) = ("argoproj.io/v1alpha1", "Application");
const INGRESS: (&str, &str) = ("networking.k8s.io/v1", "Ingress");
const SEALED: (&str, &str) = ("bitnami.com/v1alpha1", "SealedSecret");

pub enum How {
    Green,
    Stuck,
    Over(BrokenOff),
    Lost(Deaf),
}

/// How a wait ended, and what there is to tell about it.
pub struct Seen {
    pub how: How,
    pub line: String,
    causes: Vec<(Trouble, Vec<ObjectId>)>,
    waiting: Vec<String>,
}

impl Seen {
    fn lost(why: Deaf) -> Self {
        Self { how: How::Lost(why), line: String::new(), causes: Vec::new(), waiting: Vec::new() }
    }
    /// The line, then every first cause in some.
    pub fn told(&self, over: Option<Duration>) -> String {
        let late = over.map_or(String::new(), |time| format!(" after {}", spoken(time)));
        let mut all = vec![format!("{}{late}", self.line)];
        for (trouble, held) in &self.causes {
            let held: Vec<&ObjectId> = held.iter().collect();
            all.extend(lines(trouble, &held, &[]));
        }
        let waiting = self.waiting.iter().take(if over.is_some() { WAITING } else { 0 });
        all.extend(waiting.map(|line| format!("waits   {line}")));
        all.join("\n")
    }
}

/// One moment of it.
pub struct Moment {
    pub apps: HashMap<(String, String), Application>,
    pub judged: Vec<Is>,
    pub standings: Standings,
}

pub struct Watch<'a> {
    pub brought: &'a Brought,
    pub expected: Vec<Expected>,
    pub papers: Papers,
    pub workloads: Vec<ObjectId>,
}

impl<'a> Watch<'a> {
    fn new(step: &'a ArgoCd, brought: &'a Brought) -> Self {
        let (expected, papers, workloads) = (step.expected(brought), step.all(brought), step.workloads(brought));
        Self { brought, expected, papers, workloads }
    }

    fn moment(&self, eyes: &Eyes) -> Moment {
        let items = eyes.live.of_kind("argoproj.io", "Application").map(|item| Application::of(&item.value));
        let apps: HashMap<_, _> = items.map(|one| ((one.namespace.clone(), one.name.clone()), one)).collect();
        let find = |space: &str, name: &str| apps.get(&(space.to_owned(), name.to_owned()));
        let judged = judge(&self.expected, find);
        Moment { judged, standings: eyes.judge(&self.workloads, &self.papers), apps }
    }

    /// `apps 19H/22S/24  pods 81/96  failing 0`
    fn line(&self, moment: &Moment, live: &Live) -> String {
        let find = |space: &str, name: &str| moment.apps.get(&(space.to_owned(), name.to_owned()));
        let (apps, failing) = told(&self.expected, &moment.judged, find);
        let (ready, all) = pods(live, &self.workloads);
        let stuck = moment.standings.iter().filter(|(_, standing)| matches!(standing, Standing::Stuck(_))).count();
        format!("{apps}  pods {ready}/{all}  failing {}", failing.max(stuck))
    }

    fn seen(&self, how: How, moment: &Moment, live: &Live) -> Seen {
        let apps = self.expected.iter().zip(&moment.judged).filter_map(|(expected, is)| match is {
            Is::Waits(why) => Some(format!("Application {}/{}: {why}", expected.namespace, expected.name)),
            Is::Green | Is::Stuck(_) => None,
        });
        let workloads = moment.standings.iter().filter_map(|(id, standing)| match standing {
            Standing::Waiting { why } | Standing::Slow { why, .. } => Some(format!("{id}: {why}")),
            Standing::Ready(_) | Standing::Stuck(_) => None,
        });
        let waiting = apps.chain(workloads).collect();
        Seen { how, line: self.line(moment, live), causes: rungs::causes(self, moment, live), waiting }
    }
}

impl Moment {
    fn is_green(&self) -> bool {
        self.judged.iter().all(|is| *is == Is::Green)
            && self.standings.iter().all(|(_, standing)| matches!(standing, Standing::Ready(_)))
    }
}

/// Pods that are ready, and those that there are to be.
fn pods(live: &Live, workloads: &[ObjectId]) -> (u64, u64) {
    let mut sums = (0, 0);
    for id in workloads {
        let state = live.get(id).map(|item| (&item.value["spec"], &item.value["status"]));
        let (ready, all) = match (&*id.kind, state) {
            ("Deployment" | "StatefulSet", Some((spec, status))) => {
                (status["readyReplicas"].as_u64().unwrap_or(0), spec["replicas"].as_u64().unwrap_or(1))
            }
            ("DaemonSet", Some((_, status))) => {
                (status["numberReady"].as_u64().unwrap_or(0), status["desiredNumberScheduled"].as_u64().unwrap_or(0))
            }
            ("Deployment" | "StatefulSet" | "DaemonSet", None) => (0, 1),
            _ => (0, 0),
        };
        sums = (sums.0 + ready.min(all), sums.1 + all);
    }
    sums
}

async fn eyes(up: &Up, scene: &Scene<'_>, brought: &Brought) -> Result<Eyes, Seen> {
    let mut more = vec![APPLICATION, INGRESS];
    let seals = brought.applications.iter().flat_map(|one| &one.brings).any(|object| object.kind() == SEALED.1);
    if seals && up.kube.resource(SEALED.0, SEALED.1).await.is_ok() {
        more.push(SEALED);
    }
    let mut eyes = Eyes::with(&up.kube, &more);
    eyes.usual = scene.usual;
    match eyes.first(&scene.pace).await {
        Ok(()) => Ok(eyes),
        Err(survey::Seen::Lost(why)) => Err(Seen::lost(why)),
        Err(survey::Seen::Over(why, _)) => Err(Seen { how: How::Over(why), ..Seen::lost(Deaf::NoName(String::new())) }),
        Err(survey::Seen::AllStand(_) | survey::Seen::Stuck(_)) => Ok(eyes),
    }
}

/// Looks once.
pub async fn look(step: &ArgoCd, scene: &Scene<'_>, up: &Up, brought: &Brought) -> Seen {
    let watch = Watch::new(step, brought);
    match eyes(up, scene, brought).await {
        Err(seen) => seen,
        Ok(eyes) => {
            let moment = watch.moment(&eyes);
            let how = if moment.is_green() { How::Green } else { How::Stuck };
            watch.seen(how, &moment, &eyes.live)
        }
    }
}

/// Waits. With `mends`, what only lacks a new sync gets one, once.
pub async fn wait(step: &ArgoCd, scene: &Scene<'_>, up: &Up, brought: &Brought, mends: bool) -> Seen {
    let watch = Watch::new(step, brought);
    let mut eyes = match eyes(up, scene, brought).await {
        Ok(eyes) => eyes,
        Err(seen) => return seen,
    };
    let (mut last, mut stuck_since, mut moved) = (String::new(), None, clock::uptime());
    let mut known: HashSet<(&'static str, ObjectId, String)> = HashSet::new();
    let mut synced: HashSet<String> = HashSet::new();
    loop {
        let moment = watch.moment(&eyes);
        // While the server is not heard everything may be otherwise than it was seen last.
        let deaf = eyes.lost.is_some();
        if !deaf && moment.is_green() {
            return watch.seen(How::Green, &moment, &eyes.live);
        }
        let mut causes = rungs::causes(&watch, &moment, &eyes.live);
        if mends && !deaf {
            match again::sync(&watch, scene, up, &moment, &mut synced).await {
                Ok(0) => {}
                // What was just asked for is seen with the next change, and is no cause until then.
                Ok(_) => {
                    moved = clock::uptime();
                    causes.retain(|(_, held)| !held.iter().any(|id| synced.contains(&id.to_string())));
                }
                Err(why) => return Seen::lost(why),
            }
        }
        if !deaf && causes.iter().any(|(trouble, _)| trouble.heals == Heals::Never) {
            if since(*stuck_since.get_or_insert_with(clock::uptime)) >= LAST_WORDS {
                return watch.seen(How::Stuck, &moment, &eyes.live);
            }
        } else {
            stuck_since = None;
        }
        for (trouble, held) in &causes {
            if known.insert((trouble.id, trouble.object.clone(), trouble.message.clone())) {
                (scene.found)(survey::cause(trouble, &held.iter().collect::<Vec<_>>()));
            }
        }
        let now = watch.line(&moment, &eyes.live);
        if now != last {
            (scene.say)(now.clone());
            (last, moved) = (now, clock::uptime());
        }
        // What may heal is waited for as long as anything is under way.
        if !deaf && since(moved) >= STILL && !rungs::goes_on(&watch, &moment, &eyes.live) {
            return watch.seen(How::Stuck, &moment, &eyes.live);
        }
        match scene.pace.keep(eyes.more()).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => return Seen::lost(why),
            Err(why) => {
                if let (BrokenOff::Deadline(_), Some(lost)) = (why, eyes.lost.take()) {
                    return Seen::lost(lost);
                }
                let moment = watch.moment(&eyes);
                return watch.seen(How::Over(why), &moment, &eyes.live);
            }
        }
    }
}
