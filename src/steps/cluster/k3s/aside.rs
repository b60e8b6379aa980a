//! Where the old cluster is put: beside its data, in the same file system, under the name of the run. Nothing removes it but
//! a person.

use super::Made;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::k3s::{self, Survey};

/// What the old cluster is moved by, the last first: as long as the server's folder is there, it is known which one it was.
const PARTS: [&str; 2] = ["agent", "server"];

impl Made {
    pub(super) fn run_name(scene: &Scene<'_>) -> String {
        scene.run.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The folder for what this run moves aside.
    pub(super) fn aside(&self, scene: &Scene<'_>) -> String {
        format!("{}/aside-{}", self.data(), Self::run_name(scene))
    }

    /// The name that a file gets which makes room.
    pub(super) fn aside_of(scene: &Scene<'_>, path: &str) -> String {
        format!("{path}.aside-{}", Self::run_name(scene))
    }

    /// Why the folders cannot be moved, before anything is touched.
    pub(super) fn immovable(&self, survey: &Survey) -> Option<String> {
        let data = self.data();
        for (part, folder) in [("server", &survey.server), ("agent", &survey.agent)] {
            let path = format!("{data}/{part}");
            // A disk in it would be taken from its place, and the new cluster would write beside it.
            if let Some(disk) = survey.disk_at(&format!("{}/{part}", survey.real)) {
                return Some(format!("{disk} is a file system of its own and cannot be moved aside: unmount it first"));
            }
            if folder.as_ref().is_some_and(|folder| Some(&folder.device) != survey.data_device.as_ref()) {
                return Some(format!("{path} lies in another file system than {data} and cannot be moved aside"));
            }
        }
        None
    }

    /// Moves the folders of the cluster aside, and with them what would make the next one believe that it is the old one.
    pub(super) async fn put_aside(&self, scene: &Scene<'_>, survey: &Survey) -> Result<(), Mishap> {
        let (data, aside) = (self.data(), self.aside(scene));
        self.act(scene, &["mkdir", "-p", "-m", "0700", &aside]).await?;
        self.put(scene, &format!("{aside}/WAY-BACK"), self.way_back(scene).into_bytes(), "0600").await?;
        for file in [self.kubeconfig(), k3s::NODE_PASSWORD] {
            self.move_aside(scene, file, &Self::aside_of(scene, file)).await?;
        }
        for part in PARTS {
            let is_there = if part == "server" { survey.server.is_some() } else { survey.agent.is_some() };
            if is_there {
                self.move_aside(scene, &format!("{data}/{part}"), &format!("{aside}/{part}")).await?;
                (scene.say)(format!("{data}/{part} moved aside to {aside}"));
            }
        }
        Ok(())
    }

    /// What a person types to have the old cluster back.
    fn way_back(&self, scene: &Scene<'_>) -> String {
        let (data, run) = (self.data(), Self::run_name(scene));
        let mut text = format!(
            "The cluster that was here before run {run}. To have it back, as root:\n\n\
             systemctl stop {unit}\n\
             mkdir {data}/after-{run}\n\
             mv {data}/server {data}/agent {data}/after-{run}/\n\
             mv {aside}/server {aside}/agent {data}/\n",
            unit = self.unit(),
            aside = self.aside(scene),
        );
        for file in [self.kubeconfig(), k3s::NODE_PASSWORD, k3s::CONFIG, k3s::REGISTRIES, k3s::PROGRAM] {
            let old = Self::aside_of(scene, file);
            text.push_str(&format!("[ ! -e {old} ] || mv {old} {file}\n"));
        }
        text.push_str(&format!("systemctl enable --now {}\n", self.unit()));
        text.push_str("\nTo be rid of it: remove this folder.\n");
        text
    }
}
