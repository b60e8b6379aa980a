//! The step that makes the cluster. It stands in no plan by name: `cluster` makes it, and every step follows it that does
//! not say otherwise.

pub mod config;

use super::contract::{Kind, Mishap, Seen, Work};
use super::scene::Scene;
use super::target::{FILE, Up};
use crate::model::digest::Digester;
use crate::model::{Digest, Mode, Provider};
use crate::sys::kube::Kube;
use crate::sys::pace::{BrokenOff, Halt};
use crate::sys::process::Exit;
use crate::sys::sandbox::{self, About, Sandbox};
use crate::sys::{Look, files};
use config::Config;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

pub const NAME: &str = "cluster";
/// What Kubernetes takes for a label.
const LONGEST_NAME: usize = 63;
/// A file that says where a cluster is has one line.
const LONGEST: u64 = 64 << 10;

pub struct Cluster {
    provider: Provider,
    name: String,
    config: Config,
}

impl Cluster {
    pub fn new(provider: Provider, name: String, config: Config) -> Self {
        Self { provider, name, config }
    }

    /// What the sandbox of this run is called: a name of Kubernetes' own, small letters and not too many.
    fn sandbox_name(&self, scene: &Scene<'_>) -> String {
        let run = scene.run.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let room = LONGEST_NAME.saturating_sub(run.len() + 1);
        let name: String = self.name.chars().take(room).collect();
        format!("{name}-{run}")
    }

    /// The words for the companion program.
    fn arguments(&self, scene: &Scene<'_>) -> Vec<OsString> {
        let mut words: Vec<OsString> = ["up", "--name", &self.sandbox_name(scene)].map(OsString::from).into();
        for node in self.config.nodes_or(&self.name) {
            words.extend(["--node".into(), node.words().into()]);
        }
        if let Some(domain) = &self.config.domain {
            words.extend(["--domain".into(), domain.into()]);
        }
        if let Some(images) = &self.config.images {
            words.extend(["--images".into(), images.into()]);
        }
        words
    }

    async fn make(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        let never = |why: String| Mishap::failed(why, false);
        let broken = |why: String| Mishap::failed(why, true);
        let program = sandbox::find(scene.touch.look()).map_err(never)?;
        if let Some(about) = left(scene.touch.look(), scene.run) {
            if about.name != self.sandbox_name(scene) {
                let kube = Kube::connect(scene.touch.look(), &about.kubeconfig).await;
                let kube = kube.map_err(|trouble| never(format!("{}: {trouble}", about.server)))?;
                (scene.say)(format!("sandbox {} of an earlier drill is used again", about.name));
                scene.target.is(Up { kube, about, nameless: self.config.is_nameless() }, None);
                return Ok(());
            }
            // It is this run's own, and not as it shall be, or it would not be made again.
            end(scene, &program, &about).await.map_err(broken)?;
            drop(scene.target.leave());
            (scene.say)(format!("ended sandbox {}, which this run had made before", about.name));
        }
        let words = self.arguments(scene);
        let (log, from) = scene
            .with_log(|log| {
                let told: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
                log.note(&format!("{} {}", program.display(), super::scene::words(&told)))?;
                Ok((crate::sys::log::StepLog::of(log.handle()?, scene.run, scene.step), log.length()))
            })
            .map_err(|error| never(format!("its log: {error}")))?;
        let started = sandbox::start(scene.touch, &program, &words, scene.run, scene.step, &log);
        let mut starting = started.map_err(|error| never(format!("{}: {error}", program.display())))?;
        let mishap = match scene.pace.keep(starting.usable()).await {
            Ok(Ok(Ok(about))) => return self.settle(scene, starting.up(about)).await.map_err(broken),
            Err(BrokenOff::Brake) => Mishap::Stopped { reason: "the sandbox was broken off".to_owned() },
            Err(BrokenOff::Deadline(time)) => {
                let reason = format!("the sandbox was not usable within {}", crate::model::time::spoken(time));
                Mishap::Failed { reason, tail: log.tail(scene.touch, from), began: true }
            }
            Ok(Err(error)) => broken(format!("{}: {error}", program.display())),
            Ok(Ok(Err(exit))) => {
                let reason = format!("{} ended before the sandbox was usable: {exit}", program.display());
                Mishap::Failed { reason, tail: log.tail(scene.touch, from), began: true }
            }
        };
        match starting.end(scene.touch).await {
            Ok(()) => Err(mishap),
            Err(error) => Err(broken(format!("{}: it cannot be ended: {error}", program.display()))),
        }
    }

