//! A sandbox as the cluster of a run: made as a child of this process, and gone with it.

use super::contract::{Blast, Contract, Exists, Standing};
use super::sandbox_config::Config;
use crate::model::digest::Digester;
use crate::model::{Finding, Provider};
use crate::steps::contract::{Mishap, Seen, Work};
use crate::steps::scene::{self, Scene};
use crate::steps::target::{FILE, Up};
use crate::sys::files::{self, Sort};
use crate::sys::kube::Kube;
use crate::sys::pace::BrokenOff;
use crate::sys::process::Exit;
use crate::sys::sandbox::{self, About, Sandbox};
use crate::sys::{Look, host};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// What Kubernetes takes for a label.
const LONGEST_NAME: usize = 63;
/// A file that says where a cluster is has one line.
const LONGEST: u64 = 64 << 10;

pub struct Made {
    name: String,
    config: Config,
}

impl Made {
    pub fn new(name: String, config: Config) -> Self {
        Self { name, config }
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
        let likeness = &self.config.likeness;
        for mut node in self.config.nodes_or(&self.name) {
            if likeness.of_this_machine {
                let look = scene.touch.look();
                node.cpu = node.cpu.or(Some(host::cores(look).to_string()));
                node.memory = node.memory.or(host::memory(look).map(|(_, all)| all.to_string()));
            }
            words.extend(["--node".into(), node.words().into()]);
        }
        if !likeness.brings.is_empty() {
            words.extend(["--brings".into(), likeness.brings.join(",").into()]);
        }
        if let Some(storage) = &likeness.storage {
            words.extend(["--storage-path".into(), storage.into()]);
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
                scene.target.is(Up::sandbox(kube, about, self.config.is_nameless()), None);
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
                log.note(&format!("{} {}", program.display(), scene::words(&told)))?;
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

    /// Makes what k3d would mount into the nodes, empty: its own stays where it is.
    fn lay_out(&self, scene: &Scene<'_>, about: &About) -> Result<(), String> {
        for mount in &self.config.likeness.mounts {
            let path = about.host_root.join(&mount.node);
            let is_file = mount
                .host
                .as_ref()
                .is_some_and(|host| matches!(files::sort_at(scene.touch.look(), host), Ok(Sort::File)));
            let folder = if is_file { path.parent().unwrap_or(&about.host_root) } else { &path };
            let made = files::make_folders(scene.touch, folder);
            let made = if is_file { made.and_then(|()| files::replace(scene.touch, &path, b"")) } else { made };
            made.map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }

    /// Takes a sandbox that is usable as the cluster of this run; one that cannot be taken is ended.
    async fn settle(&self, scene: &Scene<'_>, sandbox: Sandbox) -> Result<(), String> {
        let (path, about) = (scene.run.join(FILE), sandbox.about.clone());
        let laid_out = self.lay_out(scene, &about);
        let written = serde_json::to_vec(&about).map_err(|error| error.to_string()).and_then(|text| {
            files::replace(scene.touch, &path, &text).map_err(|error| format!("{}: {error}", path.display()))
        });
        let kube = match laid_out.and(written) {
            Ok(()) => {
                Kube::connect(scene.touch.look(), &about.kubeconfig).await.map_err(|t| format!("{}: {t}", about.server))
            }
            Err(why) => Err(why),
        };
        match kube {
            Ok(kube) => {
                scene.target.is(Up::sandbox(kube, about, self.config.is_nameless()), Some(sandbox));
                Ok(())
            }
            Err(why) => match sandbox.down(scene.touch).await {
                Ok(_) => Err(why),
                Err(error) => Err(format!("{why}; and it cannot be ended: {error}")),
            },
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

impl Contract for Made {
    fn provider(&self) -> Provider {
        Provider::Sandbox
    }
    fn summary(&self) -> String {
        match self.config.nodes_or(&self.name).len() {
            1 => "1 node".to_owned(),
            several => format!("{several} nodes"),
        }
    }
    fn reaches(&self) -> String {
        "nothing: its processes listen on this machine only".to_owned()
    }
    fn add_to(&self, look: Look, digest: &mut Digester) -> Result<(), String> {
        self.config.add_to(look, digest)
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(120)
    }
    fn programs(&self) -> Vec<&str> {
        Vec::new()
    }
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }
    fn exists<'a>(&'a self, _: Look) -> Work<'a, Exists> {
        let told = "a sandbox is made beside whatever there is".to_owned();
        Box::pin(std::future::ready(Exists::No(told)))
    }
    fn blast<'a>(&'a self, _: Look, _: &'a Standing) -> Work<'a, Blast> {
        Box::pin(std::future::ready(Blast::default()))
    }
    fn save<'a>(&'a self, _: &'a Scene<'a>, _: &'a Standing) -> Work<'a, Result<Vec<String>, Mishap>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
    fn delete<'a>(&'a self, _: &'a Scene<'a>, _: &'a Standing) -> Work<'a, Result<(), Mishap>> {
        Box::pin(std::future::ready(Ok(())))
    }
    fn create<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.make(scene))
    }
    fn reach<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<Option<Up>, String>> {
        Box::pin(async {
            let look = scene.touch.look();
            let Some(about) = left(look, scene.run) else { return Ok(None) };
            let kube = Kube::connect(look, &about.kubeconfig).await;
            let kube = kube.map_err(|trouble| format!("{}: {trouble}", about.server))?;
            Ok(Some(Up::sandbox(kube, about, self.config.is_nameless())))
        })
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>, up: &'a Up) -> Work<'a, Seen> {
        Box::pin(super::nodes_ready(scene, up))
    }
    fn undo<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<Option<String>, Mishap>> {
        // It is a child of the run, which ends it.
        Box::pin(std::future::ready(Ok(None)))
    }
    fn unproven(&self, up: Option<&Up>) -> Vec<String> {
        let assumed = up.and_then(Up::as_sandbox).is_some_and(|about| about.images == "assumed");
        let images = match assumed {
            true => "no image was pulled: each was taken to be there, as the sandbox has no list of images",
            false => "no image was pulled: the sandbox looked each one up in its list",
        };
        let none = "no container ran: what is Ready has its node, volumes, Secrets and image, and was admitted";
        let packets = "no packet went through a Service, a Route or DNS";
        let mut told = [none, images, packets].map(str::to_owned).to_vec();
        told.extend(self.config.likeness.unproven());
        told
    }
}
