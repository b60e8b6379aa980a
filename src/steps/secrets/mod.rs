//! Kind `secrets`: decrypts the store, seals each Secret for the certificate of this cluster, applies, waits until its
//! controller has opened it, and proves each value.

pub mod certificate;
pub mod prove;
mod put;
mod wait;
pub use wait::said;
pub mod write_back;

use super::contract::{Kind, Mishap, Seen, Work};
use super::fields::Fields;
use super::keys::{Key, Shape};
use super::papers;
use super::scene::Scene;
use crate::manifests::Papers;
use crate::model::{Digest, Mode};
use crate::secrets::papers::As;
use crate::secrets::store::Held;
use crate::sys::Look;
use crate::sys::pace::{BrokenOff, Halt};
use prove::Proof;
use std::path::Path;
use std::time::Duration;
use wait::End;

pub const NAME: &str = "secrets";
pub const DOC: &str =
    "Brings the secrets of the store back: sealed for the cluster's certificate, applied, and each value proven.";
pub const KEYS: &[Key] = &[
    Key::optional("seal", Shape::Bool, "Whether they go there as SealedSecrets (default: true), or as plain Secrets."),
    Key::optional(
        "write-back",
        Shape::Text,
        "A folder of a git work tree that is given the fresh SealedSecrets and the certificate. Never in a drill.",
    ),
];

struct Secrets {
    seal: bool,
    write_back: Option<String>,
    held: Vec<Held>,
    /// The sealing keys of the store.
    keys: Vec<Held>,
    papers: Papers,
}

pub fn read(fields: &mut Fields<'_, '_>) -> Option<Box<dyn Kind>> {
    let seal = fields.flag("seal").unwrap_or(true);
    let at = fields.value_at("write-back");
    let write_back = fields.read("write-back", "a folder", super::fields::path);
    if let Some(at) = at.filter(|_| !seal && write_back.is_some()) {
        fields.faults.add(at, "`write-back` writes what was sealed, and `seal: false` seals nothing: take one out");
    }
    let (held, keys, papers) = (Vec::new(), Vec::new(), Papers::default());
    Some(Box::new(Secrets { seal, write_back, held, keys, papers }))
}

impl Secrets {
    fn wanted(&self) -> Vec<&Held> {
        self.held.iter().collect()
    }

    async fn put(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        let up = scene.target.required().map_err(|why| Mishap::failed(why, false))?;
        let vault = scene.opened().map_err(|why| Mishap::failed(why, false))?;
        let wanted = self.wanted();
        let done = match self.seal {
            true => {
                let write_back = self.write_back.as_ref().filter(|_| scene.mode == Mode::Recover);
                let write_back = write_back.map(|folder| scene.folder.join(folder));
                let to = put::To { wanted: &wanted, keys: &self.keys, write_back };
                put::sealed(scene, &up.kube, vault, &to).await?
            }
            false => put::plain(scene, &up.kube, vault, &wanted).await?,
        };
        (scene.say)(done.to_string());
        scene.unchanged.set(done.changed == 0);
        Ok(())
    }

    /// What is there now, without waiting for it.
    async fn ask(&self, scene: &Scene<'_>) -> Seen {
        let (up, vault) = match (scene.target.required(), scene.opened()) {
            (Ok(up), Ok(vault)) => (up, vault),
            (Err(why), _) | (_, Err(why)) => return Seen::Unknown(why),
        };
        let mut missing = Vec::new();
        for held in &self.held {
            let sealed = match self.seal {
                true => match up.kube.get(&wait::id_of(held)).await {
                    Ok(Some(sealed)) => Some(sealed),
                    Ok(None) => {
                        missing.push(told(held, "there is no SealedSecret of this name"));
                        continue;
                    }
                    Err(trouble) => return Seen::Unknown(trouble.to_string()),
                },
                false => None,
            };
            match prove::prove(&up.kube, vault, held, sealed.as_ref()).await {
                Ok(Proof::Proven) => {}
                Ok(Proof::Not(why)) => missing.push(told(held, &why)),
                Err(trouble) => return Seen::Unknown(trouble.to_string()),
            }
        }
        match missing.len() {
            0 => Seen::Present(self.counted(scene, 0)),
            n => Seen::Absent(papers::listed(&format!("{n} of {} not as in the store", self.held.len()), &missing)),
        }
    }

