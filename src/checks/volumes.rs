//! F04, F05, F06: volumes and claims as the files have them. Each claim must have exactly one volume that can serve it, and
//! no volume may be applied that Kubernetes would answer by deleting its data. Reads manifests only.

use super::binder::{self, ClaimFacts, Miss, VolumeFacts};
use super::ladder::Mend;
use super::ladder::edit::Set;
use super::ladder::way::Way;
use super::told::Told;
use crate::manifests::{Object, Papers};
use crate::model::{Finding, Place, Severity, Unknown};
use std::collections::HashMap;
use std::sync::Arc;

struct Claim {
    facts: ClaimFacts,
    /// Where its demands stand: the claim itself, or the template of a StatefulSet.
    at: Place,
    shown: String,
}

pub fn check(papers: &[Papers]) -> Told {
    let mut found = Told::default();
    let objects: Vec<&Arc<Object>> = papers.iter().flat_map(|papers| &papers.objects).collect();
    let volumes: Vec<(VolumeFacts, &Arc<Object>)> = objects
        .iter()
        .filter(|object| object.kind() == "PersistentVolume")
        .filter_map(|object| Some((VolumeFacts::of_file(object)?, *object)))
        .collect();
    let classes = Classes::of(&objects);
    let claims: Vec<Claim> = objects.iter().flat_map(|object| claims(object)).collect();
    dangerous(&volumes, &mut found);
    let facts: Vec<VolumeFacts> = volumes.iter().map(|(facts, _)| facts.clone()).collect();
    let mut takers: HashMap<Box<str>, Vec<&Claim>> = HashMap::new();
    for claim in &claims {
        if classes.made_on_demand(claim) {
            continue;
        }
        let serving = binder::candidates(&claim.facts, &facts);
        match serving.as_slice() {
            [] => nobody(claim, &facts, &volumes, &classes, &mut found),
            [one] => takers.entry(one.name.clone()).or_default().push(claim),
            several => swapped(claim, several, &mut found),
        }
    }
    shared(&takers, &mut found);
    found
}

/// The claims that an object makes.
fn claims(object: &Arc<Object>) -> Vec<Claim> {
    let namespace = object.namespace().unwrap_or("default");
    let claim = |facts: Option<ClaimFacts>, at: Place| {
        let facts = facts?;
        let shown = format!("PersistentVolumeClaim {}/{}", facts.namespace, facts.name);
        Some(Claim { facts, at, shown })
    };
    match object.kind() {
        "PersistentVolumeClaim" => {
            let mut value = object.root.json();
            value["metadata"]["namespace"] = namespace.into();
            claim(ClaimFacts::of(&value), object.place_of(&["spec"])).into_iter().collect()
        }
        "StatefulSet" => {
            let spec = object.root.get("spec");
            let templates = spec.and_then(|spec| spec.get("volumeClaimTemplates"));
            let replicas = spec.and_then(|spec| spec.get("replicas")?.whole()).unwrap_or(1).clamp(0, 1000);
            let templates = templates.map_or(&[][..], |list| list.items());
            let each = templates.iter().flat_map(|template| {
                let name = template.text_at(&["metadata", "name"]).unwrap_or_default();
                (0..replicas).filter_map(move |ordinal| {
                    let mut value = template.json();
                    value["metadata"]["name"] = format!("{name}-{}-{ordinal}", object.name()).into();
                    value["metadata"]["namespace"] = namespace.into();
                    claim(ClaimFacts::of(&value), object.place_at(template.at))
                })
            });
            each.collect()
        }
        _ => Vec::new(),
    }
}

/// The storage classes of the files.
struct Classes {
    /// Provisioner by name.
    known: HashMap<String, String>,
    default: Option<String>,
}

const NOBODY: &str = "kubernetes.io/no-provisioner";
const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

