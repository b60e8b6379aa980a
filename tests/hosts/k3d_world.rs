//! What tests of k3d need around them: a plan's files, a maker, runs, and a cluster beside that is none of theirs.

use crate::rig::{self, IMAGE, docker};
use blackstart::model::{Mode, Place, Provider, Spot};
use blackstart::steps::cluster::blueprint::{Blueprint, Given};
use blackstart::steps::cluster::contract::{Contract, Exists, Standing};
use blackstart::steps::contract::{Mishap, Seen};
use blackstart::steps::scene::Scene;
use blackstart::steps::target::Target;
use blackstart::sys::pace::{Brake, Halt};
use blackstart::sys::side::block_on;
use blackstart::sys::{Look, Touch};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub const REGISTRIES: &str = "mirrors:\n  registry.example.org:\n    endpoint: [http://registry:5000]\n";

/// The files of a cluster, and who makes it.
pub struct World {
    pub name: String,
    folder: PathBuf,
    registries: bool,
}

impl World {
    pub fn new(name: &str, port: u16, more: &str) -> Self {
        let folder = rig::folder().join("plans");
        std::fs::create_dir_all(&folder).unwrap();
        let config = format!(
            "apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata: {{name: {name}}}\nservers: 1\nimage: {IMAGE}\nkubeAPI: {{hostIP: \
             127.0.0.1, hostPort: \"{port}\"}}\n{more}"
        );
        std::fs::write(folder.join("k3d.yaml"), config).unwrap();
        Self { name: name.to_owned(), folder, registries: false }
    }
    pub fn with_registries(mut self, text: &str) -> Self {
        std::fs::write(self.folder.join("registries.yaml"), text).unwrap();
        self.registries = true;
        self
    }
    pub fn maker(&self, mode: Mode) -> Arc<dyn Contract> {
        let spot = Spot { line: 2, column: 1 };
        let (config, registries) = (("k3d.yaml".to_owned(), spot), ("registries.yaml".to_owned(), spot));
        let given = Given {
            provider: Provider::K3d,
            name: &self.name,
            config: Some(&config),
            registries: self.registries.then_some(&registries),
            host: None,
            install: None,
            snapshot: None,
            token: None,
        };
        let place = Place { file: "plans/home.yaml".to_owned(), spot };
        let blueprint = Blueprint::read(Look::new(), &self.folder, &given, place).unwrap();
        blueprint.maker(Provider::K3d, mode).unwrap()
    }
    pub fn run(&self, name: &str, mode: Mode) -> Run {
        let run = rig::folder().join("runs").join(name);
        std::fs::create_dir_all(run.join("log")).unwrap();
        let (maker, folder) = (self.maker(mode), self.folder.clone());
        Run { maker, folder, run, mode, time: Duration::from_secs(120), said: RefCell::default() }
    }
    pub fn exists(&self) -> Exists {
        let maker = self.maker(Mode::Recover);
        block_on(maker.exists(Look::new())).unwrap()
    }
    pub fn standing(&self) -> Standing {
        match self.exists() {
            Exists::Yes(standing) => standing,
            other => panic!("{other:?}"),
        }
    }
    pub fn is_gone(&self) {
        assert!(matches!(self.exists(), Exists::No(_)), "{:?}", self.exists());
    }
}

/// One run, and what it does.
pub struct Run {
    pub maker: Arc<dyn Contract>,
    folder: PathBuf,
    pub run: PathBuf,
    mode: Mode,
    pub time: Duration,
    pub said: RefCell<Vec<String>>,
}

impl Run {
    fn with<T>(&self, work: impl AsyncFnOnce(&dyn Contract, &Scene<'_>) -> T) -> T {
        let (touch, target, brake) = (Touch::granted(), Target::default(), Brake::default());
        let say = |line: String| self.said.borrow_mut().push(line);
        block_on(async {
            let scene = Scene {
                touch: &touch,
                folder: &self.folder,
                run: &self.run,
                step: "cluster",
                mode: self.mode,
                pace: brake.pace(self.time, Halt::Now),
                target: &target,
                vault: None,
                usual: None,
                log: RefCell::new(None),
                started: &|_, _| {},
                say: &say,
                unchanged: Cell::new(false),
                found: &|_| {},
            };
            work(&*self.maker, &scene).await
        })
        .unwrap()
    }
    pub fn create(&self) -> Result<(), Mishap> {
        self.with(async |maker, scene| maker.create(scene).await)
    }
    /// Looks at the cluster as a process does that has not made it.
    pub fn verify(&self) -> Seen {
        self.with(async |maker, scene| match maker.reach(scene).await {
            Ok(Some(up)) => maker.verify(scene, &up).await,
            Ok(None) => Seen::Absent("not reached".to_owned()),
            Err(why) => Seen::Unknown(why),
        })
    }
    pub fn delete(&self, standing: &Standing) -> Result<(), Mishap> {
        self.with(async |maker, scene| maker.delete(scene, standing).await)
    }
    pub fn undo(&self) -> Result<Option<String>, Mishap> {
        self.with(async |maker, scene| maker.undo(scene).await)
    }
    /// A refusal or a failure, in all of its words.
    pub fn words(of: Result<(), Mishap>) -> (String, bool) {
        match of {
            Err(Mishap::Failed { reason, tail, began }) => (format!("{reason} | {}", tail.join(" | ")), began),
            other => panic!("{other:?}"),
        }
    }
}

/// Says where two of those texts differ.
pub fn same(now: &str, before: &str) {
    let differ = now.lines().zip(before.lines()).filter(|(now, before)| now != before);
    let told: Vec<_> = differ.take(8).collect();
    assert!(now == before, "the cluster beside is not what it was: {told:#?}");
}

/// A cluster that nobody may touch, and everything else that Docker has: as one text, to be compared.
pub fn beside() -> String {
    if docker(&["ps", "-aq", "--filter", "name=^k3d-home-lab-server-0$"]).is_empty() {
        docker(&["network", "create", "--label", "app=k3d", "k3d-home-lab"]);
        docker(&["volume", "create", "--label", "app=k3d", "--label", "k3d.cluster=home-lab", "k3d-home-lab-images"]);
        let labels = ["--label", "app=k3d", "--label", "k3d.cluster=home-lab", "--label", "k3d.role=server"];
        let words = ["run", "-d", "--network", "k3d-home-lab", "--name", "k3d-home-lab-server-0"];
        let rest = [
            "--entrypoint",
            "/bin/sh",
            "-v",
            "k3d-home-lab-images:/k3d/images",
            IMAGE,
            "-c",
            "while true; do sleep 60; done",
        ];
        docker(&[&words[..], &labels, &rest].concat());
    }
    let things =
        [("container", "k3d-home-lab-server-0"), ("network", "k3d-home-lab"), ("volume", "k3d-home-lab-images")];
    let text = |(sort, name): (&str, &str)| {
        let mut about: Value = serde_json::from_str(&docker(&[sort, "inspect", name])).unwrap();
        // Docker tells them in another order each time.
        if let Some(mounts) = about[0]["Mounts"].as_array_mut() {
            mounts.sort_by_key(|mount| mount["Destination"].to_string());
        }
        serde_json::to_string_pretty(&about).unwrap()
    };
    things.into_iter().map(text).collect()
}
