//! Kind `workloads`: waits until everything that the plan's manifests expect is Ready. It touches nothing; what is stuck it
//! tells by its first cause, with the place it comes from and a patch where there is one.

use super::contract::{Kind, Mishap, Seen, Work};
use super::fields::Fields;
use super::keys::{Key, Shape};
use super::scene::Scene;
use super::survey::{self, Standings};
use super::trouble;
use crate::manifests::Papers;
use crate::model::count::many;
use crate::model::digest::Digester;
use crate::model::{Digest, Mode, ObjectId};
use crate::sys::Look;
use crate::sys::pace::{BrokenOff, Halt};
use std::path::Path;
use std::time::Duration;

pub const NAME: &str = "workloads";
pub const DOC: &str =
    "Waits until everything that the manifests expect is Ready, and tells the first cause where it is not.";
pub const KEYS: &[Key] =
    &[Key::optional("namespaces", Shape::Names, "Only what is in these namespaces (default: all of the plan).")];

struct Workloads {
    namespaces: Vec<String>,
    /// Those of the whole plan.
    papers: Papers,
}

pub fn read(fields: &mut Fields<'_, '_>) -> Option<Box<dyn Kind>> {
    let namespaces = fields.names("namespaces").into_iter().map(|(name, _)| name).collect();
    Some(Box::new(Workloads { namespaces, papers: Papers::default() }))
}

impl Workloads {
    fn expected(&self) -> Vec<ObjectId> {
        survey::expected(&self.papers, &self.namespaces)
    }

    async fn ask(&self, scene: &Scene<'_>, wait: bool) -> Seen {
        let up = match scene.target.required() {
            Ok(up) => up,
            Err(why) => return Seen::Unknown(why),
        };
        let wanted = self.expected();
        let seen = match wait {
            true => survey::wait(&up.kube, &wanted, &self.papers, scene).await,
            false => survey::look(&up.kube, &wanted, &self.papers, &scene.pace).await,
        };
        match seen {
            survey::Seen::AllStand(standings) if all_ready(&standings) => Seen::Present(survey::told(&standings)),
            survey::Seen::AllStand(standings) => Seen::Absent(survey::told(&standings)),
            survey::Seen::Stuck(standings) => Seen::Absent(trouble::told(scene, &standings, None)),
            survey::Seen::Over(BrokenOff::Deadline(time), standings) => {
                Seen::Absent(trouble::told(scene, &standings, Some(time)))
            }
            survey::Seen::Over(BrokenOff::Brake, _) => Seen::BrokenOff("broken off".to_owned()),
            survey::Seen::Lost(why) => Seen::Unknown(format!("{}: {why}", up.server)),
        }
    }
}

fn all_ready(standings: &Standings) -> bool {
    standings.iter().all(|(_, standing)| matches!(standing, crate::checks::ladder::Standing::Ready(_)))
}

impl Kind for Workloads {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        let wanted = self.expected();
        let spaces: std::collections::BTreeSet<&str> =
            wanted.iter().map(|id| id.namespace.as_deref().unwrap_or("default")).collect();
        let claims = wanted.iter().filter(|id| &*id.kind == "PersistentVolumeClaim").count();
        format!(
            "wait until {} and {} in {} are ready",
            many(wanted.len() - claims, "workload"),
            many(claims, "claim"),
            many(spaces.len(), "namespace"),
        )
    }
    fn reaches(&self, _: Mode) -> String {
        "nothing: it only looks".to_owned()
    }
    fn wants_cluster(&self) -> bool {
        true
    }
    fn repeatable(&self) -> bool {
        true
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(600)
    }
    fn stops_at(&self) -> Halt {
        Halt::Gently
    }
    fn surveys(&self) -> bool {
        true
    }
    fn take(&mut self, papers: Papers) {
        self.papers = papers;
    }
    fn unproven(&self, _: &Scene<'_>) -> Vec<String> {
        Vec::new()
    }
    fn inputs(&self, _: Look, _: &Path) -> Result<Digest, String> {
        let mut digest = Digester::new(NAME);
        self.namespaces.iter().for_each(|name| digest.add(name.as_bytes()));
        self.expected().iter().for_each(|id| digest.add(id.to_string().as_bytes()));
        Ok(digest.finish())
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene, false))
    }
    fn touch<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(std::future::ready(Ok(())))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene, true))
    }
}
