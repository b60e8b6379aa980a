//! Whether a volume can serve a claim, by the rules of Kubernetes' own volume controller. Knows facts of the two only: they come
//! from files or from a cluster alike.

use super::quantity::Quantity;
use super::selector::{Labels, NodeChoice, Selector, Want, labels};
use crate::manifests::Object;
use serde_json::Value;
use std::fmt;

#[derive(Clone, Debug)]
pub struct ClaimFacts {
    pub namespace: Box<str>,
    pub name: Box<str>,
    /// None in a file.
    pub uid: Option<Box<str>>,
    /// None where the claim does not say: a default class may then be put in.
    pub class: Option<Box<str>>,
    pub size: Quantity,
    pub modes: Vec<Box<str>>,
    pub block: bool,
    pub selector: Option<Selector>,
    /// The volume that the claim asks for by name.
    pub volume: Option<Box<str>>,
    pub attributes: Box<str>,
}

#[derive(Clone, Debug)]
pub struct VolumeFacts {
    pub name: Box<str>,
    pub labels: Labels,
    /// No class and the empty class are the same.
    pub class: Box<str>,
    pub size: Quantity,
    pub modes: Vec<Box<str>>,
    pub block: bool,
    pub claim: Option<ClaimRef>,
    /// None in a file.
    pub phase: Option<Box<str>>,
    pub deleted: bool,
    pub nodes: NodeChoice,
    pub attributes: Box<str>,
    /// `Retain`, `Delete`, `Recycle`.
    pub policy: Box<str>,
    /// What holds the data: `hostPath`, `local`, `nfs`, `csi`.
    pub source: Box<str>,
}

/// The claim that a volume is kept for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRef {
    pub namespace: Box<str>,
    pub name: Box<str>,
    pub uid: Option<Box<str>>,
}

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// The claim asks for another volume by name.
    AsksFor(Box<str>),
    /// The volume is kept for another claim.
    KeptFor(ClaimRef),
    /// The volume is kept for an earlier claim of the same name.
    KeptForOlder(ClaimRef),
    Deleted,
    Small {
        wants: Box<str>,
        has: Box<str>,
    },
    Class {
        wants: Box<str>,
        has: Box<str>,
    },
    Attributes {
        wants: Box<str>,
        has: Box<str>,
    },
    Block {
        wants: bool,
    },
    Access(Vec<Box<str>>),
    Label {
        want: Want,
        has: Option<Box<str>>,
    },
    Phase(Box<str>),
}

fn text(value: &Value) -> Box<str> {
    value.as_str().unwrap_or_default().into()
}

fn some(value: &Value) -> Option<Box<str>> {
    value.as_str().filter(|text| !text.is_empty()).map(Into::into)
}

fn modes(spec: &Value) -> Vec<Box<str>> {
    super::live::texts(&spec["accessModes"]).map(Into::into).collect()
}

/// Today's field, or the annotation that came before it, which still wins.
fn class(object: &Value) -> Option<Box<str>> {
    let old = &object["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"];
    old.as_str().or(object["spec"]["storageClassName"].as_str()).map(Into::into)
}

impl ClaimFacts {
    /// None when its size cannot be read.
    pub fn of(claim: &Value) -> Option<Self> {
        let (meta, spec) = (&claim["metadata"], &claim["spec"]);
        let asked = &spec["resources"]["requests"]["storage"];
        let selector = &spec["selector"];
        Some(Self {
            namespace: text(&meta["namespace"]),
            name: some(&meta["name"])?,
            uid: some(&meta["uid"]),
            class: class(claim),
            size: if asked.is_null() { Quantity::zero() } else { Quantity::of(asked)? },
            modes: modes(spec),
            block: spec["volumeMode"] == "Block",
            selector: selector.is_object().then(|| Selector::of_labels(selector)),
            volume: some(&spec["volumeName"]),
            attributes: text(&spec["volumeAttributesClassName"]),
        })
    }
    pub fn of_file(claim: &Object) -> Option<Self> {
        Self::of(&claim.root.json())
    }
    /// With the class that the cluster puts in where the claim names none.
    #[must_use]
    pub fn with_default_class(mut self, class: Option<&str>) -> Self {
        self.class = self.class.or_else(|| class.map(Into::into));
        self
    }
    fn is_named_by(&self, claim: &ClaimRef) -> bool {
        claim.name == self.name && claim.namespace == self.namespace
    }
}

