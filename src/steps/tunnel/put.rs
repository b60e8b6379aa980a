//! A way in brought up, one stage after the other: what needs no pods, the token judged where it lies, the pods asked about,
//! then applied, waited for, and the name asked.

use super::connector::{Connector, connectors};
use super::proof::{self, Asked};
use super::ready::{self, Stands};
use super::ways::Way;
use super::{Tunnel, admit, over, token};
use crate::manifests::Papers;
use crate::steps::contract::{Mishap, Seen};
use crate::steps::scene::Scene;
use crate::steps::survey::{self, Seen as Survey};
use crate::steps::target::Up;
use crate::steps::{papers, trouble};
use crate::sys::pace::BrokenOff;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(2);

pub async fn put(tunnel: &Tunnel, scene: &Scene<'_>) -> Result<(), Mishap> {
    let up = scene.target.required().map_err(|why| Mishap::failed(why, false))?;
    let all = tunnel.fitted(scene);
    let some = |objects| Papers { objects, swapped: Vec::new(), ..all.clone() };
    let (pods, grounds): (Vec<_>, Vec<_>) =
        all.objects.iter().cloned().partition(|object| object.pod_template().is_some());
    let quiet = tunnel.rehearses(scene);
    let mut moved = false;
    if tunnel.probe.is_some() && !quiet && proof::clear(scene, &up.kube, &tunnel.home()).await? > 0 {
        (scene.say)("took away the path of a proof that was cut off".to_owned());
    }
    if !grounds.is_empty() {
        papers::put(scene, &up, &some(grounds)).await?;
        moved |= !scene.unchanged.get();
    }
    if tunnel.way == Way::Cloudflared {
        judge_tokens(tunnel, scene, &up).await?;
    }
    admit::all(scene, &up.kube, &some(pods.clone())).await?;
    let before = match quiet {
        false => ask_before(tunnel, scene, &up).await,
        true => None,
    };
    if !pods.is_empty() {
        let pods = Papers { swapped: all.swapped.clone(), ..some(pods) };
        papers::put(scene, &up, &pods).await?;
        moved |= !scene.unchanged.get();
    }
    scene.unchanged.set(!moved && !all.objects.is_empty());
    if quiet && tunnel.drills_with(scene).is_none() {
        return Ok(());
    }
    rolled_out(scene, &up, &all, tunnel).await?;
    let mut count = 1;
    if tunnel.way == Way::Cloudflared {
        count = connected(scene, &up, &connectors(&all)).await?.len();
    }
    if tunnel.way.program().is_some() {
        await_way(tunnel, scene).await?;
    }
    if let Some(url) = tunnel.probe.as_ref().filter(|_| !quiet) {
        let tunnelled = tunnel.way == Way::Cloudflared;
        let asked = Asked { url, namespace: &tunnel.home(), connectors: count, tunnel: tunnelled };
        let proved = proof::prove(scene, &up.kube, &asked).await.map_err(|mishap| with(mishap, before.as_deref()))?;
        (scene.say)(proved.clone());
        if let Ok(mut slot) = tunnel.proved.lock() {
            *slot = Some([Some(proved), before].into_iter().flatten().collect::<Vec<_>>().join("; "));
        }
    }
    Ok(())
}

/// Nothing is started with a token before it was seen to be the right one.
async fn judge_tokens(tunnel: &Tunnel, scene: &Scene<'_>, up: &Up) -> Result<(), Mishap> {
    let sources = tunnel.sources();
    let tokens = token::assert_live(scene, &up.kube, &sources, &tunnel.wanted).await?;
    if let Some(first) = tokens.first() {
        (scene.say)(format!("the token is of tunnel {}", first.tunnel));
    }
    let Some(entry) = tunnel.drills_with(scene) else { return Ok(()) };
    for source in &sources {
        let (namespace, name, key) = (entry.namespace.clone(), entry.name.clone(), entry.key.clone());
        let source = super::Source { namespace, name, key, place: source.place.clone() };
        let drill = token::assert_drill(scene, &up.kube, &source, &tokens, &tunnel.wanted).await?;
        (scene.say)(format!("the token of this drill is of tunnel {}, another than production's", drill.tunnel));
    }
    Ok(())
}

