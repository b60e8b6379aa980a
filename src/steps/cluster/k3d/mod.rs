//! k3d as the maker of a cluster. k3d makes it and nothing else: what there is, Docker says, and what is deleted is deleted by
//! the ids that Docker gave.

mod behind;
mod blast;
mod drill;
mod findings;
mod guests;
mod make;
mod mirrors;
mod names;
mod ready;
pub mod reap;
mod record;
pub mod registries;
mod remove;
mod standing;
mod undo;
pub mod verify;
mod versions;
mod way;

use super::blueprint::Blueprint;
use super::contract::{Blast, Contract, Exists, Standing};
use super::kept;
use crate::checks::drill::Allowed;
use crate::checks::told::Told;
use crate::model::digest::Digester;
use crate::model::{Finding, Mode, Provider};
use crate::steps::contract::{Mishap, Seen, Work};
use crate::steps::scene::Scene;
use crate::steps::target::Up;
use crate::sys::Look;
use crate::sys::docker::{self, Docker};
use crate::sys::k3d;
use crate::sys::kube::Kube;
use make::Order;
use names::Names;
use record::Record;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The labels that name the run on everything that a recovery makes, or a drill, and when the latter may be removed by anybody.
const RUN: &str = "blackstart.run";
const DRILL: &str = "blackstart.drill";
const DEADLINE: &str = "blackstart.deadline";
/// No drill takes longer.
const LONGEST_DRILL: Duration = Duration::from_secs(6 * 3600);
const PATIENCE: Duration = Duration::from_secs(40);

/// Whether the drill of this run has left its stand-ins, and with them perhaps its cluster.
pub fn is_left(look: Look, run: &std::path::Path) -> bool {
    crate::sys::files::exists(look, &drill::folder(run))
}

pub struct Made {
    blueprint: Blueprint,
    mode: Mode,
    /// What a drill may reach. Untold, it may reach nothing.
    allowed: OnceLock<Allowed>,
    /// The images that the plan will run.
    images: OnceLock<Vec<String>>,
    /// Whether DNS was asked out of the network of a pod.
    pod_asked: AtomicBool,
}

impl Made {
    pub fn new(blueprint: Blueprint, mode: Mode) -> Self {
        Self { blueprint, mode, allowed: OnceLock::new(), images: OnceLock::new(), pod_asked: AtomicBool::new(false) }
    }

    fn names(&self) -> Names {
        Names::of(&self.blueprint.name)
    }

    /// What Docker calls things of the cluster of this run.
    fn own_names(&self, scene: &Scene<'_>) -> Names {
        match self.mode {
            Mode::Recover => self.names(),
            Mode::Drill => {
                let run = scene.run.to_string_lossy();
                let print = Digester::new("drill").field(run.as_bytes()).finish();
                Names::of_drill(&self.blueprint.name, &print.short())
            }
        }
    }

