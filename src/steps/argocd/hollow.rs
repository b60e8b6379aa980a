//! In a sandbox no controller runs. What Argo CD would bring is rendered from the work tree and applied by this program itself,
//! so that order, admission, references and volumes are tried; that Argo CD was not is said.

use super::ArgoCd;
use crate::manifests::brought::Brought;
use crate::manifests::facts::{makes_namespace, wants};
use crate::manifests::{Object, Papers, objects_of};
use crate::model::count::many;
use crate::model::{Fact, ObjectId};
use crate::steps::contract::{Mishap, Seen};
use crate::steps::papers;
use crate::steps::scene::Scene;
use crate::steps::survey;
use crate::steps::target::Up;
use crate::steps::trouble;
use crate::sys::kube::{Force, base64};
use crate::sys::pace::BrokenOff;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an init container of redis makes.
const REDIS: &str = "argocd-redis";

/// Makes what a container would, where something of Argo CD waits for it.
pub async fn prepare(step: &ArgoCd, scene: &Scene<'_>, up: &Up) -> Result<(), Mishap> {
    let failed = |trouble: crate::sys::kube::Trouble| Mishap::failed(trouble, true);
    let fact = Fact::of("secret", &format!("{}/{REDIS}", step.namespace));
    let papers = [step.own.clone()];
    let scopes = crate::manifests::facts::scopes(&papers);
    let wanted = step.own.objects.iter().any(|object| wants(object, &scopes).iter().any(|want| want.fact == fact));
    let id = ObjectId::new("v1", "Secret", Some(&step.namespace), REDIS);
    if !wanted || up.kube.get(&id).await.map_err(failed)?.is_some() {
        return Ok(());
    }
    let body = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": REDIS, "namespace": step.namespace}, "data": {"auth": base64(b"of a sandbox")}});
    up.kube.apply(scene.touch, &body, Force::No).await.map_err(failed)?;
    (scene.say)(format!("{id} is made here: in life a container of redis makes it"));
    Ok(())
}

/// Everything, with the namespaces that Applications ask for.
fn everything(step: &ArgoCd, brought: &Brought) -> Papers {
    let shared: BTreeSet<&ObjectId> = step.shared.iter().collect();
    let mut objects: Vec<Arc<Object>> = step.roots.clone();
    objects.extend(super::expect::objects(brought).into_iter().filter(|object| !shared.contains(&object.id)));
    let there: BTreeSet<String> =
        objects.iter().filter(|object| object.kind() == "Namespace").map(|object| object.name().to_owned()).collect();
    let asked = brought.applications.iter().filter_map(|one| Some((one, makes_namespace(&one.object)?.0)));
    let mut made = BTreeSet::new();
    for (one, name) in asked {
        if there.contains(name) || !made.insert(name.to_owned()) || step.holds_namespace(name) {
            continue;
        }
        let text = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}).to_string();
        objects.extend(objects_of(text.as_bytes(), true, &one.object.file).0.into_iter().map(Arc::new));
    }
    Papers { objects, ..step.papers.clone() }
}

impl ArgoCd {
    fn holds_namespace(&self, name: &str) -> bool {
        let is = |kind: &str, own: &str| kind == "Namespace" && own == name;
        self.own.objects.iter().any(|object| is(object.kind(), object.name()))
            || self.shared.iter().any(|id| is(&id.kind, &id.name))
    }
}

pub async fn bring(step: &ArgoCd, scene: &Scene<'_>, up: &Up, brought: &Brought) -> Result<(), Mishap> {
    let all = everything(step, brought);
    let apps = many(brought.applications.len(), "Application");
    (scene.say)(format!("no Argo CD runs here: what {apps} would bring is applied from the work tree"));
    papers::put(scene, up, &all).await
}

pub async fn seen(step: &ArgoCd, scene: &Scene<'_>, up: &Up, brought: &Brought, waits: bool) -> Seen {
    let all = everything(step, brought);
    let all = Papers { objects: [&*step.own.objects, &*all.objects].concat(), ..all };
    match papers::ask(scene, up, &all).await {
        Seen::Present(_) => {}
        other => return other,
    }
    let wanted = survey::expected(&all, &[]);
    let seen = match waits {
        true => survey::wait(&up.kube, &wanted, &all, scene).await,
        false => survey::look(&up.kube, &wanted, &all, &scene.pace).await,
    };
    let ready = |standings: &survey::Standings| {
        standings.iter().all(|(_, one)| matches!(one, crate::checks::ladder::Standing::Ready(_)))
    };
    match seen {
        survey::Seen::AllStand(standings) if ready(&standings) => Seen::Present(format!(
            "{} rendered and applied here, {} ready; Argo CD not exercised{}",
            many(brought.applications.len(), "Application"),
            many(standings.len(), "workload"),
            papers::unmoved(scene)
        )),
        survey::Seen::AllStand(standings) => Seen::Absent(survey::told(&standings)),
        survey::Seen::Stuck(standings) => Seen::Absent(trouble::told(scene, &standings, None)),
        survey::Seen::Over(BrokenOff::Deadline(time), standings) => {
            Seen::Absent(trouble::told(scene, &standings, Some(time)))
        }
        survey::Seen::Over(BrokenOff::Brake, _) => Seen::BrokenOff("broken off".to_owned()),
        survey::Seen::Lost(why) => Seen::Unknown(format!("{}: {why}", up.server)),
    }
}

/// What a sandbox does not show of it.
pub fn unproven(step: &ArgoCd, scene: &Scene<'_>) -> Vec<String> {
    if scene.target.up().is_none_or(|up| up.as_sandbox().is_none()) {
        return Vec::new();
    }
    let brought = step.whole.get().map_or(&step.brought, |whole| whole);
    let apps = many(brought.applications.len(), "Application");
    let first = format!("Argo CD not exercised: {apps} rendered from the work tree and applied by blackstart itself");
    let unknown = brought.unread.iter().map(|one| format!("not seen: {}: {} {}", one.place, one.object, one.why));
    std::iter::once(first).chain(unknown).collect()
}
