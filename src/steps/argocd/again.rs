//! The only two things that are asked of an Argo CD: to look again at what an earlier attempt has left, and, once for each
//! Application, to sync what it has given up though nothing stands in its way any more. Each is said before it is done.

use super::ArgoCd;
use super::wait::{Moment, Watch};
use crate::checks::argocd::{Application, Expected, Failed, Is};
use crate::manifests::brought::{self, Brought};
use crate::manifests::facts::makes_namespace;
use crate::model::ObjectId;
use crate::steps::apply;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::steps::target::Up;
use crate::sys::kube::{Force, Trouble};
use serde_json::{Value, json};
use std::collections::HashSet;

fn id_of(expected: &Expected) -> ObjectId {
    ObjectId::new("argoproj.io/v1alpha1", "Application", Some(&expected.namespace), &expected.name)
}

/// Where an earlier attempt left Applications, their state is of then: what was mended since is looked at anew.
pub async fn look_again(step: &ArgoCd, scene: &Scene<'_>, up: &Up, brought: &Brought) -> Result<(), Mishap> {
    let failed = |trouble: Trouble| Mishap::failed(trouble, true);
    let mut asked = 0;
    for expected in step.expected(brought) {
        let id = id_of(&expected);
        let Some(live) = up.kube.get(&id).await.map_err(failed)? else { continue };
        let app = Application::of(&live);
        let known = expected
            .sources
            .iter()
            .zip(&app.revisions)
            .all(|(source, there)| source.revision.as_ref().is_none_or(|here| here.eq_ignore_ascii_case(there)));
        if app.errors.is_empty() && known && !app.sync.is_empty() || app.asked {
            continue;
        }
        // Of what it could not make before, it keeps the error for a while; `hard` passes over that.
        let patch = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}});
        up.kube.merge(scene.touch, &id, &patch).await.map_err(failed)?;
        asked += 1;
    }
    if asked > 0 {
        (scene.say)(format!("Argo CD is asked to look again at {asked} that an earlier attempt has left"));
    }
    Ok(())
}

/// Asks for a new sync of those that lack nothing else. How many that were.
pub async fn sync(
    watch: &Watch<'_>,
    scene: &Scene<'_>,
    up: &Up,
    moment: &Moment,
    synced: &mut HashSet<String>,
) -> Result<usize, Trouble> {
    let mut done = 0;
    for (at, (expected, is)) in watch.expected.iter().zip(&moment.judged).enumerate() {
        let Is::Stuck(stuck) = is else { continue };
        let id = id_of(expected);
        let name = id.to_string();
        if !stuck.again || synced.contains(&name) {
            continue;
        }
        let Some(one) = watch.brought.applications.get(at) else { continue };
        if !is_gone(scene, up, one, &stuck.failed).await? {
            continue;
        }
        synced.insert(name.clone());
        (scene.say)(format!("{name} is synced anew, this once: {}", stuck.why));
        let Some(live) = up.kube.get(&id).await? else { continue };
        up.kube.merge(scene.touch, &id, &json!({"operation": operation(&live)})).await?;
        done += 1;
    }
    Ok(done)
}

/// Whether the server would take now what it did not take then: it is asked itself. What is not known here is no reason not
/// to try.
async fn is_gone(scene: &Scene<'_>, up: &Up, by: &brought::Application, failed: &[Failed]) -> Result<bool, Trouble> {
    let (brings, makes) = (&by.brings, makes_namespace(&by.object).is_some());
    for one in failed.iter().filter(|one| !one.hook) {
        let object = brings
            .iter()
            .find(|object| object.kind() == one.kind && object.name() == one.name && object.id.group() == one.group);
        let Some(object) = object else { continue };
        let mut body = apply::body(object);
        if let Some(about) = body.get_mut("metadata").and_then(Value::as_object_mut)
            && !one.namespace.is_empty()
        {
            about.insert("namespace".to_owned(), one.namespace.clone().into());
        }
        match up.kube.apply_dry(scene.touch.look(), &body, Force::Yes).await {
            Ok(_) => {}
            Err(trouble) if trouble.transient() => return Err(trouble),
            // Its namespace comes with the sync.
            Err(Trouble::Refused(refusal)) if makes && refusal.code == 404 => {}
            Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// What a person would ask for with `argocd app sync`, by the Application's own policy.
fn operation(live: &Value) -> Value {
    let policy = &live["spec"]["syncPolicy"];
    let mut sync = json!({"prune": policy["automated"]["prune"] == true});
    if let Some(options) = policy["syncOptions"].as_array() {
        sync["syncOptions"] = options.clone().into();
    }
    let mut operation = json!({"initiatedBy": {"username": "blackstart"}, "sync": sync});
    if policy["retry"].is_object() {
        operation["retry"] = policy["retry"].clone();
    }
    operation
}
