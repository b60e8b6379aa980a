//! Kind `tunnel`: brings a way in from outside back, and proves that it is this cluster that answers there. The token is judged
//! before anything is started with it; in a drill production's token starts nothing.

mod admit;
mod answers;
mod connector;
mod drill;
mod keys;
mod proof;
mod put;
mod ready;
mod token;
mod ways;

pub use keys::{KEYS, USES};

use super::contract::{Kind, Mishap, Opened, Seen, Work};
use super::fields::Fields;
use super::papers;
use super::scene::Scene;
use crate::manifests::Papers;
use crate::model::digest::Digester;
use crate::model::time::spoken;
use crate::model::{Digest, EntryName, Finding, Mode, Spot, Unknown};
use crate::secrets::store::Held;
use crate::sys::pace::{BrokenOff, Halt};
use crate::sys::{Look, net};
use connector::{Connector, Source, connectors};
use keys::Wanted;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use token::Lies;
use ways::Way;

pub const NAME: &str = "tunnel";
pub const DOC: &str = "Brings a way in from outside back, and proves that this very cluster answers there.";

pub struct Tunnel {
    way: Way,
    paths: Vec<(String, Spot)>,
    probe: Option<String>,
    wanted: Wanted,
    drill: Option<EntryName>,
    /// The drill's token, where the store has none of that name.
    lacks: Vec<String>,
    held: Vec<Held>,
    papers: Papers,
    /// What a touch of this process has proved: a verify looks, and makes no path of its own.
    proved: Mutex<Option<String>>,
}

pub fn read(fields: &mut Fields<'_, '_>) -> Option<Box<dyn Kind>> {
    let keys::Written { way, paths, probe, wanted, drill } = keys::read(fields)?;
    let (lacks, held, papers, proved) = (Vec::new(), Vec::new(), Papers::default(), Mutex::default());
    Some(Box::new(Tunnel { way, paths, probe, wanted, drill, lacks, held, papers, proved }))
}

/// How a touch ends that had to end.
fn over(why: BrokenOff, meanwhile: &str) -> Mishap {
    match why {
        BrokenOff::Brake => Mishap::Stopped { reason: format!("broken off while {meanwhile}") },
        BrokenOff::Deadline(time) => Mishap::failed(format!("{meanwhile}, after {}", spoken(time)), true),
    }
}

impl Tunnel {
    /// Whether no connector with production's token may run, and none is asked: in a drill, and where nothing runs at all.
    fn rehearses(&self, scene: &Scene<'_>) -> bool {
        scene.mode == Mode::Drill || scene.target.up().is_some_and(|up| up.as_sandbox().is_some())
    }

    /// The token of a drill, where this run is one that can use it.
    fn drills_with(&self, scene: &Scene<'_>) -> Option<&EntryName> {
        let real = scene.target.up().is_some_and(|up| up.as_sandbox().is_none());
        self.drill.as_ref().filter(|_| scene.mode == Mode::Drill && real)
    }

    /// The papers as this run applies them.
    fn fitted(&self, scene: &Scene<'_>) -> Papers {
        match (self.rehearses(scene), self.drills_with(scene)) {
            (false, _) => self.papers.clone(),
            (true, Some(entry)) => drill::with_token(&self.papers, entry),
            (true, None) => drill::stopped(&self.papers),
        }
    }

    fn sources(&self) -> Vec<Source> {
        connectors(&self.papers).iter().filter_map(Connector::source).collect()
    }

    /// Where the path of the proof is.
    fn home(&self) -> String {
        connectors(&self.papers).first().map_or("default", |one| one.namespace()).to_owned()
    }

    fn host(&self) -> Option<String> {
        net::parts(self.probe.as_deref()?).map(|(host, _)| host)
    }

    fn proved(&self) -> Option<String> {
        self.proved.lock().ok().and_then(|proved| proved.clone())
    }

    async fn ask(&self, scene: &Scene<'_>) -> Seen {
        let up = match scene.target.required() {
            Ok(up) => up,
            Err(why) => return Seen::Unknown(why),
        };
        let papers = self.fitted(scene);
        let mut told = match papers.objects.is_empty() {
            true => Vec::new(),
            false => match papers::ask(scene, &up, &papers).await {
                Seen::Present(saw) => vec![saw],
                other => return other,
            },
        };
        if self.rehearses(scene) && self.drills_with(scene).is_none() {
            told.push("no connector runs".to_owned());
            return Seen::Present(told.join("; "));
        }
        if self.way == Way::Cloudflared {
            match ready::ask(scene.touch.look(), &up.kube, &connectors(&papers))
                .await
                .map(|stands| ready::told(&stands))
            {
                Ok(Ok(saw)) => told.push(saw),
                Ok(Err(why)) => return Seen::Absent(why),
                Err(why) => return Seen::Unknown(why),
            }
        }
        if self.probe.is_some() && !self.rehearses(scene) {
            match proof::left(&up.kube, &self.home()).await {
                Ok(left) if left.is_empty() => {}
                Ok(left) => return Seen::Absent(format!("{} is left of a proof that was cut off", left[0])),
                Err(trouble) => return Seen::Unknown(trouble.to_string()),
            }
        }
        if self.way.program().is_some() {
            match self.way.ask(scene.touch.look()).await {
                Seen::Present(saw) => told.push(saw),
                other => return other,
            }
        }
        told.extend(self.proved());
        Seen::Present(told.join("; "))
    }
}