impl VolumeFacts {
    /// None when its size cannot be read.
    pub fn of(volume: &Value) -> Option<Self> {
        let (meta, spec) = (&volume["metadata"], &volume["spec"]);
        let claim = &spec["claimRef"];
        let claim = some(&claim["name"]).map(|name| ClaimRef {
            namespace: text(&claim["namespace"]),
            name,
            uid: some(&claim["uid"]),
        });
        let has = &spec["capacity"]["storage"];
        let is_source = |name: &&String| {
            let known = ["hostPath", "local", "nfs", "csi", "iscsi", "cephfs", "rbd", "fc", "glusterfs"];
            known.contains(&name.as_str())
        };
        Some(Self {
            name: some(&meta["name"])?,
            labels: labels(volume),
            class: class(volume).unwrap_or_default(),
            size: if has.is_null() { Quantity::zero() } else { Quantity::of(has)? },
            modes: modes(spec),
            block: spec["volumeMode"] == "Block",
            claim,
            phase: some(&volume["status"]["phase"]),
            deleted: meta["deletionTimestamp"].is_string(),
            nodes: NodeChoice::read(&spec["nodeAffinity"]["required"]),
            attributes: text(&spec["volumeAttributesClassName"]),
            // Where the field is left out the API server puts in Retain.
            policy: some(&spec["persistentVolumeReclaimPolicy"]).unwrap_or_else(|| "Retain".into()),
            source: spec.as_object().and_then(|spec| spec.keys().find(is_source)).map_or("", String::as_str).into(),
        })
    }
    pub fn of_file(volume: &Object) -> Option<Self> {
        Self::of(&volume.root.json())
    }
}

/// Which rules hold depends on who names whom; see Kubernetes' `FindMatchingVolume` and `checkVolumeSatisfyClaim`.
pub fn matches(claim: &ClaimFacts, volume: &VolumeFacts) -> Result<(), Vec<Miss>> {
    let asks = claim.volume.as_deref();
    if let Some(asked) = asks.filter(|asked| *asked != &*volume.name) {
        return Err(vec![Miss::AsksFor(asked.into())]);
    }
    let kept = match &volume.claim {
        // Out of reach; what else it lacks tells how near it comes.
        Some(kept) if !claim.is_named_by(kept) => {
            let mut misses = vec![Miss::KeptFor(kept.clone())];
            unbound(claim, volume, &mut misses);
            return Err(misses);
        }
        // A uid can only be that of an older claim: one from a file has none yet.
        Some(kept) if kept.uid.is_some() && kept.uid != claim.uid => {
            return Err(vec![Miss::KeptForOlder(kept.clone())]);
        }
        Some(_) => true,
        None => false,
    };
    let mut misses = Vec::new();
    match (asks.is_some(), kept) {
        // Each names the other: nothing else is asked.
        (true, true) => {}
        (true, false) => {
            deleted(volume, &mut misses);
            if volume.size.units() < claim.size.units() {
                misses.push(small(claim, volume));
            }
            same_class(claim, volume, &mut misses);
            attributes(claim, volume, &mut misses);
            form(claim, volume, &mut misses);
        }
        (false, true) => {
            size(claim, volume, &mut misses);
            attributes(claim, volume, &mut misses);
            deleted(volume, &mut misses);
            form(claim, volume, &mut misses);
        }
        (false, false) => {
            unbound(claim, volume, &mut misses);
            if let Some(phase) = volume.phase.as_ref().filter(|phase| ***phase != *"Available") {
                misses.push(Miss::Phase(phase.clone()));
            }
        }
    }
    if misses.is_empty() { Ok(()) } else { Err(misses) }
}

/// The rules for two that do not name each other, but for the phase.
fn unbound(claim: &ClaimFacts, volume: &VolumeFacts, misses: &mut Vec<Miss>) {
    same_class(claim, volume, misses);
    size(claim, volume, misses);
    form(claim, volume, misses);
    selected(claim, volume, misses);
    attributes(claim, volume, misses);
    deleted(volume, misses);
}

/// The volumes that can serve a claim. A claim should have exactly one: with two, Kubernetes takes the smaller, and with it
/// perhaps another application's data.
pub fn candidates<'a>(claim: &ClaimFacts, volumes: &'a [VolumeFacts]) -> Vec<&'a VolumeFacts> {
    volumes.iter().filter(|volume| matches(claim, volume).is_ok()).collect()
}

/// The volume that comes nearest to serving a claim, and what it lacks.
pub fn nearest<'a>(
    claim: &ClaimFacts,
    volumes: impl IntoIterator<Item = &'a VolumeFacts>,
) -> Option<(&'a VolumeFacts, Vec<Miss>)> {
    let missed = volumes.into_iter().filter_map(|volume| matches(claim, volume).err().map(|misses| (volume, misses)));
    missed.min_by_key(|(volume, misses)| (misses.iter().map(Miss::weight).sum::<u32>(), volume.name.clone()))
}

