//! Makes the cluster. Nothing is made over anything that stands there, whatever k3d would say of it; and what k3d says it has
//! made is looked at.

use super::names::Names;
use super::record::{self, Record, is_lasting};
use super::standing::{self, Found};
use super::{behind, drill, ready, remove, way};
use crate::checks::drill::Allowed;
use crate::model::ObjectId;
use crate::steps::cluster::contract::Part;
use crate::steps::cluster::save;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::steps::target::{Ground, Up};
use crate::sys::docker::{self, Docker};
use crate::sys::kube::Verdict;
use crate::sys::process::Given;
use crate::sys::{clock, files, k3d};
use std::path::Path;
use std::time::Duration;

/// k3d takes this for each of its own waits, of which it has two.
pub const TIMEOUT: Duration = Duration::from_secs(300);
const PATIENCE: Duration = Duration::from_secs(60);
/// So much of k3d's output is gone through.
const LOG: u64 = 1 << 20;
const LOG_LINES: &str = "2000";

/// What k3d is handed.
pub struct Order<'a> {
    pub names: &'a Names,
    /// The config, and the words it was read with.
    pub config: Option<(&'a Path, &'a [u8])>,
    pub registries: Option<(&'a Path, &'a [u8])>,
    /// What everything carries that this makes; the first names the run.
    pub labels: Vec<(String, String)>,
    /// The fence that it is made behind, in a drill.
    pub fence: Option<&'a Allowed>,
}

pub async fn make(scene: &Scene<'_>, order: &Order<'_>) -> Result<(), Mishap> {
    let look = scene.touch.look();
    let refused = |reason: String, tail: Vec<String>| Mishap::Failed { reason, tail, began: false };
    let given: Vec<(&Path, &[u8])> = [order.config, order.registries].into_iter().flatten().collect();
    let daemon = ready::ready(look, "nothing was made", &given).await?;
    same_daemon(scene, order, &daemon).map_err(|why| refused(format!("nothing was made: {why}"), Vec::new()))?;
    // k3d is started in the folder of the plan, wherever we are.
    let whole = |given: Option<(&Path, &[u8])>| {
        let path = given.map(|(path, _)| files::absolute(look, path)).transpose();
        path.map_err(|error| refused(format!("nothing was made: {error}"), Vec::new()))
    };
    let (config, registries) = (whole(order.config)?, whole(order.registries)?);
    clear(scene, order).await?;
    mark(scene, order).await?;
    // From here on there is something that has to be cleared away.
    made(scene, order, config.as_deref(), registries.as_deref(), daemon).await.map_err(begun)
}

fn begun(mishap: Mishap) -> Mishap {
    match mishap {
        Mishap::Failed { reason, tail, .. } => Mishap::Failed { reason, tail, began: true },
        Mishap::Stopped { reason } => Mishap::Stopped { reason },
    }
}

/// Whether this is the daemon that was asked when the recovery was confirmed. A drill writes down which one it is made in.
fn same_daemon(scene: &Scene<'_>, order: &Order<'_>, daemon: &str) -> Result<(), String> {
    if order.fence.is_some() {
        return drill::remember(scene, daemon);
    }
    let look = scene.touch.look();
    let confirmed = match files::exists(look, &scene.run.join(save::OLD)) {
        true => save::old(look, scene.run)?.keeper,
        false => None,
    };
    match confirmed {
        Some(then) if then != standing::keeper(daemon) => {
            Err(format!("it was confirmed for {then}, and {} answers", standing::keeper(daemon)))
        }
        Some(_) | None => Ok(()),
    }
}

