//! Kind `sealing`: the sealing key first, then its controller. A controller reads its keys when it starts; put there later,
//! a key opens nothing until somebody restarts it.

mod controller;
mod keys;
mod rights;

use super::contract::{Kind, Mishap, Seen, Work};
use super::fields::Fields;
use super::keys::{Key, Shape};
use super::papers;
use super::scene::Scene;
use super::survey;
use crate::manifests::Papers;
use crate::model::{Digest, Finding, Mode, Spot};
use crate::secrets::papers::As;
use crate::secrets::store::Held;
use crate::sys::Look;
use crate::sys::pace::{BrokenOff, Halt};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

pub const NAME: &str = "sealing";
pub const DOC: &str = "Puts the sealing key in place, then the controller of sealed secrets, from your own manifests.";
pub const KEYS: &[Key] = &[
    Key::required("path", Shape::Paths, "The controller's manifests: files, or folders of them."),
    Key::optional(
        "key",
        Shape::Word(&["store", "fresh"]),
        "Where its key comes from: the store (the default), or made anew where nothing sealed for an older one is used.",
    ),
];

struct Sealing {
    paths: Vec<(String, Spot)>,
    fresh: bool,
    /// The sealing keys of the store.
    held: Vec<Held>,
    /// Where the Secrets of the store will be.
    spaces: BTreeSet<String>,
    /// The controller's.
    own: Papers,
    /// With the keys among them.
    papers: Papers,
}

pub fn read(fields: &mut Fields<'_, '_>) -> Option<Box<dyn Kind>> {
    let there = fields.require(KEYS, "path", "a sealing step");
    let paths = fields.paths("path");
    let fresh = fields.word("key", &["store", "fresh"]) == Some("fresh");
    let (held, spaces, own, papers) = (Vec::new(), BTreeSet::new(), Papers::default(), Papers::default());
    there.then(|| Box::new(Sealing { paths, fresh, held, spaces, own, papers }) as Box<dyn Kind>)
}

impl Sealing {
    async fn put(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        let up = scene.target.required().map_err(|why| Mishap::failed(why, false))?;
        let (pods, grounds): (Vec<_>, Vec<_>) =
            self.own.objects.iter().cloned().partition(|object| object.pod_template().is_some());
        let some = |objects| Papers { objects, ..self.own.clone() };
        papers::put(scene, &up, &some(grounds)).await?;
        let moved = !scene.unchanged.get();
        let key = match self.fresh {
            true => keys::fresh(scene, &up.kube, &self.own).await?,
            false => keys::restore(scene, &up.kube, &self.held).await?,
        };
        papers::put(scene, &up, &some(pods)).await?;
        // One that was there before has read its keys already; also where a run was killed before it could say so.
        controller::restart(scene, &up.kube, &self.own, key.altered).await?;
        scene.unchanged.set(scene.unchanged.get() && !moved && !key.any);
        Ok(())
    }

    async fn ask(&self, scene: &Scene<'_>) -> Seen {
        let up = match scene.target.required() {
            Ok(up) => up,
            Err(why) => return Seen::Unknown(why),
        };
        match papers::ask(scene, &up, &self.own).await {
            Seen::Present(_) => {}
            other => return other,
        }
        match rights::lacking(scene.touch.look(), &up.kube, &self.own, &self.spaces).await {
            Ok(None) => keys::ask(scene, &up.kube, &self.held, self.fresh).await,
            Ok(Some(why)) => Seen::Absent(why),
            Err(trouble) => Seen::Unknown(trouble.to_string()),
        }
    }

    async fn verify_all(&self, scene: &Scene<'_>) -> Seen {
        let up = match scene.target.required() {
            Ok(up) => up,
            Err(why) => return Seen::Unknown(why),
        };
        let wanted = survey::expected(&self.own, &[]);
        match survey::wait(&up.kube, &wanted, &self.own, scene).await {
            survey::Seen::AllStand(_) => self.ask(scene).await,
            survey::Seen::Stuck(standings) => Seen::Absent(super::trouble::told(scene, &standings, None)),
            survey::Seen::Over(BrokenOff::Deadline(time), standings) => {
                Seen::Absent(super::trouble::told(scene, &standings, Some(time)))
            }
            survey::Seen::Over(BrokenOff::Brake, _) => Seen::BrokenOff("broken off".to_owned()),
            survey::Seen::Lost(why) => Seen::Unknown(format!("{}: {why}", up.server)),
        }
    }
}

impl Kind for Sealing {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        match self.fresh {
            true => "put a new sealing key in place, then the controller".to_owned(),
            false => "put back the sealing key, then the controller".to_owned(),
        }
    }
    fn reaches(&self, _: Mode) -> String {
        "nothing by itself".to_owned()
    }
    fn wants_cluster(&self) -> bool {
        true
    }
    fn wants_store(&self) -> bool {
        !self.fresh
    }
    fn equip(&mut self, held: &[Held]) {
        if !self.fresh {
            self.held = held.iter().filter(|held| held.sealing_key.is_some()).cloned().collect();
        }
        let secrets = held.iter().filter(|held| held.sealing_key.is_none());
        self.spaces = secrets.map(|held| held.namespace.clone()).collect();
        let keys = crate::secrets::papers::papers(self.held.iter(), As::Plain);
        self.papers = Papers::of_all(&[self.own.clone(), keys]);
    }
    fn repeatable(&self) -> bool {
        true
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(300)
    }
    fn stops_at(&self) -> Halt {
        Halt::Gently
    }
    fn paths(&self) -> &[(String, Spot)] {
        &self.paths
    }
    fn take(&mut self, papers: Papers) {
        self.papers = papers.clone();
        self.own = papers;
    }
    fn papers(&self) -> Option<&Papers> {
        Some(&self.papers)
    }
    fn findings(&self, _: &[String]) -> Vec<Finding> {
        controller::findings(&self.own, &self.held, self.fresh)
    }
    fn unproven(&self, scene: &Scene<'_>) -> Vec<String> {
        let none = "the controller did not run: which certificate it would hand out was not asked";
        scene.target.up().map(|_| none.to_owned()).into_iter().collect()
    }
    fn inputs(&self, _: Look, _: &Path) -> Result<Digest, String> {
        let key: &[u8] = if self.fresh { b"fresh" } else { b"store" };
        Ok(papers::digest_with_store(NAME, &self.papers, &self.held, &[key]))
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.put(scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.verify_all(scene))
    }
}
