//! F72: pods that a kubelet reads from its own folder, and that refer to what only the API server has.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::pods::{Target, references};
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F72"],
    pages: &[cause(
        "F72",
        "A static pod that asks the API server",
        "A kubelet starts the pods of its own folder without the API server, and so they can use nothing that lies \
         there: no Secret, no ConfigMap, no claim, no ServiceAccount. The kubelet refuses the file or waits, nothing is \
         seen with kubectl, and the reason stands in the kubelet's log only.",
        "Give it files of the host (hostPath), or make it a DaemonSet.",
    )],
    look,
};

/// Folders that kubelets read.
const FOLDERS: [&str; 4] = ["/etc/kubernetes/manifests/", "/pod-manifests/", "/static-pods/", "/kubelet.d/"];

fn look(ground: &Ground<'_>, told: &mut Told) {
    for object in ground.of_kind("", "Pod") {
        let path = format!("/{}", object.file);
        if !FOLDERS.iter().any(|folder| path.contains(folder)) {
            continue;
        }
        for reference in references(object) {
            let kind = match reference.target {
                Target::Secret => "Secret",
                Target::ConfigMap => "ConfigMap",
                Target::PersistentVolumeClaim => "PersistentVolumeClaim",
                Target::ServiceAccount => "ServiceAccount",
                Target::PriorityClass | Target::RuntimeClass => continue,
            };
            let message = format!("is read by a kubelet from its folder, and refers to {kind} {}", reference.name);
            let fix = "give it a file of the host (hostPath), or make it a DaemonSet";
            told.say("F72", Severity::Error, object, object.place_at(reference.at), message, fix);
        }
    }
}
