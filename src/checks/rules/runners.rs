//! F38: runners of jobs whose labels leave out the one that workflows ask for.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::Node;
use crate::manifests::pods::each;
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F38"],
    pages: &[cause(
        "F38",
        "Runners that no job finds",
        "The labels of a runner were written down to add one, and with that the list is what is written: self-hosted, \
         which most workflows ask for, is not in it. All jobs stand in the queue, also the one that would deploy the \
         mended file.",
        "Write self-hosted into the list beside the others.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    let ways = [("RunnerDeployment", &["spec", "template", "spec", "labels"][..]), ("RunnerSet", &["spec", "labels"])];
    for (kind, way) in ways {
        for object in ground.of_kind("actions.summerwind.dev", kind) {
            let (inner, last) = way.split_at(way.len() - 1);
            let Some(holder) = object.root.walk(inner) else { continue };
            let labels: Vec<&str> = each(holder, last[0]).filter_map(Node::text).collect();
            if !labels.is_empty() && !labels.contains(&"self-hosted") {
                let message =
                    format!("its labels are {}: a job that asks for self-hosted may find no runner", labels.join(", "));
                let fix = "write self-hosted into the list, or let no workflow ask for it";
                told.say("F38", Severity::Warning, object, object.place_of(way), message, fix);
            }
        }
    }
}
