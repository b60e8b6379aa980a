//! F14: Applications whose few attempts are spent before what they need is there.

use super::delivery::Bringer;
use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::checks::ladder::Mend;
use crate::checks::ladder::edit::Set;
use crate::checks::ladder::way::Way;
use crate::manifests::Object;
use crate::manifests::facts::{Standing, standing};
use crate::manifests::kinds::{Builtin, Scopes, builtin};
use crate::model::{Fact, Severity};
use std::collections::HashSet;
use std::sync::Arc;

pub const RULE: Rule = Rule {
    ids: &["F14"],
    pages: &[cause(
        "F14",
        "An Application that has given up",
        "Argo CD tries a commit five times within a few minutes. In a running cluster that is plenty. At a rebuild the \
         definitions and webhooks that others bring are not there yet; the attempts are used up, and the Application then \
         waits for the next commit, though everything it needs has come.",
        "Give it more attempts: syncPolicy.retry.limit. Or sync it once more when the rest is up.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    if ground.of_kind("argoproj.io", "Application").is_empty() {
        return;
    }
    let delivery = ground.delivery();
    let scopes = Scopes::of(ground.objects.iter().map(|object| -> &Object { object }));
    let foreign = |object: &&&Arc<Object>| {
        let id = &object.id;
        let comes = Fact::of("crd", &format!("{}.{}", id.kind, id.group()));
        builtin(id.group(), &id.kind) == Builtin::Foreign
            && id.group() != "argoproj.io"
            && standing(&comes) == Standing::No
    };
    let mut seen: HashSet<*const Object> = HashSet::new();
    let mut first: Option<(&Arc<Object>, &Arc<Object>)> = None;
    for object in ground.objects.iter().filter(foreign) {
        let defined = scopes.get(&object.id);
        for one in delivery.of_file(&object.file).filter(|one| is_brief(one)) {
            let brings = |file: &str| one.covers.iter().any(|cover| cover.holds(super::delivery::folder(file)));
            if defined.is_some_and(|defined| brings(&defined.object.file)) || !seen.insert(Arc::as_ptr(one.object)) {
                continue;
            }
            first.get_or_insert((one.object, object));
        }
    }
    let Some((application, object)) = first else { return };
    let more = if seen.len() > 1 { format!("; so are {} others", seen.len() - 1) } else { String::new() };
    let message = format!(
        "is tried five times and no more, and {} ({}:{}) needs a definition that comes with something else{more}",
        object.id, object.file, object.at.line
    );
    let fix = "write syncPolicy.retry.limit: 20, or as many as the slowest rebuild needs";
    let place = application.place_of(&["spec", "syncPolicy"]);
    let way = Way::to(&["spec", "syncPolicy", "retry", "limit"]);
    *told.say("F14", Severity::Note, application, place, message, fix) =
        Some(Mend::new(application, vec![Set { way, value: 20.into() }], "retries"));
}

/// Whether it syncs by itself, as often as Argo CD does when nobody says how often.
fn is_brief(one: &Bringer<'_>) -> bool {
    let root = &one.object.root;
    one.object.kind() == "Application"
        && root.walk(&["spec", "syncPolicy", "automated"]).is_some()
        && root.walk(&["spec", "syncPolicy", "retry", "limit"]).is_none()
}
