//! F17: images that a rebuild gets another of, or none: a tag that moves on, a catalogue that was taken down.

use super::ground::Ground;
use super::image::{Image, images};
use super::{Rule, Told};
use crate::model::Severity;
use std::collections::BTreeSet;

pub const RULE: Rule = Rule { ids: &["F17"], pages: &[], look };

fn look(ground: &Ground<'_>, told: &mut Told) {
    for workload in &ground.workloads {
        let mut seen = BTreeSet::new();
        for (_, field, image) in images(workload) {
            if !seen.insert(image.text) {
                continue;
            }
            let place = workload.object.place_at(field.at);
            if let Some(path) = taken_down(&image) {
                let message =
                    format!("image {} was taken down with the other tagged images of bitnami in 2025", image.text);
                let fix = format!(
                    "use an image that is kept up; until then docker.io/bitnamilegacy/{path} has what there was, without updates"
                );
                told.say("F17", Severity::Warning, workload.object, place, message, fix);
            } else if image.is_latest() {
                let how =
                    if image.tag.is_some() { "is whatever is newest" } else { "names no tag, which means latest" };
                let message =
                    format!("image {} {how}: a rebuild gets another program than the one that ran", image.text);
                told.say(
                    "F17",
                    Severity::Note,
                    workload.object,
                    place,
                    message,
                    "write the tag of the version that runs now",
                );
            }
        }
    }
}

/// The path below `bitnami/` of an image that is not there any more. Sealed Secrets publishes there by itself.
fn taken_down<'i>(image: &Image<'i>) -> Option<&'i str> {
    let path = image.path.strip_prefix("bitnami/").filter(|_| image.host == "docker.io")?;
    let pinned = image.digest.is_some() || image.tag.is_some_and(|tag| tag != "latest");
    (pinned && !path.starts_with("sealed-secrets")).then_some(path)
}