    async fn make(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        let run = scene.run.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let names = self.own_names(scene);
        let registries = self.blueprint.registries.as_ref().map(|file| (file.path.as_path(), file.bytes.as_slice()));
        let config = self.blueprint.config.as_ref().map(|file| (file.path.as_path(), file.bytes.as_slice()));
        let object = self.blueprint.config.as_ref().and_then(super::blueprint::object);
        let updates = ["options", "kubeconfig", "updateDefaultKubeconfig"];
        if object.and_then(|object| object.root.walk(&updates)?.flag()) == Some(true) {
            (scene.say)(format!("{} is not followed: nobody's kubeconfig is read or written", updates.join(".")));
        }
        match self.mode {
            Mode::Recover => {
                let order =
                    Order { names: &names, config, registries, labels: vec![(RUN.to_owned(), run)], fence: None };
                make::make(scene, &order).await
            }
            Mode::Drill => {
                let drilled = drill::config(scene, &self.blueprint, &names);
                let drilled = drilled.map_err(|why| Mishap::failed(format!("nothing was made: {why}"), false))?;
                drilled.told.iter().for_each(|line| (scene.say)(line.clone()));
                let config = Some((drilled.path.as_path(), drilled.bytes.as_slice()));
                let until = crate::sys::clock::now().0 / 1000 + i64::try_from(LONGEST_DRILL.as_secs()).unwrap_or(0);
                let labels = vec![(DRILL.to_owned(), run), (DEADLINE.to_owned(), until.to_string())];
                let made = {
                    let fence = Some(self.allowed.get_or_init(Allowed::default));
                    make::make(scene, &Order { names: &names, config, registries, labels, fence }).await
                };
                match made {
                    // Nobody resumes it, and nobody is told of it by its name: what is half made is taken back at once.
                    Err(Mishap::Failed { reason, mut tail, began: true }) => {
                        tail.push(match undo::undo(scene, &names, false).await {
                            Ok(gone) => {
                                format!("taken back: {}", gone.unwrap_or_else(|| "nothing was there".to_owned()))
                            }
                            Err(Mishap::Failed { reason, .. } | Mishap::Stopped { reason }) => {
                                format!("could not be taken back: {reason}")
                            }
                        });
                        Err(Mishap::Failed { reason, tail, began: true })
                    }
                    Ok(()) | Err(Mishap::Failed { .. } | Mishap::Stopped { .. }) => made,
                }
            }
        }
    }

    /// The cluster that this run has made, when all of it is there and runs.
    async fn found(&self, scene: &Scene<'_>) -> Result<Option<Up>, String> {
        let look = scene.touch.look();
        let Some(record) = Record::read(look, scene.run)? else { return Ok(None) };
        let docker = Docker::new(look, PATIENCE);
        let (_, daemon) = docker.server().await.map_err(|why| format!("docker: {why}"))?;
        if daemon != record.daemon {
            return Err("this is another Docker daemon than the one that has the cluster of this run".to_owned());
        }
        let found = standing::find(docker, &Names::of(&record.name)).await.map_err(|why| format!("docker: {why}"))?;
        if !record.is_of(&found) {
            return Ok(None);
        }
        let path = record::kubeconfig(scene.run);
        let kube = Kube::connect(look, &path).await.map_err(|trouble| format!("{}: {trouble}", record.server))?;
        Ok(Some(make::up(kube, record, scene.run)))
    }

    async fn keep(&self, scene: &Scene<'_>) -> Result<Vec<String>, Mishap> {
        let look = scene.touch.look();
        let docker = Docker::new(look, PATIENCE);
        let way = match standing::find(docker, &self.names()).await {
            Ok(found) => way::to(look, docker, &found.containers).await,
            Err(why) => Err(format!("docker: {why}")),
        };
        let silent =
            |why: String| vec![format!("nothing was kept: the API server of the old cluster was not heard: {why}")];
        match way {
            Err(why) => Ok(silent(why)),
            Ok(way) => match scene.pace.keep(crate::sys::clock::within(API, way.kube.uid())).await {
                Err(_) => Err(Mishap::Stopped { reason: "broken off before anything was kept".to_owned() }),
                Ok(None) => Ok(silent(format!("{}: no answer within {} s", way.server, API.as_secs()))),
                Ok(Some(Err(trouble))) => Ok(silent(format!("{}: {trouble}", way.server))),
                Ok(Some(Ok(_))) => kept::keep(&way.kube, scene).await.map_err(|why| Mishap::failed(why, false)),
            },
        }
    }
}

/// How long an old cluster may be silent before it counts as not to be heard.
const API: Duration = Duration::from_secs(10);

