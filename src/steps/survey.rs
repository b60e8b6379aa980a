//! Watches a cluster until everything that is expected stands, or something is stuck that time does not mend. It looks and
//! never touches; what it sees it hands to the ladder, which knows what it means.

use super::scene::Scene;
use crate::checks::ladder::{self, Heals, Standing, Trouble};
use crate::checks::live::Live;
use crate::manifests::Papers;
use crate::model::{Cause, ObjectId};
use crate::sys::clock;
use crate::sys::kube::{Change, Kube, Trouble as Deaf, Watch};
use crate::sys::pace::{BrokenOff, Pace};
use std::collections::HashSet;
use std::time::Duration;

/// What the ladder wants to see.
const WATCHED: &[(&str, &str)] = &[
    ("v1", "Pod"),
    ("v1", "Event"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "PersistentVolume"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("v1", "Node"),
    ("v1", "Namespace"),
    ("v1", "ResourceQuota"),
    ("v1", "ServiceAccount"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("certificates.k8s.io/v1", "CertificateSigningRequest"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
];

/// What comes together is judged together.
const BREATH: Duration = Duration::from_millis(50);
/// Time alone can turn what waits into what is stuck.
const TICK: Duration = Duration::from_secs(1);
/// After the first cause that never heals the others get so long to show themselves.
pub const LAST_WORDS: Duration = Duration::from_millis(1500);

/// So many lines tell why a container has ended; so many containers are heard, each for so long.
const LAST_LINES: i64 = 20;
const MOST_HEARD: usize = 20;
const HEARING: Duration = Duration::from_secs(5);

/// When nothing has moved for so long, and all that is left is stuck, nobody waits on.
pub const STILL: Duration = Duration::from_secs(30);

/// What was expected and how it stands.
pub type Standings = Vec<(ObjectId, Standing)>;

/// How a survey ended.
pub enum Seen {
    AllStand(Standings),
    /// Something will not stand however long one waits.
    Stuck(Standings),
    /// There was no more time, or a person had enough.
    Over(BrokenOff, Standings),
    Lost(Deaf),
}

/// The workloads and claims of these manifests, in these namespaces or in all.
pub fn expected(papers: &Papers, namespaces: &[String]) -> Vec<ObjectId> {
    let within = |id: &ObjectId| {
        let namespace = id.namespace.as_deref().unwrap_or("default");
        namespaces.is_empty() || namespaces.iter().any(|wanted| wanted == namespace)
    };
    let ids = papers.objects.iter().map(|object| object.id.clone());
    count(ids).filter(within).collect()
}

/// Of these objects those that can stand or not.
pub fn count(ids: impl Iterator<Item = ObjectId>) -> impl Iterator<Item = ObjectId> {
    ids.filter(|id| {
        matches!(
            (id.group(), &*id.kind),
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet")
                | ("batch", "Job" | "CronJob")
                | ("", "Pod" | "PersistentVolumeClaim")
        )
    })
}

/// `19 of 24 ready`, and what is waited for.
pub fn told(standings: &Standings) -> String {
    let ready = standings.iter().filter(|(_, standing)| matches!(standing, Standing::Ready(_))).count();
    let mut text = format!("{ready} of {} ready", standings.len());
    let waits = standings.iter().find_map(|(id, standing)| match standing {
        Standing::Ready(_) => None,
        Standing::Waiting { why } => Some(format!("{id}: {why}")),
        Standing::Slow { why, usual } => {
            Some(format!("{id}: slow, not broken (usual {}): {why}", crate::model::time::spoken(*usual)))
        }
        Standing::Stuck(trouble) => Some(format!("{id}: {} {}", trouble.id, trouble.message)),
    });
    text.extend(waits.map(|wait| format!("; {wait}")));
    text
}

/// The first causes, each once, with everything that it holds up.
pub fn causes(standings: &Standings) -> Vec<(&Trouble, Vec<&ObjectId>)> {
    let mut found: Vec<(&Trouble, Vec<&ObjectId>)> = Vec::new();
    for (id, standing) in standings {
        let Standing::Stuck(trouble) = standing else { continue };
        let same = |other: &Trouble| {
            other.id == trouble.id && other.object == trouble.object && other.message == trouble.message
        };
        match found.iter_mut().find(|(other, _)| same(other)) {
            Some((_, held)) => held.push(id),
            None => found.push((trouble, vec![id])),
        }
    }
    found
}

/// Looks once.
pub async fn look(kube: &Kube, wanted: &[ObjectId], papers: &Papers, pace: &Pace) -> Seen {
    let mut eyes = Eyes::open(kube);
    match eyes.first(pace).await {
        Err(seen) => seen,
        Ok(()) => Seen::AllStand(eyes.judge(wanted, papers)),
    }
}

/// Everything that the ladder wants to see, as it is now.
pub async fn see(kube: &Kube, pace: &Pace) -> Result<Live, String> {
    let mut eyes = Eyes::open(kube);
    match eyes.first(pace).await {
        Ok(()) => Ok(eyes.live),
        Err(Seen::Lost(why)) => Err(why.to_string()),
        Err(Seen::Over(..) | Seen::AllStand(_) | Seen::Stuck(_)) => Err("it did not answer in time".to_owned()),
    }
}

/// Hears the last words of containers that do not stay up, so that the ladder can tell by them. Who cannot be heard is left out:
/// the rest is told without.
pub async fn listen(kube: &Kube, pace: &Pace, live: &mut Live) {
    let pods: Vec<_> = live.of_kind("", "Pod").flat_map(|pod| falling(&pod.value)).take(MOST_HEARD).collect();
    for (namespace, pod, container, previous) in pods {
        let asked = clock::within(HEARING, kube.logs(&namespace, &pod, &container, previous, LAST_LINES));
        if let Ok(Some(Ok(text))) = pace.keep(asked).await {
            live.hear(&namespace, &pod, &container, text.lines().map(str::to_owned).collect());
        }
    }
}

/// The containers of a pod that ended badly: namespace, pod, container, and whether it was the one before that did.
fn falling(pod: &serde_json::Value) -> Vec<(String, String, String, bool)> {
    let text = |node: &serde_json::Value| node.as_str().unwrap_or_default().to_owned();
    let lists = ["containerStatuses", "initContainerStatuses"].map(|list| pod["status"][list].as_array());
    let failed = |end: &serde_json::Value| end["exitCode"].as_i64().is_some_and(|code| code != 0);
    let each = lists.into_iter().flatten().flatten().filter_map(|status| {
        let (now, before) = (failed(&status["state"]["terminated"]), failed(&status["lastState"]["terminated"]));
        let well = status["ready"] == true || !(now || before);
        let name =
            || (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]), text(&status["name"]), !now);
        (!well).then(name)
    });
    each.collect()
}

/// Watches until all stands or something never will. The counts are told each time they have moved, and each first cause
/// once, the moment it is known.
pub async fn wait(kube: &Kube, wanted: &[ObjectId], papers: &Papers, scene: &Scene<'_>) -> Seen {
    let mut eyes = Eyes::open(kube);
    eyes.usual = scene.usual;
    if let Err(seen) = eyes.first(&scene.pace).await {
        return seen;
    }
    let (mut last, mut stuck_since, mut moved) = (String::new(), None, clock::uptime());
    let mut known: HashSet<(&'static str, ObjectId, String)> = HashSet::new();
    loop {
        let standings = eyes.judge(wanted, papers);
        // While the server is not heard everything may be otherwise than it was seen last: then nothing is concluded.
        let deaf = eyes.lost.is_some();
        if !deaf && standings.iter().all(|(_, standing)| matches!(standing, Standing::Ready(_))) {
            return Seen::AllStand(standings);
        }
        let never = |standing: &Standing| matches!(standing, Standing::Stuck(trouble) if trouble.heals == Heals::Never);
        if !deaf && standings.iter().any(|(_, standing)| never(standing)) {
            if since(*stuck_since.get_or_insert_with(clock::uptime)) >= LAST_WORDS {
                return Seen::Stuck(standings);
            }
        } else {
            stuck_since = None;
        }
        for (trouble, held) in causes(&standings) {
            if known.insert((trouble.id, trouble.object.clone(), trouble.message.clone())) {
                (scene.found)(cause(trouble, &held));
            }
        }
        let now = told(&standings);
        if now != last {
            (scene.say)(now.clone());
            (last, moved) = (now, clock::uptime());
        }
        // What may heal is waited for as long as anything moves. When all that is left is stuck and nothing has for so
        // long, nothing is under way that would.
        let waits = |standing: &Standing| matches!(standing, Standing::Waiting { .. } | Standing::Slow { .. });
        if !deaf && !standings.iter().any(|(_, standing)| waits(standing)) && since(moved) >= STILL {
            return Seen::Stuck(standings);
        }
        match scene.pace.keep(eyes.more()).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => return Seen::Lost(why),
            Err(why) => return eyes.over(why, wanted, papers),
        }
    }
}

pub fn since(uptime: u64) -> Duration {
    Duration::from_millis(clock::uptime().saturating_sub(uptime))
}

/// A trouble as the journal keeps it.
pub fn cause(trouble: &Trouble, held: &[&ObjectId]) -> Cause {
    Cause {
        id: trouble.id.to_owned(),
        object: trouble.object.to_string(),
        message: trouble.message.clone(),
        file: trouble.place.as_ref().map(|place| place.file.clone()),
        line: trouble.place.as_ref().map(|place| place.spot.line),
        fix: trouble.fix.clone(),
        holds: held.iter().map(ToString::to_string).collect(),
    }
}

/// A watch, and what it has seen so far.
pub struct Eyes {
    watch: Watch,
    pub live: Live,
    synced: bool,
    /// The server has not been heard since, and why.
    pub lost: Option<Deaf>,
    /// How long it took the last time.
    pub usual: Option<Duration>,
}

impl Eyes {
    fn open(kube: &Kube) -> Self {
        Self::with(kube, &[])
    }

    /// The same, with more kinds than the ladder needs.
    pub fn with(kube: &Kube, more: &[(&str, &str)]) -> Self {
        let kinds = [WATCHED, more].concat();
        Self { watch: kube.watch(&kinds, None), live: Live::new(), synced: false, lost: None, usual: None }
    }

    /// Until everything that is there has been seen once.
    pub async fn first(&mut self, pace: &Pace) -> Result<(), Seen> {
        while !self.synced {
            match pace.keep(self.watch.next()).await {
                Ok(change) => self.take(change).map_err(Seen::Lost)?,
                Err(why) => return Err(self.over(why, &[], &Papers::default())),
            }
        }
        WATCHED.iter().for_each(|(_, kind)| self.live.listed(kind));
        Ok(())
    }

    /// The next changes, or a moment in which there were none.
    pub async fn more(&mut self) -> Result<(), Deaf> {
        if let Some(change) = clock::within(TICK, self.watch.next()).await {
            self.take(change)?;
            let until = clock::uptime() + u64::try_from(BREATH.as_millis()).unwrap_or(0);
            while clock::uptime() < until {
                let Some(change) = clock::within(BREATH, self.watch.next()).await else { break };
                self.take(change)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, change: Change) -> Result<(), Deaf> {
        match change {
            Change::Is(object) => {
                // What has no name cannot be asked about, and no server sends it.
                self.live.insert(object);
            }
            Change::Gone(id) => {
                self.live.remove(&id);
            }
            Change::Synced => (self.synced, self.lost) = (true, None),
            // A server that is away for a moment is waited for, and a new list says what was missed.
            Change::Lost { why } if why.transient() => self.lost = Some(why),
            Change::Lost { why } => return Err(why),
        }
        Ok(())
    }

    /// There is no more time. Of a server that is not heard it is not known how anything stands.
    pub fn over(&mut self, why: BrokenOff, wanted: &[ObjectId], papers: &Papers) -> Seen {
        match (why, self.lost.take()) {
            (BrokenOff::Deadline(_), Some(lost)) => Seen::Lost(lost),
            (BrokenOff::Deadline(_) | BrokenOff::Brake, _) => Seen::Over(why, self.judge(wanted, papers)),
        }
    }

    pub fn judge(&self, wanted: &[ObjectId], papers: &Papers) -> Standings {
        ladder::survey(&self.live, wanted, &[papers], clock::now(), self.usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_that_ended_badly_are_heard_and_those_that_are_ready_again_are_not() {
        let status = |name: &str, ready: bool, state: &str, code: i64| serde_json::json!({"name": name, "ready": ready, state: {"terminated": {"exitCode": code}}});
        let pod = serde_json::json!({"metadata": {"namespace": "a", "name": "b"}, "status": {
            "containerStatuses": [status("now", false, "state", 3), status("before", false, "lastState", 1),
                status("again", true, "lastState", 1)],
            "initContainerStatuses": [status("done", false, "state", 0)]}});
        let heard: Vec<(String, bool)> = falling(&pod).into_iter().map(|(_, _, name, before)| (name, before)).collect();
        assert_eq!(heard, [("now".to_owned(), false), ("before".to_owned(), true)]);
    }
}
