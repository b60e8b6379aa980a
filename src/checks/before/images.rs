//! F17 and F43: would the registry of every image give it out, for the architectures of the nodes that will be? Credentials of
//! pods are not known here, so what is closed to everybody stays unknown.

use super::registry::{self, Heard, Name, Verdict};
use super::{ABREAST, Answers, Asked, ONE, clocks};
use crate::checks::rules::ground::{Ground, Workload};
use crate::manifests::Node;
use crate::model::count::many;
use crate::model::{Place, Severity};
use crate::sys::side::{Work, by_side};
use std::collections::{BTreeMap, BTreeSet};

/// Who uses an image, and on which nodes.
struct Use<'o> {
    workload: Workload<'o>,
    place: Place,
    /// Without it the recovery does not come to its end.
    needed: bool,
    architectures: BTreeSet<String>,
    /// Something else than a selector decides about the node.
    choosy: bool,
}

pub async fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let uses = uses(asked.scene.ground);
    let mut names: BTreeMap<Name, &str> = BTreeMap::new();
    for (image, used) in &uses {
        match Name::read(image) {
            Some(name) if is_inside(&name.registry) => {
                let message = format!("whether {image} is there is not known: its registry lives in a cluster");
                answers.told.unknown("F17", used[0].workload.object, used[0].place.clone(), message, "that cluster");
            }
            Some(name) => drop(names.insert(name, image)),
            None => {
                let message = format!("{image} is no name of an image yet");
                answers.told.unknown("F17", used[0].workload.object, used[0].place.clone(), message, "its real name");
            }
        }
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    names.keys().for_each(|name| *counts.entry(&name.registry).or_default() += 1);
    let one = |name: &Name| {
        let (name, needed) = (name.clone(), counts.get(name.registry.as_str()).copied().unwrap_or(1));
        let work = async move {
            match asked.web() {
                Ok(web) => asked.until.within(ONE, registry::ask(web, &name, needed)).await.unwrap_or_else(late),
                Err(why) => Heard::silent(why),
            }
        };
        Box::pin(work) as Work<'_, Heard>
    };
    let heard = by_side(ABREAST, asked.until.sooner(), names.keys().map(one).collect()).await;
    let mut all: BTreeMap<&str, Registry<'_>> = BTreeMap::new();
    for ((name, image), heard) in names.iter().zip(heard) {
        let registry = all.entry(&name.registry).or_default();
        registry.asked += 1;
        let Some(used) = uses.get(image) else { continue };
        let heard = heard.unwrap_or_else(late);
        if let Some((date, at)) = heard.date {
            answers.heard.extend(clocks::Heard::read(&name.registry, &date, at));
        }
        registry.pulls = match (registry.pulls, heard.pulls) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        registry.first.get_or_insert(&used[0]);
        let mirrored =
            asked.scene.ground.cluster.as_ref().is_some_and(|cluster| is_mirrored(&cluster.registries, name));
        judge(image, used, heard.verdict, mirrored, registry, &mut answers);
    }
    for (host, registry) in &all {
        registry.tell(host, &mut answers);
    }
    answers
}

fn late() -> Heard {
    Heard::silent("no answer in time".to_owned())
}

/// Every image that will be fetched, with those who use it.
fn uses<'o>(ground: &Ground<'o>) -> BTreeMap<&'o str, Vec<Use<'o>>> {
    let mut uses: BTreeMap<&str, Vec<Use<'_>>> = BTreeMap::new();
    for workload in &ground.workloads {
        let spec = &workload.object.root;
        let sleeps =
            workload.replicas() == Some(0) || spec.walk(&["spec", "suspend"]).and_then(Node::flag) == Some(true);
        let architectures = architectures(ground, workload);
        for (_, container) in workload.containers() {
            let Some(field) = container.field("image") else { continue };
            let Some(image) = field.node.text() else { continue };
            // What is never fetched has to be on the node by other ways.
            if container.text_at(&["imagePullPolicy"]) == Some("Never") {
                continue;
            }
            uses.entry(image).or_default().push(Use {
                workload: *workload,
                place: workload.object.place_at(field.at),
                needed: !sleeps && workload.object.kind() != "CronJob",
                architectures: architectures.clone(),
                choosy: workload.spec.get("affinity").is_some(),
            });
        }
    }
    // The first of them stands for all: one that the recovery waits for, where there is one.
    uses.values_mut().for_each(|used| used.sort_by_key(|one| !one.needed));
    uses
}

/// Of the nodes that its selector fits, or of all.
fn architectures(ground: &Ground<'_>, workload: &Workload<'_>) -> BTreeSet<String> {
    let own = || match std::env::consts::ARCH {
        "aarch64" => "arm64".to_owned(),
        "x86_64" => "amd64".to_owned(),
        other => other.to_owned(),
    };
    let selector = workload.spec.get("nodeSelector").map_or(&[][..], Node::fields);
    if let Some(wanted) = selector.iter().find(|field| &*field.name == "kubernetes.io/arch") {
        return wanted.node.text().map(str::to_owned).into_iter().collect();
    }
    let Some(cluster) = &ground.cluster else { return [own()].into() };
    let of = |node: &crate::checks::rules::cluster::Planned| node.architecture().map_or_else(own, str::to_owned);
    let fits = |node: &&crate::checks::rules::cluster::Planned| {
        selector.iter().all(|field| node.labels.get(&*field.name).map(String::as_str) == field.node.text())
    };
    let chosen: BTreeSet<String> = cluster.nodes.iter().filter(fits).map(of).collect();
    if chosen.is_empty() { cluster.nodes.iter().map(of).collect() } else { chosen }
}

/// Names that only a cluster's own DNS knows.
fn is_inside(registry: &str) -> bool {
    let host = registry.split(':').next().unwrap_or_default();
    host.ends_with(".svc") || host.contains(".svc.")
}