impl Classes {
    fn of(objects: &[&Arc<Object>]) -> Self {
        let (mut known, mut default) = (HashMap::new(), None);
        for object in objects.iter().filter(|object| object.kind() == "StorageClass") {
            let provisioner = object.root.text_at(&["provisioner"]).unwrap_or_default().to_owned();
            known.insert(object.name().to_owned(), provisioner);
            if object.root.text_at(&["metadata", "annotations", IS_DEFAULT]) == Some("true") {
                default = Some(object.name().to_owned());
            }
        }
        Self { known, default }
    }
    /// A claim whose class makes volumes has no volume among the files, and needs none.
    fn made_on_demand(&self, claim: &Claim) -> bool {
        let class = claim.facts.class.as_deref().map(str::to_owned).or_else(|| self.default.clone());
        let provisioner = class.and_then(|class| self.known.get(&class));
        provisioner.is_some_and(|by| by != NOBODY) && claim.facts.volume.is_none() && claim.facts.selector.is_none()
    }
}

fn error(id: &'static str, place: Place, object: String, message: String, fix: String) -> Finding {
    Finding { id, severity: Severity::Error, place, object, message, fix, patch: None }
}

/// A volume with `Delete` that is kept for a claim which is another by now is answered by deleting what is on it.
fn dangerous(volumes: &[(VolumeFacts, &Arc<Object>)], found: &mut Told) {
    for (facts, object) in volumes {
        let shown = object.id.to_string();
        match &facts.claim {
            Some(claim) if claim.uid.is_some() && &*facts.policy != "Retain" => drop(found.add(error(
                "F06",
                object.place_of(&["spec", "persistentVolumeReclaimPolicy"]),
                shown,
                format!(
                    "policy {} and a claimRef to an older claim {claim}: Kubernetes would answer by deleting its data",
                    facts.policy
                ),
                "set persistentVolumeReclaimPolicy: Retain, and take uid and resourceVersion out of the claimRef"
                    .into(),
            ))),
            Some(claim) if claim.uid.is_some() => drop(found.add(Finding {
                severity: Severity::Note,
                ..error(
                    "F06",
                    object.place_of(&["spec", "claimRef", "uid"]),
                    shown,
                    format!("its claimRef holds the uid of an older claim {claim}; it is left out when it is applied"),
                    "take uid and resourceVersion out of the claimRef".into(),
                )
            })),
            Some(_) | None => {}
        }
    }
}

/// No volume serves the claim.
fn nobody(
    claim: &Claim,
    facts: &[VolumeFacts],
    volumes: &[(VolumeFacts, &Arc<Object>)],
    classes: &Classes,
    found: &mut Told,
) {
    let class = claim.facts.class.as_deref();
    if class.is_none() && claim.facts.selector.is_some() {
        let message =
            "it has a selector and no storageClassName: a default class is put in, and its volumes have no labels";
        let fix = "write storageClassName: \"\" into the claim, or the class of its volume";
        found.add(error("F05", claim.at.clone(), claim.shown.clone(), message.into(), fix.into()));
        return;
    }
    let unknown_class = class.filter(|class| !class.is_empty() && !classes.known.contains_key(*class));
    let nearest = binder::nearest(&claim.facts, facts);
    if facts.is_empty() || (unknown_class.is_some() && nearest.as_ref().is_none_or(|(_, misses)| far(misses))) {
        // A class that the cluster itself brings, or one made by something else, may well provide it.
        let class = class.unwrap_or("of the cluster's own choice");
        found.unknowns.push(Unknown {
            id: "F04",
            place: claim.at.clone(),
            object: claim.shown.clone(),
            message: format!("no volume of these files serves it; its class is {class}"),
            missing: "what provides that class".into(),
        });
        return;
    }
    let Some((volume, misses)) = nearest else { return };
    let told: Vec<String> = misses.iter().map(ToString::to_string).collect();
    let object = volumes.iter().find(|(facts, _)| facts.name == volume.name).map(|(_, object)| *object);
    let place = object.map(|object| object.place());
    let id = if misses.iter().all(|miss| matches!(miss, Miss::Label { .. })) { "F04" } else { "F06" };
    let at = place.as_ref().map_or(String::new(), |place| format!(" ({}:{})", place.file, place.spot.line));
    let mend =
        object.zip(labels(&misses)).map(|(object, sets)| Mend::new(object, sets, &format!("{id}-{}", volume.name)));
    *found.add(error(
        id,
        claim.at.clone(),
        claim.shown.clone(),
        format!("no volume can serve it; the nearest, {}{at}, {}", volume.name, told.join(", and ")),
        fix(&volume.name, &misses, at.trim()),
    )) = mend;
}

