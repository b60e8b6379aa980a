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
const KUBELET: &str = "/var/lib/kubelet";
/// Interfaces of k3s's own network.
const LINKS: &[&str] = &["cni0", "flannel.1", "flannel-v6.1", "flannel-wg", "flannel-wg-v6"];

/// What k3s calls the network of its pods, and where the addresses are written down that it has given away.
const NETWORK: &str = "cbr0";
const NETWORKS: &str = "/var/lib/cni";
const LEASES: &str = "/var/lib/cni/networks/cbr0";
/// Takes the rules of that network's pods out, each as it stands there and all of them at once: other rules stay. A host
/// without the program has what k3s brings.
const UNPORT: &str = r#"
PATH=$PATH:$1/data/current/bin:$1/data/current/bin/aux
for tables in iptables ip6tables; do
  command -v "$tables" >/dev/null && rules=$("$tables" -w 10 -t nat -S 2>/dev/null) || continue
  own=$(printf '%s\n' "$rules" | grep -F "name: \\\"$2\\\" id: ") || continue
  {
    echo '*nat'
    printf '%s\n' "$own" | sed 's/^-A/-D/'
    printf '%s\n' "$own" | sed -n 's/.* -j \(CNI-DN-[^ ]*\)$/\1/p; s/.* -j \(CNI-[0-9a-f]*\)$/\1/p' | sort -u |
      sed 's/.*/-F &\n-X &/'
    echo COMMIT
  } | "$tables-restore" -w 10 --noflush || exit 1
done
"#;

impl Made {
    pub(super) async fn clear(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        let survey = self.known(scene).await?;
        if let Some(why) = self.immovable(&survey) {
            return Err(Mishap::failed(why, false));
        }
        self.halt(scene, &survey).await?;
        let survey = self.emptied(scene).await?;
        self.forget_pods(scene).await?;
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
            let (agent, server) = (format!("{}/agent", survey.real), format!("{}/server", survey.real));
            let kubelet = survey.kubelet.as_deref().unwrap_or(KUBELET);
            let mounts = survey.mounted_below(&["/run/k3s", kubelet, &agent, &server]);
            if !mounts.is_empty() {
                let mut words = vec!["umount", "--"];
                words.extend(&mounts);
                if let Err(Mishap::Failed { tail, .. }) = self.act(scene, &words).await {
                    last = format!("cannot be unmounted: {}", tail.last().map_or("", String::as_str));
                }
                continue;
            }
            for link in survey.links.iter().filter(|link| self.has_own_network() && LINKS.contains(&link.as_str())) {
                self.act(scene, &["ip", "link", "delete", link]).await?;
            }
            return Ok(survey);
        }
        Err(Mishap::failed(format!("what the old cluster left is still there: {last}"), true))
    }

    /// Whether the network of its pods is k3s's own. Without flannel it is somebody else's.
    fn has_own_network(&self) -> bool {
        self.flag("flannel-backend") != Some("none")
    }

    /// Ends what the pods have left in the network of the host. They were not asked to end, so that nobody gave back their
    /// addresses and their ports: the first of these run out, and the second lead to pods that are no more.
    async fn forget_pods(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        if !self.has_own_network() {
            return Ok(());
        }
        self.move_aside(scene, LEASES, &format!("{NETWORKS}/{NETWORK}-aside-{}", Self::run_name(scene))).await?;
        match self.act(scene, &["sh", "-c", UNPORT, "unport", self.data(), NETWORK]).await {
            Err(Mishap::Failed { reason, tail, .. }) => {
                let last = tail.last().map_or("", String::as_str);
                (scene.say)(format!("ports of the old pods may still be led to them: {reason}: {last}"));
                Ok(())
            }
            other => other,
        }
    }
}
