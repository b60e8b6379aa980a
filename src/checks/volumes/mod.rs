//! F04, F05, F06, F21, F32, F85: volumes and claims as the files have them, matched as Kubernetes' volume controller would. Each
//! claim must get the one volume that is meant, and no volume may be applied that Kubernetes would answer by deleting its data.
//! Reads manifests only: a volume that a provisioner makes, or that something else than a file makes, it does not see.

mod classes;
mod demand;
mod elsewhere;
mod kept;
mod matching;
mod misfit;

use super::binder::{self, ClaimFacts, Miss, VolumeFacts};
use super::rules::Ground;
use super::told::Told;
use crate::manifests::Object;
use crate::model::{Place, Severity};
use classes::{Class, Classes};
use demand::Claim;
use matching::Shelf;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// A volume and its file.
pub struct Volume<'o> {
    /// As if the uid of an older claim were not in it: that is told of the volume, and what else is wrong of the claim.
    pub facts: VolumeFacts,
    /// The uid of an older claim.
    pub stale: Option<Box<str>>,
    pub object: &'o Arc<Object>,
}

impl Volume<'_> {
    fn line(&self) -> String {
        let place = self.object.place();
        format!("{}:{}", place.file, place.spot.line)
    }
}

/// Values that a program puts in before Kubernetes sees them.
fn is_filled_later(text: &str) -> bool {
    text.contains("${") || text.contains("{{") || text.contains("$(")
}

pub fn check(ground: &Ground<'_>, told: &mut Told) {
    let claims = demand::claims(ground, told);
    let volumes = volumes(ground, told);
    if claims.is_empty() && volumes.is_empty() {
        return;
    }
    let classes = Classes::of(ground);
    kept::dangerous(&volumes, told);
    kept::pinned(ground, &volumes, told);
    let shelf = Shelf::of(&volumes);
    let mut eye = Eye { ground, volumes: &volumes, classes: &classes, shelf: &shelf, said: BTreeMap::new(), told };
    let (mut served, mut made) = (Vec::new(), Vec::new());
    for claim in &claims {
        match eye.one(claim) {
            Fate::Served(by) => served.push((claim, by)),
            Fate::Made => made.push(claim),
            Fate::Told => {}
        }
    }
    eye.shared(&served);
    eye.count();
    kept::not_kept(&made, &classes, told);
}

/// The volumes of the files, each name once: overlays of one repository have the same volume several times.
fn volumes<'o>(ground: &Ground<'o>, told: &mut Told) -> Vec<Volume<'o>> {
    let mut seen = HashSet::new();
    let mut volumes = Vec::new();
    for object in ground.of_kind("", "PersistentVolume").iter().filter(|object| seen.insert(object.name())) {
        match VolumeFacts::of_file(object) {
            Some(facts) => volumes.push(Volume { stale: kept::stale(&facts), facts: kept::fresh(facts), object }),
            None => demand::unread(object, &["spec", "capacity", "storage"], told),
        }
    }
    volumes
}

/// What becomes of a claim.
enum Fate {
    /// By one or several of these volumes.
    Served(Rc<[usize]>),
    /// A volume is made for it, and is empty.
    Made,
    /// It was told, or there is nothing to tell.
    Told,
}

struct Eye<'e, 'o> {
    ground: &'e Ground<'o>,
    volumes: &'e [Volume<'o>],
    classes: &'e Classes<'o>,
    shelf: &'e Shelf<'e>,
    /// How many claims of one template were told the same.
    said: BTreeMap<(Place, &'static str), (usize, usize)>,
    told: &'e mut Told,
}

impl<'e, 'o> Eye<'e, 'o> {
    fn one(&mut self, claim: &Claim<'o>) -> Fate {
        let class = self.classes.of_claim(&claim.facts);
        let facts = match class {
            // It is put in before anything is matched.
            Class::Default(name) => claim.facts.clone().with_default_class(Some(name)),
            Class::Named | Class::None | Class::Open => claim.facts.clone(),
        };
        if self.is_caught(&facts) {
            self.nobody(claim, &class);
            return Fate::Told;
        }
        let waits = facts.class.as_deref().is_some_and(|name| self.classes.waits(name));
        let serving = if waits { self.shelf.serving(&facts) } else { self.shelf.serving_at_once(&facts) };
        let maker = facts.class.as_deref().and_then(|name| self.classes.maker(name));
        if !serving.is_empty() {
            let volume = &self.volumes[serving[0]];
            let named = volume.facts.claim.is_some() || facts.volume.is_some();
            if matches!(class, Class::Open) && !named {
                self.open(claim, volume);
                return Fate::Told;
            }
            let astray = maker.is_some_and(|maker| self.elsewhere(claim, &facts, &serving, maker));
            return if astray { Fate::Told } else { Fate::Served(serving) };
        }
        if facts.volume.as_deref().is_some_and(|name| !self.shelf.has(name)) {
            // Whether that volume is in any file is looked at where all names are.
            return Fate::Told;
        }
        let Some(maker) = maker.filter(|_| facts.volume.is_none()) else {
            self.nobody(claim, &class);
            return Fate::Told;
        };
        if let Some(volume) = self.shelf.kept_for(&facts).first().map(|at| &self.volumes[*at]) {
            self.passed_over(claim, &facts, volume);
            return Fate::Told;
        }
        if facts.selector.is_some() {
            self.selects(claim, &class, maker);
            return Fate::Told;
        }
        if let Class::Default(name) = class {
            self.defaulted(claim, name);
        }
        Fate::Made
    }

    /// Where a class waits for a pod it is the scheduler that chooses. It takes what is kept for the claim before it asks for
    /// access modes, and a volume that lacks them is then never bound, whatever else is free.
    fn is_caught(&self, facts: &ClaimFacts) -> bool {
        let waits = facts.class.as_deref().is_some_and(|class| self.classes.waits(class));
        let lacks_access = |at: &usize| {
            let misses = binder::matches(facts, &self.volumes[*at].facts);
            misses.is_err_and(|misses| misses.iter().all(|miss| matches!(miss, Miss::Access(_))))
        };
        waits && facts.volume.is_none() && self.shelf.kept_for(facts).iter().any(lacks_access)
    }

    /// Says something of a claim once for all claims that one template makes.
    fn say(
        &mut self,
        claim: &Claim<'o>,
        id: &'static str,
        severity: Severity,
        message: String,
        fix: String,
    ) -> Option<usize> {
        let key = (claim.at.clone(), id);
        if let Some((_, count)) = self.said.get_mut(&key) {
            *count += 1;
            return None;
        }
        self.said.insert(key, (self.told.faults.len(), 1));
        self.told.add(crate::model::Finding {
            id,
            severity,
            place: claim.at.clone(),
            object: claim.shown(),
            message,
            fix,
            patch: None,
        });
        Some(self.told.faults.len() - 1)
    }

    /// Adds to each finding how many claims it holds for.
    fn count(&mut self) {
        for (at, count) in self.said.values().filter(|(_, count)| *count > 1) {
            let message = &mut self.told.faults[*at].finding.message;
            message.push_str(&format!("; so it is with {} more of this template", count - 1));
        }
    }
}
