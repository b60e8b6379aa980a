//! From a unit that was told to start to a cluster that answers: its kubeconfig, its API server, its node; and the way back
//! to it for a later process.

use super::Made;
use crate::steps::cluster::is_ready;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::steps::target::{Ground, Up, WAY};
use crate::sys::kube::Kube;
use crate::sys::{clock, files};
use std::time::Duration;

/// How often is asked.
const AGAIN: Duration = Duration::from_millis(400);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a cluster of this run has to answer that is told to run.
const PATIENCE: Duration = Duration::from_secs(90);
const SHORT: Duration = Duration::from_secs(10);
/// After so many questions without an answer, the unit is asked how it is.
const ROUNDS: u32 = 12;

impl Made {
    /// Waits until the API server answers and every node is Ready.
    pub(super) async fn come_up(&self, scene: &Scene<'_>) -> Result<Up, Mishap> {
        let (mut told, mut round) = (String::new(), 0);
        loop {
            let why = match self.within(scene, self.ready(scene)).await {
                Ok(Ok(up)) => return Ok(up),
                Ok(Err(why)) => why,
                Err(Mishap::Failed { reason, began, .. }) => {
                    let mut tail = self.journal(scene).await;
                    tail.push(told);
                    return Err(Mishap::Failed { reason, tail, began });
                }
                Err(stopped @ Mishap::Stopped { .. }) => return Err(stopped),
            };
            if why != told {
                told = why;
            }
            round += 1;
            if round % ROUNDS == 0 {
                self.still_up(scene, &told).await?;
            }
            self.within(scene, clock::pause(AGAIN)).await?;
        }
    }

    /// A unit that has given up is waited for no longer.
    async fn still_up(&self, scene: &Scene<'_>, told: &str) -> Result<(), Mishap> {
        let survey = self.known(scene).await?;
        if survey.unit.is_up() {
            (scene.say)(format!("waiting for k3s: {told}"));
            return Ok(());
        }
        let reason = format!("{} is {}", self.unit(), survey.unit.state());
        Err(Mishap::Failed { reason, tail: self.journal(scene).await, began: true })
    }

    /// What the unit said last.
    async fn journal(&self, scene: &Scene<'_>) -> Vec<String> {
        let words = ["journalctl", "-u", self.unit(), "-n", "12", "-o", "cat", "--no-pager"];
        match self.host.ask(scene.touch.look(), &words, SHORT).await {
            Ok(said) => said.lines().map(str::to_owned).collect(),
            Err(why) => vec![format!("what k3s said cannot be read: {why}")],
        }
    }

    /// The cluster with its nodes Ready, or what is missing.
    pub(super) async fn ready(&self, scene: &Scene<'_>) -> Result<Up, String> {
        let up = self.up(scene).await?;
        let nodes = clock::within(ANSWER, up.kube.list("v1", "Node", None)).await;
        let nodes = nodes.ok_or_else(|| format!("{}: no answer", up.server))?;
        let nodes = nodes.map_err(|trouble| format!("{}: {trouble}", up.server))?;
        match nodes.iter().filter(|node| is_ready(node)).count() {
            0 => Err(format!("none of {} is Ready", crate::model::count::many(nodes.len(), "node"))),
            ready if ready < nodes.len() => Err(format!("{ready} of {} nodes are Ready", nodes.len())),
            _ => Ok(up),
        }
    }

    /// The API server, when it answers.
    async fn up(&self, scene: &Scene<'_>) -> Result<Up, String> {
        let look = scene.touch.look();
        let text = self.kubeconfig_text(look).await?;
        let kubeconfig = scene.run.join(WAY);
        let written = files::replace(scene.touch, &kubeconfig, text.as_bytes());
        written.map_err(|error| format!("{}: {error}", kubeconfig.display()))?;
        let kube = Kube::connect(look, &kubeconfig).await.map_err(|trouble| trouble.to_string())?;
        let server = kube.server().to_owned();
        let asked = clock::within(ANSWER, async { (kube.uid().await, kube.version().await) }).await;
        let (uid, version) = asked.ok_or_else(|| format!("{server}: no answer"))?;
        let (uid, version) =
            (uid.map_err(|t| format!("{server}: {t}"))?, version.map_err(|t| format!("{server}: {t}"))?);
        let name = self.blueprint.name.clone();
        let ground = Ground::Host { other: self.host.other().map(str::to_owned) };
        Ok(Up { kube, name, server, version, uid, kubeconfig, nameless: self.flag("node-name").is_none(), ground })
    }

    /// The cluster that this run has made, when it runs. One that is told to run is waited for: the host may have just started.
    pub(super) async fn again(&self, scene: &Scene<'_>) -> Result<Option<Up>, String> {
        let survey = self.survey(scene.touch.look()).await?;
        let run = Self::run_name(scene);
        let is_ours = survey.server.as_ref().is_some_and(|server| server.run.as_ref() == Some(&run));
        if !is_ours || !survey.unit.is_up() {
            return Ok(None);
        }
        let answers = async {
            loop {
                match self.up(scene).await {
                    Ok(up) => return up,
                    Err(_) => clock::pause(AGAIN).await,
                }
            }
        };
        match scene.pace.keep(clock::within(PATIENCE, answers)).await {
            Ok(Some(up)) => Ok(Some(up)),
            Ok(None) | Err(_) => self.up(scene).await.map(Some),
        }
    }
}
