//! The step that deletes the old cluster: the very parts that were confirmed, by their ids, and nothing that merely has its name.

use super::contract::{Contract, Exists, Part, Standing};
use super::save;
use crate::model::digest::Digester;
use crate::model::{Digest, Mode};
use crate::steps::contract::{Kind, Mishap, Seen, Work};
use crate::steps::scene::Scene;
use crate::sys::Look;
use crate::sys::pace::Halt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub const NAME: &str = "cluster-delete";

/// Deletes what was confirmed.
pub struct Delete {
    name: String,
    maker: Arc<dyn Contract>,
}

impl Delete {
    pub fn new(name: String, maker: Arc<dyn Contract>) -> Self {
        Self { name, maker }
    }

    /// What of the old one stands there still, and what has come since. What this run made itself is neither, also where it
    /// has the id of something old: a volume has no other than its name.
    fn sorted(run: &Path, old: &Standing, now: Standing) -> (Standing, Vec<Part>) {
        let run = run.file_name().unwrap_or_default().to_string_lossy();
        let is_old = |part: &Part| old.parts.iter().any(|one| one.sort == part.sort && one.id == part.id);
        let others = now.parts.iter().filter(|part| part.run.as_deref() != Some(&*run)).cloned();
        let (left, strange): (Vec<Part>, Vec<Part>) = others.partition(is_old);
        (Standing { parts: left, ..now }, strange)
    }

    async fn work(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        let look = scene.touch.look();
        let never = |why: String| Mishap::failed(why, false);
        let old = save::old(look, scene.run).map_err(never)?;
        save::same_keeper(&*self.maker, look, &old).await.map_err(never)?;
        let now = match self.maker.exists(look).await {
            Exists::Yes(now) => now,
            Exists::No(_) => return Ok(()),
            Exists::Unknown(tail) => {
                let reason = format!("nobody can say whether cluster {} exists: nothing was deleted", self.name);
                return Err(Mishap::Failed { reason, tail, began: false });
            }
        };
        let (left, strange) = Self::sorted(scene.run, &old, now);
        if !strange.is_empty() {
            let reason = format!("something stands under the name {} that nobody confirmed", self.name);
            let tail = strange.iter().map(Part::to_string).collect();
            return Err(Mishap::Failed { reason, tail, began: false });
        }
        match left.parts.is_empty() {
            true => Ok(()),
            false => self.maker.delete(scene, &left).await,
        }
    }

    async fn ask(&self, scene: &Scene<'_>) -> Seen {
        let look = scene.touch.look();
        let old = match save::old(look, scene.run) {
            Ok(old) => old,
            Err(why) => return Seen::Unknown(why),
        };
        if let Err(why) = save::same_keeper(&*self.maker, look, &old).await {
            return Seen::Unknown(why);
        }
        let left = match self.maker.exists(look).await {
            Exists::Unknown(why) => return Seen::Unknown(why.join("; ")),
            Exists::No(_) => Vec::new(),
            Exists::Yes(now) => {
                let (left, strange) = Self::sorted(scene.run, &old, now);
                [left.parts, strange].concat()
            }
        };
        match (left.is_empty(), old.parts.len()) {
            (true, 0) => Seen::Present("there was nothing to delete".to_owned()),
            (true, count) => Seen::Present(format!("{count} of {count} gone, by their ids")),
            (false, _) => {
                let names: Vec<String> = left.iter().map(Part::to_string).collect();
                Seen::Absent(format!("still there: {}", names.join(", ")))
            }
        }
    }
}

impl Kind for Delete {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        format!("delete {} {}, by the ids of its parts", self.maker.provider(), self.name)
    }
    fn reaches(&self, _: Mode) -> String {
        "the old cluster, which is deleted with everything that lies in it alone".to_owned()
    }
    fn wants_cluster(&self) -> bool {
        false
    }
    fn repeatable(&self) -> bool {
        true
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(300)
    }
    fn stops_at(&self) -> Halt {
        Halt::Now
    }
    fn intends(&self, look: Look, run: &Path) -> Vec<String> {
        save::old(look, run).map(|old| old.ids()).unwrap_or_default()
    }
    fn unproven(&self, _: &Scene<'_>) -> Vec<String> {
        Vec::new()
    }
    fn inputs(&self, _: Look, _: &Path) -> Result<Digest, String> {
        Ok(Digester::new(NAME).field(self.name.as_bytes()).finish())
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.work(scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::cluster::contract::Sort;

    fn volume(run: &str) -> Part {
        let name = "k3d-home-images".to_owned();
        Part { sort: Sort::Volume, id: name.clone(), name, run: Some(run.to_owned()), runs: false }
    }

    #[test]
    fn a_volume_that_this_run_made_in_place_of_an_old_one_is_not_the_old_one() {
        let of = |run: &str| Standing { parts: vec![volume(run)], ..Standing::default() };
        let sorted = |now: &str| Delete::sorted(Path::new("/state/home/r2"), &of("r1"), of(now));
        let (left, strange) = sorted("r2");
        assert!(left.parts.is_empty() && strange.is_empty(), "{left:?} {strange:?}");
        let (left, strange) = sorted("r1");
        assert!(left.parts == [volume("r1")] && strange.is_empty(), "{left:?} {strange:?}");
    }
}
