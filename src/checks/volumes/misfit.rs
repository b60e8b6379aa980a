//! What is said of a claim that gets no volume, or not for certain the one that is meant: the volume that comes nearest, what it
//! lacks, and the change that mends it where one is certain.

use super::classes::Class;
use super::demand::Claim;
use super::{Eye, Volume, matching};
use crate::checks::binder::{self, ClaimFacts, Miss};
use crate::checks::ladder::edit::Set;
use crate::checks::ladder::{Mend, way::Way};
use crate::checks::names::listed;
use crate::model::{Severity, Unknown};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::rc::Rc;

/// So many volumes or claims are named in one message; the others are counted.
const NAMED: usize = 3;

impl<'o> Eye<'_, 'o> {
    /// No volume serves the claim, and nobody makes one.
    pub fn nobody(&mut self, claim: &Claim<'o>, class: &Class<'_>) {
        let own = claim.facts.class.as_deref();
        if own.is_none() && claim.facts.selector.is_some() {
            return self.selects(claim, class, "");
        }
        let named = claim.facts.volume.as_deref().and_then(|name| self.shelf.named(name));
        let kept = self.shelf.kept_for(&claim.facts).first().copied().or(named);
        let nearest = match kept {
            Some(at) => {
                let volume = &self.volumes[at];
                binder::matches(&claim.facts, &volume.facts).err().map(|misses| (volume, misses))
            }
            None => self.nearest(&claim.facts),
        };
        // Of a class that no file knows volumes may come from anywhere, unless the files have volumes of it themselves.
        let strange = own.is_some_and(|own| {
            !own.is_empty() && !self.classes.knows(own) && !self.shelf.has_class(own) && kept.is_none()
        });
        let far = |misses: &[Miss]| misses.iter().any(|miss| matches!(miss, Miss::KeptFor(_) | Miss::AsksFor(_)));
        let (volume, misses) = match nearest {
            Some(nearest) if !strange => nearest,
            Some(_) | None => return self.strange(claim, own.unwrap_or("of the cluster's own choice")),
        };
        let severity = if far(&misses) && !self.ground.whole { Severity::Warning } else { Severity::Error };
        let told: Vec<String> = misses.iter().map(ToString::to_string).collect();
        let id = if misses.iter().all(|miss| matches!(miss, Miss::Label { .. })) { "F04" } else { "F06" };
        let (name, at) = (&volume.facts.name, volume.line());
        let message = format!("no volume can serve it; the nearest, {name} ({at}), {}", told.join(", and "));
        let fix = format!("{} ({at})", fix(name, &misses));
        let mend = self.mend(claim, volume, &misses);
        self.say_with(claim, (id, severity), message, fix, mend);
    }

    fn nearest(&self, claim: &ClaimFacts) -> Option<(&Volume<'o>, Vec<Miss>)> {
        let (nearest, misses) = binder::nearest(claim, self.volumes.iter().map(|volume| &volume.facts))?;
        let volume = self.volumes.iter().find(|volume| volume.facts.name == nearest.name)?;
        Some((volume, misses))
    }

    /// What provides the class is not in the files: said once for each class.
    fn strange(&mut self, claim: &Claim<'o>, class: &str) {
        if self.classes.is_outside(class) {
            return;
        }
        let message = format!("no volume of these files serves it; its class is {class}");
        let same = |unknown: &&mut Unknown| unknown.id == "F04" && unknown.message.starts_with(&message);
        if let Some(known) = self.told.unknowns.iter_mut().find(same) {
            if !known.message.ends_with("others") {
                known.message.push_str(", as that of others");
            }
            return;
        }
        let missing = "what provides that class".to_owned();
        self.told.unknowns.push(Unknown {
            id: "F04",
            place: claim.at.clone(),
            object: claim.shown(),
            message,
            missing,
        });
    }

    /// A selector, and a class whose provisioner serves claims without one only.
    pub fn selects(&mut self, claim: &Claim<'o>, class: &Class<'_>, maker: &str) {
        let message = match class {
            Class::Named => {
                let own = claim.facts.class.as_deref().unwrap_or_default();
                format!("it has a selector, and its class {own} ({maker}) makes volumes for claims without one only")
            }
            Class::Default(name) if !maker.is_empty() => format!(
                "it has a selector and no storageClassName: the default class {name} is put in, and {maker} serves no \
                 claim with a selector"
            ),
            Class::Default(_) | Class::None | Class::Open => {
                "it has a selector and no storageClassName: a default class \
                                                              is put in, and its volumes have no labels"
                    .to_owned()
            }
        };
        // The one volume that it would fit but for the class.
        let would = |class: &str| {
            let facts = ClaimFacts { class: Some(class.into()), ..claim.facts.clone() };
            self.shelf.serving(&facts)
        };
        let mut classes: Vec<&str> = self.volumes.iter().map(|volume| &*volume.facts.class).collect();
        classes.sort_unstable();
        classes.dedup();
        let meant: Vec<usize> = classes.into_iter().flat_map(|class| would(class).to_vec()).collect();
        let (fix, mend) = match meant.as_slice() {
            [only] => {
                let volume = &self.volumes[*only];
                let class = &*volume.facts.class;
                let fix = format!(
                    "write storageClassName: {} into the claim: {} ({}) is of that class",
                    quoted(class),
                    volume.facts.name,
                    volume.line()
                );
                (fix, Some(self.of_claim(claim, json!(class))))
            }
            _ => ("write storageClassName: \"\" into the claim, or the class of its volume".to_owned(), None),
        };
        let certain = !maker.is_empty() || !self.volumes.is_empty();
        let severity = if certain { Severity::Error } else { Severity::Warning };
        self.say_with(claim, ("F05", severity), message, fix, mend);
    }

    /// A volume is kept for the claim and cannot serve it, so that an empty one is made.
    pub fn passed_over(&mut self, claim: &Claim<'o>, facts: &ClaimFacts, volume: &Volume<'o>) {
        let Err(misses) = binder::matches(facts, &volume.facts) else { return };
        let told: Vec<String> = misses.iter().map(ToString::to_string).collect();
        let (name, at) = (&volume.facts.name, volume.line());
        let message = format!(
            "{name} ({at}) is kept for it and {}: Kubernetes passes it over, and a new, empty volume is made",
            told.join(", and ")
        );
        let mend = self.mend(claim, volume, &misses);
        self.say_with(claim, ("F06", Severity::Error), message, fix(name, &misses), mend);
    }

    /// The default class is put in, and a volume without a class that would fit is passed over.
    pub fn defaulted(&mut self, claim: &Claim<'o>, default: &str) {
        let without = ClaimFacts { class: Some("".into()), ..claim.facts.clone() };
        if let [only] = &*self.shelf.serving(&without) {
            let volume = &self.volumes[*only];
            let message = format!(
                "it names no class and gets {default}, which makes an empty volume; {} ({}), which would fit, has none",
                volume.facts.name,
                volume.line()
            );
            let mend = self.of_claim(claim, json!(""));
            let fix = "write storageClassName: \"\" into the claim, if that volume is meant".to_owned();
            self.say_with(claim, ("F05", Severity::Warning), message, fix, Some(mend));
        }
    }

    /// It fits as it stands; with a default class in the cluster it does not.
    pub fn open(&mut self, claim: &Claim<'o>, volume: &Volume<'o>) {
        let message = format!(
            "it names no class, as {} ({}): they find each other only where the cluster has no default class, and k3s has one",
            volume.facts.name,
            volume.line()
        );
        let missing = "what the cluster is made of; storageClassName: \"\" in the claim makes it certain".to_owned();
        let (place, object) = (claim.at.clone(), claim.shown());
        self.told.unknowns.push(Unknown { id: "F05", place, object, message, missing });
    }

    /// Claims that want the same volumes.
    pub fn shared(&mut self, served: &[(&Claim<'o>, Rc<[usize]>)]) {
        let wants: Vec<&[usize]> = served.iter().map(|(_, by)| &**by).collect();
        let given = matching::assign(&wants);
        // Claims that ask for the same have one list, and the same rivals.
        let mut known: HashMap<*const usize, Vec<&Claim<'o>>> = HashMap::new();
        for ((claim, by), got) in served.iter().zip(&given) {
            if got.is_some() && by.len() == 1 {
                continue;
            }
            let rivals = || {
                let mut all: Vec<&Claim<'o>> =
                    matching::rivals(&wants, by).into_iter().map(|at| served[at].0).collect();
                all.sort_by_cached_key(|other| other.name());
                all
            };
            let rivals = known.entry(by.as_ptr()).or_insert_with(rivals);
            let volumes: Vec<&str> = by.iter().map(|at| &*self.volumes[*at].facts.name).collect();
            match got {
                None => self.left_over(claim, &volumes, rivals),
                Some(_) => {
                    let own = rivals.iter().all(|other| std::ptr::eq(other.object, claim.object));
                    let kept = by.iter().any(|at| self.volumes[*at].facts.claim.is_some());
                    self.swapped(claim, &volumes, own && rivals.len() > 1, kept);
                }
            }
        }
    }

    fn left_over(&mut self, claim: &Claim<'o>, volumes: &[&str], rivals: &[&Claim<'o>]) {
        // All are counted; so many are named.
        let mut names: Vec<String> = rivals.iter().take(NAMED).map(|other| other.name()).collect();
        let more = rivals.len().saturating_sub(NAMED);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let message = match volumes {
            [only] => {
                format!("volume {only} is the only one for {}: whoever comes first gets it", names.join(" and for "))
            }
            several => {
                let volumes = listed(several, NAMED);
                format!("volumes {volumes} are the only ones for {}: one is left over", names.join(", "))
            }
        };
        let fix = "give each claim a volume of its own, with its namespace and name in the claimRef".to_owned();
        self.say_with(claim, ("F85", Severity::Error), message, fix, None);
    }

    /// With two volumes Kubernetes takes the smaller, and with it perhaps another application's data.
    fn swapped(&mut self, claim: &Claim<'o>, volumes: &[&str], within: bool, kept: bool) {
        let all = format!("{} volumes can serve it ({})", volumes.len(), listed(volumes, NAMED));
        let fix = match kept {
            true => {
                "give the volume that is kept for it no more access modes than the others, or name it as volumeName"
            }
            false => "name the claim in the claimRef of its volume: namespace and name, no uid",
        };
        let fix = fix.to_owned();
        let (severity, message) = match within {
            true => (Severity::Warning, format!("{all}: which pod of its set gets which data is left to chance")),
            false => (Severity::Error, format!("{all}: which data it gets is left to chance")),
        };
        self.say_with(claim, ("F85", severity), message, fix, None);
    }

    fn say_with(
        &mut self,
        claim: &Claim<'o>,
        (id, severity): (&'static str, Severity),
        message: String,
        fix: String,
        mend: Option<Mend>,
    ) {
        if let Some(at) = self.say(claim, id, severity, message, fix) {
            self.told.faults[at].mend = mend;
        }
    }

    /// The class of a claim, in its file.
    fn of_claim(&self, claim: &Claim<'o>, class: Value) -> Mend {
        let way = claim.way.clone().keys(&["spec", "storageClassName"]);
        Mend::new(claim.object, vec![Set { way, value: class }], &format!("class-of-{}", claim.facts.name))
    }

    /// The change of the volume that makes it fit, where what it lacks is only written down and holds nothing.
    fn mend(&self, claim: &Claim<'o>, volume: &Volume<'o>, misses: &[Miss]) -> Option<Mend> {
        let at = |keys: &[&str]| Way::to(keys);
        let mut sets = Vec::new();
        for miss in misses {
            sets.push(match miss {
                Miss::Label { want, has: None } => {
                    Set { way: at(&["metadata", "labels"]).key(&want.key), value: want.value()?.into() }
                }
                // Only there the size is a word: what it says is not what the disk has.
                Miss::Small { wants, .. } if matches!(&*volume.facts.source, "hostPath" | "local" | "nfs") => {
                    Set { way: at(&["spec", "capacity", "storage"]), value: (&**wants).into() }
                }
                Miss::Class { wants, has } if self.classes.knows(wants) && !self.classes.knows(has) => {
                    Set { way: at(&["spec", "storageClassName"]), value: (&**wants).into() }
                }
                Miss::Access(lacks) if matches!(&*volume.facts.source, "hostPath" | "local" | "nfs") => {
                    let all: Vec<&str> = volume.facts.modes.iter().chain(lacks).map(|mode| &**mode).collect();
                    Set { way: at(&["spec", "accessModes"]), value: json!(all) }
                }
                Miss::Label { .. } | Miss::Small { .. } | Miss::Class { .. } | Miss::Access(_) => return None,
                Miss::Block { .. } | Miss::Attributes { .. } | Miss::Deleted | Miss::Phase(_) => return None,
                Miss::KeptFor(_) | Miss::KeptForOlder(_) | Miss::AsksFor(_) => return None,
            });
        }
        let name = format!("{}-for-{}", volume.facts.name, claim.facts.name);
        (!sets.is_empty()).then(|| Mend::new(volume.object, sets, &name))
    }
}

fn quoted(class: &str) -> String {
    if class.is_empty() { "\"\"".to_owned() } else { class.to_owned() }
}

fn fix(volume: &str, misses: &[Miss]) -> String {
    let parts = misses.iter().map(|miss| match miss {
        Miss::Label { want, .. } => format!("put label {want} on {volume}"),
        Miss::Small { wants, .. } => format!("give {volume} {wants}, or ask for less"),
        Miss::Class { wants, .. } => format!("give both one class: storageClassName: {}", quoted(wants)),
        Miss::Access(lacks) => format!("add accessModes {} to {volume}", lacks.join(", ")),
        Miss::Block { .. } => "give both one volumeMode".to_owned(),
        Miss::Attributes { .. } => "give both one volumeAttributesClassName".to_owned(),
        Miss::KeptFor(claim) => format!("name this claim in the claimRef of {volume}, where {claim} stands"),
        Miss::KeptForOlder(_) => format!("take the uid out of the claimRef of {volume}"),
        Miss::AsksFor(_) => "name a volume that is there under volumeName".to_owned(),
        Miss::Deleted | Miss::Phase(_) => format!("make {volume} anew"),
    });
    parts.collect::<Vec<_>>().join("; ")
}
