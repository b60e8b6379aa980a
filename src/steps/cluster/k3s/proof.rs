//! Whether the new cluster is as it should be, seen from the API server and from the host; and what is kept of the old one.

use super::Made;
use crate::manifests;
use crate::steps::cluster::{kept, nodes_ready};
use crate::steps::contract::{Mishap, Seen};
use crate::steps::scene::Scene;
use crate::steps::target::Up;
use crate::sys::clock;
use crate::sys::k3s;
use std::time::Duration;

const SHORT: Duration = Duration::from_secs(20);
/// How many seconds k3s may take to write a snapshot of its own.
const SNAPSHOT: &str = "60";

impl Made {
    pub(super) async fn prove(&self, scene: &Scene<'_>, up: &Up) -> Seen {
        let told = match nodes_ready(scene, up).await {
            Seen::Present(told) => told,
            other => return other,
        };
        let survey = match self.within(scene, self.survey(scene.touch.look())).await {
            Ok(Ok(survey)) => survey,
            Ok(Err(why)) => return Seen::Unknown(why),
            Err(Mishap::Stopped { reason }) => return Seen::BrokenOff(reason),
            Err(Mishap::Failed { reason, .. }) => return Seen::Unknown(reason),
        };
        let run = Self::run_name(scene);
        if survey.server.as_ref().and_then(|server| server.run.as_ref()) != Some(&run) {
            return Seen::Absent(format!("{}/server was not made by this run", self.data()));
        }
        if !survey.unit.is_enabled() {
            return Seen::Absent(format!("{} is not enabled: it would not come back after a reboot", self.unit()));
        }
        match (&survey.ca, &survey.kubeconfig_ca) {
            (Some(server), Some(way)) if server == way => {}
            (Some(_), Some(_)) => {
                return Seen::Absent(format!("{} takes another authority for the server's", self.kubeconfig()));
            }
            (None, _) | (_, None) => return Seen::Unknown("the authority of the server cannot be read".to_owned()),
        }
        let mirrors = match self.mirrors(scene).await {
            Ok(0) => String::new(),
            Ok(count) => format!(", {} as registries.yaml has them", crate::model::count::many(count, "mirror")),
            Err(seen) => return seen,
        };
        let served = async { Ok((self.pulled(scene, up).await?, self.resolves(scene, up).await?)) };
        let (pulled, dns) = match self.within(scene, served).await {
            Ok(Ok(served)) => served,
            Ok(Err(seen)) => return seen,
            Err(Mishap::Stopped { reason }) => return Seen::BrokenOff(reason),
            Err(Mishap::Failed { reason, .. }) => return Seen::Unknown(reason),
        };
        let pulled = pulled.map_or_else(String::new, |pulled| format!(", {pulled}"));
        let old = self.kept_aside(scene).await;
        Seen::Present(format!("{told}, {} enabled{mirrors}{pulled}, {dns}{old}", self.unit()))
    }

    /// What is kept of the old cluster, and how somebody is rid of it: nothing where there was none.
    async fn kept_aside(&self, scene: &Scene<'_>) -> String {
        let aside = self.aside(scene);
        let asked = self.within(scene, self.host.ask(scene.touch.look(), &["du", "-sh", &aside], SHORT)).await;
        let Ok(Ok(said)) = asked else { return String::new() };
        let size = said.split_whitespace().next().unwrap_or_default();
        let on = self.host.other().map_or_else(String::new, |other| format!(" of {other}"));
        format!("; the old one is kept in {aside}{on} ({size}) until somebody says: sudo rm -r {aside}")
    }