fn with(mishap: Mishap, line: Option<&str>) -> Mishap {
    match mishap {
        Mishap::Failed { reason, mut tail, began } => {
            tail.extend(line.map(str::to_owned));
            Mishap::Failed { reason, tail, began }
        }
        stopped @ Mishap::Stopped { .. } => stopped,
    }
}

/// Whether somebody answers for the name while nobody here can.
async fn ask_before(tunnel: &Tunnel, scene: &Scene<'_>, up: &Up) -> Option<String> {
    let (url, host) = (tunnel.probe.as_ref()?, tunnel.host()?);
    if tunnel.way != Way::Cloudflared {
        return None;
    }
    for connector in connectors(&tunnel.papers) {
        match ready::pods(&up.kube, &connector).await {
            Ok(pods) if pods.is_empty() => {}
            // Ours may be who answers.
            Ok(_) | Err(_) => return None,
        }
    }
    let answer = scene.pace.keep(proof::once(scene.touch.look(), url, "")).await.ok()?;
    let told = match answer.somebody() {
        Some(false) => format!("before the start no connector answered for {host}"),
        Some(true) => format!(
            "before the start somebody else answered for {host}: another connector of this tunnel is alive, or the name leads elsewhere"
        ),
        None => format!("before the start it was not known whether a connector answers for {host}"),
    };
    (scene.say)(told.clone());
    Some(told)
}

async fn rolled_out(scene: &Scene<'_>, up: &Up, all: &Papers, tunnel: &Tunnel) -> Result<(), Mishap> {
    let wanted = survey::expected(all, &[]);
    if wanted.is_empty() {
        return Ok(());
    }
    let failed = |told: String| {
        let mut lines = told.lines().map(str::to_owned);
        let reason = format!("the connector does not come up: {}", lines.next().unwrap_or_default());
        (reason, lines.collect::<Vec<_>>())
    };
    let (reason, mut tail) = match survey::wait(&up.kube, &wanted, all, scene).await {
        Survey::AllStand(_) => return Ok(()),
        Survey::Stuck(standings) => failed(trouble::told(scene, &standings, None)),
        Survey::Over(BrokenOff::Deadline(time), standings) => failed(trouble::told(scene, &standings, Some(time))),
        Survey::Over(BrokenOff::Brake, _) => return Err(Mishap::Stopped { reason: "broken off".to_owned() }),
        Survey::Lost(why) => return Err(Mishap::failed(format!("{}: {why}", up.server), true)),
    };
    if tunnel.way == Way::Cloudflared {
        let all = connectors(all);
        let asked = ready::ask(scene.touch.look(), &up.kube, &all).await;
        tail.extend(asked.and_then(|stands| ready::told(&stands)).err());
        tail.extend(ready::logged(&up.kube, &all).await);
    }
    Err(Mishap::Failed { reason, tail, began: true })
}

async fn connected(scene: &Scene<'_>, up: &Up, all: &[Connector<'_>]) -> Result<Vec<Stands>, Mishap> {
    ready::wait(scene, &up.kube, all).await.map_err(|(why, lines)| match over(why, "the edge was waited for") {
        Mishap::Failed { reason, began, .. } => Mishap::Failed { reason: format!("F23 {reason}"), tail: lines, began },
        stopped @ Mishap::Stopped { .. } => stopped,
    })
}

/// Asks what a program of this host knows until it says yes.
async fn await_way(tunnel: &Tunnel, scene: &Scene<'_>) -> Result<(), Mishap> {
    loop {
        let why = match tunnel.way.ask(scene.touch.look()).await {
            Seen::Present(_) => return Ok(()),
            Seen::Absent(why) | Seen::Unknown(why) | Seen::BrokenOff(why) => why,
        };
        scene.pace.pause(PAUSE).await.map_err(|end| over(end, &why))?;
    }
}
