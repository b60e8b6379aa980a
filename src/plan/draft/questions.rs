//! What files cannot say about the steps: whether the data is saved, who makes what nobody gives, who else has a hand in it.

use super::Sketch;
use super::found::Sheet;
use super::group::Group;
use crate::manifests::facts::{Standing, standing};
use crate::manifests::pods::each;
use crate::manifests::write::flow;
use crate::manifests::{Node, Object};
use crate::model::{Fact, Place, Severity, fact};
use crate::plan::load::Planned;
use crate::steps::{storage, workloads};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many are named in one question; the rest is counted.
const NAMED: usize = 6;
/// So many questions of one sort are asked.
const ASKED: usize = 20;

/// Some of these, and how many there are beside.
pub fn some(all: &[String]) -> String {
    let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn capped(mut all: Vec<String>, what: &str) -> Vec<String> {
    let more = all.len().saturating_sub(ASKED);
    all.truncate(ASKED);
    all.extend((more > 0).then(|| format!("and {more} more {what}")));
    all
}

/// The labels that each volume has and each claim that selects asks for, as a value; or what is asked where they disagree.
pub fn labels<'o>(volumes: &[&Object], all: impl Iterator<Item = &'o Object>) -> (Option<String>, Vec<String>) {
    let mut asked: BTreeMap<(String, String), Vec<Place>> = BTreeMap::new();
    let mut selecting = 0;
    for object in all {
        let own = (object.kind() == "PersistentVolumeClaim").then_some(&object.root);
        let made = object.root.get("spec").into_iter().flat_map(|spec| each(spec, "volumeClaimTemplates"));
        for labels in own.into_iter().chain(made).filter_map(|claim| claim.walk(&["spec", "selector", "matchLabels"])) {
            selecting += 1;
            for field in labels.fields() {
                let value = field.node.text().unwrap_or_default().to_owned();
                asked.entry((field.name.to_string(), value)).or_default().push(object.place_at(field.at));
            }
        }
    }
    let has = |volume: &Object, key: &str| {
        volume.root.walk(&["metadata", "labels", key]).and_then(Node::text).map(str::to_owned)
    };
    let (mut labels, mut questions) = (serde_json::Map::new(), Vec::new());
    for ((key, value), places) in asked.iter().filter(|(_, places)| places.len() == selecting) {
        if volumes.iter().all(|volume| has(volume, key).as_deref() == Some(value)) {
            labels.insert(key.clone(), Value::from(value.as_str()));
        } else if let Some(volume) = volumes.iter().find(|volume| has(volume, key).is_none())
            && volumes.iter().all(|volume| has(volume, key).is_none())
        {
            let place = &places[0];
            questions.push(format!(
                "{place} asks for a volume with {key}={value}, and none has it (the first: {}): add it there?",
                volume.place_of(&["metadata", "labels"])
            ));
        }
    }
    ((!labels.is_empty() && !volumes.is_empty()).then(|| flow(&Value::Object(labels))), questions)
}

pub fn of_steps(groups: &[Group], sheets: &[Sheet], sketch: &mut Sketch) {
    for (group, step) in groups.iter().zip(&mut sketch.steps) {
        let objects = group.sheets.iter().flat_map(|at| &sheets[*at].papers.objects);
        let volumes: Vec<String> = objects.filter_map(|object| volume(object)).collect();
        step.questions.extend(capped(volumes, "volumes: is each saved anywhere?"));
    }
}

/// Where a volume keeps its data, if that is on a node.
fn volume(object: &Object) -> Option<String> {
    if object.kind() != "PersistentVolume" {
        return None;
    }
    let names = [["spec", "local", "path"], ["spec", "hostPath", "path"]];
    let names = names.iter().find(|names| object.root.walk(&names[..]).is_some())?;
    let path = object.root.text_at(&names[..])?;
    Some(format!("{} lies on {path} ({}): is it saved anywhere?", object.id, object.place_of(&names[..])))
}

