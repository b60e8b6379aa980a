//! F50: images that are in no registry, or that nobody fetches: only a node that was given them by hand has them. Whether a
//! step of the plan imports them is not known here.

use super::ground::Ground;
use super::image::{images, policy};
use super::{Rule, Told};
use crate::model::Severity;
use std::collections::BTreeSet;

pub const RULE: Rule = Rule { ids: &["F50"], pages: &[], look };

fn look(ground: &Ground<'_>, told: &mut Told) {
    for workload in &ground.workloads {
        let mut seen = BTreeSet::new();
        for (container, field, image) in images(workload) {
            if !seen.insert(image.text) {
                continue;
            }
            let policy = policy(container, &image);
            // With a port it is the registry of somebody who has one on his nodes.
            let (severity, message, fix) = match (image.host == "localhost", policy) {
                (true, "Always") => (
                    Severity::Error,
                    format!("image {} is in no registry, and pull policy Always looks for it in one", image.text),
                    "imagePullPolicy: Never, and make the import of the image a step of the plan; or push it to a registry",
                ),
                (true, _) => (
                    Severity::Warning,
                    format!("image {} is in no registry: a new node does not have it", image.text),
                    "make the import of the image a step of the plan, or push it to a registry",
                ),
                (false, "Never") => (
                    Severity::Warning,
                    format!("image {} is never fetched (pull policy Never): a new node does not have it", image.text),
                    "make the import of the image a step of the plan, or use pull policy IfNotPresent",
                ),
                (false, _) => continue,
            };
            told.say("F50", severity, workload.object, workload.object.place_at(field.at), message, fix);
        }
    }
}
