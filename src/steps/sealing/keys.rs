//! The sealing keys in the cluster: those of the store put back, or a new one, and nothing else active beside them.

use crate::manifests::Papers;
use crate::secrets::key::ACTIVE;
use crate::secrets::store::Held;
use crate::secrets::{Document, Key, wire};
use crate::steps::contract::{Mishap, Seen};
use crate::steps::scene::Scene;
use crate::steps::secrets::certificate;
use crate::steps::secrets::prove::{Proof, prove};
use crate::sys::clock;
use crate::sys::kube::{Force, Kube};
use std::collections::BTreeSet;

/// What was done to the keys.
#[derive(Clone, Copy, Default)]
pub struct Moved {
    pub any: bool,
    /// One was there before, with something else in it.
    pub altered: bool,
}

/// Puts the store's keys in place.
pub async fn restore(scene: &Scene<'_>, kube: &Kube, held: &[Held]) -> Result<Moved, Mishap> {
    let vault = scene.opened().map_err(|why| Mishap::failed(why, false))?;
    let wanted: Vec<&Held> = held.iter().collect();
    let mut documents: Vec<Document> = Vec::new();
    let opened = vault.each(scene.touch.look(), &wanted, &mut |_, document| documents.push(document));
    opened.map_err(|problem| Mishap::failed(problem, false))?;
    for document in &documents {
        // A key that the controller cannot read makes it fall over when it starts.
        Key::read(document).map_err(|faults| {
            let Some(fault) = faults.into_iter().next() else {
                return Mishap::failed("a sealing key cannot be read", false);
            };
            let place = held.iter().find(|held| *held.name == *document.id.name).map_or("", |held| &*held.file);
            Mishap::failed(format!("{place}:{}: {}", fault.at.line, fault.text), false)
        })?;
    }
    apply(scene, kube, documents).await
}

/// Makes a new key where none is active yet.
pub async fn fresh(scene: &Scene<'_>, kube: &Kube, own: &Papers) -> Result<Moved, Mishap> {
    let active = certificate::active(kube).await.map_err(|trouble| Mishap::failed(trouble, false))?;
    if !active.is_empty() {
        return Ok(Moved::default());
    }
    let namespace = super::controller::home(own);
    let made = Key::generate(namespace, certificate::FRESH, clock::now());
    let (_, document) = made.map_err(|why| Mishap::failed(format!("no key could be made: {why}"), false))?;
    apply(scene, kube, vec![document]).await
}

async fn apply(scene: &Scene<'_>, kube: &Kube, documents: Vec<Document>) -> Result<Moved, Mishap> {
    let say = |text: &str| (scene.say)(text.to_owned());
    let mut moved = Moved::default();
    for document in documents {
        let (id, body) = (document.id.clone(), wire::body(&document));
        drop(document);
        let namespace = id.namespace.as_deref().unwrap_or_default();
        let asked = kube.secret(namespace, &id.name).await.map_err(|trouble| Mishap::failed(trouble, true))?;
        let before = asked.map(|live| live.metadata.resource_version);
        let work = async |kube: &Kube| kube.apply_secret(scene.touch, &id, &body, Force::Yes).await;
        let after = kube.patiently(&scene.pace, &say, work).await;
        let after = after.map_err(|trouble| match scene.pace.is_braked() {
            true => Mishap::Stopped { reason: format!("broken off before {id}") },
            false => Mishap::failed(format!("{id}: {trouble}"), true),
        })?;
        let changed = before.as_ref() != Some(&after.resource_version);
        moved.any |= changed;
        moved.altered |= changed && before.is_some();
    }
    Ok(moved)
}

/// Whether the keys that are active are ours, all of them and no other.
pub async fn ask(scene: &Scene<'_>, kube: &Kube, held: &[Held], fresh: bool) -> Seen {
    let active = match certificate::active(kube).await {
        Ok(active) => active,
        Err(trouble) => return Seen::Unknown(trouble.to_string()),
    };
    let names: BTreeSet<(String, String)> =
        active.iter().map(|key| (key.namespace.clone(), key.name.clone())).collect();
    if fresh {
        return match names.len() {
            1 => shown(kube, 1).await,
            0 => Seen::Absent("no sealing key is active".to_owned()),
            n => Seen::Absent(format!("{n} sealing keys are active, and one was made")),
        };
    }
    let vault = match scene.opened() {
        Ok(vault) => vault,
        Err(why) => return Seen::Unknown(why),
    };
    for held in held {
        match prove(kube, vault, held, None).await {
            Ok(Proof::Proven) => {}
            Ok(Proof::Not(why)) => return Seen::Absent(format!("sealing key {}/{}: {why}", held.namespace, held.name)),
            Err(trouble) => return Seen::Unknown(trouble.to_string()),
        }
    }
    let ours = held.iter().filter(|held| held.sealing_key.as_deref() == Some(ACTIVE));
    let ours: BTreeSet<(String, String)> =
        ours.map(|held| (held.namespace.to_string(), held.name.to_string())).collect();
    match names.difference(&ours).next() {
        Some((namespace, name)) => Seen::Absent(format!(
            "Secret {namespace}/{name} is an active sealing key that is not in the store: has the controller made one? \
             start it with --key-renew-period=0"
        )),
        None => shown(kube, ours.len()).await,
    }
}

async fn shown(kube: &Kube, count: usize) -> Seen {
    match certificate::current(kube).await {
        Ok(current) => {
            let print: String = current.certificate.fingerprint().chars().take(12).collect();
            Seen::Present(format!("{count} active key{}, certificate {print}…", if count == 1 { "" } else { "s" }))
        }
        Err(why) => Seen::Absent(why),
    }
}
