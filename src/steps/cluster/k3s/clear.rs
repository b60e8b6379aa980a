//! Takes the place of the old cluster: its unit is stopped, what it left running is ended, what it mounted is unmounted, its
//! folders are moved aside. Neither the uninstall script nor the killall script is ever run, and no file is removed.

use super::Made;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::clock;
use crate::sys::k3s::Survey;
use std::time::Duration;

/// How often is looked whether something is gone.
const AGAIN: Duration = Duration::from_millis(300);
/// How many times what is left is ended and unmounted anew.
const ROUNDS: usize = 20;
/// Interfaces of k3s's own network.
const LINKS: &[&str] = &["cni0", "flannel.1", "flannel-v6.1", "flannel-wg", "flannel-wg-v6"];

impl Made {
    pub(super) async fn clear(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        let survey = self.known(scene).await?;
        if let Some(why) = self.immovable(&survey) {
            return Err(Mishap::failed(why, false));
        }
        self.halt(scene, &survey).await?;
        let survey = self.emptied(scene).await?;
        self.put_aside(scene, &survey).await
    }

    /// What there is; not knowing it ends the step.
    pub(super) async fn known(&self, scene: &Scene<'_>) -> Result<Survey, Mishap> {
        let survey = self.within(scene, self.survey(scene.touch.look())).await?;
        survey.map_err(|why| Mishap::failed(why, false))
    }

    /// Stops the unit. It is taken out of the start of the host first: after a reboot half-way nothing may begin on what is left.
    pub(super) async fn halt(&self, scene: &Scene<'_>, survey: &Survey) -> Result<(), Mishap> {
        if survey.unit.is_known() {
            if survey.unit.is_enabled() {
                self.act(scene, &["systemctl", "disable", self.unit()]).await?;
            }
            if survey.unit.is_up() {
                self.act(scene, &["systemctl", "stop", self.unit()]).await?;
            }
        }
        Ok(())
    }

    /// Ends and unmounts what the unit left, until nothing of it is there.
    pub(super) async fn emptied(&self, scene: &Scene<'_>) -> Result<Survey, Mishap> {
        let data = self.data();
        let (agent, server) = (format!("{data}/agent"), format!("{data}/server"));
        let below = ["/run/k3s", "/var/lib/kubelet", agent.as_str(), server.as_str()];
        let mut last = String::new();
        for round in 0..ROUNDS {
            if round > 0 {
                self.within(scene, clock::pause(AGAIN)).await?;
            }
            let survey = self.known(scene).await?;
            if survey.unit.is_up() {
                last = format!("{} is {}", self.unit(), survey.unit.state());
                continue;
            }
            if !survey.servers.is_empty() {
                let pids = survey.servers.join(", ");
                return Err(Mishap::failed(
                    format!("a k3s server runs that {} does not stop: pid {pids}", self.unit()),
                    true,
                ));
            }
            if !survey.left.is_empty() {
                self.end(scene, &survey.left).await?;
                last = format!("processes of its containers do not end: {}", survey.left.join(", "));
                continue;
            }
            let mounts = survey.mounted_below(&below);
            if !mounts.is_empty() {
                let mut words = vec!["umount", "--"];
                words.extend(&mounts);
                if let Err(Mishap::Failed { tail, .. }) = self.act(scene, &words).await {
                    last = format!("cannot be unmounted: {}", tail.last().map_or("", String::as_str));
                }
                continue;
            }
            // Without flannel they are somebody else's.
            let own = self.flag("flannel-backend") != Some("none");
            for link in survey.links.iter().filter(|link| own && LINKS.contains(&link.as_str())) {
                self.act(scene, &["ip", "link", "delete", link]).await?;
            }
            return Ok(survey);
        }
        Err(Mishap::failed(format!("what the old cluster left is still there: {last}"), true))
    }
}
