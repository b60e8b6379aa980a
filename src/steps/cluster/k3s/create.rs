//! Makes the new cluster: program, files, unit; then the start, or before that the snapshot. What this run had half made is
//! moved aside as the old one was, and what no run of ours made is not touched.

use super::Made;
use crate::model::Hidden;
use crate::model::digest::Plain;
use crate::steps::cluster::blueprint::Named;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::steps::target::Up;
use crate::sys::k3s::{self, Survey};
use crate::sys::{Look, files, hosts};
use std::path::Path;
use std::time::Duration;

const SHORT: Duration = Duration::from_secs(20);
/// Where an installer lies while it runs.
const INSTALLER: &str = "/usr/local/bin/.k3s-install.sh";
/// An installer is a script that knows k3s's own settings for one.
const SETTING: &str = "INSTALL_K3S_";
/// How much of a script is looked through for that.
const LARGEST_SCRIPT: u64 = 1 << 20;
/// What systemd is told where the host has no unit for k3s.
const UNIT: &str = "\
[Unit]
Description=k3s, a small Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/etc/systemd/system/k3s.service.env
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s server
";

/// What `install` names.
enum Sort {
    Program,
    Installer,
}

impl Made {
    pub(super) async fn make(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        drop(scene.target.leave());
        let survey = self.known(scene).await?;
        let run = Self::run_name(scene);
        let (server, agent) = (survey.server.as_ref(), survey.agent.as_ref());
        let ours = |folder: &k3s::Folder| folder.run.as_ref() == Some(&run);
        if let Some(name) = [("server", server), ("agent", agent)]
            .iter()
            .find_map(|(name, folder)| folder.filter(|folder| !ours(folder)).map(|_| *name))
        {
            let why = format!("{}/{name} is there, and this run did not make it: nothing was touched", self.data());
            return Err(Mishap::failed(why, false));
        }
        if let Some(up) = self.stands(scene, &survey).await? {
            (scene.say)("what this run has made stands, and is kept".to_owned());
            scene.target.is(up, None);
            return Ok(());
        }
        if survey.unit.is_up() || server.is_some() || agent.is_some() {
            (scene.say)("what this run had half made is moved aside".to_owned());
            self.clear(scene).await?;
        }
        self.program(scene, &survey).await?;
        self.file(scene, &survey, k3s::CONFIG, "config", self.blueprint.config.as_ref()).await?;
        self.file(scene, &survey, k3s::REGISTRIES, "registries", self.blueprint.registries.as_ref()).await?;
        self.token_file(scene).await?;
        if survey.has("config.d") {
            (scene.say)(format!("{}.d of the host is used as it is, and counts more than config.yaml", k3s::CONFIG));
        }
        for part in ["server", "agent"] {
            let mark = format!("{}/{part}/{}", self.data(), k3s::MARK);
            self.put(scene, &mark, format!("{run}\n").into_bytes(), "0600").await?;
        }
        if !survey.unit.is_known() {
            self.put(scene, k3s::UNIT_FILE, UNIT.as_bytes().to_vec(), "0644").await?;
        }
        if let Some((path, _)) = &self.blueprint.snapshot {
            self.restore(scene, path).await?;
        }
        self.act(scene, &["systemctl", "daemon-reload"]).await?;
        self.act(scene, &["systemctl", "enable", self.unit()]).await?;
        // It may take as long as it likes: the cluster itself is waited for, and with an end.
        self.act(scene, &["systemctl", "start", "--no-block", self.unit()]).await?;
        let up = self.come_up(scene).await?;
        scene.target.is(up, None);
        Ok(())
    }

    /// The cluster of this run, where it is whole and as the plan says: what failed was outside of it, as a mirror, and it is not
    /// made anew for that.
    async fn stands(&self, scene: &Scene<'_>, survey: &Survey) -> Result<Option<Up>, Mishap> {
        let is_whole = survey.server.is_some() && survey.agent.is_some() && survey.unit.is_up();
        if !(is_whole && survey.unit.is_enabled()) {
            return Ok(None);
        }
        let look = scene.touch.look();
        let mut wanted: Vec<(&str, String)> = Vec::new();
        for (path, named) in [(k3s::CONFIG, &self.blueprint.config), (k3s::REGISTRIES, &self.blueprint.registries)] {
            wanted.extend(named.as_ref().map(|named| (path, Plain::of(&named.bytes).to_string())));
        }
        if let Some(install) = &self.blueprint.install
            && let Ok(Sort::Program) = sort(look, install)
        {
            let own = hosts::digest(look, install).map_err(|error| Mishap::failed(error.to_string(), false))?;
            wanted.push((k3s::PROGRAM, own.to_string()));
        }
        for (path, digest) in wanted {
            if self.digest_there(look, path).await.as_ref() != Ok(&digest) {
                return Ok(None);
            }
        }
        if let Some(token) = self.token_value(scene)?
            && !self.has_same(scene, k3s::TOKEN, &token).await?
        {
            return Ok(None);
        }
        Ok(self.within(scene, self.ready(scene)).await?.ok())
    }

