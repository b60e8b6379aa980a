//! What to do about a volume that does not fit its claim: in words, and as a patch where one is right.

use super::cause::Cause;
use super::claim;
use super::edit::Edit;
use super::scene::Scene;
use super::way::Way;
use crate::checks::binder::{ClaimFacts, Miss, VolumeFacts};
use crate::checks::live::Item;
use crate::model::ObjectId;
use serde_json::{Value, json};

/// The volume belonged to an earlier claim.
pub fn is_stale(miss: &Miss) -> bool {
    match miss {
        Miss::KeptForOlder(_) => true,
        Miss::Phase(phase) => matches!(&**phase, "Released" | "Failed"),
        Miss::AsksFor(_) | Miss::KeptFor(_) | Miss::Deleted | Miss::Small { .. } | Miss::Class { .. } => false,
        Miss::Attributes { .. } | Miss::Block { .. } | Miss::Access(_) | Miss::Label { .. } => false,
    }
}

/// F06: the volume is what has to be changed, and its file.
pub fn stale(scene: &Scene<'_>, volume: &VolumeFacts) -> Cause {
    let id = ObjectId::new("v1", "PersistentVolume", None, &volume.name);
    let claim = volume.claim.as_ref().map_or_else(|| "none that is known".to_owned(), ToString::to_string);
    let phase = volume.phase.as_deref().unwrap_or("kept");
    let message = format!("{id} is {phase}: it belongs to an older claim {claim} (policy {})", volume.policy);
    let item = scene.live.get(&id);
    let said = item.and_then(|item| item.value["status"]["message"].as_str()).unwrap_or_default();
    let cause = Cause::new("F06", &id, message, release(&volume.name, &*volume.policy == "Delete"));
    let way = Way::to(&["spec", "claimRef"]);
    let way = if volume.claim.as_ref().is_some_and(|claim| claim.uid.is_some()) { way.key("uid") } else { way };
    cause.raw(said).field_of(scene, &id, &way)
}

/// What a file can set right by being applied again.
pub fn is_written(miss: &Miss) -> bool {
    match miss {
        Miss::Label { .. } | Miss::Small { .. } | Miss::Class { .. } | Miss::Access(_) | Miss::Attributes { .. } => {
            true
        }
        Miss::AsksFor(_) | Miss::KeptFor(_) | Miss::KeptForOlder(_) | Miss::Deleted => false,
        Miss::Block { .. } | Miss::Phase(_) => false,
    }
}

pub fn listed(misses: &[Miss]) -> String {
    misses.iter().map(Miss::to_string).collect::<Vec<_>>().join(", ")
}

/// How a volume is given to a new claim.
pub fn release(volume: &str, deletes: bool) -> String {
    let keep = match deletes {
        true => format!(
            "its policy is Delete: first kubectl patch pv {volume} -p '{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Retain\"}}}}', else its data may go; then "
        ),
        false => String::new(),
    };
    format!(
        "{keep}let the old claim go: kubectl patch pv {volume} --type json -p '[{{\"op\":\"remove\",\"path\":\"/spec/claimRef/uid\"}},{{\"op\":\"remove\",\"path\":\"/spec/claimRef/resourceVersion\"}}]'; and strip both from its file"
    )
}

