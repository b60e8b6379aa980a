//! What check says becomes of each claim: from its findings, and where it is silent from the volumes that its binder would take.

use super::draw::{Batch, Usual, applied};
use crate::by_object;
use blackstart::checks::binder::{ClaimFacts, VolumeFacts, matches};
use blackstart::checks::told::Told;
use blackstart::model::Severity;
use std::collections::BTreeSet;

pub enum Verdict {
    Gets(String),
    /// One of these.
    Chance(Vec<String>),
    /// One of these, or none: others want them too, and check says so.
    Contested(Vec<String>),
    /// With the words of the finding.
    None(String),
    /// A volume would be made, by something that is not there.
    Made,
    /// Check says that it cannot know.
    Open,
    /// Nothing is said, and no volume or several would do.
    Silent(Vec<String>),
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gets(volume) => write!(f, "gets {volume}"),
            Self::Chance(several) => write!(f, "gets one of {several:?}"),
            Self::Contested(several) => write!(f, "gets one of {several:?}, or none"),
            Self::None(message) => write!(f, "gets none: {message}"),
            Self::Made => f.write_str("is made a volume"),
            Self::Open => f.write_str("is not known"),
            Self::Silent(several) => write!(f, "nothing, where {several:?} would do"),
        }
    }
}

impl Verdict {
    pub fn allows(&self, got: Option<&str>) -> bool {
        match self {
            Self::Gets(volume) => got == Some(volume),
            Self::Chance(several) => got.is_some_and(|got| several.iter().any(|one| one == got)),
            Self::Contested(several) => got.is_none_or(|got| several.iter().any(|one| one == got)),
            Self::None(_) | Self::Made => got.is_none(),
            Self::Open => true,
            Self::Silent(_) => false,
        }
    }
}

const NO_VOLUME: [&str; 3] = ["F04", "F05", "F06"];

pub fn verdicts(told: &Told, batch: &Batch, default: Usual) -> Vec<Verdict> {
    let said = by_object(told);
    let unknown: BTreeSet<&str> = told.unknowns.iter().map(|unknown| unknown.object.as_str()).collect();
    let shown = |at: usize| format!("PersistentVolumeClaim {}/{}", super::SPACE, batch.claims[at].name());
    let is_shared = |at: usize| said.get(&shown(at)).is_some_and(|all| all.iter().any(|one| one.id == "F85"));
    let volumes: Vec<VolumeFacts> =
        batch.volumes.iter().filter_map(|volume| VolumeFacts::of(&applied(volume))).collect();
    let cut_off = |name: &str| {
        let all = said.get(&format!("PersistentVolume {name}"));
        all.is_some_and(|all| all.iter().any(|finding| finding.id == "F32"))
    };
    let of_volumes =
        told.faults.iter().map(|fault| &fault.finding).filter(|one| one.object.starts_with("PersistentVolume "));
    let older: Vec<&str> = of_volumes.filter(|one| one.id == "F06").map(|one| one.message.as_str()).collect();
    let usual = batch.classes.first().and_then(|class| class["metadata"]["name"].as_str());
    let serving: Vec<Vec<&VolumeFacts>> = batch
        .claims
        .iter()
        .map(|claim| {
            let mut facts = ClaimFacts::of(&claim.body).unwrap();
            if facts.class.is_none() && default != Usual::None {
                facts.class = usual.map(Into::into);
            }
            // Nobody but the scheduler asks where a volume can be reached, and it binds only what nobody has named.
            let reached = |volume: &&VolumeFacts| {
                !claim.waits || volume.claim.is_some() || facts.volume.is_some() || !cut_off(&volume.name)
            };
            let can = volumes.iter().filter(|volume| matches(&facts, volume).is_ok()).filter(reached);
            can.collect()
        })
        .collect();
    // What is kept for a claim comes before what is free.
    let first = |(can, waits): (Vec<&VolumeFacts>, bool)| {
        let fewest = can.iter().filter(|volume| volume.claim.is_some()).map(|volume| volume.modes.len()).min();
        // But where nobody waits for a pod, not before one with fewer access modes.
        let is_first = |volume: &&VolumeFacts| match fewest {
            Some(fewest) => volume.claim.is_some() || (!waits && volume.modes.len() < fewest),
            None => true,
        };
        can.into_iter().filter(is_first).map(|volume| volume.name.to_string()).collect::<Vec<_>>()
    };
    let waits = batch.claims.iter().map(|claim| claim.waits || claim.body["spec"]["volumeName"].is_string());
    let serving: Vec<Vec<String>> = serving.into_iter().zip(waits).map(first).collect();
    let contested = |at: usize| {
        let others = (0..batch.claims.len()).filter(|other| *other != at);
        let mut rivals = others.filter(|other| serving[*other].iter().any(|one| serving[at].contains(one))).peekable();
        rivals.peek().is_some() && (is_shared(at) || rivals.any(is_shared))
    };
    let makers = |class: &str| {
        let of = batch.classes.iter().find(|one| one["metadata"]["name"] == class);
        of.is_some_and(|one| one["provisioner"] != "kubernetes.io/no-provisioner")
    };
    // A pod that may go to another node gets a volume made there, where something makes them.
    let elsewhere = |at: usize| {
        let pinned = |volume: &VolumeFacts| serving[at].contains(&volume.name.to_string()) && !volume.nodes.is_free();
        batch.claims[at].waits
            && batch.claims[at].body["spec"]["storageClassName"].as_str().is_some_and(makers)
            && volumes.iter().any(pinned)
    };
    let one = |at: usize| {
        let findings = said.get(&shown(at)).map_or(&[][..], Vec::as_slice);
        let can = serving[at].clone();
        if let Some(none) = findings.iter().find(|one| one.severity == Severity::Error && NO_VOLUME.contains(&one.id)) {
            return Verdict::None(none.message.clone());
        }
        if contested(at) || (is_shared(at) && elsewhere(at)) {
            return Verdict::Contested(can);
        }
        match (can.as_slice(), is_shared(at)) {
            ([], true) => return Verdict::None("F32".to_owned()),
            (_, true) => return Verdict::Chance(can),
            ([only], false) => return Verdict::Gets(only.clone()),
            ([], false) => {}
            (_, false) => return Verdict::Silent(can),
        }
        let spec = &batch.claims[at].body["spec"];
        let class = spec["storageClassName"].as_str().or(usual.filter(|_| default != Usual::None));
        let cut = batch.claims[at].waits && volumes.iter().any(|volume| cut_off(&volume.name));
        let named = format!(" {}/{}", super::SPACE, batch.claims[at].name());
        if let Some(finding) = findings.first() {
            Verdict::None(finding.message.clone())
        } else if let Some(kept) =
            older.iter().find(|message| message.split([':', ';']).next().unwrap().ends_with(&named))
        {
            // Said of the volume: what blackstart applies has no uid.
            Verdict::None((*kept).to_owned())
        } else if unknown.contains(shown(at).as_str()) {
            Verdict::Open
        } else if class.is_some_and(makers) && spec["volumeName"].is_null() && spec["selector"].is_null() {
            Verdict::Made
        } else if cut {
            Verdict::None("F32".to_owned())
        } else {
            Verdict::Silent(can)
        }
    };
    (0..batch.claims.len()).map(one).collect()
}