    /// Takes a sandbox that is usable as the cluster of this run; one that cannot be taken is ended.
    async fn settle(&self, scene: &Scene<'_>, sandbox: Sandbox) -> Result<(), String> {
        let (path, about) = (scene.run.join(FILE), sandbox.about.clone());
        let written = serde_json::to_vec(&about).map_err(|error| error.to_string()).and_then(|text| {
            files::replace(scene.touch, &path, &text).map_err(|error| format!("{}: {error}", path.display()))
        });
        let kube = match written {
            Ok(()) => {
                Kube::connect(scene.touch.look(), &about.kubeconfig).await.map_err(|t| format!("{}: {t}", about.server))
            }
            Err(why) => Err(why),
        };
        match kube {
            Ok(kube) => {
                scene.target.is(Up { kube, about, nameless: self.config.is_nameless() }, Some(sandbox));
                Ok(())
            }
            Err(why) => match sandbox.down(scene.touch).await {
                Ok(_) => Err(why),
                Err(error) => Err(format!("{why}; and it cannot be ended: {error}")),
            },
        }
    }

    /// Whether the cluster of this run lives and answers.
    async fn ask(&self, scene: &Scene<'_>) -> Seen {
        let look = scene.touch.look();
        let up = match scene.target.up() {
            Some(up) => up,
            None => {
                let Some(about) = left(look, scene.run) else {
                    return Seen::Absent("no sandbox of this run lives".to_owned());
                };
                match Kube::connect(look, &about.kubeconfig).await {
                    Ok(kube) => scene.target.is(Up { kube, about, nameless: self.config.is_nameless() }, None),
                    Err(trouble) => return Seen::Unknown(format!("{}: {trouble}", about.server)),
                }
                match scene.target.up() {
                    Some(up) => up,
                    None => return Seen::Unknown("the cluster was lost while it was looked at".to_owned()),
                }
            }
        };
        let about = &up.about;
        let asked = async { (up.kube.uid().await, up.kube.list("v1", "Node", None).await) };
        match scene.pace.keep(asked).await {
            Err(_) => Seen::BrokenOff(format!("{}: broken off", about.server)),
            Ok((Err(trouble), _) | (_, Err(trouble))) => Seen::Unknown(format!("{}: {trouble}", about.server)),
            Ok((Ok(uid), _)) if uid != about.uid => {
                Seen::Unknown(format!("{} answers as another cluster: uid {uid}, not {}", about.server, about.uid))
            }
            Ok((Ok(_), Ok(nodes))) => {
                let ready = nodes.iter().filter(|node| is_ready(node)).count();
                let told = format!("{ready} of {} nodes Ready, Kubernetes {}", nodes.len(), about.version);
                match !nodes.is_empty() && ready == nodes.len() {
                    true => Seen::Present(told),
                    false => Seen::Absent(told),
                }
            }
        }
    }
}

/// The sandbox that this run has made before, when it lives.
fn left(look: Look, run: &Path) -> Option<About> {
    let text = files::read(look, &run.join(FILE), LONGEST).ok()?;
    let about: About = serde_json::from_slice(&text).ok()?;
    sandbox::living(look, &about.dir).filter(|living| living.uid == about.uid)
}

/// Ends a sandbox, and returns when it is gone.
async fn end(scene: &Scene<'_>, program: &Path, about: &About) -> Result<(), String> {
    let words = [OsString::from("down"), about.dir.clone().into()];
    match sandbox::ask(scene.touch.look(), program, &words).await {
        Ok((Exit::Code(0), _)) => Ok(()),
        Ok((exit, said)) => Err(format!("sandbox {} cannot be ended: {exit}: {}", about.name, said.trim())),
        Err(error) => Err(format!("{}: {error}", program.display())),
    }
}

fn is_ready(node: &serde_json::Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

impl Kind for Cluster {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        let nodes = self.config.nodes_or(&self.name);
        let told = match nodes.len() {
            1 => "1 node".to_owned(),
            several => format!("{several} nodes"),
        };
        format!("make {} {}, {told}", self.provider, self.name)
    }
    fn reaches(&self, _: Mode) -> String {
        "nothing: its processes listen on this machine only".to_owned()
    }
    fn wants_cluster(&self) -> bool {
        false
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
    fn unproven(&self, scene: &Scene<'_>) -> Vec<String> {
        let assumed = scene.target.up().is_some_and(|up| up.about.images == "assumed");
        let images = match assumed {
            true => "no image was pulled: each was taken to be there, as the sandbox has no list of images",
            false => "no image was pulled: the sandbox looked each one up in its list",
        };
        let none = "no container ran: what is Ready has its node, volumes, Secrets and image, and was admitted";
        vec![none.to_owned(), images.to_owned(), "no packet went through a Service, a Route or DNS".to_owned()]
    }
    fn inputs(&self, look: Look, _: &Path) -> Result<Digest, String> {
        let mut digest = Digester::new(NAME).field(self.provider.as_str().as_bytes());
        digest.add(self.name.as_bytes());
        self.config.add_to(look, &mut digest)?;
        Ok(digest.finish())
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.make(scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
}
