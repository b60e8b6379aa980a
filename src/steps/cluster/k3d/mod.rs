//! k3d as the maker of a cluster.

use super::blueprint::Blueprint;
use super::contract::{Blast, Contract, Exists, Standing};
use crate::model::digest::Digester;
use crate::model::{Finding, Mode, Provider};
use crate::steps::contract::{Mishap, Seen, Work};
use crate::steps::scene::Scene;
use crate::steps::target::Up;
use crate::sys::Look;
use std::time::Duration;

pub struct Made {
    blueprint: Blueprint,
    mode: Mode,
}

impl Made {
    pub fn new(blueprint: Blueprint, mode: Mode) -> Self {
        Self { blueprint, mode }
    }
}

impl Contract for Made {
    fn provider(&self) -> Provider {
        Provider::K3d
    }
    fn summary(&self) -> String {
        String::new()
    }
    fn reaches(&self) -> String {
        String::new()
    }
    fn add_to(&self, _: Look, _: &mut Digester) -> Result<(), String> {
        Ok(())
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(600)
    }
    fn programs(&self) -> Vec<&str> {
        Vec::new()
    }
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }
    fn exists<'a>(&'a self, _: Look) -> Work<'a, Exists> {
        Box::pin(async { Exists::Unknown(Vec::new()) })
    }
    fn blast<'a>(&'a self, _: Look, _: &'a Standing) -> Work<'a, Blast> {
        Box::pin(async { Blast::default() })
    }
    fn save<'a>(&'a self, _: &'a Scene<'a>, _: &'a Standing) -> Work<'a, Result<Vec<String>, Mishap>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn delete<'a>(&'a self, _: &'a Scene<'a>, _: &'a Standing) -> Work<'a, Result<(), Mishap>> {
        Box::pin(async { Err(Mishap::failed("not written", false)) })
    }
    fn create<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(async { Err(Mishap::failed("not written", false)) })
    }
    fn reach<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<Option<Up>, String>> {
        Box::pin(async { Ok(None) })
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>, up: &'a Up) -> Work<'a, Seen> {
        Box::pin(super::nodes_ready(scene, up))
    }
    fn undo<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<Option<String>, Mishap>> {
        Box::pin(async { Ok(None) })
    }
    fn unproven(&self, _: Option<&Up>) -> Vec<String> {
        Vec::new()
    }
}
