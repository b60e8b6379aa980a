//! F57: an Argo CD that manages itself, and takes itself away together with everything when its Application is deleted.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::checks::rules::delivery::Bringer;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F57"],
    pages: &[cause(
        "F57",
        "An Argo CD that deletes itself",
        "Argo CD is brought by one of its own Applications, which prunes and has the finalizer that takes everything along. \
         One file that moves, one parent that is deleted, and it removes its own namespace; what is left of it then goes on \
         with the deletions that it had begun, also in the cluster that is built anew.",
        "Take the finalizer resources-finalizer.argocd.argoproj.io off this Application, and its automatic prune.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    for one in ground.delivery().bringers.iter().filter(|one| one.object.kind() == "Application") {
        let root = &one.object.root;
        let cascades = root.get("metadata").into_iter().flat_map(|about| each(about, "finalizers"));
        let Some(finalizer) = cascades
            .into_iter()
            .find(|node| node.text().is_some_and(|text| text.starts_with("resources-finalizer.argocd")))
        else {
            continue;
        };
        let prunes = root.walk(&["spec", "syncPolicy", "automated", "prune"]).and_then(Node::flag) == Some(true);
        let Some(own) = prunes.then(|| own(ground, one)).flatten() else { continue };
        let message = format!("brings Argo CD itself ({own}), prunes, and takes all along when it is deleted");
        let fix = "take this finalizer away, and prune: true with it: Argo CD is removed by hand or not at all";
        told.say("F57", Severity::Warning, one.object, one.object.place_at(finalizer.at), message, fix);
    }
}

/// The part of Argo CD that an Application brings.
fn own(ground: &Ground<'_>, one: &Bringer<'_>) -> Option<String> {
    let spec = one.object.root.get("spec")?;
    let mut charts =
        spec.get("source").into_iter().chain(each(spec, "sources")).filter_map(|source| source.text_at(&["chart"]));
    if let Some(chart) = charts.find(|chart| *chart == "argo-cd") {
        return Some(format!("the chart {chart}"));
    }
    let home = one.object.namespace().unwrap_or("argocd");
    let is_part = |object: &Object| match object.kind() {
        "Namespace" => object.name() == home,
        "Deployment" | "StatefulSet" => {
            object.name() == "argocd-application-controller" || object.name() == "argocd-server"
        }
        _ => false,
    };
    let brought = |object: &Object| one.covers.iter().any(|cover| cover.holds(super::delivery::folder(&object.file)));
    let part = ground.objects.iter().find(|object| is_part(object) && brought(object))?;
    Some(format!("{} {}:{}", part.id, part.file, part.at.line))
}
