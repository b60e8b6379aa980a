//! F34: folders of manifests that nothing applies, in a repository that is applied by Applications or Kustomizations. What lies
//! there exists in the old cluster because somebody applied it by hand.

use super::delivery::{below, folder};
use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::repository::{Beside, Sorted};
use crate::manifests::{Node, Object};
use crate::model::Severity;
use std::collections::{BTreeMap, BTreeSet};

pub const RULE: Rule = Rule {
    ids: &["F34"],
    pages: &[cause(
        "F34",
        "A folder that nothing applies",
        "All of the repository seems to be applied by Argo CD or Flux. One folder is not: it was applied by hand once, and \
         everybody took it for one of the others. The rebuilt cluster is green and lacks it.",
        "Make an Application or Kustomization for it, name it in a kustomization.yaml that is applied, or delete it.",
    )],
    look,
};

/// Folders that are not meant to be applied as they lie there, by a word in their names.
const ASIDE: &[&str] = &[
    "archive",
    "archived",
    "bootstrap",
    "ci",
    "components",
    "deprecated",
    "disabled",
    "doc",
    "docs",
    "example",
    "examples",
    "fixtures",
    "flux-system",
    "hack",
    "old",
    "samples",
    "scripts",
    "template",
    "templates",
    "test",
    "testdata",
    "tests",
    "unused",
];

fn look(ground: &Ground<'_>, told: &mut Told) {
    let delivery = ground.delivery();
    let Some(root) = delivery.root.as_deref().filter(|_| ground.whole && !ground.applied) else { return };
    // A template whose generator may name anything may cover anything.
    let covers = || delivery.bringers.iter().flat_map(|one| &one.covers);
    if covers().any(|cover| cover.pattern && cover.folder.trim_start_matches(root).trim_matches('/').starts_with("{{"))
    {
        return;
    }
    let mut folders: BTreeMap<&str, &Object> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut own: BTreeSet<&str> = BTreeSet::new();
    for object in &ground.objects {
        let at = folder(&object.file);
        if is_gitops(object) {
            own.insert(at);
        }
        folders.entry(at).or_insert(object);
        *counts.entry(at).or_default() += 1;
    }
    let built: BTreeSet<&str> = ground.besides(Sorted::Kustomization).map(|file| folder(&file.file)).collect();
    let named = names(ground);
    // What lies in a folder that kustomize builds is its affair; below a folder that is applied, that of whoever applies it.
    let is_covered = |at: &str| {
        covers().any(|cover| cover.holds(at))
            || (covers().any(|cover| !cover.pattern && below(at, &cover.folder) && built.contains(&*cover.folder)))
            || named.contains(at)
    };
    let (covered, left): (Vec<&str>, Vec<&str>) = folders.keys().copied().partition(|at| is_covered(at));
    let left: Vec<&str> = left.into_iter().filter(|at| !own.contains(at) && !is_aside(at, root)).collect();
    // Where less than half is applied in this way, the other half has its own.
    if left.len() > covered.len() {
        return;
    }
    for at in left {
        let object = folders[at];
        let all = match counts[at] {
            1 => format!("{} would be missing", object.id),
            count => format!("{} and {} more would be missing", object.id, count - 1),
        };
        let shown = if at.is_empty() { "." } else { at };
        let message = format!("no Application or Kustomization brings the folder {shown}: {all}");
        let fix = "make one for this folder, name it in a kustomization.yaml that is applied, or delete it";
        told.say("F34", Severity::Warning, object, object.place(), message, fix);
    }
}

fn is_gitops(object: &Object) -> bool {
    let group = object.id.group();
    group == "argoproj.io" || group.ends_with(".toolkit.fluxcd.io") || group == "fleet.cattle.io"
}

fn is_aside(at: &str, root: &str) -> bool {
    let own = at.strip_prefix(root).unwrap_or(at);
    own.split('/').any(|part| part.starts_with(['.', '_']) || ASIDE.contains(&part.to_ascii_lowercase().as_str()))
}

/// Folders that a kustomization.yaml names, applied or not: a base is used by what names it.
fn names<'g>(ground: &'g Ground<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for Beside { file, root: node, .. } in ground.besides(Sorted::Kustomization) {
        found.insert(folder(file).to_owned());
        let lists = ["resources", "bases", "components", "patches", "patchesStrategicMerge"];
        let texts = lists.into_iter().flat_map(|list| crate::manifests::pods::each(node, list));
        let texts = texts.filter_map(|one: &'g Node| one.text().or_else(|| one.text_at(&["path"])));
        for text in texts.filter(|text| !text.contains("://")) {
            let path = super::delivery::resolved(folder(file), text);
            let is_file = [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
            found.insert(if is_file { folder(&path).to_owned() } else { path });
        }
    }
    found
}
