//! The steps that make the cluster. They stand in no plan by name: `cluster` makes them, and every step follows the last that
//! does not say otherwise. Where a cluster is taken the place of, it is saved and deleted first, each as a step of its own.

pub mod blueprint;
pub mod contract;
pub mod delete;
pub mod fenced;
pub mod k3d;
pub mod k3s;
pub mod kept;
mod kept_keys;
pub mod sandbox;
pub mod sandbox_config;
mod sandbox_like;
pub mod save;

use super::contract::{Kind, Mishap, Seen, Work};
use super::scene::Scene;
use super::target::Up;
use crate::model::digest::Digester;
use crate::model::{Digest, EntryName, Finding, Mode};
use crate::secrets::store::Held;
use crate::sys::Look;
use crate::sys::pace::Halt;
use contract::Contract;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub const NAME: &str = "cluster";
/// The ids of all of them.
pub const OWN: &[&str] = &[NAME, save::NAME, delete::NAME];

/// Makes the cluster.
pub struct Cluster {
    name: String,
    maker: Arc<dyn Contract>,
    /// What its maker takes of the store; the keyed digest of that, or that the store does not have it.
    token: Option<EntryName>,
    digest: Option<String>,
    missing: Vec<String>,
}

impl Cluster {
    pub fn new(name: String, maker: Arc<dyn Contract>, token: Option<EntryName>) -> Self {
        Self { name, maker, token, digest: None, missing: Vec::new() }
    }

    /// Whether the cluster of this run lives and is as it should be.
    async fn ask(&self, scene: &Scene<'_>) -> Seen {
        if scene.target.up().is_none() {
            match self.maker.reach(scene).await {
                Err(why) => return Seen::Unknown(why),
                Ok(None) => return Seen::Absent(format!("no {} of this run lives", self.maker.provider())),
                Ok(Some(up)) => scene.target.is(up, None),
            }
        }
        match scene.target.up() {
            Some(up) => self.maker.verify(scene, &up).await,
            None => Seen::Unknown("the cluster was lost while it was looked at".to_owned()),
        }
    }
}

/// Whether the cluster is the one that was made, and all of its nodes are Ready.
pub async fn nodes_ready(scene: &Scene<'_>, up: &Up) -> Seen {
    let asked = async { (up.kube.uid().await, up.kube.list("v1", "Node", None).await) };
    match scene.pace.keep(asked).await {
        Err(_) => Seen::BrokenOff(format!("{}: broken off", up.server)),
        Ok((Err(trouble), _) | (_, Err(trouble))) => Seen::Unknown(format!("{}: {trouble}", up.server)),
        Ok((Ok(uid), _)) if uid != up.uid => {
            Seen::Unknown(format!("{} answers as another cluster: uid {uid}, not {}", up.server, up.uid))
        }
        Ok((Ok(_), Ok(nodes))) => {
            let ready = nodes.iter().filter(|node| is_ready(node)).count();
            let told = format!("{ready} of {} nodes Ready, Kubernetes {}", nodes.len(), up.version);
            match !nodes.is_empty() && ready == nodes.len() {
                true => Seen::Present(told),
                false => Seen::Absent(told),
            }
        }
    }
}

pub fn is_ready(node: &serde_json::Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

impl Kind for Cluster {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        format!("make {} {}, {}", self.maker.provider(), self.name, self.maker.summary())
    }
    fn reaches(&self, _: Mode) -> String {
        self.maker.reaches()
    }
    fn wants_cluster(&self) -> bool {
        false
    }
    fn wants_store(&self) -> bool {
        self.token.is_some()
    }
    fn equip(&mut self, held: &[Held]) {
        let Some(token) = &self.token else { return };
        let held = held.iter().find(|held| held.namespace == token.namespace && held.name == token.name);
        self.digest = held.and_then(|held| held.keys.get(&token.key)).map(|(_, digest)| digest.clone());
        self.missing = self.digest.is_none().then(|| token.to_string()).into_iter().collect();
    }
    fn lacks(&self) -> &[String] {
        &self.missing
    }
    fn repeatable(&self) -> bool {
        true
    }
    fn deadline(&self) -> Duration {
        self.maker.deadline()
    }
    fn stops_at(&self) -> Halt {
        Halt::Gently
    }
    fn programs(&self, _: Mode) -> Vec<&str> {
        self.maker.programs()
    }
    fn findings(&self, _: &[String]) -> Vec<Finding> {
        self.maker.findings()
    }
    fn unproven(&self, scene: &Scene<'_>) -> Vec<String> {
        self.maker.unproven(scene.target.up().as_deref())
    }
    fn inputs(&self, look: Look, _: &Path) -> Result<Digest, String> {
        let mut digest = Digester::new(NAME).field(self.maker.provider().as_str().as_bytes());
        digest.add(self.name.as_bytes());
        self.maker.add_to(look, &mut digest)?;
        self.digest.iter().for_each(|value| digest.add(value.as_bytes()));
        Ok(digest.finish())
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        self.maker.create(scene)
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn undo<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<Option<String>, Mishap>> {
        self.maker.undo(scene)
    }
}