    fn token_value(&self, scene: &Scene<'_>) -> Result<Option<Hidden>, Mishap> {
        let Some(token) = &self.blueprint.token else { return Ok(None) };
        let value = scene.opened().and_then(|vault| {
            let value = vault.value(scene.touch.look(), token);
            value.map_err(|problem| problem.to_string())
        });
        value.map(Some).map_err(|why| Mishap::failed(why, false))
    }

    /// The program is there, and is the one that the plan names.
    async fn program(&self, scene: &Scene<'_>, survey: &Survey) -> Result<(), Mishap> {
        let look = scene.touch.look();
        let never = |why: String| Mishap::failed(why, false);
        let has = survey.has("program");
        let Some(install) = &self.blueprint.install else {
            return match has {
                true => Ok(()),
                false => {
                    let (host, program) = (self.host.shown(), k3s::PROGRAM);
                    Err(never(format!("{host}: {program} is not there: name one in the plan, as `install: k3s`")))
                }
            };
        };
        match sort(look, install).map_err(never)? {
            Sort::Program => {
                let own = hosts::digest(look, install);
                let own = own.map_err(|error| never(format!("{}: {error}", install.display())))?.to_string();
                if has && self.digest_there(look, k3s::PROGRAM).await.as_ref() == Ok(&own) {
                    return Ok(());
                }
                if has {
                    self.move_aside(scene, k3s::PROGRAM, &Self::aside_of(scene, k3s::PROGRAM)).await?;
                }
                self.copy(scene, install, k3s::PROGRAM, "0755").await
            }
            Sort::Installer => {
                self.copy(scene, install, INSTALLER, "0700").await?;
                let mut words = vec!["env", "INSTALL_K3S_SKIP_START=true", "INSTALL_K3S_SKIP_ENABLE=true"];
                // What is at hand is not fetched again: a recovery may have no network yet.
                words.extend(has.then_some("INSTALL_K3S_SKIP_DOWNLOAD=true"));
                words.extend(["sh", INSTALLER]);
                let ran = self.act(scene, &words).await;
                self.act(scene, &["rm", "-f", INSTALLER]).await?;
                ran
            }
        }
    }

    /// The token of the store lies in a file of root's, and a file beside the config leads k3s to it: it stands in no argument,
    /// no variable and no log.
    async fn token_file(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        let Some(value) = self.token_value(scene)? else {
            // One of an older run that had one would count more than the config.
            return self.move_aside(scene, k3s::TOKEN_CONFIG, &Self::aside_of(scene, k3s::TOKEN_CONFIG)).await;
        };
        self.put_hidden(scene, k3s::TOKEN, &value, "0600").await?;
        self.put(scene, k3s::TOKEN_CONFIG, format!("token-file: {}\n", k3s::TOKEN).into_bytes(), "0600").await
    }

    async fn digest_there(&self, look: Look, path: &str) -> Result<String, String> {
        let said = self.host.ask(look, &["sha256sum", "--", path], SHORT).await?;
        Ok(said.split(' ').next().unwrap_or_default().to_owned())
    }

    /// A file of k3s is as the plan's, byte for byte. Where the plan has none the host's own is left, and told.
    async fn file(
        &self,
        scene: &Scene<'_>,
        survey: &Survey,
        path: &str,
        key: &str,
        named: Option<&Named>,
    ) -> Result<(), Mishap> {
        let has = survey.has(key);
        let Some(named) = named else {
            if has {
                (scene.say)(format!("{path} of the host is used as it is: the plan names no `{key}`"));
            }
            return Ok(());
        };
        let own = Plain::of(&named.bytes).to_string();
        if has {
            if self.digest_there(scene.touch.look(), path).await.as_ref() == Ok(&own) {
                return Ok(());
            }
            self.move_aside(scene, path, &Self::aside_of(scene, path)).await?;
        }
        self.put(scene, path, named.bytes.clone(), "0600").await
    }
}

fn sort(look: Look, install: &Path) -> Result<Sort, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", install.display());
    let mut head = [0; 2];
    let mut file = hosts::open(look, install).map_err(wrong)?;
    std::io::Read::read_exact(&mut file, &mut head).map_err(wrong)?;
    if head != *b"#!" {
        return Ok(Sort::Program);
    }
    let text = files::read(look, install, LARGEST_SCRIPT).map_err(wrong)?;
    let is_installer = text.windows(SETTING.len()).any(|part| part == SETTING.as_bytes());
    Ok(if is_installer { Sort::Installer } else { Sort::Program })
}