    fn counted(&self, scene: &Scene<'_>, lagging: usize) -> String {
        let count = self.held.len();
        let lags = match lagging {
            0 => String::new(),
            n => format!("; the controller's status of {n} says otherwise"),
        };
        let moved = papers::unmoved(scene);
        match self.seal {
            true => format!("{count} sealed, {count} unsealed, values match{lags}{moved}"),
            false => format!("{count} as in the store, values match{moved}"),
        }
    }

    /// Waits for the controller, where there is one to wait for.
    async fn verify_all(&self, scene: &Scene<'_>) -> Seen {
        if !self.seal {
            return self.ask(scene).await;
        }
        let (up, vault) = match (scene.target.required(), scene.opened()) {
            (Ok(up), Ok(vault)) => (up, vault),
            (Err(why), _) | (_, Err(why)) => return Seen::Unknown(why),
        };
        let wanted = self.wanted();
        let waited = wait::wait(&up.kube, vault, &wanted, &scene.pace, scene.say).await;
        let late = match waited.end {
            End::All => return Seen::Present(self.counted(scene, waited.lagging)),
            End::Lost(why) => return Seen::Unknown(format!("{}: {why}", up.server)),
            End::Over(BrokenOff::Brake) => return Seen::BrokenOff("broken off".to_owned()),
            End::Over(BrokenOff::Deadline(time)) => format!(" after {}", crate::model::time::spoken(time)),
            End::Failed => String::new(),
        };
        let mut lines = Vec::new();
        for (id, why) in &waited.rest {
            let held = self.held.iter().find(|held| wait::id_of(held) == *id);
            lines.extend(held.map(|held| told(held, why)));
        }
        lines.extend(certificate::strange(&up.kube, vault).await);
        let head = format!("{} of {} not unsealed{late}", waited.rest.len(), waited.rest.len() + waited.proven);
        Seen::Absent(papers::listed(&head, &lines))
    }
}

/// One Secret and what is wrong with it, with its place in the store.
fn told(held: &Held, why: &str) -> String {
    format!("{}/{}  {why}   {}:{}", held.namespace, held.name, held.file, held.at.line)
}

impl Kind for Secrets {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        let many = if self.held.len() == 1 { "secret" } else { "secrets" };
        match self.seal {
            true => format!("seal {} {many} for the cluster's certificate, check each value", self.held.len()),
            false => format!("put {} {many} in place, check each value", self.held.len()),
        }
    }
    fn reaches(&self, _: Mode) -> String {
        match &self.write_back {
            Some(folder) => format!("SealedSecrets in {folder}, outside of drills; values go to the cluster alone"),
            None => "nothing: values go to the cluster of this run and nowhere else".to_owned(),
        }
    }
    fn wants_cluster(&self) -> bool {
        true
    }
    fn wants_store(&self) -> bool {
        true
    }
    fn equip(&mut self, held: &[Held]) {
        (self.keys, self.held) = held.iter().cloned().partition(|held| held.sealing_key.is_some());
        let what = if self.seal { As::Sealed } else { As::Plain };
        self.papers = crate::secrets::papers::papers(self.held.iter(), what);
    }
    fn repeatable(&self) -> bool {
        true
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(120)
    }
    fn stops_at(&self) -> Halt {
        Halt::Gently
    }
    fn papers(&self) -> Option<&Papers> {
        Some(&self.papers)
    }
    fn unproven(&self, scene: &Scene<'_>) -> Vec<String> {
        let hollow = self.seal && scene.target.up().is_some();
        let who = "the controller did not run: SealedSecrets were opened by the sandbox, with upstream's own code";
        let back = self.write_back.as_ref().filter(|_| scene.mode == Mode::Drill);
        let back = back.map(|folder| format!("nothing was written back to {folder}"));
        hollow.then(|| who.to_owned()).into_iter().chain(back).collect()
    }
    fn inputs(&self, _: Look, _: &Path) -> Result<Digest, String> {
        Ok(papers::digest_with_store(NAME, &self.papers, &self.held, &[]))
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.put(scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.verify_all(scene))
    }
}