/// The labels that the volume lacks, where it lacks nothing else. One that it has otherwise may be meant so.
fn labels(misses: &[Miss]) -> Option<Vec<Set>> {
    let label = |miss: &Miss| {
        let Miss::Label { want, has: None } = miss else { return None };
        Some(Set { way: Way::to(&["metadata", "labels"]).key(&want.key), value: want.value()?.into() })
    };
    misses.iter().map(label).collect()
}

/// A volume that belongs to another claim, or to nobody who would give it away, is no help.
fn far(misses: &[Miss]) -> bool {
    misses.iter().any(|miss| matches!(miss, Miss::KeptFor(_) | Miss::AsksFor(_)))
}

fn fix(volume: &str, misses: &[Miss], at: &str) -> String {
    let parts = misses.iter().map(|miss| match miss {
        Miss::Label { want, .. } => format!("put label {want} on {volume}"),
        Miss::Small { wants, .. } => format!("give {volume} {wants}, or ask for less"),
        Miss::Class { wants, .. } => format!("give both one class ({wants})"),
        Miss::Access(lacks) => format!("add accessModes {} to {volume}", lacks.join(", ")),
        Miss::Block { .. } => "give both one volumeMode".to_owned(),
        Miss::Attributes { .. } => "give both one volumeAttributesClassName".to_owned(),
        Miss::KeptFor(claim) => format!("name this claim in the claimRef of {volume}, where {claim} stands"),
        Miss::KeptForOlder(_) => format!("take the uid out of the claimRef of {volume}"),
        Miss::AsksFor(_) => "name a volume that is there under volumeName".to_owned(),
        Miss::Deleted | Miss::Phase(_) => format!("make {volume} anew"),
    });
    let told = parts.collect::<Vec<_>>().join("; ");
    if at.is_empty() { told } else { format!("{told} {at}") }
}

/// With two volumes Kubernetes takes the smaller, and with it perhaps another application's data.
fn swapped(claim: &Claim, several: &[&VolumeFacts], found: &mut Told) {
    let names: Vec<&str> = several.iter().map(|volume| &*volume.name).collect();
    found.add(error(
        "F85",
        claim.at.clone(),
        claim.shown.clone(),
        format!("{} volumes can serve it ({}): which data it gets is left to chance", names.len(), names.join(", ")),
        "name the claim in the claimRef of its volume: namespace and name, no uid".into(),
    ));
}

/// Two claims that one volume serves: whoever comes first gets it.
fn shared(takers: &HashMap<Box<str>, Vec<&Claim>>, found: &mut Told) {
    let mut shared: Vec<_> = takers.iter().filter(|(_, claims)| claims.len() > 1).collect();
    shared.sort_by(|a, b| a.0.cmp(b.0));
    for (volume, claims) in shared {
        let names: Vec<String> = claims.iter().map(|c| format!("{}/{}", c.facts.namespace, c.facts.name)).collect();
        for claim in claims.iter().skip(1) {
            found.add(error(
                "F85",
                claim.at.clone(),
                claim.shown.clone(),
                format!("volume {volume} is the only one for {}: whoever comes first gets it", names.join(" and for ")),
                "give each claim a volume of its own, with its namespace and name in the claimRef".into(),
            ));
        }
    }
}
