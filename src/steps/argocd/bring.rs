//! The order of it: Argo CD, until its own workloads run; then the roots; then all that comes of them. What it tracks in the
//! end is let go of.

use super::wait::{self, How, Seen as Waited};
use super::{ArgoCd, adopt, again, hollow};
use crate::manifests::Papers;
use crate::steps::contract::{Mishap, Seen};
use crate::steps::papers;
use crate::steps::scene::Scene;
use crate::steps::survey;
use crate::steps::target::Up;
use crate::steps::trouble;
use crate::sys::pace::BrokenOff;

impl ArgoCd {
    fn roots(&self) -> Papers {
        Papers { objects: self.roots.clone(), ..self.own.clone() }
    }
    /// What this program keeps itself: Argo CD and its roots.
    fn kept(&self) -> Papers {
        Papers { objects: [&*self.own.objects, &*self.roots].concat(), ..self.own.clone() }
    }
}

pub async fn touch(step: &ArgoCd, scene: &Scene<'_>) -> Result<(), Mishap> {
    let up = scene.target.required().map_err(|why| Mishap::failed(why, false))?;
    papers::put(scene, &up, &step.own).await?;
    let moved = !scene.unchanged.get();
    if up.as_sandbox().is_some() {
        hollow::prepare(step, scene, &up).await?;
    }
    runs(step, scene, &up).await?;
    let brought = step.whole(scene).await;
    for one in &brought.unread {
        (scene.say)(format!("not known: {}: {} {}", one.place, one.object, one.why));
    }
    if let Some(broken) = brought.broken.first() {
        let tail = brought.broken.iter().map(|one| format!("{}: {}: {}", one.place, one.object, one.message)).collect();
        let reason = format!("{}: what Argo CD is to read cannot be rendered", broken.object);
        return Err(Mishap::Failed { reason, tail, began: true });
    }
    if up.as_sandbox().is_some() {
        return hollow::bring(step, scene, &up, &brought).await;
    }
    again::look_again(step, scene, &up, &brought).await?;
    papers::put(scene, &up, &step.roots()).await?;
    let moved = moved || !scene.unchanged.get();
    let waited = wait::wait(step, scene, &up, &brought, true).await;
    match ended(&up, &waited) {
        Seen::Present(_) => {}
        Seen::Absent(why) | Seen::Unknown(why) => {
            let mut lines = why.lines();
            let reason = lines.next().unwrap_or_default().to_owned();
            return Err(Mishap::Failed { reason, tail: lines.map(str::to_owned).collect(), began: true });
        }
        Seen::BrokenOff(reason) => return Err(Mishap::Stopped { reason }),
    }
    let let_go = adopt::let_go(step, scene, &up).await.map_err(|trouble| Mishap::failed(trouble, true))?;
    scene.unchanged.set(!moved && let_go == 0);
    Ok(())
}

/// Nobody reads an Application before its controllers are there, and why they are not is known better by the ladder.
async fn runs(step: &ArgoCd, scene: &Scene<'_>, up: &Up) -> Result<(), Mishap> {
    let wanted = survey::expected(&step.own, &[]);
    let failed = |text: String| {
        let mut lines = text.lines();
        let reason = format!("Argo CD does not come up: {}", lines.next().unwrap_or_default());
        Err(Mishap::Failed { reason, tail: lines.map(str::to_owned).collect(), began: true })
    };
    match survey::wait(&up.kube, &wanted, &step.own, scene).await {
        survey::Seen::AllStand(_) => Ok(()),
        survey::Seen::Stuck(standings) => failed(trouble::told(scene, &standings, None)),
        survey::Seen::Over(BrokenOff::Deadline(time), standings) => {
            failed(trouble::told(scene, &standings, Some(time)))
        }
        survey::Seen::Over(BrokenOff::Brake, _) => Err(Mishap::Stopped { reason: "broken off".to_owned() }),
        survey::Seen::Lost(why) => Err(Mishap::failed(format!("{}: {why}", up.server), true)),
    }
}

pub async fn verify(step: &ArgoCd, scene: &Scene<'_>) -> Seen {
    seen(step, scene, true).await
}

pub async fn look(step: &ArgoCd, scene: &Scene<'_>) -> Seen {
    seen(step, scene, false).await
}

async fn seen(step: &ArgoCd, scene: &Scene<'_>, waits: bool) -> Seen {
    let up = match scene.target.required() {
        Ok(up) => up,
        Err(why) => return Seen::Unknown(why),
    };
    let brought = step.whole(scene).await;
    if up.as_sandbox().is_some() {
        return hollow::seen(step, scene, &up, &brought, waits).await;
    }
    match papers::ask(scene, &up, &step.kept()).await {
        Seen::Present(_) => {}
        other => return other,
    }
    let waited = match waits {
        true => wait::wait(step, scene, &up, &brought, false).await,
        false => wait::look(step, scene, &up, &brought).await,
    };
    match ended(&up, &waited) {
        Seen::Present(saw) => Seen::Present(saw + papers::unmoved(scene)),
        other => other,
    }
}

fn ended(up: &Up, waited: &Waited) -> Seen {
    match &waited.how {
        How::Green => Seen::Present(waited.line.clone()),
        How::Stuck => Seen::Absent(waited.told(None)),
        How::Over(BrokenOff::Deadline(time)) => Seen::Absent(waited.told(Some(*time))),
        How::Over(BrokenOff::Brake) => Seen::BrokenOff("broken off".to_owned()),
        How::Lost(why) => Seen::Unknown(format!("{}: {why}", up.server)),
    }
}