pub fn of_all(objects: &[Arc<Object>], sketch: &mut Sketch) {
    let claims = claims(objects);
    if let Some(step) = sketch.steps.iter_mut().find(|step| step.kind == workloads::NAME) {
        step.questions.extend(claims);
    }
    let of = |group: &str, kinds: &[&str]| -> Vec<&Arc<Object>> {
        let fits = |object: &&Arc<Object>| {
            let own = object.id.group();
            (own == group || own.ends_with(&format!(".{group}"))) && kinds.contains(&object.kind())
        };
        objects.iter().filter(fits).collect()
    };
    let hands = [
        (
            "argoproj.io",
            &["Application", "ApplicationSet"][..],
            "Argo CD keeps what these name, and a plan has no step for it yet: is all of that in these files?",
        ),
        (
            "toolkit.fluxcd.io",
            &["Kustomization", "GitRepository", "OCIRepository"],
            "Flux keeps what these name, and a plan has no step for it yet: where does it fetch from when all is down?",
        ),
        ("toolkit.fluxcd.io", &["HelmRelease"], "what these charts make is in no file: render them, or who brings it?"),
        (
            "helm.cattle.io",
            &["HelmChart", "HelmChartConfig"],
            "k3s makes something of these charts, and a sandbox does not: render them, or who brings it?",
        ),
    ];
    for (group, kinds, question) in hands {
        let found: Vec<String> =
            of(group, kinds).iter().map(|object| format!("{} ({})", object.id, object.place())).collect();
        if !found.is_empty() {
            sketch.head.push(format!("{}: {question}", some(&found)));
        }
    }
}

/// Claims whose volumes nobody in these files makes.
fn claims(objects: &[Arc<Object>]) -> Vec<String> {
    let is = |object: &Object, kind: &str| object.kind() == kind;
    let class = |spec: &Node| spec.text_at(&["storageClassName"]).map(str::to_owned);
    let volumes = objects.iter().filter(|object| is(object, "PersistentVolume"));
    let written: BTreeSet<Option<String>> =
        volumes.filter_map(|volume| Some(class(volume.root.get("spec")?))).collect();
    let mut asked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for object in objects {
        let own = is(object, "PersistentVolumeClaim").then(|| object.root.get("spec")).flatten();
        let made = object.root.get("spec").into_iter().flat_map(|spec| each(spec, "volumeClaimTemplates"));
        for spec in own.into_iter().chain(made.filter_map(|claim| claim.get("spec"))) {
            let class = class(spec);
            if !written.contains(&class) && spec.get("volumeName").is_none() {
                let name = class.map_or("the default one".to_owned(), |class| format!("StorageClass {class}"));
                asked.entry(name).or_default().push(format!(
                    "{} ({})",
                    object.id,
                    object.place_at(spec.nearest(&["storageClassName"]))
                ));
            }
        }
    }
    let ask = |(class, claims): (String, Vec<String>)| {
        format!(
            "claims of {class} find no volume in these files: {}. A sandbox makes none, so a drill waits for them \
             in vain; where does their data lie, and is it saved?",
            some(&claims)
        )
    };
    asked.into_iter().map(ask).collect()
}

/// What pods cannot do without and no file and no store gives.
pub fn of_missing(planned: &Planned, sketch: &mut Sketch) {
    let mut asked: BTreeSet<&Fact> = BTreeSet::new();
    for (at, want) in &planned.missing {
        let certain = want.unmet == Some(Severity::Error) && standing(&want.fact) == Standing::No;
        if !certain || !asked.insert(&want.fact) {
            continue;
        }
        let (kind, name) = want.fact.as_str().split_once('/').unwrap_or_default();
        let says = format!("say `provides: [{}]` at the step that brings it", want.fact);
        let advice = match (kind, fact::WRITTEN.iter().any(|(known, _)| *known == kind)) {
            ("secret", _) => format!("put it into the store (blackstart secrets add {name}), or {says}?"),
            (_, true) => format!("add the file, or {says}?"),
            (_, false) => "add the file?".to_owned(),
        };
        let text = format!("{} ({}), which is in no file: {advice}", want.because, want.at);
        let id = planned.file.steps[*at].id.as_str();
        if let Some(step) = sketch.steps.iter_mut().find(|step| step.id == id) {
            step.questions.push(text);
        }
    }
    for step in &mut sketch.steps {
        let limit = if step.kind == storage::NAME { usize::MAX } else { ASKED };
        if step.questions.len() > limit {
            let questions = std::mem::take(&mut step.questions);
            step.questions = capped(questions, "of this kind: blackstart check lists all");
        }
    }
}