impl Contract for Made {
    fn provider(&self) -> Provider {
        Provider::K3d
    }
    fn summary(&self) -> String {
        let nodes = &self.blueprint.planned().nodes;
        let servers = nodes.iter().filter(|node| node.server).count();
        let mut words = crate::model::count::many(servers, "server");
        if nodes.len() > servers {
            words.push_str(&format!(", {}", crate::model::count::many(nodes.len() - servers, "agent")));
        }
        if let Some(registries) = &self.blueprint.registries {
            words.push_str(&format!(", with {}", registries.shown));
        }
        words
    }
    fn may_reach(&self, allowed: &Allowed) {
        if self.mode == Mode::Drill {
            // Told once, before anything is made; what comes later would change what was shown.
            let _ = self.allowed.set(allowed.clone());
        }
    }
    fn may_pull(&self, images: Vec<String>) {
        // As with the places: told once.
        let _ = self.images.set(images);
    }
    fn ahead(&self, look: Look) -> Work<'_, Told> {
        Box::pin(mirrors::ask(look, &self.blueprint))
    }
    fn reaches(&self) -> String {
        "Docker on this host: containers, a network, volumes and published ports".to_owned()
    }
    fn add_to(&self, _: Look, digest: &mut Digester) -> Result<(), String> {
        for file in [&self.blueprint.config, &self.blueprint.registries] {
            digest.add(file.as_ref().map_or(b"none", |file| file.bytes.as_slice()));
        }
        for one in self.allowed.get().into_iter().flat_map(|allowed| &allowed.openings) {
            digest.add(format!("{}:{}", one.host, one.port).as_bytes());
        }
        Ok(())
    }
    fn deadline(&self) -> Duration {
        make::TIMEOUT * 3
    }
    fn programs(&self) -> Vec<&str> {
        vec![docker::PROGRAM, k3d::PROGRAM]
    }
    fn findings(&self) -> Vec<Finding> {
        findings::of(Look::new(), &self.blueprint)
    }
    fn keeper(&self, look: Look) -> Work<'_, Result<Option<String>, String>> {
        Box::pin(async move {
            match self.mode {
                Mode::Drill => Ok(None),
                Mode::Recover => {
                    let daemon = Docker::new(look, PATIENCE).daemon().await;
                    daemon.map(|id| Some(standing::keeper(&id))).map_err(|why| format!("docker: {why}"))
                }
            }
        })
    }
    fn exists<'a>(&'a self, look: Look) -> Work<'a, Exists> {
        Box::pin(async move {
            match self.mode {
                Mode::Drill => Exists::No("the cluster of a drill is made beside whatever there is".to_owned()),
                Mode::Recover => standing::exists(look, &self.names()).await,
            }
        })
    }
    fn blast<'a>(&'a self, look: Look, standing: &'a Standing) -> Work<'a, Blast> {
        Box::pin(async move { blast::of(look, &self.names(), standing).await })
    }
    fn save<'a>(&'a self, scene: &'a Scene<'a>, _: &'a Standing) -> Work<'a, Result<Vec<String>, Mishap>> {
        Box::pin(self.keep(scene))
    }
    fn delete<'a>(&'a self, scene: &'a Scene<'a>, standing: &'a Standing) -> Work<'a, Result<(), Mishap>> {
        Box::pin(async move {
            // What would be found wrong when the new one is made would be found too late.
            let given = ready::of(&self.blueprint);
            ready::ready(scene.touch.look(), "nothing was deleted", &given).await?;
            ready::answered(scene, &self.blueprint).await?;
            remove::remove(scene, &standing.parts, standing.keeper.as_deref()).await
        })
    }
    fn create<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.make(scene))
    }
    fn reach<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<Option<Up>, String>> {
        Box::pin(self.found(scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>, up: &'a Up) -> Work<'a, Seen> {
        let images = self.images.get().map_or(&[][..], Vec::as_slice);
        let proof = verify::Proof { blueprint: &self.blueprint, images, pod_asked: &self.pod_asked };
        Box::pin(verify::verify(scene, proof, up))
    }
    fn undo<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<Option<String>, Mishap>> {
        Box::pin(async move {
            match self.mode {
                // What was recovered is there to stay.
                Mode::Recover => Ok(None),
                Mode::Drill => undo::undo(scene, &self.own_names(scene), false).await,
            }
        })
    }
    fn unproven(&self, _: Option<&Up>) -> Vec<String> {
        match self.pod_asked.load(Ordering::Relaxed) {
            true => Vec::new(),
            false => vec!["DNS was asked from a node of the cluster, not from a pod".to_owned()],
        }
    }
}