/// The nodes are told of another place for this registry.
fn is_mirrored(registries: &str, name: &Name) -> bool {
    let shown = if name.registry == "registry-1.docker.io" { "docker.io" } else { &name.registry };
    registries.contains(shown)
}

/// What was heard of one registry.
#[derive(Default)]
struct Registry<'u> {
    asked: usize,
    there: usize,
    gone: usize,
    closed: usize,
    silent: Option<(String, usize)>,
    too_much: usize,
    pulls: Option<(u64, Option<u64>)>,
    first: Option<&'u Use<'u>>,
}

fn judge(
    image: &str,
    used: &[Use<'_>],
    verdict: Verdict,
    mirrored: bool,
    registry: &mut Registry<'_>,
    answers: &mut Answers,
) {
    let Some(first) = used.first() else { return };
    let (object, place) = (first.workload.object, first.place.clone());
    let others = match used.len() {
        1 => String::new(),
        count => format!(" (for {} more, too)", count - 1),
    };
    match verdict {
        Verdict::There(Some(of)) if !of.is_empty() => {
            registry.there += 1;
            platforms(image, used, &of, answers);
        }
        Verdict::There(asked) => {
            registry.there += 1;
            let (message, missing) = match asked {
                Some(_) => (format!("{image} does not say which architecture it is for"), "a manifest that says it"),
                None => (
                    format!("for which architectures {image} is there was not asked: few pulls are left"),
                    "pulls: asking would use one up",
                ),
            };
            answers.told.unknown("F43", object, place, message, missing);
        }
        Verdict::Gone(said) => {
            registry.gone += 1;
            let severity = if first.needed && !mirrored { Severity::Error } else { Severity::Warning };
            let mirror = if mirrored { ", though a mirror may have kept it" } else { "" };
            let message = format!("image {image} is not in its registry: {said}{mirror}{others}");
            let fix = "choose a tag that is there; one that was purged does not come back";
            answers.told.say("F17", severity, object, place, message, fix);
        }
        Verdict::Closed(status) => {
            registry.closed += 1;
            let message = format!("whether {image} is there is told to nobody without credentials ({status}){others}");
            let missing = "credentials for its registry: none are used here";
            answers.told.unknown("F17", object, place, message, missing);
        }
        Verdict::TooMuch => registry.too_much += 1,
        Verdict::Odd(said) => {
            let message = format!("whether {image} is there is not known: its registry {said}{others}");
            answers.told.unknown("F17", object, place, message, "a registry that answers as one");
        }
        Verdict::Silent(why) => registry.silent.get_or_insert((why, 0)).1 += 1,
    }
}

/// F43: the architectures that are there against those that nodes have.
fn platforms(image: &str, used: &[Use<'_>], there: &BTreeSet<String>, answers: &mut Answers) {
    let list = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    for one in used {
        let missing: BTreeSet<String> = one.architectures.difference(there).cloned().collect();
        if missing.is_empty() || (missing.len() < one.architectures.len() && one.choosy) {
            continue;
        }
        let none = missing.len() == one.architectures.len();
        let severity = if none && one.needed { Severity::Error } else { Severity::Warning };
        let message = match none {
            true => format!("image {image} is there for {} only, and its nodes are {}", list(there), list(&missing)),
            false => {
                format!("image {image} is there for {} only: it cannot run on nodes of {}", list(there), list(&missing))
            }
        };
        let fix = match none {
            true => "use an image that is made for them",
            false => "send the pod to nodes that fit it: nodeSelector: {kubernetes.io/arch: …}",
        };
        answers.told.say("F43", severity, one.workload.object, one.place.clone(), message, fix);
        return;
    }
}

impl Registry<'_> {
    /// What concerns the registry as a whole, said once.
    fn tell(&self, host: &str, answers: &mut Answers) {
        let Some(first) = self.first else { return };
        let (object, place) = (first.workload.object, || first.place.clone());
        if let Some((why, count)) = &self.silent {
            let message = format!("whether {} of {host} can be had is not known: {why}", many(*count, "image"));
            answers.told.unknown("F17", object, place(), message, "an answer of the registry");
        }
        let few = self.pulls.is_some_and(|(left, _)| left < self.asked as u64);
        if self.too_much > 0 || few {
            let of = |most: Option<u64>| most.map_or_else(String::new, |most| format!(" of {most}"));
            let message = match self.pulls {
                Some((left, most)) => {
                    format!(
                        "{host} gives out {left}{} more pulls now, and {} come from there",
                        of(most),
                        many(self.asked, "image")
                    )
                }
                None => format!(
                    "{host} gives out nothing now: so much was asked of it (429), {}",
                    many(self.too_much, "image")
                ),
            };
            let fix = "log in to the registry, use a mirror, or wait: the limit is counted over hours";
            answers.told.say("F17", Severity::Warning, object, place(), message, fix);
        }
        let silent = self.silent.as_ref().map_or(0, |(_, count)| *count);
        // Of what gave no answer nothing is known, and least of all that it is not there.
        let mut words = match silent == self.asked {
            true => Vec::new(),
            false => vec![format!("{} of {} there", self.there, many(self.asked, "image"))],
        };
        let counted =
            [(self.gone, "gone"), (self.closed, "told to nobody"), (self.too_much, "refused by the limit of pulls")];
        words.extend(counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
        words.extend((silent > 0).then(|| format!("no answer for {}", many(silent, "image"))));
        words.extend(self.pulls.map(|(left, most)| {
            format!("{left}{} pulls left", most.map_or_else(String::new, |most| format!(" of {most}")))
        }));
        answers.figures.push((host.to_owned(), words.join(", ")));
    }
}
