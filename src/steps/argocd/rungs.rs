//! From an Application that is not green down to the first cause: what it could not apply, what of it is not healthy, and where
//! that is written.

use super::wait::{Moment, Watch};
use crate::checks::argocd::{Expected, Is, Stuck};
use crate::checks::ladder::{Heals, Hop, Standing, Trouble, UNKNOWN};
use crate::checks::live::Live;
use crate::manifests::Object;
use crate::model::ObjectId;
use crate::steps::secrets;
use crate::steps::survey;
use std::sync::Arc;

fn id_of(expected: &Expected) -> ObjectId {
    ObjectId::new("argoproj.io/v1alpha1", "Application", Some(&expected.namespace), &expected.name)
}

fn brings<'w>(watch: &'w Watch<'_>, at: usize) -> &'w [Arc<Object>] {
    watch.brought.applications.get(at).map_or(&[], |one| &one.brings)
}

/// Every first cause once, with what it holds up. A cause that a workload shows says more than its Application.
pub fn causes(watch: &Watch<'_>, moment: &Moment, live: &Live) -> Vec<(Trouble, Vec<ObjectId>)> {
    let mut all: Vec<(Trouble, Vec<ObjectId>)> = Vec::new();
    for (at, (expected, is)) in watch.expected.iter().zip(&moment.judged).enumerate() {
        let id = id_of(expected);
        let health = moment.apps.get(&(expected.namespace.clone(), expected.name.clone()));
        let health = health.map_or_else(String::new, |one| one.health.clone());
        let below: Vec<Trouble> = sealed(watch, at, live).chain(addressless(watch, at, live, is)).collect();
        for mut trouble in below {
            trouble.chain.insert(0, Hop { object: id.to_string(), says: format!("its health is {health}") });
            all.push((trouble, vec![id.clone()]));
        }
        let Is::Stuck(stuck) = is else { continue };
        let deeper = brings(watch, at).iter().any(|object| {
            moment.standings.iter().any(|(id, standing)| *id == object.id && matches!(standing, Standing::Stuck(_)))
        });
        let told = all.iter().any(|(_, held)| held.contains(&id));
        if !(stuck.id == UNKNOWN && stuck.said.is_none() && (deeper || told)) {
            all.push((trouble(watch, at, expected, stuck), vec![id]));
        }
    }
    for (trouble, held) in survey::causes(&moment.standings) {
        let mut trouble = trouble.clone();
        let owner = |id: &ObjectId| {
            (0..watch.expected.len()).find(|at| brings(watch, *at).iter().any(|object| object.id == *id))
        };
        if let Some(at) = held.first().and_then(|id| owner(id)) {
            let says = match &moment.judged[at] {
                Is::Green => "Synced and Healthy by its own word".to_owned(),
                Is::Waits(why) => why.clone(),
                Is::Stuck(stuck) => stuck.why.clone(),
            };
            trouble.chain.insert(0, Hop { object: id_of(&watch.expected[at]).to_string(), says });
        }
        all.push((trouble, held.into_iter().cloned().collect()));
    }
    all
}

/// What is wrong with an Application itself, at what it is about: the object that was refused, else the Application.
fn trouble(watch: &Watch<'_>, at: usize, expected: &Expected, stuck: &Stuck) -> Trouble {
    let id = id_of(expected);
    let refused = stuck.failed.first().and_then(|failed| {
        brings(watch, at).iter().find(|object| {
            object.kind() == failed.kind && object.name() == failed.name && object.id.group() == failed.group
        })
    });
    let mut chain = Vec::new();
    if refused.is_some() {
        chain.push(Hop { object: id.to_string(), says: "it is not synced".to_owned() });
    }
    Trouble {
        id: stuck.id,
        object: refused.map_or(id, |object| object.id.clone()),
        chain,
        message: stuck.why.clone(),
        field: None,
        place: Some(refused.map_or_else(|| expected.place.clone(), |object| object.place())),
        fix: stuck.fix.clone(),
        patch: None,
        mend: None,
        heals: stuck.heals,
        raw: stuck.said.iter().cloned().collect(),
    }
}

/// Of the object of a file, what is the matter with it in the cluster.
fn about(object: &Object, id: &'static str, heals: Heals, message: String, fix: &str, raw: Vec<String>) -> Trouble {
    Trouble {
        id,
        object: object.id.clone(),
        chain: Vec::new(),
        message,
        field: None,
        place: Some(object.place()),
        fix: fix.to_owned(),
        patch: None,
        mend: None,
        heals,
        raw,
    }
}

/// SealedSecrets that their controller could not open.
fn sealed<'w>(watch: &'w Watch<'_>, at: usize, live: &'w Live) -> impl Iterator<Item = Trouble> + 'w {
    let objects = brings(watch, at).iter().filter(|object| object.id.group() == "bitnami.com");
    objects.filter_map(move |object| {
        let said = secrets::said(&live.get(&object.id)?.value)?.to_owned();
        let fix = "seal it again for the certificate that runs now, and push it: blackstart secrets write-back";
        let message = format!("its controller could not open it: {said}");
        Some(about(object, "F02", Heals::Never, message, fix, vec![said]))
    })
}

/// What waits for an address that only somebody outside of Kubernetes gives, of an Application that is held up by its health
/// alone.
fn addressless<'w>(watch: &'w Watch<'_>, at: usize, live: &'w Live, is: &'w Is) -> impl Iterator<Item = Trouble> + 'w {
    let held_up = matches!(is, Is::Waits(why) if why.contains("Progressing") || why.contains("waiting for healthy"));
    let objects = brings(watch, at).iter().filter(move |_| held_up);
    objects.filter_map(move |object| {
        let item = live.get(&object.id)?;
        let wants = match (object.id.group(), object.kind()) {
            ("", "Service") => item.value["spec"]["type"] == "LoadBalancer",
            ("networking.k8s.io", "Ingress") => true,
            _ => false,
        };
        let given = item.value["status"]["loadBalancer"]["ingress"].as_array().is_some_and(|all| !all.is_empty());
        let message = "waits for an address that nobody has given it, and Argo CD waits with it: not a failure of your \
                       application";
        let fix = "bring what gives addresses (servicelb, MetalLB, an ingress controller), or a health check of your own \
                   in argocd-cm";
        (wants && !given).then(|| about(object, "F12", Heals::May, message.to_owned(), fix, Vec::new()))
    })
}

/// Whether something is under way that may still mend it. What waits for an address alone is not.
pub fn goes_on(watch: &Watch<'_>, moment: &Moment, live: &Live) -> bool {
    let waits = |standing: &Standing| matches!(standing, Standing::Waiting { .. } | Standing::Slow { .. });
    moment.standings.iter().any(|(_, standing)| waits(standing))
        || moment.judged.iter().enumerate().any(|(at, is)| {
            let child_of_stuck = watch.expected[at].parent.is_some_and(|parent| {
                matches!(is, Is::Waits(_))
                    && matches!(moment.judged[parent], Is::Stuck(_))
                    && !moment
                        .apps
                        .contains_key(&(watch.expected[at].namespace.clone(), watch.expected[at].name.clone()))
            });
            matches!(is, Is::Waits(_)) && !child_of_stuck && addressless(watch, at, live, is).next().is_none()
        })
}