async fn made(
    scene: &Scene<'_>,
    order: &Order<'_>,
    config: Option<&Path>,
    registries: Option<&Path>,
    daemon: String,
) -> Result<(), Mishap> {
    let behind = match order.fence {
        Some(allowed) => {
            // One of an earlier beginning of this run has nothing behind it any more.
            behind::lower(scene, &[]).await?;
            Some(behind::raise(scene, order.names, &order.labels, allowed).await?)
        }
        None => None,
    };
    if let (Some(behind), Some(config)) = (&behind, config) {
        behind::pin(scene, behind, config).map_err(|why| Mishap::failed(why, true))?;
    }
    let words = k3d::create(&k3d::Create {
        name: &order.names.cluster,
        config,
        registries,
        timeout: TIMEOUT,
        labels: &order.labels,
    });
    let from =
        scene.with_log(|log| Ok(log.length())).map_err(|error| Mishap::failed(format!("its log: {error}"), true))?;
    let said = scene.act(&words, &k3d::ways(), Given::default()).await;
    let troubles = complaints(scene, from);
    if let Err(mishap) = said {
        keep_logs(scene, order.names).await;
        return Err(match mishap {
            // The whole of its complaint instead of the last lines of its log.
            Mishap::Failed { reason, tail, began } if troubles.is_empty() => Mishap::Failed { reason, tail, began },
            Mishap::Failed { reason, began, .. } => Mishap::Failed { reason, tail: troubles, began },
            Mishap::Stopped { reason } => Mishap::Stopped { reason },
        });
    }
    troubles.iter().for_each(|line| (scene.say)(format!("k3d: {line}")));
    match reached(scene, order, daemon).await {
        Ok((up, found)) => {
            if let Some(behind) = &behind {
                let proven = behind::prove(scene, behind, &found).await;
                (scene.say)(proven.map_err(|why| Mishap::failed(format!("the fence does not hold: {why}"), true))?);
            }
            scene.target.is(up, None);
            Ok(())
        }
        Err(why) => {
            keep_logs(scene, order.names).await;
            let reason = format!("k3d said that cluster {} was made, and it is not there: {why}", order.names.cluster);
            Err(Mishap::Failed { reason, tail: troubles, began: true })
        }
    }
}

fn is_ours(part: &Part, order: &Order<'_>) -> bool {
    let own = order.labels.first().map(|(_, run)| run.as_str());
    part.run.is_some() && part.run.as_deref() == own
}

/// Makes sure that nothing stands there. What this very run had half made is removed first, by its ids.
async fn clear(scene: &Scene<'_>, order: &Order<'_>) -> Result<(), Mishap> {
    let name = &order.names.cluster;
    let found = find(scene, order.names).await?;
    if found.is_empty() {
        return Ok(());
    }
    let parts = found.parts(order.names);
    let strange: Vec<String> = parts.iter().filter(|part| !is_ours(part, order)).map(Part::to_string).collect();
    if !strange.is_empty() {
        let reason = format!("nothing was made: something stands under the name {name} that this run did not make");
        return Err(Mishap::Failed { reason, tail: strange, began: false });
    }
    (scene.say)(format!("removing what this run had half made: {} things of Docker's", parts.len()));
    keep_logs(scene, order.names).await;
    remove::remove(scene, &parts, Some(&standing::keeper(&found.daemon))).await?;
    let left = find(scene, order.names).await?;
    match left.is_empty() {
        true => Ok(()),
        false => {
            let tail = left.parts(order.names).iter().map(Part::to_string).collect();
            Err(Mishap::Failed { reason: "what this run had half made is still there".to_owned(), tail, began: true })
        }
    }
}

async fn find(scene: &Scene<'_>, names: &Names) -> Result<Found, Mishap> {
    standing::find(Docker::new(scene.touch.look(), PATIENCE), names).await.map_err(|why| {
        let reason = format!("nobody can say whether cluster {} exists: nothing was made over it", names.cluster);
        Mishap::Failed { reason, tail: vec![format!("docker: {why}")], began: false }
    })
}

/// Makes the volume that k3d would make first, with the name of the run on it: k3d labels none of what it makes before its
/// nodes, and whoever is killed there would leave what nobody can tell from somebody else's. k3d takes one that is there.
async fn mark(scene: &Scene<'_>, order: &Order<'_>) -> Result<(), Mishap> {
    let volume = order.names.images();
    let made = clock::now().rfc3339();
    let own = [("app", "k3d"), ("k3d.cluster", order.names.cluster.as_str()), (docker::MADE, made.as_str())];
    let labels: Vec<(&str, &str)> =
        own.into_iter().chain(order.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()))).collect();
    scene.act(&docker::make_volume(&volume, &labels), &docker::ways(), Given::default()).await?;
    // Whoever makes one with the same name at the same time is given the same one.
    let found = find(scene, order.names).await?;
    let parts = found.parts(order.names);
    match parts.as_slice() {
        [part] if part.name == volume && is_ours(part, order) => Ok(()),
        _ => {
            let tail = parts.iter().map(Part::to_string).collect();
            let reason = format!("somebody else makes a cluster {} just now", order.names.cluster);
            Err(Mishap::Failed { reason, tail, began: true })
        }
    }
}

