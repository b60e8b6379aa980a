//! From the store into the cluster: each file is decrypted, each Secret sealed and applied, and its values forgotten.

use super::certificate::{self, Current};
use super::prove::{Proof, prove};
use super::wait::{SEALED, id_of, said};
use super::write_back;
use crate::model::{Hidden, ObjectId};
use crate::secrets::store::Held;
use crate::secrets::{Vault, seal, wire};
use crate::steps::apply::owners;
use crate::steps::contract::Mishap;
use crate::steps::papers::listed;
use crate::steps::scene::Scene;
use crate::sys::kube::{Force, Kube, Trouble, many};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

/// What a touch has done.
pub struct Done {
    pub changed: usize,
    pub unchanged: usize,
    /// Kept by Argo CD or Flux: not ours to write.
    pub left: usize,
    pub sealed: bool,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.sealed { "sealed and applied" } else { "applied" };
        write!(f, "{} {what}", self.changed)?;
        if self.unchanged > 0 {
            write!(f, ", {} as they were", self.unchanged)?;
        }
        if self.left > 0 {
            write!(f, ", {} left to who keeps them", self.left)?;
        }
        Ok(())
    }
}

/// What goes where.
pub struct To<'a> {
    pub wanted: &'a [&'a Held],
    /// The sealing keys of the store.
    pub keys: &'a [Held],
    pub write_back: Option<PathBuf>,
}

/// Seals and applies.
pub async fn sealed(scene: &Scene<'_>, kube: &Kube, vault: &Vault, to: &To<'_>) -> Result<Done, Mishap> {
    let wanted = to.wanted;
    let Current { certificate, pem } = certificate::current(kube).await.map_err(|why| Mishap::failed(why, false))?;
    (scene.say)(format!("sealing for certificate {}", certificate.fingerprint()));
    let mut bodies: Vec<(&Held, Value)> = Vec::with_capacity(wanted.len());
    let mut faults = Vec::new();
    let opened =
        vault.each(scene.touch.look(), wanted, &mut |held, document| match seal::seal(&document, &certificate) {
            Ok(body) => bodies.extend(
                wanted
                    .iter()
                    .find(|one| one.name == held.name && one.namespace == held.namespace)
                    .map(|one| (*one, body)),
            ),
            Err(fault) => faults.push(super::told(held, &fault.text)),
        });
    opened.map_err(|problem| Mishap::failed(problem, false))?;
    if !faults.is_empty() {
        return Err(Mishap::Failed {
            reason: format!("{} cannot be sealed", faults.len()),
            tail: faults,
            began: false,
        });
    }
    let live = kube.list(SEALED.0, SEALED.1, None).await.map_err(|trouble| Mishap::failed(trouble, false))?;
    let live: HashMap<ObjectId, Value> =
        live.into_iter().filter_map(|object| Some((ObjectId::of(&object)?, object))).collect();
    let say = |text: &str| (scene.say)(text.to_owned());
    let each = many(&bodies, async |(held, body)| {
        let before = live.get(&id_of(held));
        if let Some(before) = before
            && same(before, body)
            // Its values can be there from before, while what is sealed now opens with no key: it would not come again.
            && said(before).is_none()
            && prove(kube, vault, held, Some(before)).await? == Proof::Proven
        {
            return Ok(Did::Nothing);
        }
        let send = |force| async move {
            kube.patiently(&scene.pace, &say, async |kube| kube.apply(scene.touch, body, force).await).await
        };
        match send(Force::No).await {
            Err(Trouble::Conflict(owners)) if owners.iter().any(|owner| owners::is_gitops(&owner.manager)) => {
                Ok(Did::Left)
            }
            Err(Trouble::Conflict(_)) => send(Force::Yes).await.map(|_| Did::Changed),
            answer => answer.map(|_| Did::Changed),
        }
    })
    .await;
    let held: Vec<&Held> = bodies.iter().map(|(held, _)| *held).collect();
    let done = counted(scene, &held, each, true)?;
    if let Some(folder) = &to.write_back {
        let keys = vault.sealing_keys(scene.touch.look(), to.keys).map_err(|problem| Mishap::failed(problem, true))?;
        let fresh = write_back::Fresh { sealed: &bodies, certificate: &pem, keys: &keys };
        let written = write_back::back(scene.touch, folder, &fresh, vault).map_err(|why| Mishap::failed(why, true))?;
        (scene.say)(written.told(folder));
    }
    Ok(done)
}

/// The same Secret would come of it: what is sealed differs each time, and its values are proven by themselves.
fn same(before: &Value, body: &Value) -> bool {
    let about = |object: &Value| object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    let (before_notes, notes) = (about(before), about(body));
    before["spec"]["template"] == body["spec"]["template"]
        && notes.iter().all(|(name, text)| before_notes.get(name) == Some(text))
        && before_notes
            .keys()
            .filter(|name| name.starts_with("sealedsecrets.bitnami.com/"))
            .all(|name| notes.contains_key(name))
}

/// Applies as they are.
pub async fn plain(scene: &Scene<'_>, kube: &Kube, vault: &Vault, wanted: &[&Held]) -> Result<Done, Mishap> {
    let mut bodies: Vec<(Held, ObjectId, Hidden)> = Vec::with_capacity(wanted.len());
    let opened = vault.each(scene.touch.look(), wanted, &mut |held, document| {
        bodies.push((held.clone(), document.id.clone(), wire::body(&document)));
    });
    opened.map_err(|problem| Mishap::failed(problem, false))?;
    let say = |text: &str| (scene.say)(text.to_owned());
    let each = many(&bodies, async |(held, id, body)| {
        let before = kube.secret(&held.namespace, &held.name).await?.map(|live| live.metadata.resource_version);
        let send = |force| async move {
            kube.patiently(&scene.pace, &say, async |kube| kube.apply_secret(scene.touch, id, body, force).await).await
        };
        let after = match send(Force::No).await {
            Err(Trouble::Conflict(owners)) if owners.iter().any(|owner| owners::is_gitops(&owner.manager)) => {
                return Ok(Did::Left);
            }
            Err(Trouble::Conflict(_)) => send(Force::Yes).await?,
            answer => answer?,
        };
        Ok(if before.as_ref() == Some(&after.resource_version) { Did::Nothing } else { Did::Changed })
    })
    .await;
    let held: Vec<&Held> = bodies.iter().map(|(held, ..)| held).collect();
    counted(scene, &held, each, false)
}

enum Did {
    Changed,
    Nothing,
    Left,
}

fn counted(scene: &Scene<'_>, held: &[&Held], each: Vec<Result<Did, Trouble>>, sealed: bool) -> Result<Done, Mishap> {
    let (mut done, mut faults) = (Done { changed: 0, unchanged: 0, left: 0, sealed }, Vec::new());
    for (held, did) in held.iter().zip(each) {
        match did {
            Ok(Did::Changed) => done.changed += 1,
            Ok(Did::Nothing) => done.unchanged += 1,
            Ok(Did::Left) => done.left += 1,
            Err(trouble) => faults.push(super::told(held, &trouble.to_string())),
        }
    }
    if faults.is_empty() {
        return Ok(done);
    }
    if scene.pace.is_braked() {
        return Err(Mishap::Stopped { reason: format!("broken off: {done}") });
    }
    let reason = format!("{} of {} were not taken", faults.len(), held.len());
    let tail = listed(&reason, &faults).lines().skip(1).map(str::to_owned).collect();
    Err(Mishap::Failed { reason, tail, began: true })
}