pub fn fix(claim: &Item, volume: &VolumeFacts, misses: &[Miss]) -> String {
    let name = &volume.name;
    let one = |miss: &Miss| match miss {
        Miss::Label { want, .. } => match want.value() {
            Some(value) => {
                format!("kubectl label pv {name} --overwrite {}={value}, and write the label into its file", want.key)
            }
            None => format!("change the labels of {name} until {want} holds"),
        },
        Miss::Small { wants, .. } => format!("set one size: {name} to {wants}, or the claim to what {name} has"),
        Miss::Class { has, .. } => match has.is_empty() {
            true => format!("write storageClassName: \"\" on the claim, or the claim's class on {name}"),
            false => format!("write storageClassName: {has} on the claim, or the claim's class on {name}"),
        },
        Miss::Attributes { .. } => "write the same volumeAttributesClassName on both".to_owned(),
        Miss::Block { .. } => "write the same volumeMode on both (the claim has to be made anew)".to_owned(),
        Miss::Access(lacks) => format!("add {} to the accessModes of {name}, or ask for what it has", lacks.join(", ")),
        Miss::KeptForOlder(_) => release(name, &*volume.policy == "Delete"),
        Miss::Phase(_) => release(name, &*volume.policy == "Delete"),
        Miss::KeptFor(other) => format!("make a volume for {}; {name} is kept for {other}", claim.id),
        Miss::Deleted => format!("{name} is being deleted: wait for it, then apply it anew"),
        Miss::AsksFor(asked) => format!("apply volume {asked}"),
    };
    let mut fixes: Vec<String> = Vec::new();
    for miss in misses {
        let text = one(miss);
        if !fixes.contains(&text) {
            fixes.push(text);
        }
    }
    fixes.join("; ")
}

/// The field of the claim that the first miss is about.
fn field(miss: &Miss) -> &'static [&'static str] {
    match miss {
        Miss::Label { .. } => &["spec", "selector"],
        Miss::Small { .. } => &["spec", "resources", "requests", "storage"],
        Miss::Class { .. } => &["spec", "storageClassName"],
        Miss::Attributes { .. } => &["spec", "volumeAttributesClassName"],
        Miss::Block { .. } => &["spec", "volumeMode"],
        Miss::Access(_) => &["spec", "accessModes"],
        Miss::AsksFor(_) | Miss::KeptFor(_) | Miss::KeptForOlder(_) | Miss::Deleted | Miss::Phase(_) => &["spec"],
    }
}

/// The cause with its place in the claim's file, and a patch where all that is missed can be set on the volume.
pub fn mended(
    cause: Cause,
    scene: &Scene<'_>,
    claim: &Item,
    facts: &ClaimFacts,
    volume: &VolumeFacts,
    misses: &[Miss],
) -> Cause {
    let cause = match misses.first() {
        Some(first) => claim::at(cause, scene, claim, field(first)),
        None => cause,
    };
    let id = ObjectId::new("v1", "PersistentVolume", None, &volume.name);
    let mut edit = Edit::of(&id);
    for miss in misses {
        let Some((way, value)) = set(miss, facts, volume) else { return cause };
        edit = edit.set(way, value);
    }
    cause.mended_by(scene, edit)
}

/// What to set on the volume. None where that would not be right, or not enough.
fn set(miss: &Miss, facts: &ClaimFacts, volume: &VolumeFacts) -> Option<(Way, Value)> {
    match miss {
        Miss::Label { want, .. } => Some((Way::to(&["metadata", "labels"]).key(&want.key), json!(want.value()?))),
        // Only where the size is a word and nothing that a disk has to keep.
        Miss::Small { .. } if matches!(&*volume.source, "hostPath" | "local" | "nfs") => {
            Some((Way::to(&["spec", "capacity", "storage"]), json!(facts.size.to_string())))
        }
        Miss::Class { wants, .. } => Some((Way::to(&["spec", "storageClassName"]), json!(wants))),
        Miss::Access(lacks) if matches!(&*volume.source, "hostPath" | "local" | "nfs") => {
            let modes: Vec<&str> = volume.modes.iter().chain(lacks).map(|mode| &**mode).collect();
            Some((Way::to(&["spec", "accessModes"]), json!(modes)))
        }
        Miss::Small { .. } | Miss::Access(_) | Miss::Attributes { .. } | Miss::Block { .. } | Miss::Deleted => None,
        Miss::AsksFor(_) | Miss::KeptFor(_) | Miss::KeptForOlder(_) | Miss::Phase(_) => None,
    }
}