fn complaints(scene: &Scene<'_>, from: u64) -> Vec<String> {
    let path = scene.run.join("log").join(format!("{}.log", scene.step));
    match files::read_tail(scene.touch.look(), &path, from, LOG) {
        Ok(bytes) => k3d::troubles(&String::from_utf8_lossy(&bytes)),
        Err(error) => vec![format!("(its log cannot be read: {error})")],
    }
}

/// Keeps what the nodes of a cluster that was not made have logged: it goes with them.
async fn keep_logs(scene: &Scene<'_>, names: &Names) {
    let asked = Docker::new(scene.touch.look(), PATIENCE);
    let Ok(found) = standing::find(asked, names).await else { return };
    for one in found.containers {
        let said = asked.said(&["logs", "--timestamps", "--tail", LOG_LINES, &one.id]).await;
        let text = match said {
            Ok(said) => format!("{}{}", said.out, said.err),
            Err(why) => format!("docker logs: {why}\n"),
        };
        let path = scene.run.join("log").join(format!("{}.{}.log", scene.step, one.name));
        match files::replace(scene.touch, &path, text.as_bytes()) {
            Ok(()) => (scene.say)(format!("the log of {} is kept: {}", one.name, path.display())),
            Err(error) => (scene.say)(format!("the log of {} cannot be kept: {error}", one.name)),
        }
    }
}

/// The cluster that was made, when all of it is this run's and its API server answers by the keys of its own server.
async fn reached(scene: &Scene<'_>, order: &Order<'_>, daemon: String) -> Result<(Up, Found), String> {
    let look = scene.touch.look();
    let asked = Docker::new(look, PATIENCE);
    let found = standing::find(asked, order.names).await.map_err(|why| format!("docker: {why}"))?;
    let strange: Vec<String> =
        found.parts(order.names).iter().filter(|part| !is_ours(part, order)).map(Part::to_string).collect();
    if !strange.is_empty() {
        return Err(format!("{} was not made by this run", strange.join(", ")));
    }
    if found.daemon != daemon {
        return Err(format!("{} answers, and it was made in {daemon}", standing::keeper(&found.daemon)));
    }
    let way = way::to(look, asked, &found.containers).await?;
    let said = |trouble: String| format!("{}: {trouble}", way.server);
    let system = ObjectId::new("v1", "Namespace", None, "kube-system");
    let is_there = |found: Option<&serde_json::Value>| match found {
        Some(_) => Verdict::Met,
        None => Verdict::NotYet("the cluster has no namespace kube-system yet".to_owned()),
    };
    let say = |line: &str| (scene.say)(line.to_owned());
    way.kube.until(&system, &scene.pace, &say, is_there).await.map_err(|unmet| said(unmet.to_string()))?;
    let uid = way.kube.uid().await.map_err(|trouble| said(trouble.to_string()))?;
    let version = way.kube.version().await.map_err(|trouble| said(trouble.to_string()))?;
    let path = record::kubeconfig(scene.run);
    files::replace(scene.touch, &path, way.kubeconfig.as_bytes())
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let record = Record {
        name: order.names.cluster.clone(),
        daemon,
        containers: found.containers.iter().filter(|one| is_lasting(one)).map(|one| one.id.clone()).collect(),
        uid,
        version,
        server: way.server,
        mounts: record::mounts(&found),
    };
    record.write(scene.touch, scene.run)?;
    Ok((up(way.kube, record, scene.run), found))
}

/// A cluster as the steps know it.
pub fn up(kube: crate::sys::kube::Kube, record: Record, run: &Path) -> Up {
    let Record { name, server, version, uid, mounts, .. } = record;
    let kubeconfig = record::kubeconfig(run);
    Up { kube, name, server, version, uid, kubeconfig, nameless: false, ground: Ground::Containers { mounts } }
}
