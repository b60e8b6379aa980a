//! A first cause while it is being climbed to, and what is seen on a rung: ready, on its way, or a cause.

use super::edit::{Edit, Mend};
use super::scene::Scene;
use super::trouble::{Heals, Hop, Trouble};
use super::way::Way;
use crate::checks::live::Item;
use crate::model::{ObjectId, Stamp};
use std::time::Duration;

/// What nobody knows keeps this name, and is shown whole.
pub const UNKNOWN: &str = "UNKNOWN";

#[derive(Clone, Debug)]
pub struct Cause {
    pub trouble: Trouble,
    /// Since when it is seen, and for how long it may heal by itself.
    pub since: Option<Stamp>,
    pub grace: Duration,
}

#[derive(Clone, Debug)]
pub enum Sight {
    Ready(String),
    Waiting(String),
    Cause(Box<Cause>),
}

impl Cause {
    /// A cause that never heals, unless it is said otherwise.
    pub fn new(id: &'static str, object: &ObjectId, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let trouble = Trouble {
            id,
            object: object.clone(),
            chain: Vec::new(),
            message: message.into(),
            field: None,
            place: None,
            fix: fix.into(),
            patch: None,
            mend: None,
            heals: Heals::Never,
            raw: Vec::new(),
        };
        Self { trouble, since: None, grace: Duration::ZERO }
    }
    /// It may heal by itself, for so many seconds from this moment on.
    #[must_use]
    pub fn may_heal(mut self, seconds: u64, since: Option<Stamp>) -> Self {
        self.trouble.heals = Heals::May;
        self.grace = Duration::from_secs(seconds);
        self.since = since;
        self
    }
    #[must_use]
    pub fn never_heals_if(mut self, never: bool) -> Self {
        if never {
            self.trouble.heals = Heals::Never;
        }
        self
    }
    /// What Kubernetes said. Empty texts and repetitions say nothing.
    #[must_use]
    pub fn raw(mut self, said: impl Into<String>) -> Self {
        let said = said.into();
        if !said.is_empty() && !self.trouble.raw.contains(&said) {
            self.trouble.raw.push(said);
        }
        self
    }
    /// A field of an object that may stand in a file.
    #[must_use]
    pub fn field_of(mut self, scene: &Scene<'_>, id: &ObjectId, way: &Way) -> Self {
        self.trouble.field = Some(way.to_string());
        self.trouble.place = scene.paper(id).map(|paper| way.place(paper));
        self
    }
    /// The file of an object, where it comes from one.
    #[must_use]
    pub fn in_file_of(mut self, scene: &Scene<'_>, id: &ObjectId) -> Self {
        self.trouble.place = scene.paper(id).map(|paper| paper.place());
        self
    }
    /// A field of a pod: where it comes from is the template of what made the pod.
    #[must_use]
    pub fn field_in_pod<'a>(mut self, scene: &Scene<'a>, pod: &'a Item, way: &Way) -> Self {
        let origin = scene.origin(pod);
        let whole = way.under(origin.template.unwrap_or_default());
        self.trouble.field = Some(whole.to_string());
        self.trouble.place = origin.paper.map(|paper| match origin.template {
            Some(_) => whole.place(paper),
            None => paper.place(),
        });
        self
    }
    /// A change that mends it: for the cluster, and for the file where it comes from one.
    #[must_use]
    pub fn mended_by(mut self, scene: &Scene<'_>, edit: Edit) -> Self {
        if matches!(&*edit.id.kind, "Pod" | "Job" | "PersistentVolumeClaim") {
            let again =
                format!(". A {} cannot be changed in place: change its file, delete it, apply it again", edit.id.kind);
            self.trouble.fix.push_str(&again);
            return self.mended_in_file(scene, edit);
        }
        let name = format!("{}-{}", self.trouble.id, edit.id.name);
        self.trouble.patch = Some(edit.patch(&name));
        self.mended_in_file(scene, edit)
    }
    /// The same for what the cluster does not let anyone change.
    #[must_use]
    pub fn mended_in_file(mut self, scene: &Scene<'_>, edit: Edit) -> Self {
        let name = format!("{}-{}", self.trouble.id, edit.id.name);
        self.trouble.mend = scene.paper(&edit.id).map(|paper| Mend::new(paper, edit.sets, &name));
        self
    }
    /// One rung further up.
    #[must_use]
    pub fn seen_from(mut self, object: &ObjectId, says: impl Into<String>) -> Self {
        let (object, says) = (object.to_string(), says.into());
        match self.trouble.chain.first_mut().filter(|first| first.object == object) {
            Some(first) => first.says = format!("{says}; {}", first.says),
            None => self.trouble.chain.insert(0, Hop { object, says }),
        }
        self
    }
    pub fn sight(self) -> Sight {
        Sight::Cause(Box::new(self))
    }
}

impl Sight {
    /// What is seen from one rung further up: a cause keeps the way to it.
    #[must_use]
    pub fn from(self, object: &ObjectId, says: impl Into<String>) -> Self {
        match self {
            Sight::Cause(cause) => cause.seen_from(object, says).sight(),
            Sight::Ready(_) | Sight::Waiting(_) => self,
        }
    }
    /// Of two things that keep the same object back: what never heals before what may, a cause before a wait.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        let rank = |sight: &Self| match sight {
            Sight::Cause(cause) if cause.trouble.heals == Heals::Never => 0,
            Sight::Cause(_) => 1,
            Sight::Waiting(_) => 2,
            Sight::Ready(_) => 3,
        };
        if rank(&other) < rank(&self) { other } else { self }
    }
    pub fn never_heals(&self) -> bool {
        matches!(self, Sight::Cause(cause) if cause.trouble.heals == Heals::Never)
    }
}
