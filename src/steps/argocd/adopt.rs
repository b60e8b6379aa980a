//! What Argo CD keeps from now on is not ours any more: our name is taken out of the books of what it tracks, so that a field
//! that is taken out of git later goes away.

use super::ArgoCd;
use crate::model::ObjectId;
use crate::model::count::many;
use crate::steps::apply::{body, owners};
use crate::steps::scene::Scene;
use crate::steps::target::Up;
use crate::sys::kube::Trouble;

/// How many were let go of.
pub async fn let_go(step: &ArgoCd, scene: &Scene<'_>, up: &Up) -> Result<usize, Trouble> {
    let own = step.own.objects.iter().chain(&step.roots);
    let ids: Vec<ObjectId> = own.map(|object| object.id.clone()).chain(step.shared.iter().cloned()).collect();
    let mut done = 0;
    for id in ids {
        let live = match up.kube.get(&id).await {
            Ok(Some(live)) => live,
            Ok(None) | Err(Trouble::NoSuchKind { .. }) => continue,
            Err(trouble) => return Err(trouble),
        };
        let ours = step.papers.find(&id).map(|object| body(object)).unwrap_or_default();
        if owners::keeper(&live, &ours).is_none() {
            continue;
        }
        match up.kube.let_go(scene.touch, &id).await {
            Ok(let_go) => done += usize::from(let_go),
            // Somebody has just written it: the next run finds it as it is.
            Err(Trouble::Refused(refusal)) if refusal.code == 409 => {}
            Err(trouble) => return Err(trouble),
        }
    }
    if done > 0 {
        (scene.say)(format!("{} left to Argo CD, which tracks them", many(done, "object")));
    }
    Ok(done)
}
