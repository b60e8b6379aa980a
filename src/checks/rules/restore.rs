//! F36: backups in the files, and nothing in the files that ever reads one of them back.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::{Node, Object};
use crate::model::Severity;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    ids: &["F36"],
    pages: &[cause(
        "F36",
        "A backup that nobody has restored",
        "It runs every night, and nobody looks. The credential had run out, the path was empty, the password of the \
         repository was only in the cluster: it shows on the day when it is needed. Until one was read back and looked at, \
         it is a hope.",
        "Let a job restore the newest one to the side and compare, regularly, and let it be heard when it fails.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    if !ground.whole {
        return;
    }
    let mut backups: BTreeMap<(&str, &str), Vec<&Object>> = BTreeMap::new();
    for object in &ground.objects {
        if is_restore(object) {
            return;
        }
        if is_backup(object) {
            backups.entry((object.id.group(), object.kind())).or_default().push(object);
        }
    }
    for all in backups.values() {
        let Some(first) = all.first() else { continue };
        let more = if all.len() > 1 { format!(" (and {} others of its kind)", all.len() - 1) } else { String::new() };
        let message = format!("makes backups{more}, and no file shows that one is ever restored");
        let fix = "add a job that restores the newest one to the side and looks at it";
        told.say("F36", Severity::Note, first, first.place(), message, fix);
    }
}

/// Words of its name and labels.
fn says(object: &Object, words: &[&str]) -> bool {
    let labels = object.root.walk(&["metadata", "labels"]).map_or(&[][..], Node::fields);
    let texts = labels.iter().filter_map(|label| label.node.text()).chain([object.name()]);
    texts.into_iter().any(|text| words.iter().any(|word| text.contains(word)))
}

fn is_backup(object: &Object) -> bool {
    match (object.id.group(), object.kind()) {
        ("velero.io" | "k8up.io", "Schedule")
        | ("postgresql.cnpg.io", "ScheduledBackup")
        | ("volsync.backube", "ReplicationSource") => true,
        ("longhorn.io", "RecurringJob") => {
            object.root.text_at(&["spec", "task"]).is_some_and(|task| task.starts_with("backup"))
        }
        ("batch", "CronJob") => says(object, &["backup"]),
        _ => false,
    }
}

fn is_restore(object: &Object) -> bool {
    match (object.id.group(), object.kind()) {
        ("velero.io" | "k8up.io", "Restore") | ("volsync.backube", "ReplicationDestination") => true,
        ("postgresql.cnpg.io", "Cluster") => object.root.walk(&["spec", "bootstrap", "recovery"]).is_some(),
        ("batch", "CronJob" | "Job") | ("argoproj.io", "CronWorkflow") => {
            says(object, &["restore", "backup-test", "backup-verify", "verify-backup", "backup-check"])
        }
        _ => false,
    }
}