impl Kind for Tunnel {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, mode: Mode) -> String {
        let mut parts = Vec::new();
        if !self.papers.objects.is_empty() {
            parts.push(format!("apply {}", crate::model::count::many(self.papers.objects.len(), "object")));
        }
        if self.way == Way::Cloudflared {
            parts.push(match (mode, &self.drill) {
                (Mode::Drill, None) => "no connector runs".to_owned(),
                (Mode::Drill, Some(_)) => "no connector but one for drills".to_owned(),
                (Mode::Recover, _) => "wait for a connection".to_owned(),
            });
        }
        if self.way.program().is_some() {
            parts.push(format!("wait {}", self.way.awaited()));
        }
        if let Some(host) = self.host().filter(|_| mode == Mode::Recover) {
            parts.push(format!("prove that this cluster answers for {host}"));
        }
        parts.join(", ")
    }
    fn reaches(&self, mode: Mode) -> String {
        match (&self.way, mode, &self.drill) {
            (Way::Cloudflared, Mode::Drill, None) => "nothing: no connector runs in a drill".to_owned(),
            (Way::Cloudflared, Mode::Drill, Some(_)) => "the edge, as the tunnel for drills".to_owned(),
            (Way::Cloudflared, Mode::Recover, _) => "takes requests from outside; asks the public name".to_owned(),
            (Way::Ingress, ..) => "asks the public name".to_owned(),
            (Way::Wireguard { .. } | Way::Tailscale { .. }, ..) => "nothing by itself: it asks this host".to_owned(),
            (Way::Ssh { address, .. }, ..) => format!("connects to {address}"),
        }
    }
    fn absent_in(&self, mode: Mode) -> Option<String> {
        // What there is outside is production's, and so is what answers there.
        (mode == Mode::Drill && self.way != Way::Cloudflared).then(|| "drill".to_owned())
    }
    fn wants_cluster(&self) -> bool {
        true
    }
    fn wants_store(&self) -> bool {
        self.drill.is_some()
    }
    fn equip(&mut self, held: &[Held]) {
        self.held = held.to_vec();
        let has = |entry: &&EntryName| {
            let mut ours = held.iter().filter(|held| held.namespace == entry.namespace && held.name == entry.name);
            ours.any(|held| held.keys.contains_key(&entry.key))
        };
        self.lacks = self.drill.iter().filter(|entry| !has(entry)).map(ToString::to_string).collect();
    }
    fn lacks(&self) -> &[String] {
        &self.lacks
    }
    fn repeatable(&self) -> bool {
        true
    }
    fn intends(&self, _: Look, _: &Path) -> Vec<String> {
        match self.probe {
            Some(_) => proof::intends(&self.home()),
            None => Vec::new(),
        }
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
        self.papers = papers;
    }
    fn papers(&self) -> Option<&Papers> {
        Some(&self.papers)
    }
    fn findings(&self, _: &[String]) -> Vec<Finding> {
        let sources = self.sources();
        let plain = sources.iter().filter_map(|source| token::in_files(&self.papers, source, &self.wanted));
        let far = self.drill.iter().flat_map(|entry| sources.iter().filter_map(|source| token::too_far(source, entry)));
        plain.chain(far).collect()
    }
    fn unknowns(&self, papers: &[Papers], held: &[Held]) -> Vec<Unknown> {
        let sources = self.sources().into_iter();
        let closed = sources.filter(|source| !matches!(token::lies(papers, held, source), Lies::Elsewhere));
        closed
            .map(|source| Unknown {
                id: "F23",
                object: format!("Secret {}/{}", source.namespace, source.name),
                message: "of which tunnel the token is".to_owned(),
                missing: "an identity that opens the store; a drill and a recovery ask before they begin".to_owned(),
                place: source.place,
            })
            .collect()
    }
    fn opened(&self, look: Look, opened: &Opened<'_>) -> Result<Vec<Finding>, String> {
        let mut found = Vec::new();
        let sources = self.sources();
        for source in &sources {
            found.extend(token::opened(look, opened, source, &self.wanted)?);
        }
        if let Some(entry) = &self.drill {
            found.extend(token::opened_drill(look, opened, entry, &sources, &self.wanted)?);
        }
        Ok(found)
    }
    fn unproven(&self, scene: &Scene<'_>) -> Vec<String> {
        let what = self.host().unwrap_or_else(|| "a public name".to_owned());
        match (self.rehearses(scene), &self.probe) {
            (true, _) if self.way == Way::Cloudflared && self.drills_with(scene).is_none() => {
                let why = if scene.mode == Mode::Drill { "drill" } else { "sandbox" };
                vec![format!("{why}: no connector ran with production's token, and nobody asked {what}")]
            }
            (true, _) => vec![format!("drill: nobody asked {what} whether this cluster answers")],
            (false, None) if matches!(self.way, Way::Cloudflared) => {
                vec!["that this cluster answers for a public name: the step has no `probe`".to_owned()]
            }
            (false, _) => Vec::new(),
        }
    }
    fn inputs(&self, _: Look, _: &Path) -> Result<Digest, String> {
        let mut digest: Digester = papers::digest(NAME, &self.papers);
        let said = format!("{:?} {:?} {:?} {:?}", self.way, self.probe, self.wanted, self.drill);
        digest.add(said.as_bytes());
        Ok(digest.finish())
    }
    fn programs(&self, _: Mode) -> Vec<&str> {
        self.way.program().into_iter().collect()
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(put::put(self, scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
}