fn small(claim: &ClaimFacts, volume: &VolumeFacts) -> Miss {
    Miss::Small { wants: claim.size.to_string().into(), has: volume.size.to_string().into() }
}
fn size(claim: &ClaimFacts, volume: &VolumeFacts, misses: &mut Vec<Miss>) {
    if volume.size < claim.size {
        misses.push(small(claim, volume));
    }
}
fn deleted(volume: &VolumeFacts, misses: &mut Vec<Miss>) {
    if volume.deleted {
        misses.push(Miss::Deleted);
    }
}
fn same_class(claim: &ClaimFacts, volume: &VolumeFacts, misses: &mut Vec<Miss>) {
    let wants = claim.class.clone().unwrap_or_default();
    if wants != volume.class {
        misses.push(Miss::Class { wants, has: volume.class.clone() });
    }
}
fn attributes(claim: &ClaimFacts, volume: &VolumeFacts, misses: &mut Vec<Miss>) {
    if claim.attributes != volume.attributes {
        misses.push(Miss::Attributes { wants: claim.attributes.clone(), has: volume.attributes.clone() });
    }
}
/// Mode of the volume and ways to reach it.
fn form(claim: &ClaimFacts, volume: &VolumeFacts, misses: &mut Vec<Miss>) {
    if claim.block != volume.block {
        misses.push(Miss::Block { wants: claim.block });
    }
    let lacks: Vec<Box<str>> = claim.modes.iter().filter(|mode| !volume.modes.contains(mode)).cloned().collect();
    if !lacks.is_empty() {
        misses.push(Miss::Access(lacks));
    }
}
fn selected(claim: &ClaimFacts, volume: &VolumeFacts, misses: &mut Vec<Miss>) {
    for want in claim.selector.iter().flat_map(|selector| selector.lacks(&volume.labels)) {
        misses.push(Miss::Label { want: want.clone(), has: volume.labels.get(&want.key).cloned() });
    }
}

impl Miss {
    /// How far away a volume is that breaks this rule: a label that was forgotten is put on in a moment; one with another
    /// value says that the volume is meant for somebody else; a volume in use is out of reach.
    fn weight(&self) -> u32 {
        match self {
            Miss::Label { has: None, .. } => 1,
            Miss::KeptForOlder(_) => 2,
            Miss::Small { .. } | Miss::Access(_) => 3,
            Miss::Class { .. } | Miss::Attributes { .. } => 4,
            Miss::Phase(_) | Miss::Deleted => 6,
            Miss::Block { .. } => 8,
            Miss::Label { has: Some(_), .. } => 20,
            Miss::KeptFor(_) => 50,
            Miss::AsksFor(_) => 100,
        }
    }
}

impl fmt::Display for ClaimRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

fn named(class: &str) -> String {
    if class.is_empty() { "no class".to_owned() } else { format!("class {class}") }
}

fn kind(block: bool) -> &'static str {
    if block { "Block" } else { "Filesystem" }
}

/// Said of the volume.
impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Miss::AsksFor(name) => write!(f, "is not {name}, the volume that the claim names"),
            Miss::KeptFor(claim) => write!(f, "is kept for PersistentVolumeClaim {claim}"),
            Miss::KeptForOlder(claim) => {
                write!(
                    f,
                    "is kept for an older PersistentVolumeClaim {claim} (uid {})",
                    claim.uid.as_deref().unwrap_or("none")
                )
            }
            Miss::Deleted => f.write_str("is being deleted"),
            Miss::Small { wants, has } => write!(f, "has {has} where {wants} is asked for"),
            Miss::Class { wants, has } => write!(f, "has {} where {} is asked for", named(has), named(wants)),
            Miss::Attributes { wants, has } => {
                write!(f, "has attributes {} where {} is asked for", named(has), named(wants))
            }
            Miss::Block { wants } => write!(f, "has volumeMode {} where {} is asked for", kind(!wants), kind(*wants)),
            Miss::Access(lacks) => write!(f, "lacks access mode {}", lacks.join(", ")),
            Miss::Label { want, has: Some(has) } => write!(f, "has label {}={has} where {want} is asked for", want.key),
            Miss::Label { want, has: None } => write!(f, "lacks label {want}"),
            Miss::Phase(phase) => write!(f, "is {phase}, not Available"),
        }
    }
}
