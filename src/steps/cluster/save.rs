//! The step before the old cluster is deleted: what stands there must be what was confirmed, and what can be read of it is kept.

use super::contract::{Blast, Contract, Exists, Standing};
use crate::model::digest::Digester;
use crate::model::{Digest, Mode};
use crate::steps::contract::{Kind, Mishap, Seen, Work};
use crate::steps::scene::Scene;
use crate::sys::pace::Halt;
use crate::sys::{Look, Touch, files};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub const NAME: &str = "cluster-save";
/// What the folder of a run calls the file that says what stood there when it was confirmed.
pub const OLD: &str = "old.json";
/// The file that says what was told of it, for who asks later what died.
const BLAST: &str = "blast.json";
/// And the file that says what was kept of it.
const SAVED: &str = "saved.json";
const LONGEST: u64 = 16 << 20;

/// Keeps what can be read of the old cluster.
pub struct Save {
    name: String,
    maker: Arc<dyn Contract>,
}

impl Save {
    pub fn new(name: String, maker: Arc<dyn Contract>) -> Self {
        Self { name, maker }
    }

    async fn keep(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        let look = scene.touch.look();
        let never = |why: String| Mishap::failed(why, false);
        let old = old(look, scene.run).map_err(never)?;
        same_keeper(&*self.maker, look, &old).await.map_err(never)?;
        match self.maker.exists(look).await {
            Exists::Unknown(why) => {
                let reason = format!("nobody can say any more whether cluster {} exists", self.name);
                return Err(Mishap::Failed { reason, tail: why, began: false });
            }
            Exists::No(_) if old.parts.is_empty() => {}
            Exists::No(told) => {
                return Err(never(format!("what was confirmed to be deleted is gone: {told}")));
            }
            Exists::Yes(now) if now.is_same(&old) => {}
            Exists::Yes(now) => {
                let reason = format!("what stands under the name {} is not what was confirmed", self.name);
                let tail = [("confirmed", &old), ("now", &now)];
                let tail = tail.into_iter().map(|(when, one)| format!("{when}: {}", one.ids().join(", "))).collect();
                return Err(Mishap::Failed { reason, tail, began: false });
            }
        }
        let told = match old.parts.is_empty() {
            true => Vec::new(),
            false => self.maker.save(scene, &old).await?,
        };
        told.iter().for_each(|line| (scene.say)(line.clone()));
        put(scene.touch, scene.run, SAVED, &told).map_err(|error| never(format!("{SAVED}: {error}")))
    }

    fn seen(scene: &Scene<'_>) -> Seen {
        match get::<Vec<String>>(scene.touch.look(), scene.run, SAVED) {
            Ok(Some(told)) if told.is_empty() => Seen::Present("there is nothing to save".to_owned()),
            Ok(Some(told)) => Seen::Present(told.join("; ")),
            Ok(None) => Seen::Absent("nothing was saved so far".to_owned()),
            Err(why) => Seen::Unknown(why),
        }
    }
}

/// Whether whoever is asked now is who was asked when it was confirmed: another one knows of nothing, and that says nothing.
pub async fn same_keeper(maker: &dyn Contract, look: Look, old: &Standing) -> Result<(), String> {
    let Some(then) = &old.keeper else { return Ok(()) };
    match maker.keeper(look).await? {
        Some(now) if now == *then => Ok(()),
        now => Err(format!(
            "another keeper answers than when this was confirmed: {}, and it was {then}; where DOCKER_HOST or the context of \
             docker has changed, set it as it was",
            now.as_deref().unwrap_or("one without a name")
        )),
    }
}

/// Writes down what was shown and confirmed, in the folder of a run that has just begun.
pub fn confirmed(touch: &Touch, run: &Path, standing: &Standing) -> io::Result<()> {
    put(touch, run, OLD, standing)
}

/// And what was shown of what dies and stays.
pub fn shown(touch: &Touch, run: &Path, blast: &Blast) -> io::Result<()> {
    put(touch, run, BLAST, blast)
}

/// What a run has shown before it was confirmed, where it has.
pub fn was_shown(look: Look, run: &Path) -> Result<Option<Blast>, String> {
    get(look, run, BLAST)
}

/// What was confirmed.
pub fn old(look: Look, run: &Path) -> Result<Standing, String> {
    get(look, run, OLD)?
        .ok_or_else(|| format!("{} is not there: nobody confirmed what is deleted", run.join(OLD).display()))
}

fn put<T: Serialize>(touch: &Touch, run: &Path, name: &str, what: &T) -> io::Result<()> {
    files::replace(touch, &run.join(name), &serde_json::to_vec(what)?)
}

fn get<T: for<'d> Deserialize<'d>>(look: Look, run: &Path, name: &str) -> Result<Option<T>, String> {
    let path = run.join(name);
    match files::read(look, &path, LONGEST) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| format!("{}: {error}", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

impl Kind for Save {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        format!("keep what can be read of {} {}", self.maker.provider(), self.name)
    }
    fn reaches(&self, _: Mode) -> String {
        "the old cluster, which is read".to_owned()
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
    fn unproven(&self, _: &Scene<'_>) -> Vec<String> {
        Vec::new()
    }
    fn inputs(&self, _: Look, _: &Path) -> Result<Digest, String> {
        Ok(Digester::new(NAME).field(self.name.as_bytes()).finish())
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(async { Self::seen(scene) })
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.keep(scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(async { Self::seen(scene) })
    }
}
