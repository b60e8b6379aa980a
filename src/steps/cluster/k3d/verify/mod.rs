//! Whether a cluster that k3d made is as its files say: its containers, its address, its nodes, what they were told of registries,
//! and its DNS. The first that is not is the answer.

mod address;
mod dns;
mod nodes;
pub mod pulls;
mod told;

use super::record::Record;
use super::registries::{self, Registries};
use super::standing::{self, Found};
use crate::steps::cluster::blueprint::Blueprint;
use crate::steps::contract::Seen;
use crate::steps::scene::Scene;
use crate::steps::target::Up;
use crate::sys::docker::{Container, Docker};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How long all questions to Docker may take together: pulls of images are among them.
const PATIENCE: Duration = Duration::from_secs(600);

/// What it is held against.
pub struct Proof<'a> {
    pub blueprint: &'a Blueprint,
    /// What the plan will run.
    pub images: &'a [String],
    /// Is set where DNS was asked out of the network of a pod.
    pub pod_asked: &'a AtomicBool,
}

/// What each of the checks has before it.
pub struct Asked<'a> {
    pub scene: &'a Scene<'a>,
    pub blueprint: &'a Blueprint,
    pub images: &'a [String],
    pub pod_asked: &'a AtomicBool,
    pub up: &'a Up,
    pub docker: Docker,
    pub found: Found,
    pub registries: Option<Registries>,
}

impl Asked<'_> {
    /// The containers that are nodes, by name.
    pub fn nodes(&self) -> Vec<&Container> {
        let mut nodes: Vec<&Container> =
            self.found.containers.iter().filter(|one| matches!(one.role.as_str(), "server" | "agent")).collect();
        nodes.sort_by(|one, other| one.name.cmp(&other.name));
        nodes
    }
}

pub async fn verify(scene: &Scene<'_>, proof: Proof<'_>, up: &Up) -> Seen {
    match scene.pace.keep(all(scene, proof, up)).await {
        Ok(Ok(told)) => Seen::Present(told.join(", ")),
        Ok(Err(seen)) => seen,
        Err(_) => Seen::BrokenOff(format!("{}: broken off", up.server)),
    }
}

async fn all(scene: &Scene<'_>, proof: Proof<'_>, up: &Up) -> Result<Vec<String>, Seen> {
    let Proof { blueprint, images, pod_asked } = proof;
    let registries = registries::given(blueprint)
        .map_err(|(place, why)| Seen::Unknown(format!("{}:{}: {why}", place.file, place.spot.line)))?;
    let look = scene.touch.look();
    let docker = Docker::new(look, PATIENCE);
    let (names, record) = match Record::read(look, scene.run) {
        Ok(Some(record)) => (super::names::Names::of(&record.name), record),
        Ok(None) => return Err(Seen::Absent("this run has made no cluster".to_owned())),
        Err(why) => return Err(Seen::Unknown(why)),
    };
    let found = standing::find(docker, &names).await.map_err(|why| Seen::Unknown(format!("docker: {why}")))?;
    if !record.is_of(&found) {
        return Err(Seen::Absent("its containers are not those that this run made".to_owned()));
    }
    if let Some(one) = found.containers.iter().find(|one| super::record::is_lasting(one) && !one.running) {
        return Err(Seen::Absent(format!("container {} does not run", one.name)));
    }
    let asked = Asked { scene, blueprint, images, pod_asked, up, docker, found, registries };
    let mut said = vec![address::ask(&asked)?, nodes::ask(&asked).await?];
    said.extend(told::ask(&asked).await?);
    said.extend(pulls::ask(&asked).await?);
    said.push(dns::ask(&asked).await?);
    Ok(said)
}