    /// How many mirrors the node has: all that registries.yaml names, or what is missing.
    async fn mirrors(&self, scene: &Scene<'_>) -> Result<usize, Seen> {
        let Some(registries) = &self.blueprint.registries else { return Ok(0) };
        let (nodes, _) = manifests::nodes_of(&registries.bytes);
        let Some(mirrors) = nodes.first().and_then(|root| root.get("mirrors")) else { return Ok(0) };
        let wanted: Vec<&str> = mirrors.fields().iter().map(|field| &*field.name).collect();
        if wanted.is_empty() {
            return Ok(0);
        }
        let folder = format!("{}/agent/etc/containerd/certs.d", self.data());
        let look = scene.touch.look();
        let said =
            self.host.ask(look, &["find", &folder, "-name", "hosts.toml"], SHORT).await.map_err(Seen::Unknown)?;
        let is_there = |mirror: &str| {
            folder_names(mirror).iter().any(|name| {
                said.lines().any(|line| {
                    line.strip_suffix("/hosts.toml").is_some_and(|line| line.ends_with(&format!("/{name}")))
                })
            })
        };
        match wanted.iter().find(|mirror| !is_there(mirror)) {
            None => Ok(wanted.len()),
            Some(mirror) => {
                Err(Seen::Absent(format!("mirror {mirror} of {} has not reached containerd", k3s::REGISTRIES)))
            }
        }
    }

    /// Keeps what can be read of the old cluster. What cannot is said, and is no failure.
    pub(super) async fn keep(&self, scene: &Scene<'_>) -> Result<Vec<String>, Mishap> {
        let look = scene.touch.look();
        let survey = self.known(scene).await?;
        if let Some(why) = self.immovable(&survey) {
            return Err(Mishap::failed(why, false));
        }
        if !survey.has("program") && self.blueprint.install.is_none() {
            let why = format!("{}: {} is not there, and the plan names no `install`", self.host.shown(), k3s::PROGRAM);
            return Err(Mishap::failed(why, false));
        }
        if self.blueprint.snapshot.is_some() && !self.knows_token() && !survey.has("token") {
            let why = format!(
                "the token that the snapshot was made under is nowhere: neither in {}/server, nor in k3s's config, nor as \
                 `token` in the plan",
                self.data()
            );
            return Err(Mishap::failed(why, false));
        }
        let mut told = Vec::new();
        let answers = match self.old_kube(look, &survey).await {
            Err(why) => Err(why),
            Ok(kube) => match clock::within(SHORT, kube.uid()).await {
                Some(Ok(_)) => Ok(kube),
                Some(Err(trouble)) => Err(format!("{}: {trouble}", kube.server())),
                None => Err(format!("{}: no answer", kube.server())),
            },
        };
        match &answers {
            Err(why) => told.push(format!("the old cluster does not answer, and nothing of it was exported: {why}")),
            Ok(kube) => {
                told.extend(kept::keep(kube, scene).await.map_err(|why| Mishap::failed(why, false))?);
                told.push(match survey.has("etcd") {
                    true => self.snapshot(scene).await?,
                    false => "no snapshot: the old cluster keeps its state in no etcd".to_owned(),
                });
            }
        }
        if survey.has("token") {
            told.push(format!("its token stays in {}/server/token", self.aside(scene)));
        }
        Ok(told)
    }

    async fn snapshot(&self, scene: &Scene<'_>) -> Result<String, Mishap> {
        let (name, folder) = (format!("blackstart-{}", Self::run_name(scene)), format!("--data-dir={}", self.data()));
        let words = ["timeout", SNAPSHOT, k3s::PROGRAM, "etcd-snapshot", "save", "--name", &name, &folder];
        match self.act(scene, &words).await {
            Ok(()) => Ok(format!("a snapshot of its etcd, in {}/server/db/snapshots", self.aside(scene))),
            Err(Mishap::Failed { reason, tail, .. }) => {
                Ok(format!("no snapshot of its etcd: {reason}: {}", tail.last().map_or("", String::as_str)))
            }
            Err(stopped @ Mishap::Stopped { .. }) => Err(stopped),
        }
    }
}

/// What containerd calls the folder of a registry: a port has underscores around it there, and all of them are `_default`.
fn folder_names(mirror: &str) -> Vec<String> {
    match (mirror, mirror.rsplit_once(':')) {
        ("*", _) => vec!["_default".to_owned()],
        (_, Some((host, port))) => vec![mirror.to_owned(), format!("{host}_{port}_")],
        (_, None) => vec![mirror.to_owned()],
    }
}
