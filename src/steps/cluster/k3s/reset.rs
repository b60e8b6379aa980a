//! Begins the new cluster with a snapshot of etcd: k3s is run to its end for that, with the token that the snapshot was made
//! under, and only then as a service.

use super::Made;
use super::snapshot;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::{files, k3s};
use std::path::Path;
use std::time::Duration;

/// What k3s says when it is done. It ends by itself then, and its last words may look like a failure.
const DONE: &str = "membership has been reset, restart without --cluster-reset flag";
/// How much of what it says is looked through.
const LAST: u64 = 256 << 10;
const SHORT: Duration = Duration::from_secs(20);
/// Copies a file with its rights; fails where there is none.
const COPY: &str = r#"umask 077; cat "$1" > "$2.new" && sync "$2.new" && mv -fT "$2.new" "$2""#;

impl Made {
    pub(super) async fn restore(&self, scene: &Scene<'_>, path: &Path) -> Result<(), Mishap> {
        let look = scene.touch.look();
        let never = |why: String| Mishap::failed(why, false);
        // It was looked at when the plan was read, and a run may be resumed days later.
        snapshot::check(look, path).map_err(|why| never(format!("{} {why}", path.display())))?;
        let data = self.data();
        let token = self.token(scene).await?;
        let end = if path.extension().is_some_and(|end| end == "zip") { ".zip" } else { "" };
        let there = format!("{data}/server/restore-{}{end}", Self::run_name(scene));
        self.copy(scene, path, &there, "0600").await?;
        let restore = format!("--cluster-reset-restore-path={there}");
        let mut words = vec![k3s::PROGRAM, "server", "--cluster-reset", &restore];
        words.extend(token.as_deref());
        let folder = format!("--data-dir={data}");
        words.push(&folder);
        let from = scene.with_log(|log| Ok(log.length())).map_err(|error| never(format!("its log: {error}")))?;
        let ran = self.act(scene, &words).await;
        let log = scene.run.join("log").join(format!("{}.log", scene.step));
        let said = files::read_tail(look, &log, from, LAST).map_err(|error| never(format!("its log: {error}")))?;
        let said = String::from_utf8_lossy(&said);
        match ran {
            Err(stopped @ Mishap::Stopped { .. }) => return Err(stopped),
            Ok(()) | Err(Mishap::Failed { .. }) if said.contains(DONE) => {}
            Err(failed @ Mishap::Failed { .. }) => return Err(failed),
            Ok(()) => {
                let tail = said.lines().rev().take(8).map(str::to_owned).collect::<Vec<_>>();
                let reason = "k3s ended without saying that the snapshot is restored".to_owned();
                return Err(Mishap::Failed { reason, tail: tail.into_iter().rev().collect(), began: true });
            }
        }
        // The copy was ours; the snapshot itself lies where the plan says.
        self.act(scene, &["rm", "-f", "--", &there]).await?;
        (scene.say)("the snapshot is restored".to_owned());
        // The cluster of the snapshot remembers the password of its node, and would turn away another.
        let password = Self::aside_of(scene, k3s::NODE_PASSWORD);
        if self.host.ask(look, &["test", "-s", &password], SHORT).await.is_ok() {
            self.act(scene, &["sh", "-c", COPY, "copy", &password, k3s::NODE_PASSWORD]).await?;
        } else {
            let name = self.flag("node-name").unwrap_or("NODE");
            (scene.say)(format!(
                "no password of the node is kept: where the new one is rejected, kubectl -n kube-system delete secret \
                 {name}.node-password.k3s"
            ));
        }
        // What the reset had started besides itself must not meet the service.
        self.emptied(scene).await.map(drop)
    }

    /// Whether k3s's own config leads it to its token.
    pub(super) fn knows_token(&self) -> bool {
        self.blueprint.token.is_some() || self.flag("token").is_some() || self.flag("token-file").is_some()
    }

    /// The word by which k3s finds the token of the snapshot: none where its config tells it. Without the token nothing of
    /// what a snapshot holds can be opened.
    async fn token(&self, scene: &Scene<'_>) -> Result<Option<String>, Mishap> {
        if self.knows_token() {
            return Ok(None);
        }
        let (old, new) =
            (format!("{}/server/token", self.aside(scene)), format!("{}/server/.restore-token", self.data()));
        let there = self.host.ask(scene.touch.look(), &["test", "-s", &old], SHORT).await;
        if there.is_err() {
            let why = format!(
                "the token that the snapshot was made under is nowhere: no {old}, and no `token` or `token-file` in k3s's config"
            );
            return Err(Mishap::failed(why, false));
        }
        self.act(scene, &["sh", "-c", COPY, "copy", &old, &new]).await?;
        Ok(Some(format!("--token-file={new}")))
    }
}
