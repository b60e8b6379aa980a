//! k3s as the maker of a cluster: on this host, or on another over ssh. What it takes the place of is moved aside and never
//! removed; the data that k3s's storage keeps stays where it is.

mod aside;
mod clear;
mod create;
mod findings;
mod hands;
mod proof;
mod reset;
mod serve;
pub mod snapshot;
mod start;
mod there;

use super::blueprint::Blueprint;
use super::contract::{Blast, Contract, Exists, Standing};
use crate::model::digest::Digester;
use crate::model::{Finding, Provider};
use crate::steps::contract::{Mishap, Seen, Work};
use crate::steps::scene::Scene;
use crate::steps::target::Up;
use crate::sys::Look;
use crate::sys::hosts::{self, Host};
use crate::sys::k3s::Survey;
use std::time::Duration;

/// Where k3s keeps its data when nobody says otherwise.
const DATA: &str = "/var/lib/rancher/k3s";
const KUBECONFIG: &str = "/etc/rancher/k3s/k3s.yaml";

pub struct Made {
    blueprint: Blueprint,
    host: Host,
}

impl Made {
    pub fn new(blueprint: Blueprint) -> Self {
        let host = Host::new(blueprint.host.clone());
        Self { blueprint, host }
    }

    fn flag(&self, name: &str) -> Option<&str> {
        self.blueprint.planned().flags.get(name).map(|(value, _)| value.trim_end_matches('/'))
    }
    fn data(&self) -> &str {
        self.flag("data-dir").unwrap_or(DATA)
    }
    fn kubeconfig(&self) -> &str {
        self.flag("write-kubeconfig").unwrap_or(KUBECONFIG)
    }
    fn unit(&self) -> &'static str {
        crate::sys::k3s::UNIT
    }
    async fn survey(&self, look: Look) -> Result<Survey, String> {
        Survey::of(look, &self.host, self.data(), self.kubeconfig()).await
    }
}

impl Contract for Made {
    fn provider(&self) -> Provider {
        Provider::K3s
    }
    fn summary(&self) -> String {
        let with = [
            self.blueprint.config.as_ref().map(|_| "config.yaml"),
            self.blueprint.registries.as_ref().map(|_| "registries.yaml"),
            self.blueprint.token.as_ref().map(|_| "the token of the store"),
            self.blueprint.snapshot.as_ref().map(|_| "what the snapshot holds"),
        ];
        let with: Vec<&str> = with.into_iter().flatten().collect();
        match with.is_empty() {
            true => format!("1 server on {}", self.host.shown()),
            false => format!("1 server on {}, with {}", self.host.shown(), with.join(", ")),
        }
    }
    fn reaches(&self) -> String {
        let (host, data) = (self.host.shown(), self.data());
        format!("{host}: its service k3s, /etc/rancher, and {data} but for its storage/")
    }
    fn add_to(&self, look: Look, digest: &mut Digester) -> Result<(), String> {
        let Blueprint { config, registries, .. } = &self.blueprint;
        digest.add(self.host.other().unwrap_or_default().as_bytes());
        for named in [config, registries] {
            digest.add(named.as_ref().map_or(&b""[..], |named| &named.bytes));
        }
        for path in self.blueprint.install.iter().chain(self.blueprint.snapshot.iter().map(|(path, _)| path)) {
            let bytes = hosts::digest(look, path).map_err(|error| format!("{}: {error}", path.display()))?;
            digest.add(bytes.to_string().as_bytes());
        }
        Ok(())
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(600)
    }
    fn programs(&self) -> Vec<&str> {
        self.host.other().map_or(vec!["systemctl"], |_| vec!["ssh"])
    }
    fn findings(&self) -> Vec<Finding> {
        findings::of(Look::new(), &self.blueprint)
    }
    fn exists<'a>(&'a self, look: Look) -> Work<'a, Exists> {
        Box::pin(self.standing(look))
    }
    fn blast<'a>(&'a self, look: Look, standing: &'a Standing) -> Work<'a, Blast> {
        Box::pin(self.radius(look, standing))
    }
    fn save<'a>(&'a self, scene: &'a Scene<'a>, _: &'a Standing) -> Work<'a, Result<Vec<String>, Mishap>> {
        Box::pin(self.keep(scene))
    }
    fn delete<'a>(&'a self, scene: &'a Scene<'a>, _: &'a Standing) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.clear(scene))
    }
    fn create<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.make(scene))
    }
    fn reach<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<Option<Up>, String>> {
        Box::pin(self.again(scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>, up: &'a Up) -> Work<'a, Seen> {
        Box::pin(self.prove(scene, up))
    }
    fn undo<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<Option<String>, Mishap>> {
        // No drill is made with it: there is one k3s on a host.
        Box::pin(std::future::ready(Ok(None)))
    }
    fn unproven(&self, _: Option<&Up>) -> Vec<String> {
        let mut told = Vec::new();
        if self.blueprint.snapshot.as_ref().is_some_and(|(path, _)| path.extension().is_some_and(|end| end == "zip")) {
            told.push("the snapshot is packed: only k3s has looked into it".to_owned());
        }
        told
    }
}
